"""How large files from elsewhere may be; checked before anything is allocated."""

from pathlib import Path

from infogan.core.errors import DataError, InfoganError

TEXT = 1 << 20  # bytes of a text file or of a model's header
SCORES = 1 << 26  # bytes of scores: a number for each pair of a class and a category
FREE = 1 << 26  # bytes of unpacked images that any file may hold
RATIO = 100  # beyond these, bytes of images for each byte of their file; photos have 5 to 20


def refuse_bomb(what: object, size: int, packed: int, free: int = FREE) -> None:
    """Raise DataError when `packed` bytes of a file announce a `size` that no images have."""
    if size > max(free, RATIO * packed):
        claim = f"announces {size:,} bytes in a file of {packed:,}"
        raise DataError(f"{what}: {claim}: cut off, or a bomb; get it again")


def read_small(
    path: Path, wanted: str, kind: type[InfoganError] = DataError, most: int = TEXT
) -> bytes:
    """Read a file of at most 1 MiB, or `most` bytes; raise `kind`, which asks for what is wanted,
    otherwise."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise kind(f"{path}: cannot be read ({error.strerror}); give {wanted}") from None
    if len(content) > most:
        raise kind(f"{path}: is larger than {most >> 20} MiB; give {wanted}")
    return content
