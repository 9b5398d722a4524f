"""Networks: the paper's sizes, every shape, a shared trunk, first weights, noise."""

from typing import Literal

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d
from torch.nn.utils.parametrize import register_parametrization

from infogan.core.errors import ConfigError
from infogan.core.random import Draws, stream
from infogan.networks import Mlp, Photo, Projected
from infogan.networks.base import Heads
from infogan.networks.dcgan import Dcgan, Discriminator, Even, Generator, normal
from infogan.networks.spectral import spectral

SHAPES = [
    (16, 16, 3),
    (17, 23, 1),
    (28, 28, 1),
    (32, 32, 3),
    (45, 31, 3),
    (64, 127, 1),
    (128, 128, 3),
    (256, 192, 1),
]


def size(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_parameters_of_the_papers_mnist_networks() -> None:
    g = Generator(Dcgan(), 74, (28, 28, 1))
    d = Discriminator(Dcgan(), (28, 28, 1), {"real": 1, "code": 14})
    assert size(g) == 6_652_481
    assert size(d.convolutions) + size(d.dense) == 6_558_144
    assert size(d.heads["real"]) == 1_025
    assert size(d.heads["code"]) == 133_262


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_any_shape_goes_in_and_comes_out(shape: tuple[int, int, int]) -> None:
    h, w, c = shape
    config = Dcgan(features=16)
    images = Generator(config, 5, shape)(torch.randn(2, 5))
    assert images.shape == (2, c, h, w)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert float(images.detach().abs().max()) <= 1
    verdict = Discriminator(config, shape, {"real": 1, "code": 7})(images)
    assert verdict.features.shape == (2, 16)
    assert {name: tuple(head.shape) for name, head in verdict.heads.items()} == {
        "real": (2, 1),
        "code": (2, 7),
    }


@pytest.mark.parametrize(
    ("shape", "words"), [((8, 28, 1), "data.size"), ((28, 257, 1), "data.size")]
)
def test_sides_outside_the_family(shape: tuple[int, int, int], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Generator(Dcgan(), 5, shape)


def test_a_further_head_changes_no_other_weight() -> None:
    """The paper's control run trains a Q beside a GAN and must not move its initial weights."""
    alone = Discriminator(Dcgan(features=16), (16, 16, 1), {"real": 1})
    beside = Discriminator(Dcgan(features=16), (16, 16, 1), {"code": 14, "real": 1})
    for name, tensor in alone.state_dict().items():
        assert torch.equal(tensor, beside.state_dict()[name]), name


def test_the_trunk_receives_no_gradient_from_a_detached_head() -> None:
    for detached in (frozenset[str](), frozenset({"code"})):
        d = Discriminator(Dcgan(features=16), (16, 16, 1), {"real": 1, "code": 3})
        d(torch.randn(4, 1, 16, 16), detached).heads["code"].square().sum().backward()
        receives = [p.grad is not None for p in d.dense.parameters()]
        assert all(receives) if not detached else not any(receives)
        assert all(p.grad is not None for p in d.heads["code"].parameters())


def test_d_apart_from_q_shares_no_weight_with_it() -> None:
    shape, heads = (16, 16, 1), {"real": 1, "code": 3}
    d = Discriminator(Dcgan(features=16, shared=False), shape, heads)
    assert d.apart is not None and list(d.heads) == ["code"]
    judged, read = set(d.apart.parameters()), {*d.convolutions.parameters(), *d.dense.parameters()}
    read |= set(d.heads.parameters())
    assert judged | read == set(d.parameters()) and not judged & read
    state = d.state_dict()
    assert not torch.equal(state["apart.convolutions.0.weight"], state["convolutions.0.weight"])
    for head, moved, still in (("real", judged, read), ("code", read, judged)):
        d.zero_grad()
        d(torch.randn(4, 1, 16, 16)).heads[head].square().sum().backward()
        assert all(p.grad is not None for p in moved)
        assert all(p.grad is None for p in still)


def test_d_apart_from_q_computes_what_is_asked_for() -> None:
    images, heads = torch.randn(4, 1, 16, 16), {"real": 1, "code": 3}
    d = Discriminator(Dcgan(features=16, shared=False), (16, 16, 1), heads).eval()
    assert d.apart is not None
    whole, passes = d(images).heads, list[nn.Module]()
    for part in (d.apart.dense, d.dense):
        part.register_forward_hook(lambda module, given, made: passes.append(module))
    for head, part in (("real", d.apart.dense), ("code", d.dense)):
        passes.clear()
        found = d(images, without=heads.keys() - {head}).heads
        assert list(found) == [head] and torch.equal(found[head], whole[head])
        assert passes == [part]
    passes.clear()
    assert d(images, without=heads.keys()).heads == {} and passes == [d.dense]


def test_close_ups_are_read_by_layers_of_their_own() -> None:
    """They change no other weight, say the same wherever a thing lies, and teach nothing else."""
    heads, shape = {"real": 1, "code": 3, "close": 4}, (64, 64, 1)
    config = Dcgan(channels=(8, 8, 8, 8), features=16)
    alone = Discriminator(config, shape, {"real": 1, "code": 3})
    d = Discriminator(config, shape, heads)  # whose normalisation shows what differs in a batch
    for name, tensor in alone.state_dict().items():
        assert torch.equal(tensor, d.state_dict()[name]), name
    images = torch.full((2, 1, 64, 64), -1.0)
    images[0, :, 8:24, 10:18] = images[1, :, 32:48, 40:48] = 1.0
    said = d(images).heads
    assert said["close"].shape == (2, 4)
    apart = {name: float((one - other).detach().abs().max()) for name, (one, other) in said.items()}
    assert apart["close"] < 2e-3  # rounding, which it enlarges
    assert apart["code"] > 2e-2
    assert "close" not in d(images, without=frozenset({"close"})).heads
    for detached in (frozenset[str](), frozenset({"close"})):
        d.zero_grad()
        d(images, detached).heads["close"].square().sum().backward()
        reader = d.heads["close"].get_submodule("reader")
        learns = {name: p.grad is not None for name, p in reader.named_parameters()}
        assert all(on == (not detached or name.startswith("heads")) for name, on in learns.items())
        assert all(p.grad is None for p in d.convolutions.parameters())


@pytest.mark.parametrize("shape", [(28, 28, 1), (64, 48, 3), (16, 17, 1)], ids=str)
@pytest.mark.parametrize("config", [Dcgan(), Dcgan(norm="spectral"), Dcgan(shared=False)], ids=str)
def test_images_of_any_shape_have_close_ups(shape: tuple[int, int, int], config: Dcgan) -> None:
    d = Discriminator(config, shape, {"real": 1, "code": 3, "close": 4})
    h, w, c = shape
    verdict = d(torch.randn(2, c, h, w))
    assert {name: tuple(head.shape) for name, head in verdict.heads.items()} == {
        "real": (2, 1),
        "code": (2, 3),
        "close": (2, 4),
    }


@pytest.mark.parametrize("width", [8, 16, 24, 32, 128])
def test_groups_are_wide_enough_to_tell_images_apart(width: int) -> None:
    """A group of one number would be constant, of two its signs; of one image, an error."""
    (norm,) = normal("group", width, flat=True)
    values = norm(torch.randn(50, width, generator=stream(0, "values")))
    assert values.std(0).min() > 0.5
    assert len(values.unique()) > 45 * width
    norm(torch.randn(1, width))


def test_one_convolution_has_close_ups_of_its_own_width() -> None:
    d = Discriminator(Dcgan(channels=(8,), features=16), (28, 28, 1), {"real": 1, "close": 2})
    convolutions = [m for m in d.heads["close"].modules() if isinstance(m, nn.Conv2d)]
    assert [m.out_channels for m in convolutions] == [8]


def test_an_even_convolution_doubles_pixels_and_then_convolves() -> None:
    layer = nn.ConvTranspose2d(3, 5, 4, 2, 1)
    register_parametrization(layer, "weight", Even())
    own, maps = layer.get_parameter("parametrizations.weight.original"), torch.randn(2, 3, 6, 7)
    kernel = own.flip(2, 3).transpose(0, 1)  # a transposed convolution's are turned
    doubled = maps.repeat_interleave(2, 2).repeat_interleave(2, 3)
    expected = conv2d(doubled, kernel, layer.bias, padding=1)
    torch.testing.assert_close(layer(maps), expected)


def test_gs_of_photos_lay_no_grid_over_even_ground() -> None:
    for family in (Photo(), Projected()):
        g = family.generator(8, (32, 32, 3)).eval()
        assert isinstance(g, Generator)
        images = g.up(torch.randn(1, g.map[2], 1, 1).expand(1, g.map[2], 40, 40))
        middle = images[:, :, 152:168, 152:168]  # far from the border
        torch.testing.assert_close(middle, middle[:, :, :1, :1].expand_as(middle))


def test_flattening_is_a_view() -> None:
    """Channels-last maps flatten as they lie: neither network copies on the way."""
    seen: dict[str, torch.Tensor] = {}
    g, d = (
        Generator(Dcgan(features=16), 5, (16, 16, 3)),
        Discriminator(Dcgan(features=16), (16, 16, 3), {"real": 1}),
    )
    for net, first, then in ((g, g.dense, g.up), (d, d.convolutions, d.dense)):
        first.register_forward_hook(lambda m, i, o: seen.update(out=o))
        then.register_forward_pre_hook(lambda m, i: seen.update(into=i[0]))
        net(
            torch.randn(2, 5)
            if net is g
            else torch.randn(2, 3, 16, 16).contiguous(memory_format=torch.channels_last)
        )
        assert seen["out"].data_ptr() == seen["into"].data_ptr()


def test_slope_and_initial_weights() -> None:
    d = Discriminator(Dcgan(slope=0.3), (28, 28, 1), {"real": 1, "code": 14})
    assert {m.negative_slope for m in d.modules() if isinstance(m, nn.LeakyReLU)} == {0.3}
    for module in d.modules():
        if isinstance(module, nn.Linear | nn.Conv2d) and module.weight.numel() > 1000:
            assert float(module.weight.detach().std()) == pytest.approx(0.02, rel=0.1)
            assert module.bias is not None and not module.bias.any()


MLP = Mlp(d_layers=(32, 24, 16), g_layers=(12,), pixel_noise=0, layer_noise=0)


def test_the_first_images_standardise_every_layer() -> None:
    """Before its ReLU, each output of D has mean 0 and variance 1 on the images of `prepare`."""
    images = torch.rand(200, 1, 8, 8, generator=stream(0, "x")) * 2 - 1
    d = MLP.discriminator((8, 8, 1), {"real": 1, "class": 4})
    outputs: list[torch.Tensor] = []
    for layer in (*d.get_submodule("layers").children(), *d.heads.values()):
        layer.register_forward_hook(lambda module, inputs, output: outputs.append(output.detach()))
    d(images)
    assert any(output.std(0).min() < 0.9 for output in outputs)
    d.prepare(images)
    outputs.clear()
    d(images)
    assert len(outputs) == 5
    for output in outputs:
        assert torch.allclose(output.mean(0), torch.zeros(output.shape[1]), atol=1e-4)
        assert torch.allclose(output.std(0), torch.ones(output.shape[1]), atol=1e-4)


def test_in_ds_layers_only_directions_and_biases_are_trained() -> None:
    d = MLP.discriminator((8, 8, 1), {"class": 4})
    fixed = [name for name, p in d.named_parameters() if not p.requires_grad]
    assert fixed == [f"layers.{i}.parametrizations.weight.original0" for i in range(3)]
    for layer in d.get_submodule("layers").children():
        assert isinstance(layer, nn.Linear)
        length = layer.weight.norm(dim=1)
        assert torch.allclose(length, torch.ones_like(length))


@pytest.mark.parametrize(("pixel", "layer"), [(0.3, 0.0), (0.0, 0.5)])
def test_noise_is_drawn_only_from_a_generator_that_is_given(pixel: float, layer: float) -> None:
    images = torch.rand(4, 1, 8, 8, generator=stream(0, "x")) * 2 - 1
    noisy = MLP.model_copy(update={"pixel_noise": pixel, "layer_noise": layer})
    plain, d = (family.discriminator((8, 8, 1), {"class": 4}) for family in (MLP, noisy))
    assert torch.equal(d(images).heads["class"], plain(images).heads["class"])
    draws = [Draws(stream(seed, "noise")) for seed in (1, 1, 2)]
    one, same, other = (d(images, noise=noise).heads["class"] for noise in draws)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert not torch.equal(one, plain(images).heads["class"])


HEADS: Heads = {"real": 1, "code": 7, "projection": 5}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_photos_of_any_shape_go_in_and_come_out(shape: tuple[int, int, int]) -> None:
    h, w, c = shape
    config = Photo(width=4, channels=4, hidden=8)
    images = config.generator(5, shape)(torch.randn(2, 5))
    assert images.shape == (2, c, h, w)
    verdict = config.discriminator(shape, HEADS)(images)
    assert verdict.features.shape == (2, 16)
    assert {name: tuple(head.shape) for name, head in verdict.heads.items()} == {
        "real": (2, 1),
        "code": (2, 7),
        "projection": (2, 5),
    }


def test_the_critic_judges_each_image_for_itself_and_leaves_the_trunk_alone() -> None:
    d = Photo(width=4, channels=4, hidden=8).discriminator((32, 32, 3), HEADS).train()
    images = torch.rand(6, 3, 32, 32, generator=stream(0, "x")) * 2 - 1
    with torch.no_grad():
        whole, part = d(images), d(images[:2])
    assert torch.allclose(whole.heads["real"][:2], part.heads["real"], atol=1e-5)
    assert not torch.allclose(whole.heads["code"][:2], part.heads["code"], atol=1e-3)
    d(images).heads["real"].sum().backward()
    moved = {name for name, p in d.named_parameters() if p.grad is not None and p.grad.any()}
    assert moved == {name for name, _ in d.named_parameters() if name.startswith("heads.real.")}


def test_heads_that_are_left_out_say_nothing_and_probes_leave_the_trunk_alone() -> None:
    d = Photo(width=4, channels=4, hidden=8).discriminator((28, 28, 1), HEADS)
    images = torch.rand(4, 1, 28, 28) * 2 - 1
    whole = d(images)
    only = d(images, frozenset(), None, frozenset({"code", "projection"}))
    assert only.heads.keys() == {"real"}
    assert only.features.shape == (4, 0)
    views = d(images, frozenset(), None, frozenset({"real"}))
    assert views.heads.keys() == {"code", "projection"}
    assert torch.equal(views.heads["code"], whole.heads["code"])
    d(images, frozenset({"code"})).heads["code"].sum().backward()
    assert {n for n, p in d.named_parameters() if p.grad is not None} == {
        n for n, _ in d.named_parameters() if n.startswith("heads.code.")
    }
    for family in (Dcgan(channels=(4,), features=8), Mlp(d_layers=(8,))):
        other = family.discriminator((28, 28, 1), {"real": 1, "code": 7})
        assert other(images, frozenset(), None, frozenset({"real"})).heads.keys() == {"code"}


def test_the_trunk_does_not_see_how_bright_or_how_rich_in_contrast_an_image_is() -> None:
    d = Photo(width=4, channels=4, hidden=8).discriminator((64, 64, 3), HEADS).eval()
    coarse = torch.rand(4, 3, 4, 4, generator=stream(0, "x")) * 2 - 1
    images = nn.functional.interpolate(coarse, (64, 64))
    with torch.no_grad():
        features, changed = d(images).features, d(0.7 * images + 0.2).features
        other = d(images.flip(0)).features
    assert float((features - changed).abs().max()) < 0.2 * float((features - other).abs().max())
    black = d(torch.full((2, 3, 64, 64), -1.0))
    assert all(head.isfinite().all() for head in black.heads.values())


@pytest.mark.parametrize("norm", [None, "batch"])
def test_a_critic_compares_the_images_of_a_batch_only_where_it_is_normalised(
    norm: Literal["batch"] | None,
) -> None:
    d = Photo(width=4, channels=4, hidden=8, norm=norm).discriminator((28, 28, 1), HEADS).train()
    images = torch.randn(8, 1, 28, 28, generator=stream(0, "x"))
    others = torch.cat([images[:1], 3 * images[1:]])
    with torch.no_grad():
        alone, beside = d(images).heads["real"][0], d(others).heads["real"][0]
    assert torch.allclose(alone, beside, rtol=1e-4) == (norm is None)


def test_first_weights_of_photo_networks_depend_on_seed_and_head_alone() -> None:
    config, shape = Photo(width=4, channels=4, hidden=8), (28, 28, 1)
    one, more = (
        config.discriminator(shape, heads, 3).state_dict()
        for heads in ({"real": 1, "code": 7}, HEADS)
    )
    assert all(torch.equal(one[name], more[name]) for name in one)
    other = config.discriminator(shape, HEADS, 4).state_dict()
    assert not torch.equal(more["trunk.layers.0.weight"], other["trunk.layers.0.weight"])


def test_spectral_normalisation_divides_by_the_largest_singular_value() -> None:
    config = Dcgan(features=24, q_hidden=12, norm="spectral")
    d = Discriminator(config, (32, 32, 3), {"real": 1, "code": 5})
    layers = [m for m in d.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert not any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in d.modules())
    for layer in layers:
        weight = layer.get_parameter("parametrizations.weight.original")
        sigma = torch.linalg.matrix_norm(weight.detach().flatten(1), 2)
        assert torch.allclose(layer.weight * sigma, weight, rtol=0.01)
    images, other = torch.rand(2, 8, 3, 32, 32) * 2 - 1
    # Each 4x4 convolution of stride 2 reads a pixel 4 times, so it enlarges by 2 at most.
    far = (d(images).features - d(other).features).norm(dim=1)
    assert (far <= 2**3 * (images - other).flatten(1).norm(dim=1)).all()
    with torch.device("meta"):  # as a model is made that is about to be read from a file
        same = Discriminator(config, (32, 32, 3), {"real": 1, "code": 5})
    same.load_state_dict(d.state_dict(), assign=True)
    assert torch.equal(same(images).features, d(images).features)
    alone = d(images[:1]).heads["code"]
    assert torch.allclose(alone, d(images).heads["code"][:1], atol=1e-6)


def test_spectral_norms_gradient_is_that_of_the_quotient() -> None:
    layer = nn.Linear(6, 4)
    weight = layer.weight.detach().double().requires_grad_()
    spectral(layer)
    factor = torch.randn(4, 6, dtype=torch.float64)
    (factor * weight / torch.linalg.matrix_norm(weight, 2)).sum().backward()
    (factor.float() * layer.weight).sum().backward()
    own = layer.get_parameter("parametrizations.weight.original").grad
    assert own is not None
    assert weight.grad is not None
    assert torch.allclose(own.double(), weight.grad, atol=1e-3)


def test_layers_of_given_widths_refuse_images_beyond_their_sides() -> None:
    beyond = "images are 1200x10; sides from 1 to 1024 work"
    with pytest.raises(ConfigError, match=beyond):
        Mlp().generator(5, (1200, 10, 1))
    with pytest.raises(ConfigError, match=beyond):
        Mlp().discriminator((1200, 10, 1), {"real": 1})
