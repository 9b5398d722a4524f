"""Commands that make runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from infogan.cli.options import AsJson, writing
from infogan.cli.runs import train_seeds
from infogan.core.errors import ConfigError

if TYPE_CHECKING:
    from infogan.config.settings import RunConfig

Settings = Annotated[str, Parameter(allow_leading_hyphen=True, show=False)]


def train(
    *settings: Settings,
    run: Path | None = None,
    config: Annotated[Path | None, Parameter(name=["--config", "-c"])] = None,
    seeds: int | None = None,
    fresh: bool = False,
    dry_run: bool = False,
) -> None:
    """Train: `infogan train digits`, `infogan train photos/ --data.size 64`, `infogan train paper --data-dir mnist/`.

    The first word is a preset (see `infogan presets`) or else images: a folder, an IDX, NPY or NPZ file.
    Any setting can follow as --name value: --seed 1, --steps 2000, --latent.noise 32,
    --latent.digit categorical:20, --optim.d-lr 1e-4, --batch 128; labels where an objective looks at them, as in
    infogan train semigan --labels 10. `infogan presets NAME` prints them all with their meaning, as a file for
    --config. A flag wins over the file, the file over the preset. The same command goes on where a run stopped, and
    shows what is there when it is done.

    Parameters
    ----------
    run
        Folder for the run: its settings, log, checkpoints, weights, scores and pictures (default
        runs/PRESET, or runs/ and the name of the images).
    config
        Settings from a TOML file, or from another run's config.json.
    seeds
        Train that many runs, from --seed on, into folders RUN/seed-0 and so on, a process a core; then rank them
        without labels (see `infogan select`) and name the one to use. RUN/selection.json keeps the ranking.
    fresh
        Remove a run that is in the folder already and train anew.
    dry_run
        Print the resulting settings as JSON and stop.
    """
    from infogan.core import interrupts

    with interrupts.handled():
        _train(settings, run, config, seeds, fresh, dry_run)


def _train(
    settings: tuple[str, ...],
    run: Path | None,
    config: Path | None,
    seeds: int | None,
    fresh: bool,
    dry_run: bool,
) -> None:
    from infogan.config.tree import from_options

    target = settings[0] if settings and not settings[0].startswith("-") else None
    resolved = resolve(target, config, from_options(settings[1:] if target else settings))
    if dry_run:
        print(json.dumps(resolved.tree(), indent=2))
        return
    from infogan.analysis.doctor import recorded

    path = run or Path("runs") / Path(target or "digits").name
    if seeds is not None:
        words = [*settings, *(["--config", str(config)] if config else [])]
        train_seeds(resolved, words, path, seeds, fresh)
        return
    from infogan.cli.terminal import progress_bar, show_scores
    from infogan.pipeline.run import train as train_run
    from infogan.runs.folder import Run

    folder = Run(path)
    with progress_bar(resolved.steps, resolved.latent.entropy) as progress:
        train_run(resolved, run=folder.path, fresh=fresh, progress=progress)
    show_scores(json.loads(folder.scores_file.read_text(encoding="utf-8")), folder.names.codes)
    for finding in recorded(folder):
        print(f"\n{finding}")
    print(f"\nrun       {folder.path}")
    if folder.report_file.is_file():
        print(f"report    {folder.report_file}")
    for picture in sorted(folder.path.rglob("*.png")):
        print(f"picture   {picture}")


def resolve(target: str | None, config: Path | None, options: dict[str, Any]) -> RunConfig:
    """Preset, then file, then data, then options; a target that is no preset is data under the preset `images`."""
    from infogan.config.presets import PRESETS
    from infogan.config.tree import merged, with_file

    base = PRESETS.get(target or "digits", PRESETS["images"])
    tree = base.tree()
    if config:
        tree = with_file(tree, config)
    if target and target not in PRESETS:
        if not Path(target).exists():
            raise ConfigError(
                f"{target!r} is neither a preset ({', '.join(PRESETS)}) nor a file or folder here"
            )
        tree = merged(tree, {"data": target})
    return base.from_tree(merged(tree, options))


def presets(
    name: Annotated[str | None, Parameter(help="A preset to print as a settings file.")] = None, /
) -> None:
    """List the presets, or print one as a TOML file in which every setting is explained."""
    from infogan.config.presets import ABOUT, preset
    from infogan.config.toml import as_toml

    if name is None:
        for known, about in ABOUT.items():
            print(f"{known:<14} {about}")
        return
    print(as_toml(preset(name)), end="")


def compare(
    *runs: Path,
    as_json: AsJson = False,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> None:
    """Finished runs side by side; runs that differ in their seed alone are one row, mean ± standard deviation.

    Parameters
    ----------
    runs
        Run folders.
    output
        Draw L_I over training and the errors into this file (.png, .svg or .pdf).
    """
    from infogan.analysis.comparison import compare as compare_runs

    if not runs:
        raise ConfigError("give the run folders to compare")
    rows = compare_runs(runs)
    if output:
        from infogan.report.comparison import comparison_figure

        writing(output)
        comparison_figure(rows, output)
    trees = [row.tree() for row in rows]
    if as_json:
        print(json.dumps(trees))
        return
    from infogan.cli.terminal import show_comparison

    show_comparison(trees)
