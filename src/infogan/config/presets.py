"""Named settings, as values. Each says where it comes from.

`paper`, `official` and `article` are InfoGAN's MNIST run as three sources state it; the others are ours.
"""

from infogan.config.settings import Optim, RunConfig
from infogan.core.errors import ConfigError
from infogan.data import Source
from infogan.data.augment import Affine
from infogan.latent.codes import Categorical, Uniform
from infogan.latent.latent import Latent
from infogan.networks import Dcgan, Mlp
from infogan.objectives import ACGAN, GAN, CatGAN, Classifier, ImprovedGAN, InfoGAN, SemiGAN


def _mnist_latent(continuous: Uniform, distribution: str = "normal") -> Latent:
    """62 + 10 + 2 = 74 inputs of G."""
    return Latent(
        noise=62,
        distribution=distribution,
        digit=Categorical(10),
        slant=continuous,
        width=continuous,
    )


PAPER = RunConfig(
    data=Source(name="mnist"),
    latent=_mnist_latent(Uniform(-1, 1, sweep=(-2, 2), weight=0.1), distribution="uniform"),
    objective=InfoGAN(),
    steps=5000,
)
"""InfoGAN, section 7 and table 1: k = 1, c ~ U(-1, 1) swept from -2 to 2, rates 2e-4 and 1e-3. Its λ is 1 for
discrete codes and "smaller" for continuous ones, here 0.1."""

OFFICIAL = PAPER.replace(
    latent=_mnist_latent(Uniform(-1, 1, sigma=1.0), distribution="uniform"),
    networks=Dcgan(slope=0.01),
)
"""The published code: Q's sigma fixed to 1, λ = 1 throughout, leaky slope 0.01, sweeps from -1 to 1."""

ARTICLE = PAPER.replace(
    latent=_mnist_latent(Uniform(-2, 2, weight=0.1)),
    objective=InfoGAN(q_step="g"),
    d_steps=3,
)
"""The tutorial: k = 3, c ~ U(-2, 2), Gaussian noise, Q's own layers step with G, the trunk is frozen there."""

CONTROL = PAPER.replace(objective=GAN())
"""`paper` without the information term: the GAN curve of figure 1, with a Q that nobody hears."""

DIGITS = RunConfig(
    data=Source(name="digits"),
    latent=Latent(
        noise=62,
        digit=Categorical(10),
        slant=Uniform(-1, 1, weight=0.1, follows="slant"),
        width=Uniform(-1, 1, weight=0.1, follows="width"),
    ),
    networks=Dcgan(channels=(32, 64), features=256),
    objective=InfoGAN(real_weight=3.0),
    augment=Affine(strength=1.5, stretch=0.2, bend=0.05, thicken=0.7, patch=0.03),
    optim=Optim(d_lr=1e-3, g_lr=2e-3, ema=0.99, lr_decay=0.5),
    batch=256,
    steps=800,
)
"""The best known for the 5,000 embedded digits: information on real images beside the paper's terms, codes that follow
slant and width, networks of half the paper's widths, which take higher rates, large batches, by which agreement and
balance of the categories are measured well, and averaged weights."""

MNIST = DIGITS.replace(data=Source(name="mnist"), batch=512, steps=1400)
"""The same recipe on MNIST's 50,000."""

FASHION = DIGITS.replace(
    data=Source(name="fashion-mnist"),
    latent=Latent(
        noise=62,
        garment=Categorical(10),
        a=Uniform(-1, 1, weight=0.1),
        b=Uniform(-1, 1, weight=0.1),
    ),
    objective=InfoGAN(real_weight=3.0, warm_up=0.25),
    augment=Affine(
        strength=1.75, stretch=0.25, mirror=True, brightness=0.6, contrast=0.4, anneal=1.0
    ),
    batch=128,
    steps=2000,
)
"""The same terms on Fashion-MNIST, whose classes survive mirroring and other light. Q hears real images alone at first,
through strong changes that keep most seeds from a wrong grouping; they fade, so that a short dress is no T-shirt."""

IMAGES = FASHION.replace(
    data=Source(),
    latent=Latent(
        noise=62, group=Categorical(10), a=Uniform(-1, 1, weight=0.1), b=Uniform(-1, 1, weight=0.1)
    ),
    objective=InfoGAN(real_weight=3.0),
    augment=Affine(mirror=True),
    optim=Optim(d_lr=5e-4, g_lr=2e-3, ema=0.99),
    batch=64,
    steps=5000,
)
"""A start for a folder of one's own: ten groups, two continuous codes, mirror images count as the same."""

