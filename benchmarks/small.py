"""`digits` with small batches and free codes: cheap runs that differ by luck, for studies of many
of them."""

from infogan.config.presets import preset
from infogan.config.settings import Optim
from infogan.data.augment import Affine

FREE = {"follows": "none"}
SMALL = preset("digits").replace(
    latent={"slant": FREE, "width": FREE},
    augment=Affine(strength=1.5, bend=0.05),
    optim=Optim(d_lr=5e-4, g_lr=2e-3, ema=0.99),
    batch=64,
    steps=1500,
)
