"""The one exception tree. A message names the value at fault and the remedy in one or two lines."""

from collections.abc import Iterator
from contextlib import contextmanager


class InfoganError(ValueError):
    """Anything that went wrong and that the user can put right."""


class ConfigError(InfoganError):
    """A setting is unknown, malformed or contradicts another."""


class DataError(InfoganError):
    """Images or labels cannot be read as what they claim to be."""


class RunError(InfoganError):
    """A run folder is missing, damaged or holds something else."""


class TrainingError(InfoganError):
    """Training cannot continue, for instance because a loss is no longer finite."""


@contextmanager
def parsing(what: object, form: str, kind: type[InfoganError] = DataError) -> Iterator[None]:
    """Turn any exception within the block into `kind`: parsers of hostile bytes raise anything."""
    try:
        yield
    except InfoganError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise kind(f"{what}: cannot be read as {form} ({reason}); correct or replace it") from error
