"""The trainer: who moves when, same seed same bytes, resuming, stopping on a loss that is not
finite."""

import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from harness import strokes

import infogan as ig
from infogan.analysis.evaluation import judged, shown
from infogan.config.settings import RunConfig
from infogan.core.errors import ConfigError, RunError, TrainingError
from infogan.core.random import Part, stream
from infogan.data.augment import Affine
from infogan.data.images import Images
from infogan.model.model import Model
from infogan.objectives import GAN, InfoGAN
from infogan.objectives.base import Loss
from infogan.objectives.terms import information
from infogan.pipeline.run import fit
from infogan.runs import checkpoints
from infogan.runs.folder import Run
from infogan.training import forecast
from infogan.training.device import Engine
from infogan.training.monitor import Means, check_finite
from infogan.training.recorder import NullRecorder
from infogan.training.step import remaining
from infogan.training.trainer import Progress, Trainer, train


def state(trainer: Trainer, part: str) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in trainer.model.tensors().items() if k.startswith(part)}


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(a[k], b[k]) for k in a)


ORDER = """
import sys
sys.path += [".", "faults"]
from conftest import TINY
from harness import strokes
from infogan.training.trainer import Trainer
changes = {"objective": {"q_step": "g", "real_weight": 0.0}, "latent": {"digit": {"close": True}}}
trainer = Trainer(TINY.replace(**changes), strokes(16))
print([tuple(values.shape) for values in trainer.g_optim.param_groups[0]["params"]])
"""


def test_what_steps_with_g_has_one_order_in_every_process() -> None:
    """By it moments are resumed, and gradients are summed over processes."""
    found = set()
    for seed in ("1", "2"):  # under which a set of both heads has two orders
        told = [sys.executable, "-c", ORDER]
        env = os.environ | {"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"}
        place = Path(__file__).parent
        ran = subprocess.run(told, env=env, cwd=place, capture_output=True, text=True, check=True)
        found.add(ran.stdout)
    assert len(found) == 1


def test_generated_images_are_read_in_close_ups_as_the_finished_model_reads_them(
    tiny: RunConfig, images: Images
) -> None:
    """Each by itself; as a whole, by statistics of their own batch."""
    digit = {"kind": "categorical", "k": 4, "close": True}
    trainer = Trainer(tiny.replace(latent={"digit": digit}), images)
    for _ in range(3):
        trainer.advance()
    step = trainer._look("g", 3)
    d = trainer.model.d
    before = {name: buffer.clone() for name, buffer in d.named_buffers()}
    with torch.no_grad():
        read = step.fake.heads
        assert all(torch.equal(d.get_buffer(name), buffer) for name, buffer in before.items())
        finished = d.eval()(step._drawn).heads
    assert torch.allclose(read["close"], finished["close"], atol=1e-6)
    assert not torch.allclose(read["code"], finished["code"], atol=1e-4)
    d.train()
    assert all(layer.training for layer in d.modules())


@pytest.mark.parametrize(
    "objective", [GAN(), InfoGAN(), InfoGAN(q_step="g")], ids=["gan", "d", "g"]
)
def test_the_other_player_stays_as_it_is(
    tiny: RunConfig, images: Images, objective: GAN | InfoGAN
) -> None:
    trainer = Trainer(tiny.replace(objective=objective), images)
    trainer.model.g.train()
    trainer.model.d.train()
    g, d = state(trainer, "g"), state(trainer, "d")
    trainer.d_step(0)
    learned_by_g = {k: v for k, v in g.items() if "running" not in k and "num_batches" not in k}
    assert equal(learned_by_g, state(trainer, "g"))
    assert not equal(d, state(trainer, "d"))
    d = state(trainer, "d")
    trainer.g_step(0)
    q = {k for k in d if k.startswith("d.heads.code")}
    with_g = q if isinstance(objective, InfoGAN) and objective.q_step == "g" else set()
    others = {k: v for k, v in d.items() if k not in with_g}  # buffers as well
    assert equal(others, state(trainer, "d"))
    assert not equal(g, state(trainer, "g"))
    assert not with_g or not equal({k: d[k] for k in q}, state(trainer, "d"))
    assert all(p.requires_grad for p in trainer.model.d.parameters())


