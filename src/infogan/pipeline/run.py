"""A whole run: settings in; a trained model, its scores and its figures out."""

import logging
import shutil
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from statistics import median_high
from typing import Any

from infogan.analysis import doctor, evaluation
from infogan.analysis.observation import Observation
from infogan.config.presets import preset
from infogan.config.settings import RunConfig
from infogan.core import atomic, interrupts
from infogan.core.errors import ConfigError, RunError, parsing
from infogan.core.tables import read_file
from infogan.data import labels
from infogan.data import load as data_load
from infogan.data.images import Images
from infogan.model.model import Model
from infogan.report import page, plots
from infogan.runs import checkpoints
from infogan.runs.folder import Run
from infogan.runs.images import scoring_images
from infogan.runs.recorder import recording
from infogan.training import trainer as training
from infogan.training.trainer import Progress

logger = logging.getLogger("infogan")


def train(
    settings: RunConfig | str = "digits",
    *,
    run: Path | str,
    data: Images | None = None,
    seed: int | None = None,
    fresh: bool = False,
    progress: Progress = lambda step, line: None,
) -> Model:
    """Train, score on held-out images, draw the figures; the trained model. The same call resumes.

    settings: a preset's name, or a RunConfig. run: the folder for the record. data: images to train
    and to score on, in place of those that the settings name. fresh: remove a run that is there.
    """
    config = preset(settings) if isinstance(settings, str) else settings
    if seed is not None:
        config = config.replace(seed=seed)
    with closing(Run(run)) as folder:
        model = fit(config, folder, images=data, fresh=fresh, progress=progress)
        interrupts.poll()
        if not finished(folder, config):
            with atomic.writing(folder.path):
                record(folder, model, data or scoring_images(config))
    return model


def fit(
    config: RunConfig,
    run: Run | Path | str,
    *,
    images: Images | None = None,
    fresh: bool = False,
    progress: Progress = lambda step, line: None,
) -> Model:
    """Train into a run folder, or resume from its last checkpoint, without scores and figures.

    images: in place of `config.data`. fresh: remove a run that is there, once images and settings
    proved good. DataError for unfit images; RunError when the folder holds another run, another
    process has it, or the disk is full; TrainingError for a value that is not finite. What was
    saved before stays.
    """
    if not isinstance(run, Run):
        with closing(Run(run)) as own:
            return fit(config, own, images=images, fresh=fresh, progress=progress)
    images = images or data_load(config.data, "train")
    if config.labels is not None:
        images = labels.reveal(images, config.labels, config.seed)
    trainer = training.Trainer(config, images)
    if fresh:
        run.clear()
    run.begin(config)
    some = images.take(slice(0, 1000))
    if (some == some[0]).all():
        logger.warning("%s: zero variance, all images look the same", images.name)
    if state := checkpoints.newest(run.checkpoints):
        with parsing(run.checkpoints, "a checkpoint of this run", RunError):
            trainer.restore(*state)
    if trainer.step >= config.steps and run.weights_file.is_file():
        try:
            return Model.load(run.path)
        except RunError as error:
            logger.warning("%s; it is made again from the last checkpoint", error)
    if config.labels is not None:
        labels.write_csv(images, run.labels_file)
    run.weights_file.unlink(missing_ok=True)  # of fewer steps; their checkpoint stays
    run.rewind(trainer.step)
    run.write_json(run.environment_file, trainer.engine.describe() | {"images": len(images)})
    atomic.require(run.path, 2 * trainer.size)
    with atomic.writing(run.path), recording(run) as recorder:
        model = training.train(trainer, recorder, progress)
    if model is None:
        interrupts.poll()
        raise RunError(f"{run.path}: stopped at step {trainer.step}; the same command resumes")
    model.save(run.weights_file)
    return model


def finished(run: Run, config: RunConfig) -> bool:
    """Whether a run of these settings is trained and scored."""
    if not (run.exists and run.weights_file.is_file() and run.config == config):
        return False
    with suppress(ConfigError):  # no scores, or damaged ones
        return read_file(run.scores_file).get("steps") == config.steps
    return False


def record(run: Run, model: Model, images: Images) -> dict[str, Any]:
    """Score a model and write scores, figures and the report into the run folder; the scores."""
    model.names = run.names
    for old in ("samples", "traversals"):
        shutil.rmtree(run.path / old, ignore_errors=True)
    seen = Observation(model, images, seed=model.config.seed)
    plots.run_figures(run, seen)
    scores, lines = evaluation.scores(seen) | {"steps": model.config.steps}, run.metrics()
    scores["seconds"] = sum(line["seconds"] for line in lines)
    scores["images_per_second"] = median_high(line["images_per_second"] for line in lines)
    found = doctor.examine(run, seen, scores).findings
    scores["findings"] = [asdict(finding) for finding in found]
    run.write_json(run.scores_file, scores)
    page.write(run, seen, [str(finding) for finding in found])
    return scores
