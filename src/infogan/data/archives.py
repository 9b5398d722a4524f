"""Zip and tar files of images: unpacked once into the cache."""

import hashlib
import re
import shutil
import tarfile
import zipfile
from pathlib import Path

from infogan.core import atomic
from infogan.core.errors import parsing
from infogan.core.limits import refuse_bomb
from infogan.data import cache, files

NAMED = re.compile(r".+\.(zip|tar|tgz|tar\.(gz|bz2|xz))", re.IGNORECASE)


def is_archive(name: str) -> bool:
    """Whether that is a file of such a name."""
    return bool(NAMED.fullmatch(name)) and Path(name).is_file()


def unpacked(path: Path) -> Path:
    """The folder with the files of an archive; of a lone folder in it, that one."""
    state = path.stat()
    about = f"{path.resolve()} {state.st_size} {state.st_mtime_ns}"
    key = hashlib.sha256(about.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    folder = cache.cache_path("unpacked", key)
    if not folder.is_dir():
        aside = folder.with_name(f".{key}.partial")
        shutil.rmtree(aside, ignore_errors=True)
        with parsing(path, "a zip or tar file"):
            _unpack(path, aside)
        atomic.rename(aside, folder)
        cache.bound(keep=folder)
    return _lone(folder)


def within(archive: str, folder: Path) -> str:
    """Where a folder that was unpacked lies in its archive."""
    parts = folder.relative_to(cache.cache_path("unpacked")).parts[1:]
    return "/".join([archive, *parts])


def _unpack(path: Path, to: Path) -> None:
    """Unpack every plain file that stays in the folder."""
    packed = path.stat().st_size
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            refuse_bomb(path, sum(info.file_size for info in archive.infolist()), packed)
            archive.extractall(to)  # which keeps every name below the folder
        return
    with tarfile.open(path) as archive:
        plain = [member for member in archive.getmembers() if member.isreg() or member.isdir()]
        refuse_bomb(path, sum(member.size for member in plain), packed)
        archive.extractall(to, plain, filter="data")  # which refuses names that lead elsewhere


def _lone(folder: Path) -> Path:
    inside = [path for path in folder.iterdir() if not files.hidden(path.name)]
    return _lone(inside[0]) if len(inside) == 1 and inside[0].is_dir() else folder
