"""What the estimators have in common: X to images, settings to a model, a model to a file."""

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, check_is_fitted, check_random_state, validate_data

from infogan.config.presets import preset
from infogan.config.settings import RunConfig
from infogan.core.errors import DataError, RunError, parsing
from infogan.data.images import Images, Labels, Pixels
from infogan.data.settings import GIVEN, Source
from infogan.latent.posterior import Posterior
from infogan.model import file
from infogan.model.model import Model
from infogan.pipeline.progress import heard, progress_bars
from infogan.pipeline.recipe import fitting
from infogan.sklearn.fitting import fitted
from infogan.sklearn.rows import Array, Form
from infogan.training.trainer import Progress

AUTO = "auto"
FORM = "an estimator of infogan's"
NONE = np.empty(0, np.int64)
Seed = int | np.random.RandomState | None


class ImageEstimator(BaseEstimator, ABC):
    """An estimator whose X are images: [N, H, W], [N, H, W, C], or flat, [N, F].

    settings: "auto", a preset's name or a `RunConfig`. steps: generator steps (None: as the
    settings say). image_shape: (H, W) or (H, W, C) of the images in a flat X (None: grey squares).
    random_state: an int is the run's seed; else it draws one. run: a folder for the whole record,
    as `infogan train` writes it, from which the same fit goes on; None writes nothing. verbose:
    show the progress on standard error.
    """

    def __init__(
        self,
        *,
        settings: str | RunConfig = AUTO,
        steps: int | None = None,
        image_shape: Sequence[int] | None = None,
        random_state: Seed = None,
        run: Path | str | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.settings = settings
        self.steps = steps
        self.image_shape = image_shape
        self.random_state = random_state
        self.run = run
        self.verbose = verbose

    @abstractmethod
    def _auto(self, form: Form, n: int) -> RunConfig:
        """The settings for n images of a form that nobody gave settings for."""

    @abstractmethod
    def _for_classes(self, config: RunConfig, classes: Sequence[str]) -> RunConfig:
        """Settings for what is to be found; ConfigError where they are not of this estimator."""

    def _config(self, form: Form, n: int, classes: Sequence[str]) -> RunConfig:
        """The settings of the fit, but for the range of values."""
        given, source = self.settings, Source(fit="stretch")  # which leaves no pixel out
        if isinstance(given, RunConfig):
            config, source = given, given.data
        else:
            config = self._auto(form, n) if given == AUTO else preset(given)
        size = source.size or fitting(*form.image[:2])
        changes: dict[str, Any] = {"seed": _seed(self.random_state)}
        changes["data"] = source.model_copy(update={"name": GIVEN, "dir": None, "size": size})
        if self.steps is not None:
            changes["steps"] = operator.index(self.steps)
        return self._for_classes(config, classes).replace(**changes)

    def _learn(self, X: Any, labels: Labels = NONE, classes: Sequence[str] = ()) -> Pixels:
        """Fit to X and, where there are classes, labels [N] (-1: unknown); the images of X."""
        row, rows = self._validated(X, reset=True)
        form = Form.of(row, self.image_shape)
        config = self._config(form, len(rows), classes)
        pixels, given = form.pixels(rows, config.data)
        config = config.replace(data={"range": given})
        with _shown(config, bool(self.verbose)) as progress:
            images = Images(pixels, labels, tuple(classes), "X")
            self.model_, self.n_iter_ = fitted(config, images, self.run, progress)
        self._form = form
        return pixels

    def _validated(self, X: Any, reset: bool = False) -> tuple[tuple[int, ...], Array]:
        """The shape of a row of X, and X as [N, F]; ValueError where it is no X of numbers."""
        row = None
        if (X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim) > 2:
            X = check_array(X, allow_nd=True, input_name="X")
            row, X = X.shape[1:], X.reshape(len(X), -1)
        X = validate_data(self, X, reset=reset, ensure_min_samples=2 if reset else 1)
        return row or X.shape[1:], X

    def _pixels(self, X: Any) -> Pixels:
        """The images of an X, as the model reads them."""
        check_is_fitted(self)
        row, rows = self._validated(X)
        if len(row) > 1 and Form.of(row).image != self._form.image:
            has, own = ("x".join(map(str, shape)) for shape in (row, self._form.image))
            raise DataError(f"X has images of {has}, and {type(self).__name__} learned from {own}")
        return self._form.pixels(rows, self.model_.config.data)[0]

    def _read(self, pixels: Pixels) -> Posterior:
        """What the model says of the category or class of each image."""
        return self.model_.encode(pixels)[str(self.model_.categorical)]

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """[N, K] the probability of each category or class."""
        return self._read(self._pixels(X)).probs

    @abstractmethod
    def _code(self, label: Any) -> dict[str, float]:
        """The value of the code by which G draws a category or class; ConfigError without one."""

    def sample(
        self, n_samples: int = 1, *, label: Any = None, random_state: Seed = None, **codes: float
    ) -> Array:
        """Draw images [n, …] in the form and the range of the X of fit; at the model's own size
        `model_.sample` gives them.

        label: the category, or with ACGAN the class, to draw (None: any). random_state: None is the
        seed of fit, so that the same call gives the same images. codes: values of others by name.
        """
        check_is_fitted(self)
        model = self.model_
        seed = model.config.seed if random_state is None else _seed(random_state)
        values = codes if label is None else {**codes, **self._code(label)}
        return self._form.rows(model.sample(n_samples, seed=seed, **values), model.config.data)

    def save(self, path: Path | str) -> None:
        """Write the fitted estimator into one file without a pickle, which `load` reads; the model
        in it is also for `infogan.Model.load`."""
        check_is_fitted(self)
        seed = self.model_.config.seed
        params = {name: _plain(value, seed) for name, value in self.get_params().items()}
        about = {"kind": type(self).__name__, "params": params, "n_iter": self.n_iter_}
        about |= {"row": self._form.row, "image": self._form.image, **self._learned()}
        if hasattr(self, "feature_names_in_"):
            about["feature_names_in"] = self.feature_names_in_.tolist()
        self.model_.save(path, estimator=about)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """The estimator of a file that `save` wrote; RunError where it is none, or of another
        kind."""
        with parsing(path, FORM, RunError):
            about = file.header_of(Path(path))[0]["estimator"]
            if about["kind"] != cls.__name__:
                raise RunError(
                    f"{path}: is of {about['kind']}, not {cls.__name__}; load it by that"
                )
            params = about["params"]
            if isinstance(params["settings"], dict):
                params["settings"] = RunConfig.from_tree(params["settings"])
            if params["image_shape"] is not None:
                params["image_shape"] = tuple(params["image_shape"])
            own = cls(**params)
            own._form = Form(tuple(about["row"]), tuple(about["image"]))
            own.n_features_in_, own.n_iter_ = own._form.features, int(about["n_iter"])
            if "feature_names_in" in about:
                own.feature_names_in_ = np.array(about["feature_names_in"], object)
            own._restore(about)
        own.model_ = Model.load(path)
        return own

    def _learned(self) -> dict[str, Any]:
        """What the file of a fitted estimator of this kind needs beside the model, as plain values;
        `_restore` takes it back."""
        return {}

    def _restore(self, about: dict[str, Any]) -> None: ...


@contextmanager
def _shown(config: RunConfig, verbose: bool) -> Iterator[Progress]:
    """What to call after each step: with `verbose`, the progress of the command line."""
    if not verbose:
        yield lambda step, line: None
        return
    with heard(), progress_bars(config.steps, config.latent.codes) as show:
        show_seed: Callable[..., None] = partial(show, config.seed)
        yield show_seed


def _seed(state: Seed) -> int:
    """A run's seed: an int as it is, else one drawn as scikit-learn does."""
    if isinstance(state, int | np.integer):
        return int(state)
    return int(check_random_state(state).randint(np.iinfo(np.int32).max))


def _plain(value: Any, seed: int) -> Any:
    """A parameter as JSON has it; a RandomState as the seed that it gave."""
    if isinstance(value, RunConfig):
        return value.tree()
    if isinstance(value, np.random.RandomState):
        return seed
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each, seed) for each in value]
    return str(value) if isinstance(value, Path) else value
