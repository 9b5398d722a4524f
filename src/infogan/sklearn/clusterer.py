"""Clusters of images, found without labels."""

import operator
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClusterMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from infogan.analysis.consistency import shared_information
from infogan.analysis.observation import Observation
from infogan.config.presets import preset
from infogan.config.settings import RunConfig
from infogan.core.errors import ConfigError
from infogan.data.folder import Survey
from infogan.data.images import Images
from infogan.data.settings import Source
from infogan.pipeline.recipe import suited
from infogan.sklearn.estimator import AUTO, ImageEstimator, Seed
from infogan.sklearn.rows import Form

SMALL = 32  # pixels; of grey images whose sides are no longer, `digits` finds more in a given time


class InfoGANClusterer(TransformerMixin, ClusterMixin, ImageEstimator):
    """InfoGAN's categories as clusters: a categorical code that Q reads from images.

    n_clusters: K, how many categories are looked for, 2 or more; further parameters: see
    ImageEstimator. After a fit: labels_ [N] of its images, model_ (infogan.Model), n_iter_ (steps
    that were made), n_features_in_ (values of an image).

    >>> clusterer = InfoGANClusterer(n_clusters=10, steps=600, random_state=0)
    """

    def __init__(
        self,
        n_clusters: int = 10,
        *,
        settings: str | RunConfig = AUTO,
        steps: int | None = None,
        image_shape: Sequence[int] | None = None,
        random_state: Seed = None,
        run: Path | str | None = None,
        verbose: bool | int = False,
    ) -> None:
        super().__init__(
            settings=settings,
            steps=steps,
            image_shape=image_shape,
            random_state=random_state,
            run=run,
            verbose=verbose,
        )
        self.n_clusters = n_clusters

    def fit(self, X: Any, y: object = None) -> Self:
        """Find clusters in images; y is not looked at."""
        self.labels_ = self._read(self._learn(X)).value
        return self

    def predict(self, X: Any) -> NDArray[np.int64]:
        """[N] the cluster that is most likely for each image."""
        return self._read(self._pixels(X)).value

    def transform(self, X: Any) -> NDArray[np.float32]:
        """[N, D] what Q says of each image: the probability of each category, and its mean of each
        continuous code, in the order of `get_feature_names_out`."""
        pixels = self._pixels(X)
        read = self.model_.encode(pixels).values()
        return np.concatenate([q.probs if q.probs.size else q.mean[:, None] for q in read], 1)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """[D] names of the columns of `transform`: code_0, code_1, … of a categorical code, and the
        names of the others. input_features is not looked at."""
        check_is_fitted(self)
        names = list[str]()
        for reading in self.model_.readings:
            k = reading.code.categories
            names += [f"{reading.name}_{j}" for j in range(k)] if k else [reading.name]
        return np.array(names, object)

    def score(self, X: Any, y: object = None) -> float:
        """The information I(c; c') in nats that an image's category shares with that of an
        augmented view of it: at most ln K, by which `infogan select` ranks seeds without labels.
        y is not looked at."""
        images = Images(self._pixels(X))
        seen = Observation(self.model_, images, seed=self.model_.config.seed)
        assert seen.categories is not None
        shared = [shared_information(seen.categories.probs, view) for view in seen.views]
        return float(np.mean(shared))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # of networks: float32
        return tags

    def _auto(self, form: Form, n: int) -> RunConfig:
        height, width, channels = form.image
        grey = channels == 1
        if grey and max(height, width) <= SMALL:
            return preset("digits")
        return suited(Survey(n, height, width, grey), Source())[0]

    def _for_classes(self, config: RunConfig, classes: Sequence[str]) -> RunConfig:
        if config.labels is not None:
            what = f"objective {config.objective.kind} learns from labels"
            raise ConfigError(f"InfoGANClusterer: {what}; take a classifier, or other settings")
        return config.with_classes(operator.index(self.n_clusters))

    def _code(self, label: Any) -> dict[str, float]:
        return {str(self.model_.drawn): operator.index(label)}
