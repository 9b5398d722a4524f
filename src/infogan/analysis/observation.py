"""One look at a model: what it reads from real images and what it makes, each computed once, when first asked for.

Scores, findings, pictures, selection and merging all read an observation; none encodes images by itself.
"""

from functools import cached_property

from infogan.analysis.metrics import clusters
from infogan.data.images import Images
from infogan.latent.posterior import Posterior
from infogan.model.model import Model

SAMPLES = 10_000
"""Generated images behind L_I."""


class Observation:
    """A model with real images that it did not learn from (None: only what it makes), under one seed."""

    def __init__(self, model: Model, images: Images | None, *, seed: int = 0) -> None:
        self.model, self.images, self.seed = model, images, seed

    @cached_property
    def read(self) -> dict[str, Posterior]:
        """What D and Q read from the images, by the reading's name; empty without images."""
        if self.images is None or not self.model.readings:
            return {}
        return self.model.encode(self.images)

    @cached_property
    def categories(self) -> Posterior | None:
        """The category or class that each image is read as; None where nothing says so."""
        return self.read.get(self.model.categorical or "")

    @cached_property
    def clusters(self) -> clusters.Clusters | None:
        """How the categories agree with the labels; None where there are no categories or no labels."""
        images, read = self.images, self.categories
        if images is None or read is None or (images.labels < 0).all():
            return None
        return clusters.score(images.labels, read.value, len(images.classes), read.probs.shape[1])

    @cached_property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """L_I of each code that is read back, in nats, and its standard error, on SAMPLES generated images."""
        return self.model.lower_bound(SAMPLES, seed=self.seed)
