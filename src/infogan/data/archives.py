"""Zip and tar files of images: unpacked once into the cache."""

import errno
import hashlib
import logging
import re
import shutil
import tarfile
import zipfile
from pathlib import Path

from infogan.core import atomic
from infogan.core.errors import DataError, parsing
from infogan.core.limits import refuse_bomb
from infogan.data import cache, files

FULL = errno.ENOSPC, errno.EDQUOT, errno.EFBIG  # no room, rather than a damaged archive
logger = logging.getLogger("infogan")
NAMED = re.compile(r".+\.(zip|tar|tgz|tar\.(gz|bz2|xz))", re.IGNORECASE)


def is_archive(name: str) -> bool:
    """Whether that is a file of such a name."""
    return bool(NAMED.fullmatch(name)) and Path(name).is_file()


def cached(path: Path) -> Path:
    """Where an archive is unpacked."""
    state = path.stat()
    about = f"{path.resolve()} {state.st_size} {state.st_mtime_ns}"
    key = hashlib.sha256(about.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return cache.cache_path("unpacked", key)


def unpacked(path: Path) -> Path:
    """The folder with the files of an archive; of a lone folder in it, that one."""
    folder = cached(path)
    if not folder.is_dir():
        aside = atomic.beside(folder)
        shutil.rmtree(aside, ignore_errors=True)  # of a killed process of that number
        aside.mkdir()
        try:
            with parsing(path, "a zip or tar file"):
                _unpack(path, aside)
            atomic.rename(aside, folder)
        except DataError as error:
            full = error.__cause__
            if isinstance(full, OSError) and full.errno in FULL:
                raise DataError(f"{cache.unwritable(full)}; {cache.REMEDY}") from None
            raise
        except OSError:
            if not folder.is_dir():  # else another process was first
                raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        cache.bound(keep=folder)
    cache.use(folder)
    return _lone(folder)


def within(archive: str, folder: Path) -> str:
    """Where a folder that was unpacked lies in its archive."""
    parts = folder.relative_to(cache.cache_path("unpacked")).parts[1:]
    return "/".join([archive, *parts])


def _unpack(path: Path, to: Path) -> None:
    """Unpack every file and link that stays in the folder; a warning says what does not."""
    packed = path.stat().st_size
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            refuse_bomb(path, sum(info.file_size for info in archive.infolist()), packed)
            archive.extractall(to)  # which keeps every name below the folder
        return
    with tarfile.open(path) as archive:
        refuse_bomb(path, sum(member.size for member in archive.getmembers()), packed)
        archive.extractall(to, filter=_kept)  # which refuses names that lead elsewhere


def _kept(member: tarfile.TarInfo, to: str) -> tarfile.TarInfo | None:
    """A member as it is unpacked; None of a link to a place outside, and of a device."""
    try:
        return tarfile.data_filter(member, to)
    except (
        tarfile.AbsoluteLinkError,
        tarfile.LinkOutsideDestinationError,
        tarfile.SpecialFileError,
    ) as error:
        logger.warning("left out of the archive: %s", error)
        return None


def _lone(folder: Path) -> Path:
    inside = [p for p in folder.iterdir() if not files.hidden(p.name) and not p.is_symlink()]
    return _lone(inside[0]) if len(inside) == 1 and inside[0].is_dir() else folder
