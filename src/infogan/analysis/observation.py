"""What a model reads and generates, computed once when first asked; nothing else encodes images."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from infogan.analysis import consistency
from infogan.analysis.consistency import Probs
from infogan.analysis.features import Extractor, extractor
from infogan.analysis.metrics import clusters, fidelity
from infogan.analysis.metrics.fidelity import Fidelity
from infogan.core.random import stream
from infogan.data.augment import Affine
from infogan.data.images import Images, Pixels
from infogan.latent.latent import Draw
from infogan.latent.posterior import Posterior
from infogan.model.model import Model

SAMPLES = 10_000  # generated images behind L_I
COMPARED = 5000  # real images, and as many generated, at most, behind fidelity
FEW = 500  # real and generated images, of each, that the doctor looks at


def spaced(n: int, most: int = FEW) -> NDArray[np.int64]:
    """At most that many evenly spaced of n places; all where there are fewer."""
    return np.linspace(0, n - 1, min(most, n)).astype(np.int64)


@dataclass(eq=False)
class Observation:
    """A model with real images that it did not learn from (None: only what it generates).

    seed: of L_I, sweeps and views. samples: generated images behind `bounds`. augmented: views of
    the images, where they do not come from the model's own settings. learned: what the model
    learned from, to see what G copied.
    """

    model: Model
    images: Images | None
    seed: int = 0
    samples: int = SAMPLES
    augmented: Iterable[Pixels] | None = None
    learned: Images | None = None

    @property
    def real(self) -> Images:
        """The images, for what cannot do without."""
        assert self.images is not None
        return self.images

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
    def numbered(self) -> list[str]:
        """What to call each category: its number, with its name where it has one."""
        k = 0 if self.categories is None else self.categories.probs.shape[1]
        return [self.model.names.numbered(str(self.model.categorical), j) for j in range(k)]

    @cached_property
    def clusters(self) -> clusters.Clusters | None:
        """How the categories agree with the labels; None where one of them is missing."""
        images, read = self.images, self.categories
        if images is None or read is None or (images.labels < 0).all():
            return None
        return clusters.score(images.labels, read.value, len(images.classes), read.probs.shape[1])

    @cached_property
    def views(self) -> list[Probs]:
        """[N, K] probabilities of categories in each augmented view, in the images themselves where
        there is no augment; empty where no categories are read."""
        if self.images is None or self.categories is None:
            return []
        own, name = self.augmented, str(self.model.categorical)
        if own is None:
            own = consistency.views(self.images, self.model.config.augment, self.seed)
        return [self.model.encode(view)[name].probs for view in own] or [self.categories.probs]

    @cached_property
    def consistency(self) -> tuple[float, float] | None:
        """How many augmented views, of FEW images, are read as their image is; and I(c; c') of
        both in nats. None where nothing says what a category survives."""
        augment = self.model.config.augment
        if self.images is None or self.categories is None or augment is None:
            return None
        rows, name = spaced(len(self.images)), str(self.model.categorical)
        generator = stream(self.seed, "consistency")
        view = consistency.augmented(self.images.take(rows), augment, generator)
        read, probs = self.model.encode(view)[name], self.categories.probs[rows]
        kept = float((read.value == self.categories.value[rows]).mean())
        return kept, consistency.shared_information(probs, read.probs)

    @cached_property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """L_I of each code read back from generated images, and its standard error, in nats."""
        return self.model.lower_bound(self.samples, seed=self.seed)

    @cached_property
    def features(self) -> Extractor | None:
        """In which features images are compared; None where there are none to be had, or too few
        images."""
        if self.images is None or len(self.images) <= fidelity.WIDE:
            return None
        return extractor(self.model.config.data.name, self.images.shape)

    @cached_property
    def compared(self) -> tuple[NDArray[np.int64], Draw, Pixels]:
        """Which real images are compared, with as many draws of the latent, and G's images."""
        rows = spaced(len(self.real), COMPARED)
        draw = self.model.latent.sample(len(rows), stream(self.seed, "fidelity"))
        return rows, draw, self.model.generate(draw.vector())

    @cached_property
    def fidelity(self) -> tuple[Fidelity, dict[int, float]]:
        """How well generated images stand for the real ones; and by category the recall among the
        real images that are read as it, by those that were drawn of it."""
        assert self.features is not None
        rows, draw, made = self.compared
        real, fake = self.features(self.real.take(rows)), self.features(made)
        whole, each = fidelity.score(real, fake), dict[int, float]()
        if self.categories is not None and (drawn := self.model.drawn) is not None:
            read, given = self.categories.value[rows], draw.values[drawn].argmax(1).numpy()
            for k in range(len(self.numbered)):
                own, of_it = real[read == k], fake[given == k]
                if min(len(own), len(of_it)) > fidelity.WIDE:
                    each[k] = fidelity.neighbours(own, of_it)[1]
        return whole, each

    # What the doctor looks at: its thresholds were set on these images and views

    @cached_property
    def few(self) -> NDArray[np.int64]:
        """Which of the images: FEW of them, evenly spaced."""
        return spaced(len(self.real))

    @cached_property
    def few_views(self) -> Probs:
        """[n, K] probabilities of the categories of `few`, mean over two default Affine views."""
        pixels, name, read = self.real.take(self.few), str(self.model.categorical), []
        for i in range(2):
            generator = stream(self.model.config.seed, "doctor changes", i)
            view = consistency.augmented(pixels, Affine(), generator)
            read.append(self.model.encode(view)[name].probs)
        return np.asarray(np.mean(read, 0))

    @cached_property
    def generated(self) -> tuple[Draw, Pixels]:
        """FEW draws of the latent, and the images that G makes of them."""
        draw = self.model.latent.sample(FEW, stream(self.model.config.seed, "doctor"))
        return draw, self.model.generate(draw.vector())

    @cached_property
    def recovered(self) -> dict[str, Posterior]:
        """What is read back from those generated images, by the code; empty where nothing is."""
        if not any(reading.recovers for reading in self.model.readings):
            return {}
        return self.model.recovered(self.model.encode(self.generated[1]))
