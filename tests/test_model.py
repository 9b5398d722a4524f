"""What a user holds: sample, encode, traverse, measure, save and load; a file alone, and files that
are refused."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from infogan.config.settings import RunConfig
from infogan.core.errors import ConfigError, DataError, RunError, TrainingError
from infogan.core.random import stream
from infogan.data.images import Images
from infogan.latent.latent import Latent
from infogan.model import file
from infogan.model.model import Model
from infogan.networks import Shape
from infogan.networks.base import Family
from infogan.networks.dcgan import initialise
from infogan.objectives import GAN, InfoGAN
from infogan.objectives.base import Loss, Scene
from infogan.runs.names import Names
from infogan.training.trainer import Trainer, train


@pytest.fixture(scope="module")
def model(trained: Path) -> Model:
    return Model.load(trained)


def same(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# Use


def test_samples_depend_on_seed_and_codes_alone(model: Model) -> None:
    assert model.sample(7, digit=2, slant=0.5).shape == (7, 16, 16, 1)
    assert np.array_equal(model.sample(5, seed=3), model.sample(5, seed=3))
    assert not np.array_equal(model.sample(5, seed=3), model.sample(5, seed=4))
    assert not np.array_equal(model.sample(5, digit=0), model.sample(5, digit=1))
    with pytest.raises(ConfigError, match="digit"):
        model.sample(5, digit=4)


def test_a_value_far_outside_the_trained_range_is_said(
    model: Model, caplog: pytest.LogCaptureFixture
) -> None:
    model.sample(2, digit=3, slant=-2)  # as far as the explorer's slider reaches
    assert not caplog.messages
    model.sample(2, digit=3, slant=50)
    assert caplog.messages == ["slant=50: far outside the trained range, -1 to 1"]
    turning = Model(model.config.replace(latent={"turn": "angle"}), model.shape)
    turning.sample(2, turn=50)  # eight turns, less a little
    assert len(caplog.messages) == 1


def test_a_row_of_a_traversal_is_sample_with_one_code_moved(model: Model) -> None:
    grid, sweep = model.traverse("slant", rows=3, steps=5)
    assert (grid.shape, sweep) == ((3, 5, 16, 16, 1), [-1, -0.5, 0, 0.5, 1])
    assert not np.array_equal(grid, model.traverse("slant", rows=3, steps=5, seed=1)[0])
    draw = model.latent.sample(3, stream(0, "traverse"), slant=0.5)
    assert np.array_equal(grid[:, 3], model.generate(draw.vector()))


def test_no_images_and_values_beyond_single_precision_are_refused(model: Model) -> None:
    with pytest.raises(ConfigError, match="0 is no number of draws; give 1 or more"):
        model.sample(0)
    with pytest.raises(ConfigError, match="10 rows of 0 steps are no sweep"):
        model.traverse("slant", steps=0)
    with pytest.raises(ConfigError, match="1e\\+39 is no value of a continuous code"):
        model.sample(2, slant=1e39)


def test_encoding_reads_every_code(model: Model, images: Images) -> None:
    read = model.encode(images)
    assert read["digit"].probs.shape == (64, 4)
    assert read["digit"].probs.sum(1) == pytest.approx(1)
    assert ((read["slant"].confidence > 0) & (read["slant"].confidence < 1)).all()
    assert np.array_equal(read["digit"].probs, model.encode(images.pixels)["digit"].probs)
    with pytest.raises(DataError, match=r"28x28x1.*16x16x1"):
        model.encode(np.zeros((2, 28, 28, 1), np.uint8))


def test_one_image_reads_the_same_alone_and_in_company(model: Model, images: Images) -> None:
    """In evaluation mode there are no batch statistics: the answer does not depend on the
    others."""
    together, alone = (
        model.encode(images)["slant"].mean,
        model.encode(images.pixels[:1])["slant"].mean,
    )
    assert alone == pytest.approx(together[:1], abs=1e-5)


def test_the_bound_is_that_of_encoded_samples(model: Model) -> None:
    """L_I by hand, from images in [-1, 1] before they are rounded to grey levels: nearly the
    same."""
    bounds, n = model.lower_bound(2000, seed=5), 2000
    draw = model.latent.sample(n, stream(5, "lower bound"))
    read = model.encode(model.generate(draw.vector()))["digit"].probs
    log_q = np.log(read[np.arange(n), draw.values["digit"].argmax(1).numpy()])
    assert bounds["digit"][0] == pytest.approx(np.log(4) + log_q.mean(), abs=1e-3)
    assert bounds["digit"][1] == pytest.approx(log_q.std() / n**0.5, rel=0.05)
    assert bounds["digit"][0] <= np.log(4)
    assert bounds.keys() == {"digit", "slant"}


def test_the_bounds_error_falls_with_the_root_of_n(model: Model) -> None:
    errors = [model.lower_bound(n)["digit"][1] for n in (1000, 4000)]
    assert errors[1] / errors[0] == pytest.approx(0.5, rel=0.15)


def test_who_reads_the_categories(tiny: RunConfig) -> None:
    """Q by a code, a class head that G is given the class by, one that it is not, nobody."""
    shape, names = (16, 16, 1), ("a", "b", "c", "d")
    plain = {"latent": {"digit": "none", "slant": "none"}, "augment": "none"}
    acgan = {"latent": {"slant": "none"}, "objective": "acgan", "labels": "all"}
    semigan = plain | {"objective": "semigan", "labels": 2}
    catgan = plain | {"objective": {"kind": "catgan", "k": 3}}
    found = {}
    for changes in ({}, acgan, semigan, catgan, plain | {"objective": "gan"}):
        one = Model(tiny.replace(**changes), shape, names)
        found[one.config.objective.kind] = (one.categorical, one.drawn, one.class_names)
    assert found == {
        "infogan": ("digit", "digit", ()),
        "acgan": ("class", "digit", names),
        "semigan": ("class", None, names),
        "catgan": ("class", None, ("0", "1", "2")),
        "gan": (None, None, ()),
    }
    asked = Model(tiny.replace(**acgan), shape, names)
    assert (asked.class_code, asked.class_index("c")) == ("digit", 2)
    with pytest.raises(ConfigError, match="infogan"):
        _ = Model(tiny, shape).class_code
    with pytest.raises(ConfigError, match=r"'e'.*a, b, c, d"):
        asked.class_index("e")


def test_what_has_no_generator_or_no_q_says_so(tiny: RunConfig, images: Images) -> None:
    plain = {"latent": {"digit": "none", "slant": "none"}, "augment": "none"}
    classifier = Model(
        tiny.replace(**plain, objective="classifier", labels="all"), images.shape, images.classes
    )
    with pytest.raises(ConfigError, match="classifier"):
        classifier.sample(1)
    with pytest.raises(ConfigError, match="classifier"):
        classifier.reconstruct(images)
    assert classifier.lower_bound(10) == {}


# Files


@pytest.fixture
def alone(trained: Path, tmp_path: Path) -> Path:
    """The model's file, with no run around it."""
    path = tmp_path / "elsewhere.safetensors"
    shutil.copy(trained / "model.safetensors", path)
    return path


