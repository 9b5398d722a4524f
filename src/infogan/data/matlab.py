"""Files of MATLAB's format 5, read in a process of its own: SciPy's reader ends the process that
reads some damaged files."""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infogan.core import apart
from infogan.core.errors import DataError, InfoganError, parsing
from infogan.core.limits import refuse_bomb


def arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of numbers in a file, by name; DataError where it cannot be read."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "arrays.npz"
        code, said = apart.run("infogan.data.matlab", str(path), str(out))
        if code == 2:
            raise DataError(said)
        if code:
            raise DataError(f"{path}: cannot be read as MATLAB's format 5; save it as NPZ")
        with np.load(out, allow_pickle=False) as held:
            names, *found = (held[f"arr_{i}"] for i in range(len(held.files)))
            return dict(zip(names.tolist(), found, strict=True))


def main(path: Path, out: Path) -> None:
    """Write the arrays of a file as NPZ, and before them their names, which NumPy may not take."""
    from scipy.io import loadmat, whosmat

    with parsing(path, "MATLAB"):
        for name, shape, kind in whosmat(path):
            if kind not in ("cell", "struct", "object", "unknown"):
                refuse_bomb(f"{path}:{name}", int(np.prod(shape)), path.stat().st_size)
        found = {name: np.asarray(value) for name, value in loadmat(path).items()}
        plain = {n: a for n, a in found.items() if a.dtype.kind in "uifb" and not n.startswith("_")}
        np.savez(out, np.array([*plain], str), *plain.values())


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except InfoganError as error:
        sys.stderr.write(str(error))
        sys.exit(2)
