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
FEW = 300  # fewer images than this are too few to contrast, and to tell classes by
MANY = 2000  # images that a preset's steps are for; more get more, by the fourth root
WEAK = Photo(area=0.6, shade=0.2, blur=0.3, grey=0.1, saturation=0.4, tint=0.1)
"""For pretrained features, which know already that light and colour are not the class."""


def recipe(source: Source, networks: str | None = None) -> tuple[RunConfig, str]:
    """The settings for a source, and in words what was found and what was chosen by it.

    Of a folder or a table a few images are opened; an array is loaded. Sizes that `source` gives
    stay. networks: a family that is asked for in place of `photo`; `projected` has weaker views.
    """
    size: tuple[int, int] | None
    if seen := survey(source):
        size = sides(seen.height, seen.width)
    else:
        images = load(source, "train")
        height, width, channels = images.shape
        seen, size = Survey(len(images), height, width, channels == 1), fitting(height, width)
    source = source.model_copy(update={"size": source.size or size})
    return suited(seen, source, networks)


def suited(seen: Survey, source: Source, networks: str | None = None) -> tuple[RunConfig, str]:
    """The same for what a look at a source has shown; its size is as the source says."""
    grey = source.color == "grey" or (source.color == "auto" and seen.grey)
    base, size = DRAWINGS if grey else IMAGES, source.size
    name, projected = "drawings" if grey else "images", Projected()
    if networks == projected.kind:
        name = "images, views of drawings" if grey else name
        seen_as, game = base.augment if grey else WEAK, {"mirror": not grey}
        # Of photos J finds more there from nothing than from groups, of uneven drawings less.
        views = {"augment": seen_as, "game_augment": game}
        base = IMAGES.replace(networks=projected, objective={"grouped": grey}, **views)
    steps = round(base.steps * max(1.0, seen.number / MANY) ** 0.25, -2)
    images = "image" if seen.number == 1 else "images"
    found = f"{seen.number:,} {'grey' if grey else 'colour'} {images} of about "
    found += f"{seen.height:.0f}x{seen.width:.0f} pixels"
    if seen.number < FEW:
        found += ", too few to find classes in (docs/photos.md)"
    chosen = [f"preset {name} ({WHY[grey]})", f"made for {int(steps):,} steps"]
    if base.networks == projected:
        chosen.append("networks projected (pretrained on ImageNet)")
    if size is not None:
        chosen.append(f"scaled to {size[0]}x{size[1]}")
    config = base.replace(data=source, steps=int(steps))
    return config, f"{found}: {', '.join(chosen)}"


WHY = {
    False: "classes survive mirroring, other light, and seeing a part",
    True: "classes survive small turns, shears, shifts and other light, but no mirroring; for grey "
    "photos of which a part shows the class take infogan train images --data FOLDER --data.size 64",
}


def fitting(height: int, width: int) -> tuple[int, int] | None:
    """The size to which arrays of images of that size are scaled; None: they stay as they are."""
    fits = SIDES[0] <= min(height, width) <= max(height, width) <= LONGEST
    return None if fits else sides(height, width)


def sides(height: float, width: float) -> tuple[int, int]:
    """Height and width to which images of that size are scaled."""
    short, long = min(height, width), max(height, width)
    side = int(min(max(short, SIDES[0]), SIDES[1])) // EVEN * EVEN
    if long / short <= SQUARE:
        return side, side
    longer = min(LONGEST, round(side * long / short / 8) * 8)
    return (longer, side) if height > width else (side, longer)