def test_a_file_alone_is_the_model_of_its_run(trained: Path, alone: Path, images: Images) -> None:
    model, run = Model.load(alone), Model.load(str(trained))
    assert same(model.tensors(), run.tensors())
    assert (model.config, model.shape) == (run.config, run.shape)
    assert model.classes == tuple("abcd")
    assert np.array_equal(model.sample(5, seed=3), run.sample(5, seed=3))
    read = [one.encode(images)["digit"].probs for one in (model, run)]
    assert np.array_equal(read[0], read[1])


def test_names_of_a_user_stay_with_the_run(trained: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(trained, tmp_path / "run"))
    given = {"codes": {"slant": "lean"}, "categories": {"digit": {"2": "two"}}}
    (run / "names.json").write_text(json.dumps(given))
    assert Model.load(run).names.category("digit", 2) == "two"
    assert Model.load(run / "model.safetensors").names == Names()


def test_classes_of_a_labelled_model_have_their_names(tiny: RunConfig, tmp_path: Path) -> None:
    plain = {"latent": {"digit": "none", "slant": "none"}, "augment": "none"}
    config = tiny.replace(**plain, objective="semigan", labels=2)
    Model(config, (16, 16, 1), ("a", "b")).save(tmp_path / "model.safetensors")
    loaded = Model.load(tmp_path / "model.safetensors")
    assert loaded.names.category("class", 1) == "b"


