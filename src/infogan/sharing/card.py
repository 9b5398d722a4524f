"""The model card of a run: README.md, as the Hugging Face Hub and people read it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from infogan import __version__
from infogan.analysis.evaluation import shown
from infogan.config.references import bibtex
from infogan.core.tables import as_json
from infogan.data.hub import PREFIX
from infogan.data.settings import GIVEN
from infogan.model.model import Model

DATA = {
    "digits": "5,000 digits of MNIST (Y. LeCun, C. Cortes; CC BY-SA 3.0)",
    "mnist": "MNIST (Y. LeCun, C. Cortes; CC BY-SA 3.0)",
    "fashion-mnist": "Fashion-MNIST (Zalando SE; MIT License)",
    "sprites": "sprites, which infogan draws",
    "sprites-colour": "sprites in colour, which infogan draws",
}
"""The sets that have a name here, with whom they are from and their licence."""
LIMITS = (
    "The groups are what the training found in these images. They are not facts about new ones of "
    "another kind, and other seeds can find others.",
    "What the generator leaves out, it never shows: do not take generated images for a fair sample "
    "of the real ones.",
    "Generated images can resemble images of training. Weights of images that must stay private "
    "must stay private too.",
)
"""What is true of every run."""


def card(
    model: Model,
    facts: Mapping[str, Any],
    pictures: Sequence[str],
    target: str,
    licence: str | None,
    candidates: int = 0,
) -> str:
    """The text of a card. facts: scores, environment and images as the run's files have them.
    pictures: their paths below the card. target: where it is to be pulled from. candidates:
    how many runs this one was selected from."""
    name = target.rstrip("/").rpartition("/")[2]
    parts = [
        _front(model, licence),
        f"# {name}\n\n{_summary(model, facts['images'])}",
        "\n".join(f"![{Path(path).stem}]({path})" for path in pictures if "/" in path),
        _use(model, target, name),
        f"## Data\n\n{_data(model, facts['images'])}",
        _recipe(model, facts, candidates),
        _scores(model, facts["scores"]),
        "## Limits\n\n" + "\n".join(f"- {limit}" for limit in _limits(facts["scores"])),
        f"## Licence\n\n{_licence(licence)}",
        f"## Citation\n\n```bibtex\n{bibtex(model.config, __version__)}\n```",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _front(model: Model, licence: str | None) -> str:
    """What the Hub reads of a card; JSON strings are YAML."""
    data = model.config.data.name
    lines = ["library_name: infogan", "pipeline_tag: unconditional-image-generation"]
    tags = dict.fromkeys(["infogan", "gan", "clustering", model.config.objective.kind])
    lines.append(f"tags: {as_json([*tags])}")
    if licence:
        lines.append(f"license: {as_json(licence)}")
    if data.startswith(PREFIX):
        lines.append(f"datasets: {as_json([data.removeprefix(PREFIX).partition(':')[0]])}")
    return "\n".join(["---", *lines, "---"])


def _summary(model: Model, images: Mapping[str, Any]) -> str:
    """What it is, in two sentences."""
    height, width, channels = model.shape
    colour = "grey" if channels == 1 else "colour"
    codes = [
        f"`{name}` ({code.categories} categories)" if code.categories else f"`{name}`"
        for name, code in model.config.latent.codes.items()
    ]
    return (
        f"A model that infogan {__version__} trained with the objective "
        f"`{model.config.objective.kind}` on {images['number']:,} {colour} images of "
        f"{height}x{width} pixels. Codes: {', '.join(codes) or 'none'}."
    )


def _use(model: Model, target: str, name: str) -> str:
    """How to load it."""
    lines = [
        "pip install infogan huggingface_hub",
        f"infogan pull {target} --run runs/{name}",
        f"infogan sample runs/{name} -n 64 -o samples.png",
        f"infogan explore runs/{name}",
    ]
    if model.categories:
        lines.append(f"infogan encode runs/{name} photos/ -o codes.csv")
    python = [
        "import infogan as ig",
        f'model = ig.Model.load("runs/{name}")',
        "x = model.sample(64)",
    ]
    return (
        f"## Use\n\n```\n{chr(10).join(lines)}\n```\n\n```python\n{chr(10).join(python)}\n```\n\n"
        "Nothing in these files is code. `model.safetensors` can also be loaded by itself."
    )


def _data(model: Model, images: Mapping[str, Any]) -> str:
    name = model.config.data.name
    digest = f"The sha256 of what it learned from is `{images['digest'][:16]}`…"
    labels = "No label was used in training."
    if model.config.labels is not None:
        labels = f"Training used labels (`labels = {model.config.labels}`)."
    return (
        f"{DATA.get(name, f'`{name}`')}. {labels} {digest} The images are not in this repository."
    )


def _recipe(model: Model, facts: Mapping[str, Any], candidates: int) -> str:
    """The settings that say most, the seed and the machine."""
    config, machine, scores = model.config, facts["environment"], facts["scores"]
    chosen = f", chosen without labels from {candidates} runs" if candidates else ""
    rows = {
        "objective": config.objective.kind,
        "networks": config.networks.kind,
        "codes": ", ".join(config.latent.codes) or "none",
        "noise": config.latent.noise,
        "steps, batch": f"{config.steps:,}, {config.batch}",
        "seed": f"{config.seed}{chosen}",
        "arithmetic": f"{machine.get('dtype', '?')} on {machine.get('processor', '?')}",
        "torch": machine.get("torch", "?"),
    }
    if "seconds" in scores:
        rows["training"] = f"{scores['seconds']:.0f} s"
    table = "\n".join(f"| {key} | {value} |" for key, value in rows.items())
    again = "`infogan train IMAGES -c config.json` repeats it; `config.json` has every setting."
    return f"## Recipe\n\n| | |\n|---|---|\n{table}\n\n{again}"


def _scores(model: Model, scores: Mapping[str, Any]) -> str:
    """The table that ends a run, as the terminal shows it."""
    if not scores:
        return "## Scores\n\nIt was not scored."
    lines = "\n".join(shown(scores, model.names.codes)).strip("\n")
    these = "it learned from" if model.config.data.name == GIVEN else "it did not learn from"
    note = f"On {scores['n']:,} images that {these}." if "n" in scores else ""
    if "cluster_accuracy" in scores:
        note += " The map from categories to classes is fitted on the labels of these same images."
    return f"## Scores\n\n```\n{lines}\n```\n\n{note.strip()} `scores.json` has every figure."


def _limits(scores: Mapping[str, Any]) -> Iterator[str]:
    """What the run's own scores and findings say against it, then what holds for all."""
    for finding in scores.get("findings", ()):
        yield f"{finding['seen']} (`infogan doctor`: {finding['name']})".replace("\n", " ")
    if fidelity := scores.get("fidelity"):
        yield (
            f"The generator covers {fidelity['recall']:.0%} of the held-out images (recall, in "
            f"features of {fidelity['features']})."
        )
    else:
        yield "How much of the real images its generator covers was not measured."
    if "cluster_accuracy" not in scores and "error" not in scores:
        yield "There were no labels to say how well its categories agree with classes."
    yield from LIMITS


def _licence(licence: str | None) -> str:
    own = f"The weights: {licence}." if licence else "Whoever pushed this did not name a licence."
    return f"{own} The images have terms of their own. infogan is under Apache-2.0."
