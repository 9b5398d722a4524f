"""Commands that give a run to others, and take theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from infogan.cli.options import RunFolder, folder

Target = Annotated[str, Parameter(help="owner/name on the Hub, or a folder such as ./card.")]


def push(
    run: RunFolder,
    target: Target,
    /,
    *,
    private: Annotated[bool, Parameter(negative=())] = False,
    licence: Annotated[str | None, Parameter(name=["--licence", "--license"])] = None,
) -> None:
    """Publish a finished run on the Hugging Face Hub, with a model card (extra `hub`).

    `infogan push RUN ./card` writes the same files into a folder, to be looked at first. Weights,
    settings, scores, your names, and pictures of generated images are sent; no image of yours, none
    of their names, and no path of this machine (docs/sharing.md).

    Args:
        private: Make a private repository, if it is new.
        licence: Licence of the weights, as the Hub writes it: cc-by-4.0, mit, ...
    """
    from infogan.sharing.transfer import push as send

    place, files = send(folder(run).path, target, private=private, licence=licence)
    print(*files, sep="\n")
    print(f"\n{run}: is now at {place}")


def pull(target: Target, /, *, run: Path | None = None) -> None:
    """Take a run from the Hugging Face Hub, or from a folder that push wrote (extra `hub`).

    Only settings, weights, scores, names and pictures are taken, and nothing is run. Every file is
    checked as untrusted input; if one fails, none is taken.

    Args:
        run: New folder for it (default: runs/ and the last part of the name).
    """
    from infogan.sharing.transfer import pull as take

    place = run or Path("runs") / Path(target).expanduser().resolve().name
    files = take(target, place)
    print(f"{place}: {len(files)} files from {target}")
