"""Generated images as files: one picture of all, a file for each, or an array."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from infogan.core import atomic
from infogan.core.errors import ConfigError
from infogan.data.png import png
from infogan.latent.latent import Draw
from infogan.model.model import Model
from infogan.report.plots import save_png, sheet
from infogan.sorting import check_new, folder_name


def is_folder(output: str) -> bool:
    """Whether a place means a folder: it is one, or ends in a slash."""
    return output.endswith("/") or Path(output).is_dir()


def check(output: str) -> None:
    """ConfigError unless the name of a place says what is to be written there; a folder is new, or
    empty: with other images in it, no program could tell which of them are generated."""
    if is_folder(output):
        check_new(Path(output))
    elif Path(output).suffix.lower() not in (".png", ".npy"):
        ways = (
            ".png (one picture of all), .npy (an array) or / (a folder, with a PNG file for each)"
        )
        raise ConfigError(f"--output {output}: change the ending to {ways}")


def write(model: Model, draw: Draw, output: str) -> None:
    """Write the images of a draw to a place that `check` accepts. A folder must be there; files in
    it are as large as the images. An array is uint8 [N, H, W, C]."""
    images, place = model.generate(draw.vector()), Path(output)
    with atomic.writing(place):
        if is_folder(output):
            for name, image in zip(_names(model, draw), images, strict=True):
                (place / name).write_bytes(png(image))
        elif place.suffix.lower() == ".npy":
            with atomic.whole(place) as partial, partial.open("wb") as file:
                np.save(file, images)
        else:
            save_png(sheet(images), place)


def _names(model: Model, draw: Draw) -> Iterator[str]:
    """Of each image, a file name of its number and its codes: `07_digit=3_slant=-0.52.png`."""
    latent, names, n = model.latent, model.names, len(draw.noise)
    values = {code: latent.codes[code].value(c).tolist() for code, c in draw.values.items()}
    for i in range(n):
        parts = [str(i).zfill(len(str(n - 1)))]
        for code, own in values.items():
            if latent.codes[code].categories:
                value = names.category(code, int(own[i])).removeprefix("#")
            else:
                value = f"{own[i]:.3g}"
            parts.append(f"{names.code(code)}={value}")
        yield f"{folder_name('_'.join(parts))}.png"
