"""Sets with known factors as they are published: dSprites, 3D Shapes, MPI3D, Cars3D."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from infogan import data
from infogan.core.errors import DataError
from infogan.data import factors
from infogan.data.images import Images


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFOGAN_CACHE", str(tmp_path / "cache"))


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def values_of(images: Images) -> list[list[float | str]]:
    """[N, F] what the factors of each image stand for."""
    return [
        [values[i] for values, i in zip(images.factor_values, row, strict=True)]
        for row in images.factors
    ]


def test_dsprites(tmp_path: Path) -> None:
    """imgs of 0 and 1, latents_values from 1 (shape) and 0.5 (scale), latents_classes from 0."""
    sizes = 1, 3, 2, 4, 2, 2
    each: list[list[float]] = [[1], [1, 2, 3], [0.5, 0.6], [0, 1.57, 3.14, 4.71], [0, 1], [0, 1]]
    classes = np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), 1)
    values = np.array([*product(*each)])
    imgs = noise(len(classes), 64, 64) % 2
    np.savez_compressed(
        tmp_path / "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz",
        metadata=np.array({"title": "dSprites"}),  # pickled, as it is there
        imgs=imgs,
        latents_classes=classes,
        latents_values=values,
    )
    images = data.load(str(next(tmp_path.glob("*.npz"))), "all")
    assert images.factor_names == ("shape", "scale", "orientation", "x", "y")
    assert "does not vary: color" in images.told
    assert images.factors.tolist() == classes[:, 1:].tolist()
    words = ["square", "ellipse", "heart"]
    assert values_of(images) == [[words[int(row[1]) - 1], *row[2:]] for row in values.tolist()]
    assert np.array_equal(images.pixels[..., 0], imgs * 255)


def test_shapes3d(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    hues = [0.0, 0.1]
    rows = np.array([*product(hues, hues, hues, [0.75, 1.25], [0, 1, 2, 3], [-30.0, 0.0, 30.0])])
    images = noise(len(rows), 64, 64, 3)
    with h5py.File(tmp_path / "3dshapes.h5", "w") as file:
        file["images"], file["labels"] = images, rows
    found = data.load(str(tmp_path / "3dshapes.h5"), "all")
    wanted = "floor hue", "wall hue", "object hue", "scale", "shape", "orientation"
    assert found.factor_names == wanted
    given = [[*row[:4], str(int(row[4])), row[5]] for row in rows.tolist()]
    assert values_of(found) == given
    assert np.array_equal(found.pixels, images)
    assert not found.classes


def test_mpi3d_has_its_factors_by_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def warnings() -> list[str]:
        return [record.message for record in caplog.records if record.levelname == "WARNING"]

    colors, sizes = ("white", "green"), ("small", "large")
    small = factors.Grid("mpi3d", {"object color": colors, "object size": sizes, "axis": 5})
    assert [int(np.prod(grid.sizes)) for grid in factors.GRIDS] == [
        737_280,
        480_000,
        1_036_800,
        460_800,
    ]
    monkeypatch.setattr(factors, "GRIDS", (small,))
    images = noise(20, 64, 64, 3)
    np.savez(tmp_path / "mpi3d_toy.npz", images=images)
    found = data.load(str(tmp_path / "mpi3d_toy.npz"), "all")
    assert np.array_equal(found.pixels.reshape(2, 2, 5, 64, 64, 3)[1, 0, 3], found.pixels[13])
    assert values_of(found)[13] == ["green", "small", 3.0]
    np.savez(tmp_path / "mpi3d_real.npz", images=images[:19])
    part = data.load(str(tmp_path / "mpi3d_real.npz"), "all")
    assert part.factor_names == ()
    (warned,) = warnings()
    assert "mpi3d_real.npz: has no factors" in warned
    assert "save factors [19, F] with its images (only all 20 of mpi3d" in warned
    np.savez(tmp_path / "mpi3d_given.npz", images=images[:19], factors=np.arange(38).reshape(19, 2))
    assert data.load(str(tmp_path / "mpi3d_given.npz"), "all").factors.shape == (19, 2)
    np.savez(tmp_path / "other.npz", images=images)
    assert data.load(str(tmp_path / "other.npz"), "all").factor_names == ()
    assert warnings() == [warned]


def cars(folder: Path, *shapes: tuple[int, ...]) -> np.ndarray:
    """Write a folder of cars; [cars, azimuths, elevations, H, W, 3] their images."""
    folder.mkdir(parents=True)
    (folder / "README").write_text("cars")
    found = []
    for i, shape in enumerate(shapes):
        im = (noise(*shape) + 37 * i).astype(np.uint8)
        scipy.io.savemat(folder / f"car_{i:03}_mesh.mat", {"im": im})
        found.append(im.transpose(3, 4, 0, 1, 2))
    return np.stack(found)


def test_cars3d(tmp_path: Path) -> None:
    each = cars(tmp_path / "cars", *[(32, 32, 3, 6, 4)] * 2)
    images = data.load(str(tmp_path / "cars"), "all")
    assert images.factor_names == ("elevation", "azimuth", "car")
    assert images.factors.max(0).tolist() == [3, 5, 1]
    assert images.factor_values[2] == ("car_000_mesh", "car_001_mesh")
    for pixels, (elevation, azimuth, car) in zip(images.pixels, images.factors, strict=True):
        assert np.array_equal(pixels, each[car, azimuth, elevation])
    assert "2 cars" in images.told
    ranged = data.load(str(tmp_path / "cars"), "all", range="0:128")
    assert (ranged.pixels == np.rint((images.pixels / 128).clip(0, 1) * 255)).all()
    small = data.load(str(tmp_path / "cars"), "validation", size=16)
    assert small.shape == (16, 16, 3)
    assert len(small) == 4
    (tmp_path / "others").mkdir()
    scipy.io.savemat(tmp_path / "others" / "x.mat", {"mesh": noise(4, 4)})
    with pytest.raises(DataError, match=r"x\.mat: has no im; give all of them im"):
        data.load(str(tmp_path / "others"))


def test_some_of_the_cars(tmp_path: Path) -> None:
    folder = tmp_path / "cars"
    each = cars(folder, *[(32, 32, 3, 6, 4)] * 3)
    names = sorted(path.name for path in folder.glob("*.mat"))
    some = data.load(str(folder), "all", only=(names[1],))
    assert (some.take(slice(None)) == each[1].reshape(-1, 32, 32, 3)).all()
    with pytest.raises(DataError, match=r"no MAT file other\.mat"):
        data.load(str(folder), "all", only=("other.mat",))
    cars(tmp_path / "within" / "train", (32, 32, 3, 6, 4))
    with pytest.raises(DataError, match="no images in it"):
        data.load(str(tmp_path / "within"), "all")


def test_cars_of_another_shape_are_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for i, side in enumerate((16, 24)):
        scipy.io.savemat(tmp_path / "a" / f"{i}.mat", {"im": noise(side, side, 3, 2, 2)})
    with pytest.raises(DataError, match=r"1\.mat: has im \[24, 24, 3, 2, 2\]"):
        data.load(str(tmp_path / "a"))


def test_values_that_are_no_numbers(tmp_path: Path) -> None:
    values = np.full((4, 2), np.nan)
    np.savez(tmp_path / "x.npz", images=noise(4, 16, 16), latents_values=values)
    with pytest.raises(DataError, match="values of factors must be"):
        data.load(str(tmp_path / "x.npz"), "all")
