"""Fetch the explorer's runtime: python scripts/runtime.py (needs npm).

onnxruntime-web runs ONNX graphs in a browser. The page holds two of its files: the script, and the
program for one thread without a GPU, which is the smallest. They are checked against the sums
below, which the release was pinned by, and kept gzipped. A new release must still read the opset
that torch's exporter writes; tests/test_explorer.py shows it.
"""

import gzip
import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "onnxruntime-web@1.30.0"
SHA256 = {
    "ort.wasm.bundle.min.mjs": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",  # noqa: E501
}
target = Path(__file__).parents[1] / "src" / "infogan" / "explorer" / "runtime"

with tempfile.TemporaryDirectory() as folder:
    packed = subprocess.run(
        ["npm", "pack", PACKAGE], cwd=folder, capture_output=True, text=True, check=True
    )
    with tarfile.open(Path(folder) / packed.stdout.strip().splitlines()[-1]) as archive:
        for name, expected in SHA256.items():
            member = archive.extractfile(f"package/dist/{name}")
            content = member.read() if member else b""
            if hashlib.sha256(content).hexdigest() != expected:
                raise SystemExit(
                    f"{name} of {PACKAGE} was not pinned; look at it, then change SHA256"
                )
            (target / f"{name}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
            print(f"{target / name}.gz: {(target / f'{name}.gz').stat().st_size:,} bytes")
