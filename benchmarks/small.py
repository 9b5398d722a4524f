"""`digits` with small batches and free codes: cheap runs that differ by luck, for studies of many of them."""

from infogan.presets import preset

FREE = {"follows": "none"}
SMALL = preset("digits").replace(
    latent={"slant": FREE, "width": FREE},
    augment={"stretch": 0, "thicken": 0},
    optim={"d_lr": 5e-4, "decay": 0},
    batch=64,
    steps=1500,
)