def test_saving_again_gives_the_same_bytes(alone: Path, tmp_path: Path) -> None:
    Model.load(alone).save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == alone.read_bytes()


def edited(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    """Change what stands beside the tensors, under the sha256 that belongs to it."""

    def edit(path: Path) -> None:
        content, tensors = path.read_bytes(), load_file(path)
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + size])
        about = json.loads(header["__metadata__"]["infogan"])
        change(about)
        del about["sha256"]
        about["sha256"] = file.digest(tensors, json.dumps(about))
        header["__metadata__"]["infogan"] = json.dumps(about)
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + size :])

    return edit


def bytes_as(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(change(path.read_bytes()))


def bomb(length: int, text: bytes = b"") -> Callable[[bytes], bytes]:
    """A header that claims a length, and begins with this text."""
    return lambda content: length.to_bytes(8, "little") + text + content[8 + len(text) :]


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (bytes_as(lambda content: b""), "model"),
    "a pickle": (bytes_as(lambda content: b"\x80\x04cos\nsystem\n"), "model"),
    "truncated": (bytes_as(lambda content: content[:-100]), "size"),
    "longer": (bytes_as(lambda content: content + bytes(4)), "size"),
    "flipped": (bytes_as(lambda content: content[:-9] + b"\x01" + content[-8:]), "changed"),
    "a header of terabytes": (bytes_as(bomb(1 << 42)), str(1 << 42)),
    "a nested header": (bytes_as(bomb(900_000, b"[" * 900_000)), "model"),
    "another format": (edited(lambda about: about.update(format=9)), "format 9"),
    "a wider network": (
        edited(lambda about: about["config"]["networks"].update(features=64)),
        "settings",
    ),
    "another shape": (edited(lambda about: about.update(shape=[32, 32, 1])), "settings"),
    "no shape": (edited(lambda about: about.update(shape=None)), "model"),
    "a setting out of range": (edited(lambda about: about["config"].update(steps=-1)), "steps"),
    "an unknown setting": (edited(lambda about: about["config"].update(spam=1)), "spam"),
    "no settings": (edited(lambda about: about.pop("config")), "config"),
}
"""What is done to a good file, and what the message names."""


def test_the_edit_itself_is_no_reason(alone: Path, images: Images) -> None:
    before = Model.load(alone)
    edited(lambda about: about["config"].update(batch=33))(alone)
    after = Model.load(alone)
    assert after.config.batch == 33
    assert same(before.tensors(), after.tensors())


@pytest.mark.parametrize("case", REFUSED)
def test_bad_files_are_refused(case: str, alone: Path) -> None:
    spoil, named = REFUSED[case]
    spoil(alone)
    with pytest.raises(RunError, match=named) as caught:
        Model.load(alone)
    assert str(alone) in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(alone: Path, value: float) -> None:
    spoilt = Model.load(alone)
    with torch.no_grad():
        next(spoilt.d.parameters()).view(-1)[3] = value
    spoilt.save(alone)
    with pytest.raises(RunError, match=r"d\.convolutions\.0"):
        Model.load(alone)


def test_a_folder_of_other_settings_is_refused(trained: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(trained, tmp_path / "run"))
    config = json.loads((run / "config.json").read_text())
    config["networks"]["features"] = 64
    (run / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match=r"networks.*config\.json"):
        Model.load(run)
    (run / "model.safetensors").unlink()
    with pytest.raises(RunError, match=r"not finished.*model\.safetensors"):
        Model.load(run)
    with pytest.raises(RunError, match=r"config\.json"):
        Model.load(tmp_path / "nowhere")


# A third network, which an objective brings


class Critic(InfoGAN):
    """InfoGAN with a network that reads z back from D's features, stepped with G."""

    def networks(
        self, latent: Latent, family: Family, shape: Shape, seed: int
    ) -> dict[str, nn.Module]:
        critic = nn.Sequential(nn.Linear(32, 8), nn.BatchNorm1d(8), nn.Linear(8, latent.noise))
        initialise(critic, stream(seed, "initialise the critic"))
        return {"critic": critic}

    def _reading(self, scene: Scene) -> Loss:
        z = scene.network("critic")(scene.fake.features).float()
        return Loss({"critic": mse_loss(z, scene.draw.noise)})

    def d_loss(self, scene: Scene) -> Loss:
        return super().d_loss(scene) | self._reading(scene)

    def g_loss(self, scene: Scene) -> Loss:
        return super().g_loss(scene) | self._reading(scene)


