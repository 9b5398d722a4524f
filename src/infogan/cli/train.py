"""Commands that make runs, and list the settings to make them with."""

from __future__ import annotations

import json
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from infogan.cli.options import Count, Values, Whole
from infogan.cli.terminal import show_outlook, show_scores, show_selection
from infogan.core import interrupts
from infogan.core.errors import ConfigError, TrainingError
from infogan.pipeline.progress import progress_bars

if TYPE_CHECKING:
    from infogan.config.settings import RunConfig
    from infogan.pipeline.run import Outlook


def train(
    *settings: Annotated[str, Parameter(allow_leading_hyphen=True, show=False)],
    run: Path | None = None,
    config: Annotated[Path | None, Parameter(name=["--config", "-c"])] = None,
    classes: Whole | None = None,
    seeds: Whole | None = None,
    processes: Count | None = None,
    continue_from: Path | None = None,
    track: Values = None,
    fresh: bool = False,
    dry_run: bool = False,
) -> None:
    """Train a run: `infogan train digits`, or `infogan train photos/ --data.size 64`.

    The first word is a preset (see `infogan presets`), or the first words are images: folders and
    files, a zip or tar, an IDX, NPY, NPZ, MAT, HDF5 or Parquet file, or hf:NAME (docs/reading.md).
    Any setting can follow as --name value: --seed 1, --steps 2000, --batch 128, --data-dir mnist/,
    --latent.noise 32, --latent.digit categorical:20, --optim.d-lr 1e-4, --networks projected for
    photos of everyday things (extra `photos`), and --labels 10 where the objective uses labels
    (semigan). `infogan presets NAME` explains all of them, as a file for --config. Options override
    the file, and the file the preset. The same command resumes a stopped run, and shows the results
    of a finished one; with more --steps it goes on, unless a setting has a schedule
    (optim.lr-decay, augment.anneal, objective.warm-up, objective.cr-from).

    Args:
        run: Folder for the run (default: runs/PRESET, or runs/ and the name of the images).
        config: Settings from a TOML file, or from another run's config.json.
        classes: Number of categories to look for: how many classes there are, if you know it.
        seeds: Train this many runs, from --seed on, into RUN/seed-0 and so on, one per core (or
            --processes) at a time; rank them in RUN/selection.json, and name the one to use.
        processes: Number of processes that share each batch; the result is that of one but for
            rounding (docs/scaling.md).
        continue_from: Finished run to begin with: its settings, weights and your names, for example
            when its folder of images has grown. What it learned from and what it held out stay so.
        track: Show it in tensorboard, wandb or mlflow too; can be repeated (docs/sharing.md).
        fresh: Remove what a run wrote into the folder, and train anew; your names stay.
        dry_run: Print the resulting settings as JSON and stop.
    """
    from infogan.config.tree import from_options
    from infogan.tracking import check

    with interrupts.handled():
        targets = [*takewhile(lambda word: not word.startswith("-"), settings)]
        options = from_options(settings[len(targets) :])
        resolved, chosen = resolve(targets, config, options, continue_from)
        if classes is not None:
            resolved = resolved.with_classes(classes)
        path = run or Path("runs") / _named(targets, resolved)
        if dry_run:
            print(json.dumps(resolved.tree(), indent=2))
            return
        check(track := track or [])
        words = _again(settings, track, config, continue_from, classes)
        if seeds is not None:
            print(chosen, end="")
            _train_seeds(resolved, words, path, seeds, fresh, processes)
        elif count := _to_start(processes):
            _train_shared(words, path, count, fresh, resolved.batch)
        else:
            _train_one(resolved, path, fresh, continue_from, track, chosen)


def _again(
    settings: Sequence[str],
    track: Sequence[str],
    config: Path | None,
    continue_from: Path | None,
    classes: int | None,
) -> list[str]:
    """What is to follow `infogan train` in another process, apart from its run and seed."""
    given = {"config": config, "continue-from": continue_from, "classes": classes}
    said = [f"--{name}={value}" for name, value in given.items() if value is not None]
    return [*settings, *said, *(f"--track={name}" for name in track)]


def _to_start(processes: int | None) -> int:
    """How many processes to start, 0 if this one is to train; ConfigError where torchrun started
    another number of them than is asked for."""
    if "RANK" not in os.environ:  # which torchrun sets
        return processes if processes and processes > 1 else 0
    if processes not in (None, there := int(os.environ["WORLD_SIZE"])):
        raise ConfigError(f"--processes {processes}: torchrun started {there}; leave it out")
    return 0


def _train_shared(words: list[str], path: Path, count: int, fresh: bool, batch: int) -> None:
    """Train one run in several processes, and end with the exit code of the first."""
    from infogan.pipeline.processes import train as train_run

    words = [*words, f"--run={path}", f"--processes={count}", *["--fresh"] * fresh]
    sys.exit(train_run(words, count, batch))


def _named(targets: Sequence[str], config: RunConfig) -> str:
    """What a run is called: like its preset, or like the folder or file of its images."""
    path = Path(targets[0] if len(targets) == 1 else config.data.name if targets else "digits")
    return path.resolve().name if path.name in ("", "..") else path.name


