"""The command line: parse, call one function, show. Commands import what is heavy themselves."""

import logging
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from cyclopts import App, CycloptsError, Group, UnusedCliTokensError

from infogan import __version__
from infogan.cli import cache, runs, share, theory, train, use
from infogan.core import atomic
from infogan.core.errors import ConfigError, InfoganError
from infogan.core.interrupts import Stopped
from infogan.pipeline.progress import Said

COMMANDS = {  # as `infogan --help` groups them
    "Train": (train.train, train.presets),
    "Judge": (runs.evaluate, runs.compare, runs.select, runs.doctor),
    "Name": (runs.name, runs.merge),
    "Use": (use.encode, use.sort, use.sample, use.traverse, use.reconstruct),
    "Show": (use.report, use.explore, use.gallery, use.export, use.cite),
    "Share": (share.push, share.pull),
    "Theory": (theory.information,),
    "Keep": (cache.cache,),
}
app = App(
    name="infogan",
    version=__version__,
    help="Find the classes and the continuous factors in images without labels, and use them.",
    help_epilogue="Add --debug to any command to see where an error came from.",
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
for title, commands in COMMANDS.items():
    group = Group.create_ordered(title)
    for command in commands:
        app.command(command, group=group)
app["--help"].group = app["--version"].group = Group.create_ordered("Options")


def _once(said: set[str]) -> Callable[[logging.LogRecord], bool]:
    """Pass each message once: a command may read the same images for several purposes."""

    def new(record: logging.LogRecord) -> bool:
        message = record.getMessage()
        first = message not in said
        said.add(message)
        return first

    return new


def _level() -> str:
    """From which level on messages are shown, by INFOGAN_LOG; ConfigError if it names none."""
    level = os.environ.get("INFOGAN_LOG", "INFO").upper()
    if level not in (known := logging.getLevelNamesMapping()):
        raise ConfigError(f"INFOGAN_LOG is {level!r}; set it to one of {', '.join(known)}")
    return level


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; the exit code of a mistake, which is explained in one or two lines, is 2."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    said = Said()
    said.addFilter(_once(set()))
    logging.basicConfig(format="%(message)s", handlers=[said])
    try:
        logging.getLogger("infogan").setLevel(_level())
        app([word for word in words if word != "--debug"], exit_on_error=debug, print_error=debug)
    except Stopped as stop:
        again = shlex.join(["infogan", *(word for word in words if word != "--fresh")])
        print(
            f"infogan: stopped by {stop}; nothing is lost, resume with\n  {again}", file=sys.stderr
        )
        sys.exit(stop.code)
    except KeyboardInterrupt:
        print("infogan: stopped", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (InfoganError, CycloptsError, OSError) as error:
        if debug:
            raise
        why = str(error)
        if isinstance(error, UnusedCliTokensError):
            left = error.unused_tokens or []
            why = f"{shlex.join(left)}: not expected here; see infogan {words[0]} --help"
            if any(Path(word).exists() for word in left):
                why += ", and name images by --data"
        if isinstance(error, OSError):  # a disk that is full, a folder that is not ours
            why = ": ".join(filter(None, (error.filename, error.strerror or why)))
            why += f"; {atomic.remedy(error)}" if isinstance(error, PermissionError) else ""
        print(f"infogan: {why}".strip(), file=sys.stderr)
        sys.exit(2)