class Settings(RunConfig):
    """Settings whose objective has three networks."""

    objective: Critic = Critic()


@pytest.fixture
def three(tiny: RunConfig) -> Settings:
    return Settings.from_tree(tiny.tree())


def critic_of(trainer: Trainer) -> dict[str, Tensor]:
    named = trainer.model.networks["critic"].named_parameters()
    return {name: parameter.detach().clone() for name, parameter in named}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_third_network_steps_with_g_and_is_frozen_in_ds_step(
    three: Settings, images: Images, precision: str
) -> None:
    trainer = Trainer(three.replace(precision=precision), images)
    trainer.model.networks.train()
    first = critic_of(trainer)
    trainer.d_step(0)
    assert same(critic_of(trainer), first)
    assert all(p.grad is None for p in trainer.model.networks["critic"].parameters())
    trainer.g_step(0)
    moved = [not torch.equal(tensor, first[name]) for name, tensor in critic_of(trainer).items()]
    assert all(moved)
    copies = trainer.players["critic"].copies
    assert (precision == "bf16") == bool(copies)
    assert all(
        torch.equal(copy, critic_of(trainer)[name].bfloat16()) for name, copy in copies.items()
    )


def test_a_third_network_is_averaged(three: Settings, images: Images) -> None:
    trainer = Trainer(three, images)
    first = critic_of(trainer)
    for _ in range(2):
        trainer.advance()
    last = critic_of(trainer)
    averaged = {k: v.clone() for k, v in trainer.averages["critic"].module.named_parameters()}
    trainer.finished()
    assert same(critic_of(trainer), averaged)
    assert not same(critic_of(trainer), last) and not same(critic_of(trainer), first)


@pytest.mark.parametrize("part", ["model", "average"])
def test_a_third_network_is_looked_at(three: Settings, images: Images, part: str) -> None:
    trainer = Trainer(three, images)
    trainer.advance()
    spoilt = trainer.averages if part == "average" else trainer.model.networks
    with torch.no_grad():
        next(spoilt["critic"].parameters())[0, 0] = float("nan")
    named = rf"{'average.' if part == 'average' else ''}critic\.\S*0\.weight"
    with pytest.raises(TrainingError, match=named):
        trainer.state() if part == "average" else trainer.advance()


def test_a_third_network_resumes_bit_for_bit(three: Settings, images: Images) -> None:
    whole, half = Trainer(three, images), Trainer(three, images)
    for trainer in (whole, half):
        trainer.advance()
        trainer.advance()
    resumed = Trainer(three, images)
    resumed.restore(*half.state())
    for trainer in (whole, resumed):
        trainer.advance()
    values, weights, moments = whole.state()
    again = resumed.state()
    assert values["step"] == again[0]["step"] == 3
    assert same(weights, again[1]) and same(moments, again[2])
    assert {name for name in weights if "critic" in name} >= {
        "critic.0.weight",
        "average.critic.module.0.weight",
    }


def test_a_third_network_is_saved_and_loaded(
    three: Settings, images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = train(Trainer(three, images))
    assert model is not None
    model.save(tmp_path / "model.safetensors")
    with pytest.raises(RunError, match="settings"):  # as an InfoGAN it would be of two networks
        Model.load(tmp_path / "model.safetensors")
    monkeypatch.setattr("infogan.model.model.RunConfig", Settings)
    loaded = Model.load(tmp_path / "model.safetensors")
    assert list(loaded.networks) == ["g", "d", "critic"]
    assert same(loaded.tensors(), model.tensors())
    assert not loaded.networks["critic"].training


def test_the_gan_without_codes_reads_nothing(tiny: RunConfig, images: Images) -> None:
    plain = {"latent": {"digit": "none", "slant": "none"}, "augment": "none"}
    model = Model(tiny.replace(**plain, objective=GAN()), images.shape)
    assert model.encode(images) == {} and model.lower_bound(10) == {}
