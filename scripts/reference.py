"""The pages of the reference, from the code: docstrings, settings, and each command's help."""

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import infogan
from infogan import sklearn
from infogan.cli import app
from infogan.config.presets import PRESETS
from infogan.config.settings import RunConfig

Schema = Mapping[str, Any]
MODULES: Mapping[str, tuple[str, ...]] = {
    "data": ("load",),
    "presets": ("preset",),
    "information": (),  # has a page of its own
}
"""Public names that are modules, with the functions of them to show."""


def python() -> Iterator[str]:
    """The public names of the package, functions first, and the estimators."""
    yield f"# Python\n\n{prose(infogan)}\n"
    names = {name: getattr(infogan, name) for name in infogan.__all__}
    plain = sorted(names.keys() - MODULES, key=lambda name: (inspect.isclass(names[name]), name))
    for name in plain:
        yield from described(f"ig.{name}", names[name])
    for name, functions in MODULES.items():
        yield f"## `ig.{name}`\n\n{prose(names[name])}\n"
        for function in functions:
            yield from described(f"ig.{name}.{function}", getattr(names[name], function), "###")
    yield f"## `infogan.sklearn`\n\n{prose(sklearn)}\n"
    public = [getattr(sklearn, name) for name in sklearn.__all__]
    for what in dict.fromkeys(base for one in public for base in one.__mro__):
        if what.__module__.startswith(sklearn.__name__):  # with what estimators have in common
            yield from described(what.__name__, what, "###")


def information() -> Iterator[str]:
    """The functions of `infogan.information`, by the module they are in."""
    module: ModuleType = infogan.information
    yield f"# Information\n\n{prose(module)}\n"
    home = ""
    for name in module.__all__:
        function = getattr(module, name)
        if function.__module__ != home:
            home = function.__module__
            yield f"## {home.rpartition('.')[2].capitalize()}\n"
            yield prose(inspect.getmodule(function)) + "\n"
        yield from described(name, function, "###")


def described(name: str, what: Any, level: str = "##") -> Iterator[str]:
    """A function, or a class with its public functions and properties."""
    yield f"{level} `{name}`\n\n```python\n{signature(what)}\n```\n\n{prose(what)}\n"
    for own, member in vars(what).items() if inspect.isclass(what) else ():
        function = getattr(member, "fget", None) or getattr(member, "__func__", member)
        if inspect.isfunction(function) and function.__doc__ and not own.startswith("_"):
            yield from described(f"{what.__name__}.{own}", function, "###")


def signature(what: Any) -> str:
    """What a class is given, or how a function is declared, as its source says it."""
    if inspect.isclass(what):
        given = () if issubclass(what, Exception) else inspect.signature(what).parameters
        return textwrap.fill(f"{what.__name__}({', '.join(given)})", 88, subsequent_indent="    ")
    source = textwrap.dedent(inspect.getsource(what))
    (node,) = ast.parse(source).body
    assert isinstance(node, ast.FunctionDef)
    return "\n".join(source.splitlines()[: node.body[0].lineno - 1]).removesuffix(":")


def prose(what: object) -> str:
    """A docstring as Markdown: its examples as code, its pages as links."""
    parts = []
    for part in re.split(r"\n\n+", inspect.getdoc(what) or ""):
        if part.startswith((">>>", "    ")):
            parts.append(f"```python\n{textwrap.dedent(part)}\n```")
        else:
            parts.append(linked(part))
    return "\n\n".join(parts)


def linked(text: str) -> str:
    """Text without HTML's own characters, whose pages are links."""
    spans = re.split(r"(`[^`]*`)", text)
    for i in range(0, len(spans), 2):
        safe = spans[i].replace("<", "&lt;").replace("*", "\\*")
        spans[i] = re.sub(r"docs/([a-z-]+)\.md", r"[\1.md](\1.md)", safe)
    return "".join(spans)


def settings() -> Iterator[str]:
    """Every setting with its values, its default and its meaning, and the presets."""
    schema = RunConfig.model_json_schema()
    yield "# Settings\n"
    yield "Every setting is an option (`--optim.d-lr 1e-4`), a key of a TOML file (`--config`), and"
    yield "an argument of `RunConfig.replace`. `infogan presets NAME` prints those of a preset.\n"
    yield "## Presets\n\n| preset | for |\n|---|---|"
    yield from (f"| `{name}` | {linked(preset.about)} |" for name, preset in PRESETS.items())
    yield "\n## Of a run\n"
    yield from table(schema, "--")
    for section, field in schema["properties"].items():
        members = list(dict.fromkeys(re.findall(r"#/\$defs/(\w+)", json.dumps(field))))
        if not members:
            continue
        yield f"\n## `{section}`\n\n{linked(field.get('description', ''))}\n"
        if section == "game_augment":
            yield "The settings are those of `augment`."
            continue
        for member in map(schema["$defs"].get, members):
            kind = member["properties"].get("kind", {}).get("const")
            if kind:
                yield f"\n### `{section}` {kind}\n"
            yield described_in(member) + "\n"
            yield from table(member, f"--{section}.")
        if section == "latent":
            codes = re.findall(r"#/\$defs/(\w+)", json.dumps(schema["$defs"]["Latent"]))
            for code in map(schema["$defs"].get, dict.fromkeys(codes)):
                yield f"\n### Code `{code['properties']['kind']['const']}`\n"
                yield described_in(code) + "\n"
                yield from table(code, "--latent.NAME.")


def described_in(schema: Schema) -> str:
    """The description of a section without its examples."""
    return linked(schema.get("description", "").partition("\n\n>>>")[0])


def table(schema: Schema, before: str) -> Iterator[str]:
    """The settings of one section that have no settings of their own."""
    own = {
        name: field
        for name, field in schema["properties"].items()
        if "$ref" not in json.dumps(field) and name != "kind"
    }
    if own:
        yield "| setting | meaning | values | default |\n|---|---|---|---|"
    for name, field in own.items():
        default = json.dumps(field["default"]) if "default" in field else "needed"
        meaning = " ".join(linked(field.get("description", "")).split()).replace("|", "\\|")
        option = before + name.replace("_", "-")
        default = "none" if default == "null" else default.strip('"')
        yield f"| `{option}` | {meaning} | {values(field)} | {default} |"


def values(field: Schema) -> str:
    """The values that a setting may have, in words."""
    if "anyOf" in field:
        return " or ".join(values(each) for each in field["anyOf"])
    if "enum" in field or "const" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    words = {"null": "none", "string": "text", "boolean": "true, false"}  # others as in JSON
    name = words.get(field["type"], field["type"])
    if field["type"] == "array":
        items = field.get("items") or (field.get("prefixItems") or [{"type": "values"}])[0]
        return f"list of {values(items)}"
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {field[key]:g}" for key, sign in signs.items() if key in field]
    return " ".join([name, ", ".join(limits)]).strip()


def commands() -> Iterator[str]:
    """The help of every command, as the program itself tells it."""
    text = app.generate_docs(output_format="markdown")
    yield re.sub(r"^## Table of Contents.*?(?=^\*\*)", "", text, flags=re.M | re.S)


PAGES = {
    "python.md": python,
    "information.md": information,
    "settings.md": settings,
    "commands.md": commands,
}
