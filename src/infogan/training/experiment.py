"""A whole run: settings in; a trained model, its scores and its figures out."""

import shutil
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from infogan import data as source
from infogan import doctor, durable, signals
from infogan.config import RunConfig, read_file
from infogan.data import labels
from infogan.data.images import Images
from infogan.errors import ConfigError, DataError
from infogan.metrics.evaluate import evaluate
from infogan.model import Model
from infogan.presets import preset
from infogan.report import page, plots
from infogan.run import Run
from infogan.training import loop


def train(
    settings: RunConfig | str = "digits",
    *,
    run: Path | str,
    data: Images | None = None,
    seed: int | None = None,
    fresh: bool = False,
    progress: loop.Progress = lambda step, line: None,
) -> Model:
    """Train, score on held-out images, draw the figures; the trained model. The same call resumes.

    settings: a preset's name, or a RunConfig. run: the folder that becomes the record. data: images to train on
    and to score on, instead of those that the settings name. fresh: remove a run that is there already.
    """
    config = preset(settings) if isinstance(settings, str) else settings
    if seed is not None:
        config = config.replace(seed=seed)
    with closing(Run(run)) as folder:
        model = loop.train(config, folder, images=data, fresh=fresh, progress=progress)
        signals.poll()
        if not scored(folder, config.steps):
            with durable.writing(folder.path):
                record(folder, model, data or held_out(config))
    return model


def scored(run: Run, steps: int) -> bool:
    """Whether the run has the scores of that many steps."""
    try:
        return read_file(run.scores_file).get("steps") == steps
    except ConfigError:
        return False


def kept_apart(config: RunConfig) -> Images:
    """The validation images of the run's data; all of them where there are too few to hold any out."""
    try:
        return source.load(config.data, "validation")
    except DataError:
        return source.load(config.data, "all")


def held_out(config: RunConfig) -> Images:
    """Those images with the labels to score against."""
    return labels.for_scoring(kept_apart(config), config.labels)


def record(run: Run, model: Model, images: Images) -> dict[str, Any]:
    """Score a model, draw its figures and its page, and write all into the run folder; the scores."""
    model.names = run.names
    for old in ("samples", "traversals"):
        shutil.rmtree(run.path / old, ignore_errors=True)
    plots.run_figures(run, model, images)
    lines = run.metrics()
    speed = sorted(line["images_per_second"] for line in lines)
    scores = evaluate(model, images, seed=model.config.seed) | {
        "steps": model.config.steps,
        "seconds": sum(line["seconds"] for line in lines),
        "images_per_second": speed[len(speed) // 2],
    }
    found = doctor.examine(run, model, images, scores).findings
    scores["findings"] = [asdict(finding) for finding in found]
    run.write_json(run.scores_file, scores)
    page.write(run, model, images, [str(finding) for finding in found])
    return scores
