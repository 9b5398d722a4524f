"""A whole run: settings in; a trained model, its scores and its figures out."""

import logging
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median_high
from typing import Any

from infogan.analysis import doctor, evaluation
from infogan.analysis.observation import Observation
from infogan.config.presets import preset
from infogan.config.settings import RunConfig
from infogan.core import atomic, interrupts
from infogan.core.errors import ConfigError, DataError, RunError, TrainingError, parsing
from infogan.data import labels
from infogan.data.augment import COLOURS
from infogan.data.folder import once
from infogan.data.images import Images
from infogan.data.settings import GIVEN
from infogan.latent.latent import CLASS
from infogan.model.model import CHUNK, Model
from infogan.report import page, plots
from infogan.runs import checkpoints
from infogan.runs.folder import Run
from infogan.runs.images import Training, real_images
from infogan.runs.record import Origin
from infogan.runs.recorder import recording
from infogan.tracking import Trackers
from infogan.training import trainer as training
from infogan.training.device import Engine
from infogan.training.distributed import join, rank
from infogan.training.forecast import seconds_left
from infogan.training.recorder import SilentRecorder
from infogan.training.trainer import Progress

AFTER = 2.0  # seconds by which other processes end after the first where all meet one error
logger = logging.getLogger("infogan")


@dataclass(frozen=True)
class Outlook:
    """What a run is about to do."""

    config: RunConfig
    images: Images  # to learn from
    held_out: int  # images that it is scored on
    steps: tuple[int, int]  # that are over, and of all
    seconds: float | None  # that training takes here from now on; None: soon over


def train(
    settings: RunConfig | str = "digits",
    *,
    run: Path | str,
    data: Images | None = None,
    seed: int | None = None,
    fresh: bool = False,
    continue_from: Path | str | None = None,
    track: Sequence[str] = (),
    progress: Progress = lambda step, line: None,
    begun: Callable[[Outlook], None] | None = None,
) -> Model:
    """Train, score on held-out images, draw the figures; the trained model. The same call resumes.

    settings: a preset's name, or a RunConfig. run: the folder for the record. data: images to train
    and to score on, in place of those that the settings name. fresh: remove a run that is there.
    continue_from: a finished run whose weights to begin with. track: programs that show the run as
    well: tensorboard, wandb, mlflow. progress: called after each step; begun: called before the
    first, when all is known to be well. In a process that torchrun started as one of several, all
    train the one model, and the first alone writes and scores.
    """
    config = preset(settings) if isinstance(settings, str) else settings
    if seed is not None:
        config = config.replace(seed=seed)
    with closing(Run(run)) as folder, closing(Trackers(track, folder)) as trackers:
        model = _fit(config, folder, data, fresh, continue_from, trackers, progress, begun)
        interrupts.poll()
        if rank() > 0:
            return model
        if not finished(folder, model.config):
            with atomic.writing(folder.path):
                with once():
                    held_out = data or real_images(model.config, folder)
                    learned = data or real_images(model.config, folder, "train")
                record(folder, model, held_out, learned)
        trackers.finish()
    return model


def fit(
    config: RunConfig,
    run: Path | str,
    *,
    images: Images | None = None,
    fresh: bool = False,
    continue_from: Path | str | None = None,
    progress: Progress = lambda step, line: None,
) -> Model:
    """Train into a run folder, or resume from its last checkpoint, without scores and figures.

    images: in place of `config.data`. fresh: remove a run that is there. continue_from: a finished
    run whose weights to begin with. Everything is checked before anything is written. DataError for
    unfit images; RunError when the folder holds another run, another process has it, or the disk is
    full; TrainingError for a value that is not finite. What was saved before stays.
    """
    with closing(Run(run)) as folder:
        return _fit(config, folder, images, fresh, continue_from, Trackers((), folder), progress)


