"""The house: imports run downwards only, and a few libraries live in one place each."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import infogan

SRC = Path(infogan.__file__).parent
LAYERS = [
    "errors terminal signals",
    "streams durable posterior",
    "information data codes networks",
    "latent",
    "objectives names",
    "config",
    "presets settings run reconstruct",
    "model comparison",
    "metrics signs",
    "report explorer doctor",
    "training sorting",
    "selection",
    "merging",
    "cli __init__",
    "__main__",
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names.split()}
RIMS = {
    "matplotlib": {"report"},
    "cyclopts": {"cli"},
    "rich": {"terminal"},
    "onnx": {"explorer"},
    "onnxruntime": {"explorer"},
    "jinja2": {"report"},
    "urllib": {"data"},
    "PIL": {"data", "report"},
}
FILES = sorted(SRC.rglob("*.py"))


def part_of(path: Path) -> str:
    """The part of the house that a file belongs to."""
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SRC)))
def test_imports_point_down(path: Path) -> None:
    own = part_of(path)
    for name in imports(path):
        first, _, rest = name.partition(".")
        target = rest.split(".")[0]
        if first == "infogan" and target not in (own, "", "__version__"):
            assert LEVEL[target] < LEVEL[own], f"{own} must not import {name}"
        assert own in RIMS.get(first, {own}), f"{first} is imported only in {RIMS[first]}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SRC)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SRC)))
def test_nothing_executes_what_it_reads(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"eval", "exec", "torch.load", "compile"}, called
            allowed = [k for k in node.keywords if k.arg == "allow_pickle"]
            assert all(isinstance(k.value, ast.Constant) and k.value.value is False for k in allowed)
            assert called != "np.load" or allowed, "np.load must refuse pickles in words"
    assert not any(name.split(".")[0] in {"pickle", "dill", "shelve", "marshal"} for name in imports(path))


def test_public_names_exist() -> None:
    for name in infogan.__all__:
        assert getattr(infogan, name) is not None
    with pytest.raises(AttributeError):
        infogan.nothing  # noqa: B018
