"""Train the classifiers that judge generated images: python scripts/judges.py mnist/ [SEED].

Three passes over MNIST's and Fashion-MNIST's 50,000 training images, one thread. The last 10,000
are only looked at to say how good they are. Weights are kept in half precision.
"""

import sys
from hashlib import sha256
from pathlib import Path

import torch
from safetensors.torch import save
from torch.nn.functional import cross_entropy

from infogan import data
from infogan.analysis.features import Classifier
from infogan.data.images import Order, to_float

TARGET = Path(__file__).parents[1] / "src" / "infogan" / "analysis" / "judges"
BATCH, EPOCHS = 128, 3

torch.set_num_threads(1)
folder, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
for name, where in (("mnist", folder), ("fashion-mnist", None)):
    images = data.load(data.Source(name=name, dir=where), "train")
    torch.manual_seed(seed)
    network, order = Classifier(), Order(len(images), seed)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    for step in range(EPOCHS * len(images) // BATCH):
        rows = order.batch(step, BATCH)
        loss = cross_entropy(
            network(to_float(images.take(rows))), torch.from_numpy(images.labels[rows])
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    held = data.load(data.Source(name=name, dir=where), "validation")
    network.half().float().eval()
    with torch.inference_mode():
        said = torch.cat(
            [network(to_float(held.take(slice(i, i + 500)))) for i in range(0, len(held), 500)]
        )
    right = float((said.argmax(1).numpy() == held.labels).mean())
    TARGET.mkdir(exist_ok=True)
    path = TARGET / f"{name}.safetensors"
    path.write_bytes(save({k: t.half() for k, t in network.state_dict().items()}))
    digest = sha256(path.read_bytes()).hexdigest()
    print(f"{path.name}: {right:.2%} of held-out images, sha256 {digest}")
