"""The real images that a run did not learn from."""

from infogan import data
from infogan.config.settings import RunConfig
from infogan.core.errors import DataError
from infogan.data import labels
from infogan.data.images import Images


def kept_apart(config: RunConfig) -> Images:
    """The validation images of the run's data; all of them where there are too few to hold any out."""
    try:
        return data.load(config.data, "validation")
    except DataError:
        return data.load(config.data, "all")


def held_out(config: RunConfig) -> Images:
    """Those images with the labels to score against."""
    return labels.for_scoring(kept_apart(config), config.labels)
