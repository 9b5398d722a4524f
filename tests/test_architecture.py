"""The house: imports run downwards only, and a few libraries live in one place each."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import infogan

SRC = Path(infogan.__file__).parent
FLOORS = [
    "core",
    "data information networks",
    "latent",
    "objectives",
    "config",
    "runs",
    "model",
    "analysis sorting training",
    "explorer report sharing tracking",
    "pipeline",
    "sklearn",
    "__init__ cli",
    "__main__",
]
"""The parts of the house, from the ground up. A part imports from lower floors and from itself."""
RIMS = {
    "matplotlib": {"report"},
    "cyclopts": {"cli"},
    "rich": {"cli", "pipeline"},
    "onnx": {"explorer"},
    "onnxruntime": {"explorer"},
    "jinja2": {"core"},
    "urllib": {"data", "report"},  # downloads; addresses of links
    "PIL": {"data"},
    **{name: {"tracking"} for name in ("tensorboard", "wandb", "mlflow")},
    "subprocess": {"core", "pipeline"},
    "huggingface_hub": {"sharing"},
}
"""Libraries that live in a few places."""
FILES = sorted(SRC.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(path: Path, src: Path) -> str:
    """The part of the house that a file belongs to: a folder, or a file of the ground floor."""
    return path.relative_to(src).parts[0].removesuffix(".py")


def arrows(src: Path) -> set[tuple[str, str]]:
    """Which part imports from which other one, over the whole package."""
    found = set()
    for path in src.rglob("*.py"):
        for name in imports(path):
            package, _, rest = name.partition(".")
            own, target = part_of(path, src), rest.partition(".")[0]
            if package == "infogan" and target not in (own, "", "__version__"):
                found.add((own, target))
    return found


def modules(src: Path) -> dict[str, set[str]]:
    """Every module with the modules of the package that it imports."""
    names = {
        ".".join(path.relative_to(src).with_suffix("").parts): path for path in src.rglob("*.py")
    }
    names = {name.removesuffix(".__init__") or "__init__": path for name, path in names.items()}

    def module(name: str) -> str | None:
        """The module that an imported name is, or is defined in."""
        rest = name.removeprefix("infogan.")
        return next((m for m in (rest, rest.rpartition(".")[0]) if m in names), None)

    found = {
        name: {module(i) for i in imports(path) if i.startswith("infogan.")}
        for name, path in names.items()
    }
    return {
        name: {target for target in targets if target} - {name} for name, targets in found.items()
    }


def floors(edges: set[tuple[str, str]]) -> list[set[str]]:
    """Parts by floor: each stands one above the highest that it imports from. Parts on a circle
    have none."""
    parts, placed = {part for edge in edges for part in edge}, list[set[str]]()
    while True:
        below = set().union(*placed)
        free = {
            p for p in parts - below if all(target in below for own, target in edges if own == p)
        }
        if not free:
            return placed
        placed.append(free)


def circles(graph: dict[str, set[str]]) -> set[str]:
    """Modules that import themselves by way of others."""

    def reached(start: str) -> set[str]:
        seen, rest = set[str](), [*graph[start]]
        while rest:
            if (name := rest.pop()) not in seen:
                seen.add(name)
                rest += graph[name]
        return seen

    return {name for name in graph if name in reached(name)}


def test_imports_point_down() -> None:
    level = {name: number for number, names in enumerate(FLOORS) for name in names.split()}
    for own, target in sorted(arrows(SRC)):
        assert level[target] < level[own], f"{own} must not import {target}"


def test_there_are_no_circles() -> None:
    assert not circles(modules(SRC))
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == {"b", "c"}


def test_every_part_has_a_floor() -> None:
    edges = arrows(SRC)
    assert set().union(*floors(edges)) == {part for edge in edges for part in edge}
    assert floors({("a", "b"), ("b", "c"), ("a", "c")}) == [{"c"}, {"b"}, {"a"}]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SRC)))
def test_libraries_stay_at_their_rim(path: Path) -> None:
    own = part_of(path, SRC)
    for name in imports(path):
        library = name.partition(".")[0]
        assert own in RIMS.get(library, {own}), f"{library} is imported only in {RIMS[library]}"


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
            if called == "torch.load":  # published weights, whose checksum is known
                assert path.name == "pretrained.py"
                assert ast.unparse(node).endswith("weights_only=True)")
            assert called not in {"eval", "exec", "compile"}, called
            allowed = [k for k in node.keywords if k.arg == "allow_pickle"]
            assert all(
                isinstance(k.value, ast.Constant) and k.value.value is False for k in allowed
            )
            assert called != "np.load" or allowed, "np.load must refuse pickles in words"
    assert not any(
        name.split(".")[0] in {"pickle", "dill", "shelve", "marshal"} for name in imports(path)
    )


def test_public_names_exist() -> None:
    for name in infogan.__all__:
        assert getattr(infogan, name) is not None
    with pytest.raises(AttributeError):
        infogan.nothing  # noqa: B018