IMPROVEDGAN = RunConfig(
    data=Source(name="mnist"),
    latent=Latent(noise=100, distribution="uniform"),
    networks=Mlp(),
    objective=ImprovedGAN(real_weight=4.0),
    labels=10,
    augment=Affine(),
    optim=Optim(d_lr=3e-3, g_lr=3e-3, ema=0.998, lr_decay=0.7),
    batch=100,
    steps=12_000,
)
"""ImprovedGAN on MNIST with 100 labels: its networks, rates and batches (its z ~ U(0, 1) is ours but for a scale
that G's first batch normalisation takes back). It ran 300 passes over the images, which are 150,000 steps; so that
24 passes do, labelled images are changed a little and the classes also learn from changed copies of the others.
`--augment none --objective.real-weight 0` is the paper's."""

CATGAN = RunConfig(
    data=Source(name="mnist"),
    latent=Latent(noise=100),
    networks=Dcgan(channels=(32, 64), features=256),
    objective=CatGAN(real_weight=3.0),
    labels=10,
    augment=Affine(strength=1.5, bend=0.05),
    optim=Optim(d_lr=5e-4, g_lr=2e-3, ema=0.99, lr_decay=0.5),
    batch=64,
    steps=3000,
)
"""CatGAN on MNIST with 100 labels, on convolutional networks, its categories learning from changed copies too. Its
paper's networks are fully connected: `--networks mlp --augment none --objective.real-weight 0`."""

CATGAN_20 = CATGAN.replace(objective=CatGAN(k=20, real_weight=3.0), labels="none", steps=1500)
"""CatGAN on MNIST without labels: 20 categories."""

SEMIGAN = RunConfig(
    data=Source(name="mnist"),
    latent=Latent(noise=100),
    networks=Dcgan(channels=(32, 64), features=256),
    objective=SemiGAN(),
    labels=10,
    augment=Affine(),
    optim=Optim(ema=0.99, lr_decay=0.5),
    steps=1500,
)
"""SemiGAN on MNIST with 100 labels. Its paper states no network and changes no images; here the labelled images are
seen turned, sheared, scaled and shifted a little."""

CLASSIFIER = SEMIGAN.replace(objective=Classifier())
"""SemiGAN's network without the GAN."""

ACGAN_PRESET = SEMIGAN.replace(
    latent=Latent(noise=62, digit=Categorical(10)), objective=ACGAN(), labels="all", steps=3000
)
"""ACGAN on MNIST with all labels, on the same networks."""

PRESETS = {
    "digits": DIGITS,
    "mnist": MNIST,
    "fashion-mnist": FASHION,
    "images": IMAGES,
    "paper": PAPER,
    "official": OFFICIAL,
    "article": ARTICLE,
    "control": CONTROL,
    "semigan": SEMIGAN,
    "catgan": CATGAN,
    "catgan-20": CATGAN_20,
    "improvedgan": IMPROVEDGAN,
    "acgan": ACGAN_PRESET,
    "classifier": CLASSIFIER,
}

ABOUT = {
    "digits": "5,000 embedded digits, the best known recipe (the demo)",
    "mnist": "the same recipe on MNIST's 50,000",
    "fashion-mnist": "Fashion-MNIST, real images first, through strong changes that fade",
    "images": "a start for your own folder: 10 groups, 2 continuous codes",
    "paper": "InfoGAN as the paper prints it: k = 1, U(-1, 1), sweep -2..2",
    "official": "InfoGAN as the published code does it: sigma fixed to 1, slope 0.01",
    "article": "InfoGAN as the tutorial does it: k = 3, U(-2, 2), Q steps with G",
    "control": "the plain GAN that the paper's L_I figure compares with",
    "semigan": "SemiGAN with 100 labels of MNIST",
    "catgan": "CatGAN with 100 labels of MNIST",
    "catgan-20": "CatGAN without labels, 20 categories",
    "improvedgan": "ImprovedGAN with 100 labels of MNIST",
    "acgan": "ACGAN with all labels of MNIST: the class is told to G",
    "classifier": "SemiGAN's network on its labels alone",
}


def preset(name: str) -> RunConfig:
    """The preset of that name; ConfigError listing them when there is none."""
    if name not in PRESETS:
        raise ConfigError(f"unknown preset {name!r}; there are {', '.join(PRESETS)}")
    return PRESETS[name]