def test_d_steps_before_each_g_step(
    tiny: RunConfig, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, int]] = []
    for player in ("d_step", "g_step"):
        original = getattr(Trainer, player)

        def spy(self: Trainer, batch: int, player: str = player, original: Any = original) -> Any:
            calls.append((player, batch))
            return original(self, batch)

        monkeypatch.setattr(Trainer, player, spy)
    trainer = Trainer(tiny.replace(d_steps=3), images)
    trainer.advance()
    trainer.advance()
    expected = [("d_step", 0), ("d_step", 1), ("d_step", 2), ("g_step", 0)]
    assert calls == [*expected, ("d_step", 3), ("d_step", 4), ("d_step", 5), ("g_step", 1)]


def test_batch_statistics_are_those_of_real_images(tiny: RunConfig, images: Images) -> None:
    """G's images may be anything: D's running statistics must not move with them."""
    trainers = [Trainer(tiny, images) for _ in range(2)]
    with torch.no_grad():
        for p in trainers[1].model.g.parameters():
            p.mul_(3)
    for trainer in trainers:
        trainer.model.d.train()
        trainer.d_step(0)
    running = [{k: v for k, v in state(t, "d").items() if "running" in k} for t in trainers]
    assert running[0]
    assert equal(*running)


def test_same_seed_same_bytes_other_seed_other_bytes(
    tiny: RunConfig, images: Images, trained: Path, tmp_path: Path
) -> None:
    """Logging more often shifts nothing."""
    again = fit(tiny.replace(log_every=1), tmp_path / "again", images=images)
    other = fit(tiny.replace(seed=1), tmp_path / "other", images=images)
    first = Model.load(trained).tensors()
    assert equal(first, again.tensors())
    assert not equal(first, other.tensors())


class Keeping(NullRecorder):
    """A recorder that keeps states, and asks to stop at a step."""

    def __init__(self, stop: int) -> None:
        super().__init__()
        self.stop, self.states = stop, list[Any]()

    def save(self, *state: object) -> None:
        self.states.append(state)

    def stop_requested(self) -> bool:
        return self.line.get("step") == self.stop


