"""Several runs of the same settings, and which of them to use."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from infogan.cli.options import AsJson, DataDir, Split, folder, images_for, load
from infogan.core.errors import ConfigError, TrainingError

if TYPE_CHECKING:
    from infogan.config.settings import RunConfig


def select(
    *runs: Path,
    data: str | None = None,
    data_dir: DataDir = None,
    split: Split | None = None,
    as_json: AsJson = False,
) -> None:
    """Rank finished runs without labels, and name the one to use: `infogan select runs/digits/seed-*`.

    The score is the information, in nats, that a run's category of a real image and of a changed copy of it share: high
    where Q is sure, uses all categories, and does not change its mind. A run that agrees with the others (adjusted
    Rand index) less than half as well as the best one comes last. Three to five runs that differ in their seed are
    enough.

    Parameters
    ----------
    runs
        Run folders, of the same codes and image shape.
    data
        Images that all runs read (default: the first run's own data).
    split
        Part of the data (default: images that the runs did not learn from).
    """
    from infogan.analysis.selection import select as ranked
    from infogan.cli.terminal import show_selection

    for run in runs:
        folder(run)
    images = None
    if runs and (data or data_dir or split):
        images = images_for(load(runs[0]), data, data_dir, split or "validation")
    tree = ranked(runs, images).tree()
    if as_json:
        print(json.dumps(tree))
    else:
        show_selection(tree)


def train_seeds(
    config: RunConfig, words: Sequence[str], path: Path, count: int, fresh: bool
) -> None:
    """Train several seeds into folders below `path`, rank them there (selection.json), and show what came of it."""
    from infogan import data
    from infogan.analysis.selection import ranking_code
    from infogan.analysis.selection import select as ranked
    from infogan.cli.terminal import seed_bars, show_selection
    from infogan.pipeline import seeds
    from infogan.runs.folder import SELECTION, Run

    if count < 2:
        raise ConfigError(
            f"--seeds {count}: give at least 2 to choose from; --seed names a single one"
        )
    if ranking_code(config) is None:
        raise ConfigError(
            "--seeds ranks runs by a categorical code that Q reads, and these settings have none"
        )
    runs = seeds.runs_in(path, config, count)
    data.load(
        config.data, "train"
    )  # what is wrong with images is said once, and a folder is scanned once
    with seed_bars(config.steps) as progress:
        failed = seeds.train(config, words, runs, fresh=fresh, progress=progress)
    done = [run.path for seed, run in runs.items() if seed not in failed]
    if len(done) > 1:
        tree = ranked(done).tree()
        Run(path).write_json(path / SELECTION, tree)
        show_selection(tree)
    if failed:
        reasons = "\n".join(f"seed {seed}: {reason}" for seed, reason in failed.items())
        raise TrainingError(
            f"{reasons}\n{len(failed)} of {count} seeds failed; the same command tries them again"
        )
