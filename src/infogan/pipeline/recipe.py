"""Settings for images that no preset was made for, chosen by what a look at them shows."""

from infogan.config.presets import DRAWINGS, IMAGES
from infogan.config.settings import RunConfig
from infogan.data import Source, load
from infogan.data.augment import Photo
from infogan.data.folder import Survey
from infogan.data.sources import survey
from infogan.networks import Projected

SIDES = 16, 64  # of images that are trained on; those between are only cut to a multiple of EVEN
EVEN = 4
SQUARE = 1.25  # images longer than that by their width are not cut to a square
LONGEST = 128
MANY = 2000  # images that a preset's steps are for; more get more, by the fourth root
WEAK = Photo(area=0.6, shade=0.2, blur=0.3, grey=0.1, saturation=0.4, tint=0.1)
"""For pretrained features, which know already that light and colour are not the class."""


def recipe(source: Source, networks: str | None = None) -> tuple[RunConfig, str]:
    """The settings for a source, and in words what was found and what was chosen by it.

    Of a folder or a table a few images are opened; an array is loaded. Sizes that `source` gives
    stay. networks: a family that is asked for in place of `photo`; `projected` has weaker views.
    """
    encoded = survey(source)
    if encoded:
        seen = encoded
    else:
        images = load(source, "train")
        height, width, channels = images.shape
        seen = Survey(len(images), height, width, channels == 1)
    grey = source.color == "grey" or (source.color == "auto" and seen.grey)
    base, size = DRAWINGS if grey else IMAGES, source.size
    fits = SIDES[0] <= min(seen.height, seen.width) <= max(seen.height, seen.width) <= LONGEST
    if size is None and (encoded or not fits):
        size = sides(seen.height, seen.width)
    projected = Projected()
    if networks == projected.kind:
        base = base.replace(networks=projected, augment=base.augment if grey else WEAK)
    steps = round(base.steps * max(1.0, seen.number / MANY) ** 0.25, -2)
    found = f"{seen.number:,} {'grey' if grey else 'colour'} images of about "
    found += f"{seen.height:.0f}x{seen.width:.0f} pixels"
    chosen = [f"preset {'drawings' if grey else 'images'} ({WHY[grey]})", f"{int(steps):,} steps"]
    if base.networks == projected:
        chosen.append("networks projected (pretrained on ImageNet)")
    if size is not None:
        chosen.append(f"scaled to {size[0]}x{size[1]}")
    config = base.replace(data=source.model_copy(update={"size": size}), steps=int(steps))
    return config, f"{found}: {', '.join(chosen)}"


WHY = {
    False: "classes survive mirroring, other light, and seeing a part",
    True: "classes survive small turns, shears and shifts, but no mirroring",
}


def sides(height: float, width: float) -> tuple[int, int]:
    """Height and width to which images of that size are scaled."""
    short, long = min(height, width), max(height, width)
    side = int(min(max(short, SIDES[0]), SIDES[1])) // EVEN * EVEN
    if long / short <= SQUARE:
        return side, side
    longer = min(LONGEST, round(side * long / short / 8) * 8)
    return (longer, side) if height > width else (side, longer)