def _fit(
    config: RunConfig,
    run: Run,
    images: Images | None,
    fresh: bool,
    continue_from: Path | str | None,
    trackers: Trackers,
    progress: Progress,
    begun: Callable[[Outlook], None] | None = None,
) -> Model:
    for setting in config.idle:
        logger.warning("has no effect: %s", setting)
    labels.require(config.labels)
    processes = join(Engine.of(config).device)
    start, origin, earlier = _start(run, config, continue_from)
    with processes.in_turn():
        found = Training.given(images) if images else Training.load(config.data, earlier)
    processes.require_same(
        (found.images.digest, config.replace(device="auto").tree()), "images or settings"
    )
    if images is not None:
        config = config.replace(data=GIVEN)  # the settings name no images that were not used
    shown = revealed(found.images, config)
    trainer = training.Trainer(config, shown, start, processes)
    if not processes.first:
        return _beside(trainer)
    run.hold()
    if fresh:
        run.clear()
        _set_aside_names(run, config)
    else:
        run.check(config, origin)
        if done := _resumed(run, config, trainer, found):
            if found.learned.source != run.record.images.source:  # the images were moved
                run.begin(config, found.record(origin, config))
            processes.share(False)
            processes.leave()
            return done
    found.write(run)
    run.begin(config, found.record(origin, config))
    if earlier and not trainer.step and not run.names_file.is_file():
        run.write_json(run.names_file, earlier.names.tree())
    if config.labels is not None:
        labels.write_csv(shown, run.labels_file)
    _ready(run, trainer)
    if begun:
        steps = trainer.step, config.steps
        begun(Outlook(config, trainer.images, found.held_out, steps, seconds_left(trainer)))
    with atomic.writing(run.path), recording(run) as recorder:
        told = trackers.beside(recorder)  # which may take seconds, while the others wait
        processes.share(True)
        trainer.align()
        model = training.train(trainer, told, progress)
    processes.leave()
    if model is None:
        interrupts.poll()
        raise RunError(f"{run.path}: stopped at step {trainer.step}; the same command resumes")
    model.save(run.weights_file)
    model.run = run
    return model


def _ready(run: Run, trainer: training.Trainer) -> None:
    """Have a run's folder say what it says at the trainer's step; RunError where there is no room
    to go on."""
    run.weights_file.unlink(missing_ok=True)  # of fewer steps; their checkpoint stays
    run.rewind(trainer.step)
    run.write_json(run.environment_file, trainer.machine | {"images": len(trainer.images)})
    atomic.require(run.path, 2 * trainer.size)


def _beside(trainer: training.Trainer) -> Model:
    """Train as the first process does, which alone reads and writes the run's folder."""
    if trainer.processes.share(None):  # whether there is anything to train
        trainer.align()
        try:
            training.train(trainer, SilentRecorder())
        except TrainingError:  # as in the first process, whose words are to be the only ones
            time.sleep(AFTER)
            raise
    trainer.processes.leave()
    return trainer.model


def revealed(images: Images, config: RunConfig) -> Images:
    """The images as training sees them, with the labels of the budget alone; DataError where
    nothing can be learned from them."""
    if config.labels is not None:
        images = labels.reveal(images, config.labels, config.seed)
        _refuse_other_classes(images, config)
    for name, what in config.latent.following.items():
        if what in COLOURS and images.shape[2] == 1:
            remedy = f"set --latent.{name}.follows none, or --data.color rgb if they have colour"
            raise ConfigError(f"latent.{name}.follows {what}: the images are grey; {remedy}")
    _refuse_alike(images)
    return images


def _refuse_other_classes(images: Images, config: RunConfig) -> None:
    """ConfigError where what reads the class has more or fewer categories than there are."""
    n = len(images.classes)
    for reading in config.objective.readings(config.latent, n):
        if reading.head == CLASS and reading.code.categories != n:
            fault = f"objective.k is {reading.code.categories}, but the labels name {n} classes"
            raise ConfigError(f"{fault}; set it none, or labels none")


def reached(run: Path | str, images: Images) -> tuple[Model, int] | None:
    """What a run that was stopped has reached by its last checkpoint, and at which step; None where
    it has none. images: those that it learns from."""
    folder = Run(run)
    if not folder.exists:
        return None
    if folder.weights_file.is_file():
        return Model.load(folder.path), folder.config.steps
    if (state := checkpoints.newest(folder.checkpoints)) is None:
        return None
    trainer = training.Trainer(folder.config, revealed(images, folder.config))
    trainer.restore(*state)
    model = trainer.finished()
    model.run, model.names = folder, folder.names
    return model, trainer.step


