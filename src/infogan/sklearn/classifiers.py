"""Classifiers that learn from some labels, or from all of them, and from unlabelled images."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, column_or_1d

from infogan.config.presets import preset
from infogan.config.settings import RunConfig
from infogan.core.errors import ConfigError, DataError
from infogan.sklearn.estimator import ImageEstimator
from infogan.sklearn.rows import Array, Form

UNLABELLED = -1


class ImageClassifier(ClassifierMixin, ImageEstimator):
    """A classifier that learns from images of which some have a label.

    y is [N], of classes of any one type: numbers, names, or objects that can be sorted. -1, None
    and NaN say that an image has no label; such images are learned from as well. Parameters: see
    ImageEstimator. After a fit: classes_ [K] in order, and model_, n_iter_, n_features_in_.
    """

    objective: ClassVar[str]  # whose preset of the same name is the default

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from images and the labels that y gives."""
        y = column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        known = labelled(y)
        assert_all_finite(y[known], input_name="y")
        check_classification_targets(y[known])
        self.classes_, index = np.unique(y[known], return_inverse=True)
        if len(self.classes_) < 2:
            found = ", ".join(map(str, self.classes_)) or "none"
            remedy = "give labels of two classes or more; -1 stands for no label"
            raise DataError(f"y has labels of one class at most ({found}); {remedy}")
        labels = np.full(len(y), UNLABELLED)
        labels[known] = index
        self._learn(X, labels, [str(name) for name in self.classes_.tolist()])
        return self

    def predict(self, X: Any) -> Array:
        """[N] the class that is most likely for each image."""
        read = self._read(self._pixels(X))
        return np.asarray(self.classes_[read.value])

    def score(self, X: Any, y: Any) -> float:
        """The share of the images with a label that are put into their class."""
        read, y = self.predict(X), column_or_1d(y)
        check_consistent_length(read, y)
        known = labelled(y)
        return float(accuracy_score(y[known], read[known]))

    def _auto(self, form: Form, n: int) -> RunConfig:
        return preset(self.objective)

    def _for_classes(self, config: RunConfig, classes: Sequence[str]) -> RunConfig:
        own, kind = type(self).__name__, config.objective.kind
        if kind != self.objective:
            raise ConfigError(f"{own}: the settings have objective {kind}, not {self.objective}")
        if getattr(config.objective, "k", None) not in (None, len(classes)):
            raise ConfigError(f"{own}: y names {len(classes)} classes; set objective.k none")
        config = config.replace(labels="all")
        return config.with_classes(len(classes)) if config.latent.categorical else config

    def _code(self, label: Any) -> dict[str, float]:
        return {self.model_.class_code: self.model_.class_index(str(label))}

    def _learned(self) -> dict[str, Any]:
        return {"classes": self.classes_.tolist(), "dtype": self.classes_.dtype.str}

    def _restore(self, about: dict[str, Any]) -> None:
        self.classes_ = np.array(about["classes"], np.dtype(about["dtype"]))


class SemiGANClassifier(ImageClassifier):
    """SemiGAN: a classifier with one class more, for generated images (Odena 2016)."""

    objective = "semigan"


class ImprovedGANClassifier(ImageClassifier):
    """ImprovedGAN: K + 1 classes, and a generator that matches features (Salimans et al. 2016)."""

    objective = "improvedgan"


class CatGANClassifier(ImageClassifier):
    """CatGAN: certain of real images, uncertain of generated ones (Springenberg 2015)."""

    objective = "catgan"


class ACGANClassifier(ImageClassifier):
    """ACGAN: the generator is given the class (Odena, Olah, Shlens 2016), so `sample` takes one."""

    objective = "acgan"


def labelled(y: Array) -> NDArray[np.bool_]:
    """[N] whether an image has a label: -1, None and NaN are none, nor is the text "-1" that NumPy
    makes of -1 among names."""
    if y.dtype.kind in "OUS":
        return np.array([name is not None and name == name and str(name) != "-1" for name in y])
    return np.asarray((y != UNLABELLED) & (y == y))
