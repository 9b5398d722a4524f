"""Named settings: `paper`, `official` and `article` are InfoGAN's MNIST run as three sources state
it, the others are ours."""

from dataclasses import dataclass

from infogan.config.settings import Optim, RunConfig
from infogan.core.errors import ConfigError
from infogan.data import Source
from infogan.data.augment import Affine
from infogan.data.augment import Photo as PhotoViews
from infogan.latent.codes import Angle, Categorical, Uniform
from infogan.latent.latent import Latent
from infogan.networks import Dcgan, Mlp, Photo
from infogan.objectives import ACGAN, GAN, CatGAN, Classifier, ImprovedGAN, InfoGAN, SemiGAN


@dataclass(frozen=True)
class Preset:
    """Settings with the line that `infogan presets` shows for them."""

    about: str
    config: RunConfig
    own: bool = False  # for images of the user's own, which no preset can name


MNIST_IMAGES = Source(name="mnist")
HALF = Dcgan(channels=(32, 64), features=256)  # half the paper's widths allow higher rates
FREE = Uniform(-1, 1, weight=0.1)  # a continuous code that may come to mean anything
SLANT, WIDTH = (Uniform(-1, 1, weight=0.1, follows=what) for what in ("slant", "width"))


def _latent(distribution: str, code: Uniform) -> Latent:
    """62 + 10 + 2 = 74 inputs of G."""
    codes = {"digit": Categorical(10), "slant": code, "width": code}
    return Latent(noise=62, distribution=distribution, **codes)


PAPER = RunConfig(
    data=MNIST_IMAGES, latent=_latent("uniform", Uniform(-1, 1, sweep=(-2, 2), weight=0.1))
)
"""InfoGAN, section 7 and table 1: k = 1, c ~ U(-1, 1) swept from -2 to 2, rates 2e-4 and 1e-3. Its
λ is 1 for discrete codes and "smaller" for continuous ones, here 0.1."""

OFFICIAL = PAPER.replace(
    latent=_latent("uniform", Uniform(-1, 1, sigma=1.0)), networks=Dcgan(slope=0.01)
)
"""The published code: Q's sigma fixed to 1, λ = 1 throughout, slope 0.01, sweeps from -1 to 1."""

ARTICLE = PAPER.replace(
    latent=_latent("normal", Uniform(-2, 2, weight=0.1)), objective=InfoGAN(q_step="g"), d_steps=3
)
"""The tutorial: k = 3, c ~ U(-2, 2), Gaussian noise; Q's layers step with G, the trunk does not."""

CONTROL = PAPER.replace(objective=GAN())
"""`paper` without information: the GAN of figure 1, whose Q is a probe on detached features."""

DIGITS = RunConfig(
    data=Source(name="digits"),
    latent=Latent(noise=62, digit=Categorical(10), slant=SLANT, width=WIDTH),
    networks=HALF,
    objective=InfoGAN(real_weight=3.0),
    augment=Affine(strength=1.5, stretch=0.2, bend=0.05, thicken=0.7, patch=0.03),
    optim=Optim(d_lr=2e-3, g_lr=4e-3, ema=0.997, lr_decay=0.5),
    batch=64,
    steps=4800,
)
"""The best recipe known for the 5,000 embedded digits: information on real images, codes following
slant and width, high rates, averaged weights, and many small batches, of which G needs many to
draw more than one image of each category (docs/fidelity.md)."""

MNIST = DIGITS.replace(data=MNIST_IMAGES, batch=128, steps=5600)
"""The same on MNIST."""

FASHION = DIGITS.replace(
    data=Source(name="fashion-mnist"),
    latent=Latent(noise=62, garment=Categorical(10), a=FREE, b=FREE),
    networks=HALF.model_copy(update={"shared": False}),
    objective=InfoGAN(q_step="d-head", real_weight=3.0, warm_up=0.25),
    augment=Affine(
        strength=1.75, stretch=0.25, mirror=True, brightness=0.6, contrast=0.4, anneal=1
    ),
    optim=Optim(d_lr=1e-3, g_lr=2e-3, ema=0.997, lr_decay=0.5),
    steps=4000,
)
"""The same on Fashion-MNIST, whose classes survive mirroring and other light. The warm-up keeps
most seeds from a wrong grouping; augmentation anneals, to tell short dresses from T-shirts. D has
layers of its own: Q's learn to overlook light, and through them D would miss what G leaves out.
Generated images teach Q's nothing: they would cost a point or two of accuracy."""

IMAGES = RunConfig(
    data=Source(),
    latent=Latent(noise=62, group=Categorical(10, weight=0.1), a=FREE, b=FREE),
    networks=Photo(),
    objective=InfoGAN(
        q_step="d-head",
        real_weight=10,
        contrast=1,
        warm_up=0.4,
        game="relativistic",
        penalty=1,
        fakes=64,
    ),
    augment=PhotoViews(),
    # Nothing that hides what D compares: turns and patches kept it from telling fakes at all
    game_augment=Affine(
        strength=0, shift=0.25, mirror=True, brightness=0.3, contrast=0.5, saturation=0.5
    ),
    optim=Optim(d_lr=1e-3, g_lr=1e-3, ema=0.99, lr_decay=0.4),
    batch=128,
    steps=2000,
)
"""Colour photos of which nothing is known: the trunk learns from views first, then Q groups what it
has learned and G draws it. docs/photos.md says what each part gave."""

