"""The Hugging Face Hub, and the only place that knows its library."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from infogan.core.errors import ConfigError, RunError
from infogan.data.hub import unreachable

NAMES = re.compile(r"(?!\.)[\w.-]+/[\w.-]+", re.ASCII)
LOGIN = "log in with `hf auth login`, or set HF_TOKEN"


def is_folder(target: str) -> bool:
    """Whether a target is a folder here (./card, /tmp/card, card/) and not owner/name on the Hub.
    ConfigError where it is neither."""
    if target.startswith((".", "/", "~")) or target.endswith("/") or Path(target).is_absolute():
        return True
    if not NAMES.fullmatch(target):
        raise ConfigError(f"{target!r}: give owner/name on the Hub, or a folder as ./{target}")
    return False


def upload(folder: Path, target: str, private: bool, old: Sequence[str]) -> str:
    """Make the repository of a model what a folder holds; its address. old: patterns of files of an
    earlier push, which go. RunError says why it cannot be."""
    _require(target)
    from huggingface_hub import HfApi, get_token

    if not get_token():
        raise RunError(f"{target}: the Hub does not know you; {LOGIN}")
    if reason := unreachable():
        raise RunError(f"{target}: {reason}; push to a folder (./card), and upload it later")
    api = HfApi(library_name="infogan")
    with _asking(target):
        made = api.create_repo(target, private=private or None, exist_ok=True)
        message = "Pushed by infogan"
        api.upload_folder(
            repo_id=target, folder_path=folder, commit_message=message, delete_patterns=[*old]
        )
    return str(made)


def download(target: str, wanted: Sequence[str], limit: int) -> Path:
    """The folder of the library's cache with a model's files. wanted: patterns of those to get.
    limit: bytes of all of them. RunError says why there is none."""
    _require(target)
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.utils import filter_repo_objects

    if reason := unreachable():
        try:
            return Path(snapshot_download(target, allow_patterns=[*wanted], local_files_only=True))
        except Exception:
            why = f"is not in the cache of huggingface_hub, and {reason}"
            raise RunError(f"{target}: {why}; pull it once with a network") from None
    with _asking(target):
        files = HfApi(library_name="infogan").model_info(target, files_metadata=True).siblings
        sizes = {file.rfilename: file.size or 0 for file in files or ()}
        size = sum(sizes[name] for name in filter_repo_objects(sizes, allow_patterns=[*wanted]))
        if size > limit:
            raise RunError(f"{target}: announces {size:,} bytes, more than any model of infogan's")
        return Path(snapshot_download(target, allow_patterns=[*wanted]))


def _require(target: str) -> None:
    if find_spec("huggingface_hub") is None:
        raise RunError(f"{target}: needs huggingface_hub; pip install huggingface_hub")


@contextmanager
def _asking(target: str) -> Iterator[None]:
    """Turn what the library raises into one line with a remedy."""
    try:
        yield
    except RunError:
        raise
    except Exception as error:  # of any library below it
        code = getattr(getattr(error, "response", None), "status_code", None)
        said = " ".join(str(error).split())[:200] or type(error).__name__
        why = {
            401: f"the Hub does not take your token, or there is none of that name; {LOGIN}",
            403: f"you may not do that there; check the owner, and {LOGIN}",
            404: f"the Hub has none of that name that you may see; check it, or {LOGIN}",
        }.get(code or 0, f"the Hub says: {said}; try again later")
        raise RunError(f"{target}: {why}") from error
