"""InfoGAN (Chen et al. 2016, arXiv:1606.03657) in one file: PyTorch and nothing of this package.

    python examples/infogan_from_scratch.py                   scikit-learn's 1,797 small digits
    python examples/infogan_from_scratch.py --mnist FOLDER    MNIST's IDX files, gzipped or not

The networks, codes, losses and rates are those of the paper's MNIST run (its table 1), which the
package calls `paper`. tests/test_examples.py compares the two: on the same weights and draws they
have the same losses and the same next weights, bit for bit. 500 steps take three minutes on
one core; the paper trains ten times as long, on MNIST.
"""

import argparse
import gzip
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, softplus

NOISE, CATEGORIES, FACTORS = 62, 10, 2  # z, a categorical code, two codes from U(-1, 1)
WIDTH = NOISE + CATEGORIES + FACTORS  # of G's input
LAMBDA = 0.1  # weight of L_I of a continuous code; that of the categorical code is 1


class Generator(nn.Module):
    """Latent vectors [N, 74] -> images [N, 1, 28, 28] in [-1, 1]."""

    def __init__(self) -> None:
        super().__init__()
        first = [nn.Linear(WIDTH, 1024), nn.BatchNorm1d(1024), nn.ReLU()]
        second = [nn.Linear(1024, 7 * 7 * 128), nn.BatchNorm1d(7 * 7 * 128), nn.ReLU()]
        self.dense = nn.Sequential(*first, *second)
        up = [nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.BatchNorm2d(64), nn.ReLU()]
        self.up = nn.Sequential(*up, nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Tanh())

    def forward(self, latent: Tensor) -> Tensor:
        return self.up(self.dense(latent).unflatten(1, (7, 7, 128)).permute(0, 3, 1, 2))


class Discriminator(nn.Module):
    """Images [N, 1, 28, 28] -> D's logit of "real" [N, 1], and what Q says of the codes [N, 14]:
    10 logits of the category, then a mean and a spread for each continuous code."""

    def __init__(self) -> None:
        super().__init__()
        down = [nn.Conv2d(1, 64, 4, 2, 1), nn.LeakyReLU(0.1), nn.Conv2d(64, 128, 4, 2, 1)]
        self.convolutions = nn.Sequential(*down, nn.BatchNorm2d(128), nn.LeakyReLU(0.1))
        wide = [nn.Linear(7 * 7 * 128, 1024), nn.BatchNorm1d(1024), nn.LeakyReLU(0.1)]
        self.dense = nn.Sequential(*wide)
        self.real = nn.Linear(1024, 1)
        own = [nn.Linear(1024, 128), nn.BatchNorm1d(128), nn.LeakyReLU(0.1)]
        self.q = nn.Sequential(*own, nn.Linear(128, CATEGORIES + 2 * FACTORS))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.dense(self.convolutions(images).permute(0, 2, 3, 1).flatten(1))
        return self.real(features), self.q(features)


def initialise(network: nn.Module) -> nn.Module:
    """Weights from N(0, 0.02), gains of batch normalisation from N(1, 0.02), biases 0."""
    for name, values in network.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(values)
        else:
            nn.init.normal_(values, float(values.ndim == 1), 0.02)
    return network.to(memory_format=torch.channels_last)  # what processors convolve fastest


def draw(n: int) -> Tensor:
    """[n, 74] z ~ U(-1, 1), a category one-hot, and c ~ U(-1, 1)."""
    category = one_hot(torch.randint(CATEGORIES, (n,)), CATEGORIES).float()
    return torch.cat([torch.rand(n, NOISE) * 2 - 1, category, torch.rand(n, FACTORS) * 2 - 1], 1)


def lower_bounds(q: Tensor, latent: Tensor) -> list[Tensor]:
    """L_I = H(c) + E ln Q(c|x) <= I(c; x) of each code, in nats (the paper's eq. 5)."""
    category, factors = latent[:, NOISE:].split([CATEGORIES, FACTORS], 1)
    log_q = (category * q[:, :CATEGORIES].log_softmax(1)).sum(1)
    bounds = [math.log(CATEGORIES) + log_q.mean()]
    for i in range(FACTORS):
        mean, spread = q[:, CATEGORIES + 2 * i], q[:, CATEGORIES + 2 * i + 1]
        # Q is a Gaussian. Its sigma starts at the prior's and stays within a factor of 100 of it.
        span = math.log(100)
        sigma = 2 / math.sqrt(12) * (span * torch.tanh(spread / span)).exp()
        squares = (factors[:, i] - mean) ** 2 / (2 * sigma**2)
        log_q = -squares - sigma.log() - math.log(math.sqrt(2 * math.pi))
        bounds.append(math.log(2) + log_q.mean())  # H(c) of U(-1, 1) is ln 2
    return bounds


