"""A folder of images and a finished run: sorted by category without touching an original, and
reconstructed."""

import csv
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from conftest import begin, refused, run
from infogan.config.settings import RunConfig
from infogan.core.errors import DataError
from infogan.core.random import stream
from infogan.data import load
from infogan.data.images import Images, to_pixels
from infogan.model.inversion import reconstruct
from infogan.model.model import Model
from infogan.objectives import GAN
from infogan.pipeline.run import fit
from infogan.runs.folder import Run
from infogan.runs.names import Names
from infogan.sorting import folders, sort

Files = dict[str, tuple[bytes, int]]


def below(folder: Path) -> Files:
    """Every file below a folder: its bytes and when it was changed."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def odd(photos: Path, tmp_path: Path) -> Path:
    """Photos whose names are odd, some of them equal."""
    folder = tmp_path / "odd -photos"
    pictures = sorted(photos.rglob("*.png"))
    names = [
        "new\nline.png",
        "-rf.png",
        "a,\"b'.png",
        "日本 \u202e.png",
        os.fsdecode(b"\xff\xfe.png"),
        "é" * 125 + "x.png",
    ]
    for i, name in enumerate([*names, "same.png", "deep/same.png", "deep/er/same.png"]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(pictures[7 * i], folder / name)
    assert max(len(os.fsencode(path.name)) for path in folder.iterdir()) == 255
    return folder


@pytest.mark.parametrize("link", [False, True])
def test_any_name_survives_and_no_original_changes(
    done: Path, odd: Path, tmp_path: Path, link: bool
) -> None:
    before, out = below(odd), tmp_path / "out"
    run("sort", done, odd, "-o", out, "--unsure", 0, *(["--link"] if link else []))
    assert below(odd) == before
    rows = table(out / "codes.csv")
    assert {row["file"] for row in rows} == {str(odd / name) for name in before}
    model = Model.load(done)
    for row in rows:
        name = str(Path(row["file"]).relative_to(odd))
        assert row["sorted"] == f"digit-{row['digit']}/{name}"
        moved = out / row["sorted"]
        assert moved.is_symlink() == link
        assert (moved.read_bytes(), moved.stat().st_mtime_ns) == before[name]
        with Image.open(moved) as image:
            read = model.encode(np.asarray(image)[None, ..., None])
        assert read["digit"].value[0] == int(row["digit"])
        assert read["digit"].confidence[0] == pytest.approx(
            float(row["digit_confidence"]), abs=1e-5
        )
    assert len(below(out)) == len(before) + 1


def test_nothing_is_linked_into_the_cache(
    done: Path, odd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From which an archive may go."""
    shutil.make_archive(str(tmp_path / "odd"), "tar", odd)
    said = refused(capsys, "sort", done, tmp_path / "odd.tar", "-o", tmp_path / "out", "--link")
    assert "nothing to link to" in said
    assert not (tmp_path / "out").exists()