def _train_one(
    config: RunConfig,
    path: Path,
    fresh: bool,
    continue_from: Path | None,
    track: Sequence[str],
    chosen: str,
) -> None:
    """Train one run, then show its scores, what is wrong with it, and where its files are. Of
    several processes the first speaks for all."""
    from infogan.analysis.doctor import SOUND, recorded
    from infogan.pipeline.run import train as train_run
    from infogan.runs.folder import Run
    from infogan.training.distributed import rank

    if rank() > 0:
        logging.getLogger("infogan").setLevel("ERROR")
        train_run(config, run=path, fresh=fresh, continue_from=continue_from)
        return
    print(chosen, end="")
    run, begun = Run(path), list[bool]()

    def begin(outlook: Outlook) -> None:
        begun.append(True)
        show_outlook(path, outlook)

    with progress_bars(config.steps, config.latent.codes) as show:
        given = partial(train_run, config, run=path, fresh=fresh, continue_from=continue_from)
        given(track=track, progress=partial(show, config.seed), begun=begin)
    if not begun:
        print(f"{path}: is finished, with {config.steps:,} steps; --fresh trains anew\n")
    show_scores(run.scores, run.names.codes)
    found = recorded(run)
    for finding in [SOUND] if found == [] else found or ():
        print(f"\n{finding}")
    print(f"\nrun       {path}")
    if run.report_file.is_file():
        print(f"report    {run.report_file}")
    for picture in sorted([*path.glob("*.png"), *path.glob("*/*.png")]):
        print(f"picture   {picture}")


def _train_seeds(
    config: RunConfig,
    words: list[str],
    path: Path,
    count: int,
    fresh: bool,
    processes: int | None,
) -> None:
    """Train several seeds and show how they rank; TrainingError when some of them failed."""
    from infogan.pipeline import seeds

    with progress_bars(config.steps, config.latent.codes) as show:
        ranked, failed = seeds.train(config, words, path, count, fresh, show, processes)
    if ranked:
        show_selection(ranked.tree())
    if failed:
        reasons = "".join(f"seed {seed}: {reason}\n" for seed, reason in failed.items())
        total = f"{len(failed)} of {count} seeds failed; the same command tries them again"
        raise TrainingError(reasons + total)


def resolve(
    targets: Sequence[str],
    config: Path | None,
    options: dict[str, Any],
    continue_from: Path | None = None,
) -> tuple[RunConfig, str]:
    """Preset, then file, data and options; what is no preset is data (one or several paths), whose
    settings are chosen by a look at it, which the text describes, unless a file gives them. In
    place of a preset are the settings of a run to continue from, and the first word is data."""
    from infogan.cli.options import folder
    from infogan.config.presets import PRESETS, preset
    from infogan.config.settings import RunConfig
    from infogan.config.tree import merged, with_file
    from infogan.data.sources import exists, together
    from infogan.pipeline.recipe import recipe

    if len(targets) > 1 and targets[0] in PRESETS and not Path(targets[0]).exists():
        given = shlex.quote(targets[1])
        raise ConfigError(f"{targets[0]} is a preset; give it images by --data {given}")
    if not (targets or config or continue_from or "data" in options):
        presets = "a preset, as in infogan train digits"
        raise ConfigError(f"what to train? Give {presets}, or images, as in infogan train photos/")
    name, chosen, data = targets[0] if targets else "digits", "", dict[str, Any]()
    images = together(targets) if targets and (name not in PRESETS or len(targets) > 1) else {}
    if continue_from:
        earlier = folder(continue_from)
        base, data = earlier.config, earlier.record.images.source.model_dump(mode="json")
    elif name in PRESETS:
        if Path(name).is_dir() and targets:
            raise ConfigError(
                f"{name} is a preset and a folder here; write ./{name} for the folder"
            )
        base = preset(name)
    elif exists(images["name"]):
        source = RunConfig().replace(data=merged(images, options.get("data", {}), ("data",))).data
        if config:
            base = preset("images")
        else:
            base, chosen = recipe(source, (options.get("networks") or {}).get("kind"))
            chosen += "\n"
    else:
        near = get_close_matches(name, PRESETS, 1)
        known = f"did you mean {near[0]}?" if near else f"the presets are {', '.join(PRESETS)}"
        raise ConfigError(f"{name!r} is no preset, file or folder here; {known}")
    tree = merged(base.tree(), {"data": data})
    tree = with_file(tree, config) if config else tree
    if continue_from and targets:
        images = together(targets)
    tree = merged(tree, {"data": images})
    resolved = base.from_tree(merged(tree, options))
    if resolved.data.size:
        resolved.networks.check(*resolved.data.size)  # before every file is read
    return resolved, chosen


def presets(
    name: Annotated[str | None, Parameter(help="A preset to print as a settings file.")] = None, /
) -> None:
    """List the presets, or print one as a TOML file in which every setting is explained."""
    from infogan.config.presets import PRESETS, preset
    from infogan.config.toml import as_toml

    shown = "".join(f"{known:<14} {entry.about}\n" for known, entry in PRESETS.items())
    if name is not None:
        config = preset(name)  # ConfigError where there is none of that name
        shown = as_toml(config, own=PRESETS[name].own)
    print(shown, end="")
