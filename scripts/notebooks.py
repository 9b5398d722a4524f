"""Run notebooks anew and keep in them what they show.

    python scripts/notebooks.py examples/*.ipynb             as they are; a few minutes
    python scripts/notebooks.py FILE --set "STEPS = 2" --output NEW.ipynb

--set stands for the cell that is tagged `parameters`, for this run alone. A notebook runs in a
folder of its own that is removed. Needs the extra `notebooks`.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient


def run(path: Path, output: Path, parameters: str | None) -> None:
    """Execute every cell of a notebook and write it with its outputs; an error ends it."""
    notebook = nbformat.read(path, as_version=4)
    about = notebook.metadata.copy()
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    before = [cell.source for cell in tagged]
    for cell in tagged:
        cell.source = parameters or cell.source
    with TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=1800, resources=resources, record_timing=False).execute()
    for cell, source in zip(tagged, before, strict=True):
        cell.source = source
    notebook.metadata = about  # without the versions of this machine
    nbformat.write(notebook, output)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("notebooks", type=Path, nargs="+")
    parser.add_argument("--set", dest="parameters", help="what the tagged cell is to say")
    parser.add_argument("--output", type=Path, help="where to write (one notebook)")
    given = parser.parse_args()
    if given.output and len(given.notebooks) > 1:
        parser.error("--output takes one notebook")
    for path in given.notebooks:
        run(path, given.output or path, given.parameters)
        print(f"{path}: done")


if __name__ == "__main__":
    main()