def information(q: Tensor, latent: Tensor) -> dict[str, Tensor]:
    """-λ L_I of each code, which D (with Q) and G both minimise."""
    digit, *rest = lower_bounds(q, latent)
    return {"digit": -digit} | {f"factor {i}": -LAMBDA * b for i, b in enumerate(rest)}


def d_loss(g: nn.Module, d: nn.Module, images: Tensor, latent: Tensor) -> dict[str, Tensor]:
    """-E ln D(x) - E ln(1 - D(G)) - λ L_I, term by term; D's outputs are logits."""
    with torch.no_grad():
        generated = g(latent)
    (real, _), (fake, q) = d(images), d(generated)
    return {"real": softplus(-real).mean(), "fake": softplus(fake).mean()} | information(q, latent)


def g_loss(g: nn.Module, d: nn.Module, latent: Tensor) -> dict[str, Tensor]:
    """-E ln D(G) - λ L_I, term by term."""
    fake, q = d(g(latent))
    return {"adversarial": softplus(-fake).mean()} | information(q, latent)


def adam(network: nn.Module, rate: float) -> torch.optim.Adam:
    return torch.optim.Adam(network.parameters(), rate, betas=(0.5, 0.999), fused=True)


def update(optimizer: torch.optim.Adam, terms: dict[str, Tensor]) -> None:
    """One step down the sum of the terms; it leaves no gradient to those that step later."""
    optimizer.zero_grad()
    torch.stack(list(terms.values())).sum().backward()
    optimizer.step()


def idx(path: Path) -> np.ndarray:
    """The array of an IDX file: two zeros, the type, the number of axes, their lengths, bytes."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    shape = np.frombuffer(data, ">i4", data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def load(mnist: Path | None) -> tuple[Tensor, Tensor]:
    """Images [N, 1, 28, 28] in [-1, 1], and their digits, which training never sees."""
    if mnist:
        found = [sorted(mnist.glob(f"train-{what}*"))[0] for what in ("images", "labels")]
        pixels, labels = map(idx, found)
    else:
        from sklearn.datasets import load_digits

        small, labels = load_digits(return_X_y=True)  # 8x8, 0 to 16
        large = np.kron(small.reshape(-1, 8, 8), np.ones((3, 3))) * 255 / 16
        pixels = np.pad(large, [(0, 0), (2, 2), (2, 2)])
    return torch.tensor(pixels[:, None]).float() / 127.5 - 1, torch.tensor(labels).long()


def purity(d: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Share of the images whose category has their digit as its most frequent one. Networks stay
    in training mode, because D's running statistics are of real and generated images mixed."""
    with torch.no_grad():
        read = torch.cat([d(part)[1][:, :CATEGORIES].argmax(1) for part in images.split(500)])
    table = torch.zeros(CATEGORIES, CATEGORIES).index_put_((read, labels), torch.ones(()), True)
    return float(table.amax(1).sum() / len(labels))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--mnist", type=Path, help="folder with MNIST's files")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default="categories.png", help="picture to write")
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    images, labels = load(given.mnist)
    g, d = initialise(Generator()), initialise(Discriminator())
    of_d, of_g = adam(d, 2e-4), adam(g, 1e-3)
    for step in range(1, given.steps + 1):
        batch = images[torch.randint(len(images), (given.batch,))]
        update(of_d, d_loss(g, d, batch, draw(given.batch)))
        update(of_g, terms := g_loss(g, d, draw(given.batch)))
        if step % 100 == 0 or step == given.steps:
            words = ", ".join(f"{name} {value.item():.3f}" for name, value in terms.items())
            print(f"step {step}: {words}; purity {purity(d, images, labels):.1%}")
    latent = draw(10).repeat_interleave(CATEGORIES, 0)  # a row for each z, a column a category
    latent[:, NOISE : NOISE + CATEGORIES] = torch.eye(CATEGORIES).repeat(10, 1)
    with torch.no_grad():
        sheet = g(latent).reshape(10, CATEGORIES, 28, 28).transpose(1, 2).reshape(280, -1)
    from matplotlib.image import imsave

    imsave(given.output, sheet.numpy(), cmap="gray", vmin=-1, vmax=1)
    print(f"one category a column: {given.output}")


if __name__ == "__main__":
    main()