def _refuse_alike(images: Images) -> None:
    """DataError where nothing can be learned, because there is one image, or they do not differ."""
    if len(images) == 1:
        raise DataError(f"{images.name}: there is 1 image to learn from; give hundreds")
    first = images.take(slice(0, 1))[0]
    for start in range(0, len(images), CHUNK):
        if (images.take(slice(start, start + CHUNK)) != first).any():
            return
    values = f"from {first.min()} to {first.max()}"
    remedy = "look at the files; if their values are not bytes, set --data.range LOW:HIGH"
    raise DataError(f"{images.name}: all {len(images):,} images are the same ({values}); {remedy}")


def _start(
    run: Run, config: RunConfig, path: Path | str | None
) -> tuple[Model | None, Origin | None, Run | None]:
    """The model to begin with, what to record of it, and its run; RunError where it does not
    fit the settings."""
    if path is None:
        return None, None, None
    earlier = Run(path)
    if earlier.path.resolve() == run.path.resolve():
        raise RunError(f"{path}: is the run to continue from; choose another --run for the new one")
    start = Model.load(earlier.path)
    for part in ("latent", "networks", "objective"):
        if getattr(start.config, part) != getattr(config, part):
            raise RunError(f"{path}: differs in {part}, and weights go on under the same alone")
    sha = sha256(earlier.weights_file.read_bytes()).hexdigest()
    place = str(earlier.path.resolve())
    return start, Origin(run=place, steps=start.config.steps, sha256=sha), earlier


def _resumed(
    run: Run, config: RunConfig, trainer: training.Trainer, found: Training
) -> Model | None:
    """Take the trainer to the run's last checkpoint; the model, if that is all. RunError when the
    run has other images, or more steps than it is to have."""
    if not run.exists:
        return None
    found.check(run)
    state, there = checkpoints.newest(run.checkpoints), run.weights_file.is_file()

    def restore() -> None:
        if state:
            with parsing(run.checkpoints, "a checkpoint of this run", RunError):
                trainer.restore(*state)

    if not (there and state and state[0].get("step") == run.config.steps == config.steps):
        restore()  # else nothing is left to train, and the model itself is read
    has = max(trainer.step, run.config.steps if there else 0)
    other = "choose another --run, or use --fresh"
    if has > config.steps:
        raise RunError(f"{run.path}: has {has} steps, more than --steps {config.steps}; {other}")
    if there and not state and has < config.steps:
        raise RunError(f"{run.path}: has no checkpoint to go on from; {other}")
    if not there or has < config.steps:
        return None
    try:
        return Model.load(run.path)
    except RunError as error:
        if not state:
            raise
        logger.warning("%s; it is made again from the last checkpoint", error)
        restore()
        return None


def _set_aside_names(run: Run, config: RunConfig) -> None:
    """Keep names that the new settings have no codes for in another file."""
    try:
        run.names_for(config.latent)
    except RunError as error:
        aside = run.names_file.with_name("names-before.json")
        logger.warning("%s; your names are kept in %s", error, aside.name)
        run.names_file.replace(aside)


def finished(run: Run, config: RunConfig) -> bool:
    """Whether a run of these settings is trained and scored."""
    if not (run.exists and run.weights_file.is_file()):
        return False
    if run.config.steps != config.steps or run.differences(config):
        return False
    with suppress(ConfigError):  # no scores, or damaged ones
        return run.scores.get("steps") == config.steps
    return False


def record(run: Run, model: Model, images: Images, learned: Images) -> dict[str, Any]:
    """Score a model and write scores, figures and the report into the run folder; the scores.
    learned: the images that it learned from."""
    model.names = run.names
    for old in ("samples", "traversals"):
        shutil.rmtree(run.path / old, ignore_errors=True)
    seen = Observation(model, images, seed=model.config.seed, learned=learned)
    logger.info("1 of 4: drawing samples and sweeps")
    plots.run_figures(run, seen)
    logger.info("2 of 4: scoring on %s images", f"{len(images):,}")
    scores, lines = evaluation.scores(seen) | {"steps": model.config.steps}, run.metrics()
    scores["seconds"] = sum(line["seconds"] for line in lines)
    scores["images_per_second"] = median_high(line["images_per_second"] for line in lines)
    logger.info("3 of 4: looking for what is wrong")
    found = doctor.examine(run, seen, scores).findings
    scores["findings"] = [asdict(finding) for finding in found]
    run.write_json(run.scores_file, scores)
    logger.info("4 of 4: writing the report")
    page.write(run, seen)
    return scores