DRAWINGS = IMAGES.replace(
    latent={"group": {"weight": 1.0}},
    networks={"norm": "batch"},
    objective={
        "q_step": "d-real",
        "real_weight": 1,
        "warm_up": 0.18,
        "game": "non-saturating",
        "penalty": 0,
        "real_every": 3,
    },
    augment=DIGITS.augment,
    game_augment=None,
    optim={"g_lr": 2e-3},
    steps=2600,
).replace(augment={"brightness": 0.5, "contrast": 0.5, "shade": 0.4, "blur": 1.0})
"""The same for grey drawings, writing and scans, whose mirror image is another thing and of which
a part is not enough; and for grey photos, which the changes of light and focus are for. A game as
that of `digits`, of many steps, since G draws them better by it."""

DSPRITES = RunConfig(
    data=Source(name="dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"),
    latent=Latent(
        noise=5,
        distribution="uniform",
        **{name: Uniform(-1, 1, weight=0.05, sigma=1.0) for name in "abcde"},
    ),
    networks=Dcgan(channels=(32, 32, 64, 64), features=128, slope=0.2, norm="spectral"),
    optim=Optim(d_lr=2e-3, g_lr=1e-3),
    batch=64,
    steps=10_000,
)
"""InfoGAN-CR's run on dSprites (arXiv:1906.06034, its code) without the contrastive regulariser:
five codes of λ 0.05 under a Q of sigma 1, D under spectral normalisation. There G steps twice for
each step of D, and 322,560 batches are drawn."""

SPRITES = DSPRITES.replace(
    data=Source(name="sprites"),
    latent=Latent(
        noise=5,
        distribution="uniform",
        x=Uniform(-1, 1, weight=0.1, follows="x"),
        y=Uniform(-1, 1, weight=0.1, follows="y"),
        size=Uniform(-1, 1, weight=0.1, follows="size"),
        turn=Angle(follows="turn", fold=4, close=True, weight=0.1),
        shape=Categorical(3, close=True, weight=1.0),
    ),
    networks={"norm": "batch"},
    objective=InfoGAN(real_weight=3.0, penalty=0.1),
    augment=Affine(shift=0.25, turn=180, centred=True),
    optim=Optim(d_lr=1e-3, g_lr=2e-3, ema=0.99, lr_decay=0.5),
    steps=2000,
)
"""Place, size and turn follow what an augmented view moves, turn and shape are read in close-ups
(docs/factors.md), under a D that judges by batches and keeps its balance with G by a small
penalty."""

COLOURED = SPRITES.replace(
    data=Source(name="sprites-colour"),
    latent=Latent(
        noise=16,
        **{
            name: Uniform(-1, 1, weight=0.1, follows=name)
            for name in ("x", "y", "brightness", "hue", "saturation")
        },
    ),
    networks={"slope": 0.1},
    objective={"penalty": 0.0},
    augment=Affine(shift=0.25, brightness=0.4, hue=0.08, saturation=0.5),
    steps=1500,
)
"""Five codes that follow where a sprite lies, and its colours (docs/codes.md)."""

SVHN = RunConfig(
    data=Source(name="train_32x32.mat"),
    latent=Latent(
        noise=124,
        distribution="uniform",
        **{f"digit{i}": Categorical(10) for i in range(1, 5)},
        **{name: Uniform(-1, 1) for name in "abcd"},
    ),
    networks=Dcgan(channels=(64, 128, 256), g_channels=(64, 128, 256, 448), features=0),
    steps=20_000,
)
"""InfoGAN, table 2 (124 + 4 Categorical(10) + 4 = 168; section 7.2 says two continuous codes), with
batch normalisation in all of G's layers, where the table has it in two. Steps and z ~ U(-1, 1) are
ours."""

CELEBA = SVHN.replace(
    data=Source(name="img_align_celeba", size=(32, 32)),
    latent=Latent(
        noise=128,
        distribution="uniform",
        **{f"c{i}": Categorical(10) for i in range(1, 11)},
    ),
)
"""InfoGAN, table 3: 128 + 10 Categorical(10) = 228, the networks of SVHN."""

FACES = RunConfig(
    data=Source(name="faces", size=(32, 32), color="grey"),
    latent=Latent(
        noise=128,
        distribution="uniform",
        **{name: Uniform(-1, 1, weight=0.2) for name in "abcde"},
    ),
    networks=Dcgan(channels=(64, 128), q_hidden=0),
    optim=Optim(d_lr=2e-4, g_lr=5e-4),
    steps=20_000,
)
"""InfoGAN, table 4: 128 + 5 = 133, with the rates and λ of azimuth. The paper chose other ones for
each factor (table 5): elevation 4e-4, 3e-4 and 0.1, lighting 8e-4, 3e-4 and 0.1."""