def test_the_unsure_have_a_folder_of_their_own(
    done: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sure = np.sort(
        [float(row["digit_confidence"]) for row in encoded(done, photos, tmp_path / "codes.csv")]
    )
    threshold = float(sure[20:22].mean())
    capsys.readouterr()
    run("sort", done, photos, "-o", tmp_path / "out", "--unsure", threshold)
    rows = table(tmp_path / "out" / "codes.csv")
    apart = [row for row in rows if float(row["digit_confidence"]) < threshold]
    assert len(apart) == 21
    assert all((row["sorted"].split("/")[0] == "unsure") == (row in apart) for row in rows)
    told = capsys.readouterr().out.split()[::-1]
    counts = {
        Path(folder).name: int(n)
        for folder, n in zip(told[::2], told[1::2], strict=True)
        if "/out/" in folder
    }
    assert counts["unsure"] == 21
    assert sum(counts.values()) == 64
    run(
        "sort", done, photos, "-o", tmp_path / "all"
    )  # nothing is sure of 0.9 here, and nothing is lost
    assert len(table(tmp_path / "all" / "codes.csv")) == 64


def encoded(done: Path, photos: Path, output: Path) -> list[dict[str, str]]:
    run("encode", done, photos, "-o", output)
    return table(output)


def test_where_all_are_unsure_it_says_what_to_try(
    done: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for threshold, told in ((1, True), (0, False)):
        run("sort", done, photos, "-o", tmp_path / f"{threshold}", "--unsure", threshold)
        assert ("less than 100% sure of every image" in capsys.readouterr().err) == told


def test_folders_bear_the_names(done: Path, photos: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(done, tmp_path / "run")
    for what, name in (("digit.0", "left/right"), ("digit.1", "left/right"), ("slant", "lean")):
        run("name", copy, what, name)
    run("sort", copy, photos, "-o", tmp_path / "out", "--unsure", 0)
    rows = table(tmp_path / "out" / "codes.csv")
    expected = {"0": "left_right", "1": "left_right", "2": "digit-2", "3": "digit-3"}
    assert all(row["sorted"].split("/")[0] == expected[row["digit"]] for row in rows)
    assert {row["digit_name"] for row in rows} <= {"left/right", ""}
    assert all("lean" in row for row in rows)


def test_two_names_are_never_one_folder(
    done: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(done, tmp_path / "run")
    for what, name in (("digit.0", "4/9"), ("digit.1", "4_9")):
        run("name", copy, what, name)
    said = refused(capsys, "sort", copy, photos, "-o", tmp_path / "out")
    assert "'4/9' and '4_9' would be one folder, 4_9" in said
    assert not (tmp_path / "out").exists()


def test_a_folder_is_sorted_by_the_code_that_is_named(
    photos: Path,
    tiny: RunConfig,
    images: Images,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of two categorical codes, by default the first; never by a factor."""
    model = fit(tiny.replace(latent={"kind_of": "categorical:3"}), tmp_path / "run", images=images)
    run("name", tmp_path / "run", "kind_of", "style")
    for code, words in (("digit", []), ("digit", ["digit"]), ("kind_of", ["style"])):
        out = tmp_path / f"{code}{len(words)}"
        given = ["--code", *words] if words else []
        run("sort", tmp_path / "run", photos, "-o", out, "--unsure", 0, *given)
        rows = table(out / "codes.csv")
        read = model.encode(load(str(photos), "all"))[code].value.tolist()
        assert [row["sorted"].split("/")[0] for row in rows] == [f"{code}-{int(v)}" for v in read]
    for wrong in ("slant", "kind"):
        refusal = refused(
            capsys, "sort", tmp_path / "run", photos, "-o", tmp_path / "no", "--code", wrong
        )
        assert f"--code {wrong}: choose one of digit, style" in refusal
    assert not (tmp_path / "no").exists()


def test_names_of_folders_cannot_lead_elsewhere() -> None:
    names = {
        0: "..",
        1: "/etc/passwd",
        2: "unsure",
        3: ".hidden",
        4: "codes.csv",
        5: "𝔷" * 80,
        6: "3",
        7: "a.",
    }
    made = folders("digit", 9, Names(categories={"digit": names}))
    assert made == [
        "_",
        "_etc_passwd",
        "unsure_",
        "_hidden",
        "codes.csv_",
        "𝔷" * 60,
        "3",
        "a",
        "digit-8",
    ]


def test_images_without_files_are_written(done: Path, images: Images, tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", images.pixels)
    run(
        "sort",
        done,
        tmp_path / "images.npy",
        "-o",
        tmp_path / "out",
        "--unsure",
        0,
        "--split",
        "validation",
    )
    rows = table(tmp_path / "out" / "codes.csv")
    assert [row["file"] for row in rows] == [
        f"{tmp_path / 'images.npy'}#{i}" for i in range(9, 64, 10)
    ]
    for row in rows:
        with Image.open(tmp_path / "out" / row["sorted"]) as image:
            assert np.array_equal(
                np.asarray(image), images.pixels[int(row["file"].partition("#")[2]), ..., 0]
            )


def test_sort_refuses(
    done: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = below(photos)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("keep")
    (tmp_path / "way").symlink_to(photos)
    np.save(tmp_path / "images.npy", np.zeros((20, 16, 16), np.uint8))
    for output in (photos, photos / "new", photos / "a" / "b" / "new", tmp_path / "way" / "new"):
        assert "lies in" in refused(capsys, "sort", done, photos, "-o", output)
    assert "not an empty folder" in refused(capsys, "sort", done, photos, "-o", tmp_path / "full")
    assert "not an empty folder" in refused(
        capsys, "sort", done, photos, "-o", tmp_path / "images.npy"
    )
    assert "--unsure" in refused(
        capsys, "sort", done, photos, "-o", tmp_path / "new", "--unsure", 90
    )
    words = ("sort", done, tmp_path / "images.npy", "-o", tmp_path / "new", "--link")
    assert "nothing to link to" in refused(capsys, *words)
    assert "no such file or folder" in refused(
        capsys, "sort", done, tmp_path / "nowhere", "-o", tmp_path / "new"
    )
    assert not (tmp_path / "new").exists()
    assert below(photos) == before
    assert (tmp_path / "full" / "mine").read_text() == "keep"


def test_a_copy_that_fails_is_told(done: Path, photos: Path, tmp_path: Path) -> None:
    """As on a full disk: which images were done, and nothing that could pass for the whole."""
    model, images = Model.load(done), load(str(photos), "all")
    files = [*images.files[:5], str(photos / "gone.png"), *images.files[6:]]
    gone = Images(images.pixels, files=files, root=str(photos))
    with pytest.raises(DataError, match=r"after 5 of 64 images \(No such file"):
        sort(gone, model.encode(gone), "digit", Names(), tmp_path / "out", unsure=0)
    assert not (tmp_path / "out" / "codes.csv").exists()


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that need not arrive."""
    monkeypatch.setattr("infogan.model.inversion.STEPS", 10)


class TestReconstruction:
    def test_its_own_images_come_back(self, trained: Path) -> None:
        """An image that G made, with the codes it was made from, is found again; a random z is far
        off."""
        model = Model.load(trained)
        draw = model.latent.sample(12, stream(3, "test"))
        with torch.no_grad():
            list(model.g.parameters())[-2].mul_(10)  # after so few steps all images are alike
            pixels = to_pixels(model.g(draw.vector()))
        codes = torch.cat(list(draw.values.values()), 1)
        found = reconstruct(model.g, model.latent, pixels, codes, seed=0)
        other = model.latent.sample(12, stream(4, "test")).noise
        with torch.no_grad():
            random = to_pixels(model.g(torch.cat([other, codes], 1)))
        assert found.images.shape == pixels.shape
        far = np.abs(random.astype(float) - pixels).mean()
        assert found.error.mean() < 0.2 * far
        assert found.error == pytest.approx(
            np.abs(found.images.astype(float) - pixels).mean((1, 2, 3))
        )

    @pytest.mark.usefixtures("few_steps")
    def test_each_image_alone_and_every_time(self, trained: Path, images: Images) -> None:
        model = Model.load(trained)
        before = {name: tensor.clone() for name, tensor in model.tensors().items()}
        together, again = model.reconstruct(images.pixels[:6]), model.reconstruct(images.pixels[:6])
        assert np.array_equal(together.images, again.images)
        alone = model.reconstruct(images.pixels[4:5])
        assert alone.error == pytest.approx(together.error[4:5], abs=0.2)
        assert not np.array_equal(
            model.reconstruct(images.pixels[:6], seed=1).images, together.images
        )
        assert all(torch.equal(tensor, before[name]) for name, tensor in model.tensors().items())
        assert all(p.grad is None for p in model.g.parameters())

    def test_codes_are_those_that_q_reads(self, trained: Path, images: Images) -> None:
        model = Model.load(trained)
        read = model.encode(images)
        codes = model.latent.read(read)
        assert (codes[:, :4].argmax(1).numpy() == read["digit"].value).all()
        assert codes[:, :4].sum(1).tolist() == [1] * 64
        assert codes[:, 4].numpy() == pytest.approx(read["slant"].mean)

    @pytest.mark.usefixtures("few_steps")
    def test_z_stays_where_its_distribution_has_it(self, tiny: RunConfig, images: Images) -> None:
        seen: list[torch.Tensor] = []
        for distribution in ("uniform", "normal"):
            model = Model(tiny.replace(latent={"distribution": distribution}), images.shape)
            model.g.register_forward_pre_hook(
                lambda _, inputs: seen.append(inputs[0][:, :8].detach().clone())
            )
            model.reconstruct(images.pixels[:3])
            if distribution == "uniform":
                assert max(float(z.abs().max()) for z in seen) <= 1
        assert float(seen[-1].square().mean()) < 4

    @pytest.mark.usefixtures("few_steps")
    def test_the_command(
        self, done: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = (
            "reconstruct",
            done,
            photos,
            "-n",
            13,
            "-o",
            tmp_path / "x.png",
            "--csv",
            tmp_path / "x.csv",
        )
        run(*words)
        rows = table(tmp_path / "x.csv")
        assert len(rows) == 13
        mean = np.mean([float(row["error"]) for row in rows])
        assert f"13 images, mean error {mean:.2f} of 255" in capsys.readouterr().out
        with Image.open(tmp_path / "x.png") as picture:
            assert min(picture.size) > 100
        assert "-n" in refused(capsys, "reconstruct", done, photos, "-n", 0)
        assert "--csv" in refused(capsys, *words[:-1], tmp_path / "no" / "x.csv")


@pytest.mark.parametrize("kind", ["acgan", "semigan", "catgan", "classifier"])
def test_the_family_sorts_and_says_whether_it_reconstructs(
    kind: str,
    tiny: RunConfig,
    photos: Path,
    images: Images,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    few_steps: None,
) -> None:
    """Classes give their names to folders; categories found without labels can be given names."""
    latent = {"digit": "categorical:4" if kind == "acgan" else "none", "slant": "none"}
    labels = None if kind == "catgan" else "all"
    objective = {"kind": "catgan", "k": 3} if kind == "catgan" else kind
    folder = Run(tmp_path / "run")
    begin(folder, tiny.replace(objective=objective, latent=latent, labels=labels))
    folder.close()
    Model(folder.config, images.shape, images.classes).save(folder.weights_file)
    run("name", folder.path, "class.1", "zwei")
    run("sort", folder.path, photos, "-o", tmp_path / "out", "--unsure", 0)
    names = ["class-0", "zwei", "class-2"] if kind == "catgan" else ["a", "zwei", "c", "d"]
    for row in table(tmp_path / "out" / "codes.csv"):
        assert row["sorted"].split("/")[0] == names[int(row["class"])]
    run("report", folder.path, "--data", photos)
    text = folder.report_file.read_text(encoding="utf-8")
    assert 'value="zwei"' in text
    assert ("Generated images" in text or "generated images of category" in text) == (
        kind != "classifier"
    )
    words = ("reconstruct", folder.path, photos, "-n", 3, "-o", tmp_path / "x.png")
    if kind == "classifier":
        assert "none can be reconstructed" in refused(capsys, *words)
    else:
        run(*words)
        assert (tmp_path / "x.png").is_file()


def test_a_model_without_codes_is_refused(
    tiny: RunConfig, done: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for i, latent in enumerate(({"digit": "none", "slant": "none"}, {"digit": "none"})):
        folder = Run(tmp_path / str(i))
        begin(folder, tiny.replace(objective=GAN(), augment=None, latent=latent))
        folder.close()
        Model(folder.config, (16, 16, 1)).save(folder.weights_file)
        assert "no categories" in refused(
            capsys, "sort", folder.path, photos, "-o", tmp_path / "out"
        )