def test_training_needs_no_folder(
    tiny: RunConfig,
    images: Images,
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a recorder that keeps nothing, the model is that of a run folder, bit for bit."""
    monkeypatch.chdir(tmp_path)
    recorder, steps = NullRecorder(), list[int]()
    model = train(Trainer(tiny, images), recorder, lambda step, line: steps.append(step))
    assert model is not None
    assert equal(model.tensors(), Model.load(trained).tensors())
    assert steps == [1, 2, 3, 4, 5, 6]
    assert drop_time(recorder.line) == drop_time(Run(trained).metrics()[-1])
    assert not list(tmp_path.iterdir())


def test_a_recorder_can_ask_to_stop(tiny: RunConfig, images: Images, trained: Path) -> None:
    """A state is saved then, from which another trainer ends in the same bytes."""
    recorder = Keeping(stop=4)
    assert train(Trainer(tiny, images), recorder) is None
    last = recorder.states[-1]
    assert last[0]["step"] == 5  # it is asked before the line of a step is written
    again = Trainer(tiny, images)
    again.restore(*last)
    model = train(again)
    assert model is not None
    assert equal(model.tensors(), Model.load(trained).tensors())


def test_a_checkpoint_of_other_networks_is_refused_in_words(
    tiny: RunConfig, images: Images
) -> None:
    trainer = Trainer(tiny, images)
    values, weights, moments = trainer.state()
    name = next(key for key in weights if key.startswith("g.up"))
    for other in (
        {key: tensor for key, tensor in weights.items() if key != name},
        weights | {name: weights[name][:1, :1]},
        weights | {"g.up.0.parametrizations.weight.original": weights[name]},
    ):
        with pytest.raises(RunError, match=r"not those of its settings.*--fresh"):
            trainer.restore(values, other, moments)
    trainer.restore(values, weights, moments)


@pytest.mark.parametrize("at", [3, 5])
def test_resuming_is_the_same_call(
    tiny: RunConfig, images: Images, trained: Path, tmp_path: Path, at: int
) -> None:
    """Stopped at step 5, the run goes on from its checkpoint at 3, rewrites the log, ends in the
    same bytes."""
    with pytest.raises(StopError):
        fit(tiny, tmp_path / "run", images=images, progress=stop_at(at))
    with pytest.raises(RunError, match=r"model\.safetensors"):
        Model.load(tmp_path / "run")
    fit(tiny, tmp_path / "run", images=images)
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == (
        trained / "model.safetensors"
    ).read_bytes()
    logs = [
        [drop_time(line) for line in Run(path).metrics()] for path in (tmp_path / "run", trained)
    ]
    assert logs[0] == logs[1]


def test_warm_up_on_real_images(tiny: RunConfig, images: Images, tmp_path: Path) -> None:
    """Q learns while G and D's decision wait; stopped within that time and just after it, the run
    ends in the same bytes; its log says of each line what was played in it."""
    first = tiny.replace(objective={"warm_up": 0.5}, steps=8)  # lines every 2, checkpoints every 3
    trainer = Trainer(first, images)
    g, d = state(trainer, "g"), state(trainer, "d")
    for _ in range(4):
        trainer.advance()
    learned = {
        name for name, value in state(trainer, "d").items() if not torch.equal(value, d[name])
    }
    assert equal(state(trainer, "g"), g)
    assert {"d.heads.code.3.weight", "d.convolutions.0.weight"} <= learned
    assert not any("heads.real" in name for name in learned)
    trainer.advance()
    assert not torch.equal(state(trainer, "d")["d.heads.real.weight"], d["d.heads.real.weight"])
    assert not torch.equal(state(trainer, "g")["g.dense.0.weight"], g["g.dense.0.weight"])

    whole = fit(first, tmp_path / "whole", images=images)
    for at in (4, 7):
        with pytest.raises(StopError):
            fit(first, tmp_path / f"at {at}", images=images, progress=stop_at(at))
        again = fit(first, tmp_path / f"at {at}", images=images)
        assert equal(again.tensors(), whole.tensors())
    terms = [
        {name for name in line if name.startswith(("d/", "g/"))}
        for line in Run(tmp_path / "whole").metrics()
    ]
    assert terms[0] == terms[1] == {"d/real info/digit"}
    assert terms[2] == terms[3] > {"d/real", "g/adversarial"}


class StopError(Exception):
    pass


def stop_at(at: int) -> Progress:
    """A progress that stops the run there."""

    def stop(step: int, line: dict[str, float]) -> None:
        if step == at:
            raise StopError

    return stop


def test_speed_counts_every_image_that_d_saw(tiny: RunConfig, images: Images) -> None:
    lines = list[dict[str, Any]]()

    class Lines(NullRecorder):
        def write(self, line: dict[str, Any]) -> None:
            lines.append(line)

    train(Trainer(tiny.replace(d_steps=3, log_every=2, steps=4), images), Lines())
    seen = [line["images_per_second"] * line["seconds"] for line in lines]
    assert seen == pytest.approx([2 * 3 * tiny.batch] * 2)


def test_bf16_is_taken_where_a_gpu_has_it_and_not_where_it_is_emulated(
    tiny: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = torch.device("cuda")
    probe = SimpleNamespace(device=there, item=float)
    monkeypatch.setattr(torch, "zeros", lambda *_, device: probe)
    auto = tiny.replace(device="cuda", precision="auto")
    for has, dtype in ((True, torch.bfloat16), (False, torch.float32)):

        def supported(including_emulation: bool = True, has: bool = has) -> bool:
            return has or including_emulation

        monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
        assert Engine.of(auto).dtype == dtype


def test_a_device_without_values_is_none(tiny: RunConfig) -> None:
    with pytest.raises(ConfigError, match="this machine has no 'meta'; take cpu, or auto"):
        Engine.of(tiny.replace(device="meta"))


def drop_time(line: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in line.items() if k not in ("seconds", "images_per_second")}


def test_a_damaged_checkpoint_is_no_silent_fresh_start(
    tiny: RunConfig, images: Images, trained: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The one before counts, with a warning; when there is none, the run stops."""
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    (run / "model.safetensors").unlink()
    older, newest = sorted((run / "checkpoints").iterdir())
    (newest / "model.safetensors").write_bytes(b"nothing")
    fit(tiny, run, images=images)
    assert f"{newest}: model.safetensors changed" in caplog.text
    assert (run / "model.safetensors").read_bytes() == (trained / "model.safetensors").read_bytes()
    for path in (older, newest):
        (path / "state.json").unlink()
    named = rf"{newest.name}.*state\.json.*{older.name}.*--fresh"
    with pytest.raises(RunError, match=named):
        fit(tiny, run, images=images)


def test_log_has_every_term_and_the_bound_beside_it(trained: Path) -> None:
    lines = Run(trained).metrics()
    assert [line["step"] for line in lines] == [2, 4, 6]
    terms = {"d/real", "d/fake", "d/info/digit", "g/adversarial", "g/info/slant"}
    assert terms | {"L_I/digit", "J/digit"} <= set(lines[0])
    assert all(line["L_I/digit"] <= np.log(4) for line in lines)
    assert lines[0]["g/info/digit"] != 0


def test_non_finite_loss_stops_and_names_it(
    tiny: RunConfig, images: Images, tmp_path: Path
) -> None:
    config = tiny.replace(optim={"d_lr": 1e20, "g_lr": 1e20}, steps=50)
    with pytest.raises(TrainingError, match=r"step \d+: .*optim\.[dg]-lr"):
        fit(config, tmp_path / "run", images=images)


@pytest.mark.parametrize("player", ["d", "g"])
def test_the_player_whose_weights_ran_away_is_named(
    player: str, tiny: RunConfig, images: Images, tmp_path: Path
) -> None:
    """Not the one in whose loss it shows: G's, for a D that ran away."""
    config = tiny.replace(optim={f"{player}_lr": 1e10}, steps=50)
    with pytest.raises(TrainingError) as caught:
        fit(config, tmp_path / "run", images=images)
    assert f"the updates of {player.upper()} took its weights to 1." in str(caught.value)
    assert f"Lower optim.{player}-lr; what was saved" in str(caught.value)


def test_neither_player_is_named_where_their_weights_are_alike() -> None:
    loss, ones = Loss({"adversarial": torch.tensor(math.nan)}), torch.ones(3)
    with pytest.raises(TrainingError, match=r"Lower optim\.d-lr or check the images"):
        check_finite(loss, "d", 3, {"d": [ones], "g": [99 * ones]})
    with pytest.raises(TrainingError, match=r"updates of G .* 1\.0e\+02\. Lower optim\.g-lr;"):
        check_finite(loss, "d", 3, {"d": [ones], "g": [ones, 101 * ones]})
    spoilt = torch.tensor([1.0, math.nan, math.inf])  # by the other player, perhaps
    with pytest.raises(TrainingError, match=r"updates of D .*Lower optim\.d-lr;"):
        check_finite(loss, "g", 3, {"d": [1e20 * ones], "g": [spoilt]})


def test_what_falls_does_so_over_the_last_share(tiny: RunConfig, images: Images) -> None:
    trainer = Trainer(tiny.replace(steps=100), images)
    shares = (0.5, 1.0, 0.0)
    left = []
    for trainer.step in (0, 50, 75, 100):
        left.append(tuple(remaining(trainer.done, share) for share in shares))
    assert left == [(1, 1, 1), (1, 0.5, 1), (0.5, 0.25, 1), (0, 0, 1)]


def test_changes_of_shape_are_annealed(tiny: RunConfig, images: Images) -> None:
    """After half of the annealed steps, views are those of half the strength."""
    kept = {"shift": 0, "brightness": 0.5, "patch": 0.2, "thicken": 0.5}
    strong = Affine(strength=2, stretch=0.4, bend=0.1, anneal=0.5, **kept)
    trainer = Trainer(tiny.replace(steps=100, augment=strong), images)
    trainer.step = 75
    seen = trainer._look("d", 3)
    half = Affine(strength=1, stretch=0.2, bend=0.05, **kept)(
        seen.images, stream(tiny.seed, "augment", 3)
    )
    assert torch.equal(seen._view.images, half.images)
    assert torch.equal(seen.moves["height"], half.moves["height"])


@pytest.mark.parametrize("n", [2, 5])
def test_fewer_images_than_a_batch(tiny: RunConfig, images: Images, tmp_path: Path, n: int) -> None:
    few = images.subset(np.arange(n))
    assert len(fit(tiny, tmp_path / "run", images=few).sample(3)) == 3


def test_constant_images_train_without_nan(tiny: RunConfig) -> None:
    black = Images(np.zeros((32, 16, 16, 1), np.uint8))
    model = train(Trainer(tiny, black))  # which a run of them would refuse
    assert model
    assert all(tensor.isfinite().all() for tensor in model.tensors().values())
    assert np.isfinite(model.encode(black)["slant"].mean).all()


@pytest.mark.parametrize("shape", [(16, 20, 3), (29, 17, 1)], ids=str)
def test_other_shapes_train(tiny: RunConfig, tmp_path: Path, shape: tuple[int, int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (32, *shape)).astype(np.uint8)
    model = fit(tiny.replace(steps=2), tmp_path / "run", images=Images(noise))
    assert model.sample(2).shape == (2, *shape)


def test_bf16_and_fp32_losses_agree(tiny: RunConfig, images: Images) -> None:
    losses = []
    for precision in ("fp32", "bf16"):
        trainer = Trainer(tiny.replace(precision=precision), images)
        steps = [trainer.advance() for _ in range(3)]
        losses.append([loss.total.item() for [d], g in steps for loss in (d, g)])
    assert losses[0] == pytest.approx(losses[1], abs=0.1)
    assert losses[0] != losses[1]


def test_a_device_that_is_not_there_is_named(tiny: RunConfig, images: Images) -> None:
    with pytest.raises(ConfigError, match="tpu"):
        Trainer(tiny.replace(device="tpu"), images)


def test_the_public_call(tiny: RunConfig, images: Images, tmp_path: Path) -> None:
    model = ig.train(tiny, run=tmp_path / "run", data=images, seed=3)
    scores = json.loads((tmp_path / "run" / "scores.json").read_text())
    again = ig.evaluate(model, images)
    assert scores["cluster_accuracy"] == again["cluster_accuracy"]
    assert scores["information"] == again["information"]
    assert scores["entropy"]["digit"] == pytest.approx(np.log(4))
    pictures = {str(p.relative_to(tmp_path / "run")) for p in (tmp_path / "run").rglob("*.png")}
    expected = {
        "traversals/digit.png",
        "traversals/slant.png",
        "samples/categories.png",
        "samples/random.png",
    }
    assert pictures == expected | {"information.png", "losses.png"}
    with pytest.raises(ig.InfoganError, match="preset"):
        ig.train("nothing", run=tmp_path / "x")


@pytest.mark.slow
def test_infogan_tells_four_strokes_apart(tmp_path: Path, tiny: RunConfig) -> None:
    """The promise in small: four kinds of image, no labels, four categories. What G draws wavers,
    and by how much at the end is a matter of rounding, so L_I is asked for over the second half of
    the log, where nothing but the game teaches Q; the GAN's Q learns nothing. Over seeds 0 to 4
    accuracy was 1, L_I .86 to .97, the GAN's .04 to .08."""
    images = strokes(512)
    rates = {"d_lr": 1e-3, "g_lr": 2e-3, "ema": 0.9}
    config = tiny.replace(steps=300, batch=32, optim=rates, log_every=10, checkpoint_every=300)
    scores = ig.evaluate(fit(config, tmp_path / "J", images=images), images)
    assert scores["cluster_accuracy"] > 0.95
    game = config.replace(objective=InfoGAN(real_weight=0.0), augment=None)
    bound = dict[str, float]()
    for objective in (game.objective, GAN()):
        folder = tmp_path / objective.kind
        fit(game.replace(objective=objective), folder, images=images)
        late = [line["L_I/digit"] for line in Run(folder).metrics() if line["step"] > 150]
        bound[objective.kind] = float(np.mean(late))
    assert bound["infogan"] > 0.6
    assert bound["gan"] < 0.2


@pytest.mark.parametrize(("real_weight", "d_passes"), [(0.0, 3), (1.0, 4)])
def test_work_of_a_step_is_counted(
    tiny: RunConfig, images: Images, real_weight: float, d_passes: int
) -> None:
    """Passes and casts of one step, which a busy machine cannot blur. D sees real images, generated
    ones, generated ones for G, and views where they are asked for; G runs twice. Weights are
    rounded once a step, not cast in each pass: what bf16 casts beyond fp32 are the inputs and
    outputs of passes."""
    counts = {}
    for precision in ("fp32", "bf16"):
        objective = InfoGAN(real_weight=real_weight)
        trainer = Trainer(
            tiny.replace(precision=precision, objective=objective, optim={"ema": 0.0}), images
        )
        trainer.advance()
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
            trainer.advance()
        counts[precision] = {event.key: event.count for event in profile.key_averages()}
        assert counts[precision]["aten::convolution"] == 2 * d_passes + 2 * 2
        assert counts[precision]["aten::convolution_backward"] == 2 * d_passes + 2
    casts = counts["bf16"]["aten::_to_copy"] - counts["fp32"]["aten::_to_copy"]
    assert 0 < casts <= 6 * d_passes


def test_no_player_leaves_a_gradient_in_the_other(tiny: RunConfig, images: Images) -> None:
    trainer = Trainer(tiny, images)
    trainer.d_step(0)
    assert all(p.grad is None for p in trainer.model.g.parameters())
    trainer.d_optim.zero_grad()
    trainer.g_step(0)
    assert all(p.grad is None for p in trainer.model.d.parameters())


def test_batch_statistics_do_not_see_augmented_views(tiny: RunConfig, images: Images) -> None:
    trainers = [
        Trainer(tiny.replace(augment={"strength": strength}), images) for strength in (0, 4)
    ]
    for trainer in trainers:
        trainer.model.d.train()
        trainer.d_step(0)
    a, b = ({k: v for k, v in state(t, "d").items() if "running" in k} for t in trainers)
    assert a
    assert all(torch.equal(a[k], b[k]) for k in a)


def test_each_player_has_latents_of_its_own(tiny: RunConfig, images: Images) -> None:
    trainer = Trainer(tiny, images)
    draws = [
        trainer._look(player, batch).draw.noise for player, batch in (("d", 0), ("g", 0), ("d", 1))
    ]
    assert len({tuple(draw.flatten().tolist()) for draw in draws}) == 3


def test_each_player_steps_at_its_own_rate(tiny: RunConfig, images: Images) -> None:
    optim = {"d_lr": 1e-3, "g_lr": 4e-3, "beta1": 0.3, "beta2": 0.9, "lr_decay": 1.0}
    trainer = Trainer(tiny.replace(steps=10, optim=optim), images)
    trainer.step = 5  # half the decay
    trainer.advance()
    groups = [optimizer.param_groups[0] for optimizer in (trainer.d_optim, trainer.g_optim)]
    assert [group["lr"] for group in groups] == pytest.approx([5e-4, 2e-3])
    assert [group["betas"] for group in groups] == [(0.3, 0.9)] * 2


def test_the_model_to_keep_has_the_averaged_weights(tiny: RunConfig, images: Images) -> None:
    trainer = Trainer(tiny, images)
    last = trainer.advance() and state(trainer, "g")
    trainer.advance()
    averaged = {name: p.clone() for name, p in trainer.averages["g"].module.named_parameters()}
    kept = dict(trainer.finished().g.named_parameters())
    assert all(torch.equal(kept[name], averaged[name]) for name in averaged)
    assert not torch.equal(kept["dense.0.weight"], last["g.dense.0.weight"])


def test_final_statistics_forget_those_of_training(tiny: RunConfig, images: Images) -> None:
    models = []
    for spoilt in (False, True):
        trainer = Trainer(tiny.replace(optim={"ema": 0}), images)
        trainer.advance()
        for name, buffer in [*trainer.model.g.named_buffers(), *trainer.model.d.named_buffers()]:
            if spoilt and "running" in name:
                buffer.fill_(1000)
        models.append(trainer.finished().tensors())
    assert all(torch.equal(tensor, models[1][name]) for name, tensor in models[0].items())


def test_two_checkpoints_stay(tiny: RunConfig, images: Images, tmp_path: Path) -> None:
    fit(tiny.replace(steps=4, checkpoint_every=1), tmp_path / "run", images=images)
    there = [path.name for path in checkpoints.found(tmp_path / "run" / "checkpoints")]
    assert there == ["step-00000003", "step-00000004"]


def test_an_infinite_loss_is_named() -> None:
    loss = Loss({"adversarial": torch.tensor(math.inf), "info/digit": torch.tensor(1.0)})
    with pytest.raises(TrainingError, match=r"step 3: .*adversarial = inf.*optim\.g-lr") as caught:
        check_finite(loss, "g", 3, {})
    assert "info/digit" not in str(caught.value)


def test_means_are_means_and_gs_draw_counts() -> None:
    means = Means()
    for value in (1.0, 3.0):
        d = Loss({"real": torch.tensor(value)}, {"L_I/digit": torch.tensor(9.0)})
        g = Loss({"adversarial": torch.tensor(2 * value)}, {"L_I/digit": torch.tensor(value)})
        means.add([d], g)
    assert means.flush() == {"d/real": 2.0, "g/adversarial": 4.0, "L_I/digit": 2.0}
    assert means.flush() == {}
    for step in range(6):  # as with objective.real-every 3, across lines of the log
        contrast = {} if step % 3 else {"contrast": torch.tensor(float(step))}
        means.add([Loss({"real": torch.tensor(5.0 + step), **contrast})], Loss({}))
    means = Means.from_tree(means.tree(), torch.device("cpu"))
    assert means.flush() == {"d/real": 7.5, "d/contrast": 1.5}
    first = Loss({"real": torch.tensor(1.0), "contrast": torch.tensor(7.0)})
    means.add([first, Loss({"real": torch.tensor(3.0)})], Loss({}))  # as with d-steps 2
    assert means.flush() == {"d/real": 2.0, "d/contrast": 7.0}
    older = Means.from_tree({"steps": 2, "sums": {"d/real": 5.0}}, torch.device("cpu"))
    assert older.flush() == {"d/real": 2.5}


def test_scores_by_hand(trained: Path, images: Images) -> None:
    model = Model.load(trained)
    scores, value = ig.evaluate(model, images), model.encode(images)["digit"].value
    assert sum(scores["shares"]) == pytest.approx(1)
    assert scores["confusion"][1][2] == ((images.labels == 1) & (value == 2)).sum()
    assert np.array(scores["confusion"]).sum(1).tolist() == np.bincount(images.labels).tolist()
    assert scores["information"] != ig.evaluate(model, images, seed=1)["information"]


def test_scores_say_of_how_many_labels_they_are(trained: Path, images: Images) -> None:
    model, some = Model.load(trained), images.labels.copy()
    assert judged(ig.evaluate(model, images)) == f"{len(images)} images"
    some[10:] = -1
    scores = ig.evaluate(model, replace(images, labels=some))
    assert scores["labelled"] == np.sum(scores["confusion"]) == 10
    assert scores["n"] == len(images)
    lines = shown(scores, model.names.codes)
    assert any(line.startswith("10 labelled images of ") for line in lines)
    assert judged({"n": 1234}) == "1,234 images"  # of a run scored before


def test_the_public_call_scores_again_after_more_steps(
    tiny: RunConfig, images: Images, tmp_path: Path
) -> None:
    for steps in (1, 2):
        model = ig.train(tiny.replace(steps=steps), run=tmp_path / "run", data=images, seed=5)
        assert model.config.seed == 5
        assert json.loads((tmp_path / "run" / "scores.json").read_text())["steps"] == steps


def test_a_forecast_looks_at_every_part_of_a_run_and_changes_nothing(
    tiny: RunConfig, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, advance = [], Trainer.advance

    def noted(trainer: Trainer) -> tuple[list[Loss], Loss]:
        seen.append(trainer.step)
        return advance(trainer)

    objective = InfoGAN(real_weight=1, warm_up=0.5)
    config = tiny.replace(steps=200, objective=objective, augment=Affine())
    trainer = Trainer(config, images)
    before = {name: value.clone() for name, value in trainer.model.tensors().items()}
    monkeypatch.setattr(Trainer, "advance", noted)
    monkeypatch.setattr(forecast, "perf_counter", lambda: float(seen[-1]))
    # A clock that reads the number of the step: two steps take 2, wherever they are
    assert forecast.seconds_left(trainer) == 200
    assert seen == [first + i for first in (20, 60, 100, 140, 180) for i in range(3)]
    assert trainer.step == 0 and equal(before, trainer.model.tensors())
    wild = config.replace(optim={"d_lr": 1e20, "g_lr": 1e20})
    assert forecast.seconds_left(Trainer(wild, images)) == 200  # no trial diverges
    trainer.step = 101
    assert forecast.seconds_left(trainer) is None


def test_under_a_contrast_a_code_follows_what_moved_between_its_two_views(
    tiny: RunConfig, images: Images
) -> None:
    objective = InfoGAN(contrast=1.0, real_weight=1.0, warm_up=0.5)
    config = tiny.replace(objective=objective, latent={"slant": {"follows": "slant"}})
    step = Trainer(config, images)._look("d", 0)
    none = step._augmented(step.images[:0], "augment", Part(0, 0, 2))  # of few fakes
    assert none.images.shape == (0, *step.images.shape[1:])
    assert objective.views(step) == (step.view, step.other)
    slants = [torch.stack([view.moves["slant"]] * 2, 1) for view in (step._view, step._other)]
    j = config.latent.codes["slant"].real_information(slants[0], slants[1], step.moves)
    assert j is not None and j.item() > 3  # of a Q that reads slants without error


def test_where_views_teach_q_reads_generated_images_as_views_and_they_teach_it_nothing(
    tiny: RunConfig, images: Images
) -> None:
    objective = InfoGAN(contrast=1.0, real_weight=1.0, warm_up=0.5, q_step="d-head")
    views = Affine(strength=3, shift=0.3)
    trainer = Trainer(tiny.replace(objective=objective, augment=views), images)
    trainer.step = trainer.config.steps - 1
    step = trainer._look("d", 0)
    information(step).total.backward()
    trainer.players["d"].collect()
    read = {n for n, p in trainer.model.d.named_parameters() if p.grad is not None}
    assert read and all(name.startswith("heads.code.") for name in read)
    step = trainer._look("g", 0)
    information(step).total.backward()  # but G learns from how Q reads them
    trainer.players["g"].collect()
    assert all(p.grad is not None for p in trainer.model.g.parameters())
    taught = Trainer(
        tiny.replace(objective=objective.model_copy(update={"q_step": "d"}), augment=views), images
    )
    taught.step = trainer.step
    information(taught._look("d", 0)).total.backward()
    taught.players["d"].collect()
    learns = {n for n, p in taught.model.d.named_parameters() if p.grad is not None}
    assert learns > read  # the trunk as well
    # The same draw where the views are the images themselves
    still = Trainer(tiny.replace(objective=objective, augment=Affine(strength=0)), images)
    still.step = trainer.step
    assert torch.equal(still._look("g", 0)._drawn, step._drawn)
    assert torch.equal(still._look("g", 0).fake.heads["real"], step.fake.heads["real"])
    assert not torch.equal(still._look("g", 0).fake.heads["code"], step.fake.heads["code"])
