"""Datasets of the Hugging Face Hub by name, `hf:ylecun/mnist`, through the cache of its library.
The library runs in a process of its own: whether it may use the network is fixed when it is
imported, and it says much that concerns nobody. What is read are the files that it cached."""

import json
import os
import sys
import tempfile
import urllib.error
import urllib.request
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from infogan.core import apart, interrupts
from infogan.core.errors import DataError

PREFIX = "hf:"
SECONDS = 5  # after which the Hub counts as unreachable
FAILED = 3  # exit code: it cannot be loaded


@cache
def cached(name: str) -> dict[str, list[Path]]:
    """The files of a dataset by its splits, in their order; downloaded if the library has not got
    them and the Hub can be reached. name: `hf:NAME`, or `hf:NAME:CONFIG` of one with several.
    DataError says what is missing."""
    if find_spec("datasets") is None:
        raise DataError(f"{name}: needs datasets; pip install datasets")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "files.json"
        words = [name.removeprefix(PREFIX), str(out)]
        code, said = _run("offline", *words)
        if code == FAILED:
            _refuse_unreachable(name, said)
            code, said = _run("online", *words)
        if code:
            raise DataError(f"{name}: datasets cannot load it ({said or f'code {code}'})")
        found = json.loads(out.read_text(encoding="utf-8"))
    return {split: [Path(file) for file in files] for split, files in found.items()}


def _run(*words: str) -> tuple[int, str]:
    """The exit code of this module as a program, and the last line that it said."""
    code, said = apart.run("infogan.data.hub", *words)
    interrupts.poll()
    return code, said.rpartition("\n")[2][:200]


def _refuse_unreachable(name: str, said: str) -> None:
    """DataError where a dataset that is not cached cannot be downloaded either."""
    hub = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    reason = ""
    try:
        if os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("1", "ON", "YES", "TRUE"):
            raise OSError("HF_HUB_OFFLINE is set")
        urllib.request.urlopen(hub, timeout=SECONDS).close()
    except urllib.error.HTTPError:
        pass  # it answers
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "reason", error))
    if reason:
        fault = "is not in the cache of datasets" + (f" ({said})" if said else "")
        fault += f", and {hub} cannot be reached ({reason})"
        remedy = "give Parquet files, or a folder that save_to_disk wrote"
        raise DataError(f"{name}: {fault}; {remedy}")


def main(mode: str, name: str, out: Path) -> int:
    """Write the files of a dataset as JSON; the exit code."""
    if mode == "offline":
        os.environ["HF_HUB_OFFLINE"] = "1"
    import datasets

    dataset, _, config = name.partition(":")
    try:
        found = datasets.load_dataset(dataset, config or None)
    except ConnectionError:
        return FAILED
    except Exception as error:  # of any library below it
        sys.stderr.write("\n" + " ".join(str(error).split())[:200])
        return FAILED
    files = {split: [part["filename"] for part in of.cache_files] for split, of in found.items()}
    out.write_text(json.dumps(files), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