CHAIRS = RunConfig(
    data=Source(name="rendered_chairs", size=(64, 64), color="grey"),
    latent=Latent(
        noise=128,
        distribution="uniform",
        **{f"c{i}": Categorical(20) for i in range(1, 4)},
        rotation=Uniform(-1, 1, weight=10),
    ),
    networks=Dcgan(channels=(64, 128, 256), level=2, q_hidden=0),
    steps=20_000,
)
"""InfoGAN, table 6: 128 + 3 Categorical(20) + 1 = 189 (section 7.2 says four), with the λ of
rotation (table 7); width has 0.05 for the continuous code and 2 for the others."""

SEMIGAN = RunConfig(
    data=MNIST_IMAGES,
    latent=Latent(noise=100),
    networks=HALF,
    objective=SemiGAN(),
    labels=10,
    augment=Affine(),
    optim=Optim(ema=0.99, lr_decay=0.5),
    steps=1500,
)
"""SemiGAN on MNIST with 100 labels. The paper states no network and no augmentation."""
CLASSIFIER = SEMIGAN.replace(objective=Classifier())

CATGAN = SEMIGAN.replace(
    objective=CatGAN(real_weight=3.0),
    augment=Affine(strength=1.5, bend=0.05),
    optim=Optim(d_lr=5e-4, g_lr=2e-3, ema=0.99, lr_decay=0.5),
    batch=64,
    steps=3000,
)
"""CatGAN on MNIST with 100 labels, convolutional, and on augmented views as well. The paper's is
`--networks mlp --augment none --objective.real-weight 0`."""
CATGAN_20 = CATGAN.replace(objective=CatGAN(k=20, real_weight=3.0), labels="none", steps=1500)

IMPROVEDGAN = SEMIGAN.replace(
    latent=Latent(noise=100, distribution="uniform"),
    networks=Mlp(),
    objective=ImprovedGAN(real_weight=4.0),
    optim=Optim(d_lr=3e-3, g_lr=3e-3, ema=0.998, lr_decay=0.7),
    batch=100,
    steps=12_000,
)
"""ImprovedGAN on MNIST with 100 labels: its networks, rates and batches. Its z ~ U(0, 1) differs
from ours by a scale that G's first batch normalisation removes. The paper trains for 300 epochs
(150,000 steps), without augmentation (`--augment none --objective.real-weight 0`); 24 suffice."""

ACGAN_PRESET = SEMIGAN.replace(
    latent=Latent(noise=62, digit=Categorical(10)), objective=ACGAN(), labels="all", steps=3000
)

PRESETS = {
    "digits": Preset("5,000 embedded digits: the demo, and the best recipe known", DIGITS),
    "mnist": Preset("the same recipe on MNIST's 50,000", MNIST),
    "fashion-mnist": Preset("Fashion-MNIST: real-image warm-up, annealed augmentation", FASHION),
    "images": Preset(
        "your own colour photos: contrast of views first, then categories", IMAGES, own=True
    ),
    "drawings": Preset(
        "your own grey drawings, writing or scans: without mirroring", DRAWINGS, own=True
    ),
    "paper": Preset("InfoGAN as in the paper: k = 1, U(-1, 1), swept from -2 to 2", PAPER),
    "official": Preset("InfoGAN as in the published code: sigma fixed to 1, slope 0.01", OFFICIAL),
    "article": Preset("InfoGAN as in the tutorial: k = 3, U(-2, 2), Q steps with G", ARTICLE),
    "control": Preset("the plain GAN that the paper compares L_I with", CONTROL),
    "sprites": Preset(
        "drawn shapes with known factors: their place, size, turn and shape", SPRITES
    ),
    "sprites-colour": Preset("coloured ones: codes that follow place and colour", COLOURED),
    "dsprites": Preset("InfoGAN-CR's run on dSprites' NPZ file: 5 free codes", DSPRITES),
    "svhn": Preset("InfoGAN's table 2, on SVHN's train_32x32.mat", SVHN),
    "celeba": Preset("InfoGAN's table 3, on CelebA's folder img_align_celeba", CELEBA),
    "faces": Preset("InfoGAN's table 4, on a folder of faces", FACES),
    "chairs": Preset("InfoGAN's table 6, on the folder rendered_chairs", CHAIRS),
    "semigan": Preset("SemiGAN with 100 labels of MNIST", SEMIGAN),
    "catgan": Preset("CatGAN with 100 labels of MNIST", CATGAN),
    "catgan-20": Preset("CatGAN without labels, 20 categories", CATGAN_20),
    "improvedgan": Preset("ImprovedGAN with 100 labels of MNIST", IMPROVEDGAN),
    "acgan": Preset("ACGAN with all labels of MNIST: G is given the class", ACGAN_PRESET),
    "classifier": Preset("SemiGAN's network trained on its labels alone", CLASSIFIER),
}


def preset(name: str) -> RunConfig:
    """The settings of a preset; ConfigError listing all presets when there is none of that name."""
    if name not in PRESETS:
        raise ConfigError(f"unknown preset {name!r}; there are {', '.join(PRESETS)}")
    return PRESETS[name].config
