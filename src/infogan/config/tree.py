"""Settings as nested dicts: from files and command lines, laid over each other."""

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from infogan.core.errors import ConfigError, parsing
from infogan.core.tables import read_file
from infogan.latent.codes import from_text
from infogan.latent.latent import RESERVED

Tree = Mapping[str, Any]
KINDS = "objective", "networks", "augment", "game_augment"
SHORT_FORM = {"data": "name"} | dict.fromkeys(KINDS, "kind")
"""The field that a section's short form stands for: `--data mnist` is `--data.name mnist`."""
RENAMED = {  # settings that had another name once, with the name they have now
    "augment.fade": "augment.anneal",
    "latent.law": "latent.distribution",
    "objective.real_first": "objective.warm_up",
    "optim.decay": "optim.lr_decay",
}

_MEANING = {  # what other programs call a setting, by what it is called here
    "--optim.d-lr or --optim.g-lr": "lr learning_rate optim.lr optim.learning_rate",
    "--steps, each of one batch": "epochs epoch num_epochs n_epochs num_steps max_steps iterations",
    "--batch": "batch_size batchsize bs",
    "--data.size": "size image_size img_size resolution",
    "--classes": "k n_classes num_classes clusters n_clusters num_clusters",
    "--data": "dataset data_path images input",
    "--latent.CODE.weight, as in --latent.digit.weight": "lambda lambda_ info_weight",
    "--latent.noise": "z_dim nz noise_dim latent_dim",
    "--device cuda": "gpu gpus cuda",
    "--device cpu": "cpu no_cuda",
    "--run": "out output output_dir out_dir save_dir log_dir",
    "OMP_NUM_THREADS=2 before the command": "workers num_workers threads num_threads",
}
FOREIGN = {word: ours for ours, words in _MEANING.items() for word in words.split()}


def spelled(*path: str) -> str:
    """A setting's name as the command line writes it: `optim.d-lr`."""
    return ".".join(path).replace("_", "-")


def listed(value: object) -> str:
    """What was not written as a list, as one: values between commas; of none, an empty one.

    >>> listed("64, 128"), listed(None), listed("scans")
    ('[64,128]', '[]', '["scans"]')
    """
    parts = [] if value is None else [part.strip() for part in str(value).split(",")]
    numbers = all(part.lstrip("-").replace(".", "", 1).isdigit() for part in parts)
    return f"[{','.join(parts if numbers else map(json.dumps, parts))}]"


def nearest(path: Sequence[str], tree: Tree) -> str:
    """The settings of a tree, at any depth, whose names are nearest to one that is none of them, as
    options; a name is given whole or by its last part. Empty where none is near.

    >>> nearest(["d_rl"], {"optim": {"d_lr": 2e-4}, "steps": 10})
    '--optim.d-lr'
    """
    wrong = ".".join(path)
    names = [name for name in flat(tree) if not f"{name}.".startswith(f"{wrong}.")]
    known = [part for name in names for part in (name, name.rpartition(".")[2])]
    near = get_close_matches(wrong, known, 1)
    meant = [name for name in names if near and near[0] in (name, name.rpartition(".")[2])]
    return " or ".join(f"--{spelled(name)}" for name in meant[:3])


def flat(tree: Tree, at: str = "") -> dict[str, Any]:
    """Nested dicts as one dict with dotted names.

    >>> flat({"optim": {"ema": 0.9}, "steps": 10})
    {'optim.ema': 0.9, 'steps': 10}
    """
    result: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{at}{key}"
        result |= flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return result


def _check_name(path: Sequence[str]) -> None:
    """ConfigError for a setting's former name, and for what other programs call it."""
    name = ".".join(path)
    if name in RENAMED:
        raise ConfigError(f"{spelled(name)} is now {spelled(RENAMED[name])}")
    if name in FOREIGN:
        raise ConfigError(f"unknown setting {spelled(name)}; did you mean {FOREIGN[name]}?")


def _long_form(path: Sequence[str], value: Any) -> Any:
    """A value, a section's or a code's short form as a dict; ConfigError for another's name."""
    _check_name(path)
    if not isinstance(value, str) or value.lower() == "none":
        return value
    if len(path) == 1 and path[0] in SHORT_FORM:
        return {SHORT_FORM[path[0]]: value}
    if len(path) == 2 and path[0] == "latent" and path[1] not in RESERVED:
        try:
            return from_text(value)
        except ValueError as error:
            raise ConfigError(f"latent.{path[1]}: {error}") from None
    return value


def merged(base: Tree, changes: Tree, at: tuple[str, ...] = ()) -> dict[str, Any]:
    """`base` with `changes` laid over it. Dicts merge, and another `kind` drops the fields of the
    kind before; values (an InfoGAN, a Latent) replace; `none` removes a code from the latent and
    empties another setting."""
    result = dict(base)
    for name, change in changes.items():
        key = name.replace("-", "_")
        result[key] = value = _long_form((*at, key), change)
        if hasattr(value, "__pydantic_validator__"):
            result[key] = TypeAdapter(type(value)).dump_python(value, mode="json")
        elif isinstance(value, Mapping):
            old = base[key] if isinstance(base.get(key), Mapping) else {}
            same_kind = value.get("kind", old.get("kind")) == old.get("kind")
            result[key] = merged(old if same_kind else {}, value, (*at, key))
        elif isinstance(value, str) and value.lower() == "none":
            result[key] = None
            if at == ("latent",):
                del result[key]
    return result


def with_file(tree: Tree, path: Path) -> dict[str, Any]:
    """Settings with a file laid over them. A file that describes the latent names all of its codes:
    they are a list, which a file replaces and an option changes."""
    changes = read_file(path)
    if isinstance(changes.get("latent"), Mapping):
        tree = {**tree, "latent": {k: v for k, v in tree["latent"].items() if k in RESERVED}}
    return merged(tree, changes)


def from_options(tokens: Sequence[str]) -> dict[str, Any]:
    """The tree of `--section.field value` or `--section.field=value` words; lists are JSON.

    >>> from_options(["--networks.channels", "[64,128]", "--steps=10"])
    {'networks': {'channels': [64, 128]}, 'steps': '10'}
    """
    tree: dict[str, Any] = {}
    words = iter(tokens)
    for word in words:
        if not word.startswith("--"):
            raise ConfigError(f"{word!r} is not an option; settings are written --name value")
        name, equals, value = word[2:].partition("=")
        path = ("data.dir" if name == "data-dir" else name.replace("-", "_")).split(".")
        _check_name(path)  # before its value: `--gpu` has none
        if not equals and (value := next(words, "--")).startswith("--"):
            raise ConfigError(f"--{name} needs a value")
        with parsing(word, "JSON, which writes lists as [64,128]", ConfigError):
            parsed = json.loads(value) if value[:1] in ("[", "{") else value
        _put(tree, path, parsed)
    return tree


def _put(tree: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Set one value in nested dicts; a short form that meets fields of its section is a table."""
    for depth, part in enumerate(path[:-1], 1):
        below = _long_form(path[:depth], tree.get(part, {}))
        tree[part] = dict(below) if isinstance(below, Mapping) else {}
        tree = tree[part]
    value = _long_form(path, value)
    if isinstance(value, Mapping) and isinstance(old := tree.get(path[-1]), dict):
        value = {**old, **value}
    tree[path[-1]] = value
