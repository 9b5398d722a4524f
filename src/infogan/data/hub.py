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


@cache
def cached(name: str) -> dict[str, list[Path]]:
    """The files of a dataset by its splits, in their order; downloaded if the library has not got
    them and the Hub can be reached. name: `hf:NAME`, or `hf:NAME:CONFIG` of one with several.
    DataError says what is missing."""
    if find_spec("datasets") is None:
        raise DataError(f"{name}: needs datasets; pip install datasets")
    found, fault = _asked("offline", name)
    if not found:
        _refuse_unreachable(name, fault)
        found, fault = _asked("online", name)
    if not found:
        raise DataError(f"{name}: datasets cannot load it ({fault})")
    return {split: [Path(file) for file in files] for split, files in found.items()}


def _asked(mode: str, name: str) -> tuple[dict[str, list[str]], str]:
    """What `main` finds in a process of its own, and else why it finds nothing."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found.json"
        code, said = apart.run("infogan.data.hub", mode, name.removeprefix(PREFIX), str(out))
        interrupts.poll()
        if code:
            return {}, said[-200:] or f"exit code {code}"
        found, fault = json.loads(out.read_text(encoding="utf-8"))
        return found, fault


def _refuse_unreachable(name: str, fault: str) -> None:
    """DataError where a dataset that is not cached cannot be downloaded either."""
    if reason := unreachable():
        missing = "is not in the cache of datasets" + (f" ({fault})" if fault else "")
        remedy = "give Parquet files, or a folder that save_to_disk wrote"
        raise DataError(f"{name}: {missing}, and {reason}; {remedy}")


def unreachable() -> str:
    """Why the Hub cannot be used now, in words; empty if it answers."""
    hub = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    try:
        if os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("1", "ON", "YES", "TRUE"):
            raise OSError("HF_HUB_OFFLINE is set")
        urllib.request.urlopen(hub, timeout=SECONDS).close()
    except urllib.error.HTTPError:
        pass  # it answers
    except (OSError, ValueError) as error:
        return f"{hub} cannot be reached ({getattr(error, 'reason', error)})"
    return ""


def main(mode: str, name: str, out: Path) -> None:
    """Write the files of a dataset as JSON, by its splits, and why there are none."""
    if mode == "offline":
        os.environ["HF_HUB_OFFLINE"] = "1"
    import datasets

    found, fault = dict[str, list[str]](), ""
    dataset, _, config = name.partition(":")
    try:
        for split, of in datasets.load_dataset(dataset, config or None).items():
            found[split] = [part["filename"] for part in of.cache_files]
    except Exception as error:  # of any library below it
        is_absent = mode == "offline" and isinstance(error, ConnectionError)
        fault = "" if is_absent else " ".join(str(error).split())[:200]
    out.write_text(json.dumps([found, fault]), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
