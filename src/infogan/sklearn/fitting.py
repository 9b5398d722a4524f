"""Training for a caller in Python: with or without a run folder, and ended by Ctrl-C early."""

import warnings
from pathlib import Path

from sklearn.exceptions import ConvergenceWarning

from infogan.config.settings import RunConfig
from infogan.core import interrupts
from infogan.core.interrupts import Stopped
from infogan.data.images import Images
from infogan.model.model import Model
from infogan.pipeline.run import finished, reached, revealed
from infogan.pipeline.run import train as train_run
from infogan.training import trainer as training
from infogan.training.recorder import SilentRecorder
from infogan.training.trainer import Progress, Trainer


def fitted(
    config: RunConfig, images: Images, run: Path | str | None, progress: Progress
) -> tuple[Model, int]:
    """Train on images; the model, and after how many steps: all, or with a ConvergenceWarning
    those before Ctrl-C. KeyboardInterrupt where there was none, and at a second Ctrl-C.

    run: a folder for the whole record, as `infogan train` writes it; None writes nothing.
    """
    with interrupts.noticed():
        if run is None:
            model, steps = _without_folder(config, images, progress)
        else:
            model, steps = _into_folder(config, images, run, progress)
    scored = model.run is None or finished(model.run, model.config)
    if steps < config.steps or not scored:
        on = "" if run is None else f"; fit again with run={str(run)!r} goes on"
        told = (
            f"fit was interrupted at step {steps:,} of {config.steps:,} and keeps what it reached"
        )
        warnings.warn(told + on, ConvergenceWarning, stacklevel=4)
    return model, steps


def _without_folder(config: RunConfig, images: Images, progress: Progress) -> tuple[Model, int]:
    trainer = Trainer(config, revealed(images, config))
    try:
        model = training.train(trainer, SilentRecorder(), progress)
    except KeyboardInterrupt:
        if not trainer.step or interrupts.asked():
            raise
        model = None
    return model or trainer.finished(), trainer.step


def _into_folder(
    config: RunConfig, images: Images, run: Path | str, progress: Progress
) -> tuple[Model, int]:
    try:
        return train_run(config, run=run, data=images, progress=progress), config.steps
    except KeyboardInterrupt as stop:
        second = interrupts.asked() and not isinstance(stop, Stopped)
        if second or (found := reached(run, images)) is None:
            raise
        return found
