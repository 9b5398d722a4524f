"""The real images that a run did not learn from."""

from infogan import data
from infogan.config.settings import RunConfig
from infogan.core.errors import DataError
from infogan.data import labels
from infogan.data.images import Images


def validation_images(config: RunConfig) -> Images:
    """The validation images of the run's data; all images where they are too few to be split."""
    try:
        return data.load(config.data, "validation")
    except DataError:
        return data.load(config.data, "all")


def scoring_images(config: RunConfig) -> Images:
    """The same images, with the labels to score against."""
    return labels.for_scoring(validation_images(config), config.labels)
