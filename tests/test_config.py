"""Settings: one checked tree for Python, files and the command line."""

import os
from pathlib import Path

import pytest

from infogan.config.presets import ABOUT, PAPER, PRESETS, preset
from infogan.config.settings import RunConfig
from infogan.config.toml import as_toml
from infogan.config.tree import from_options, with_file
from infogan.core.errors import ConfigError, RunError
from infogan.core.tables import read_file
from infogan.data.augment import Affine
from infogan.latent.codes import Categorical
from infogan.latent.latent import Latent
from infogan.networks import Dcgan
from infogan.objectives import GAN, InfoGAN
from infogan.runs.folder import Run


def changed(*words: str) -> RunConfig:
    return PAPER.replace(**from_options(words))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_its_own_file(name: str, tmp_path: Path) -> None:
    """The printed file, laid over any other preset, is that preset again."""
    path = tmp_path / "x.toml"
    path.write_text(as_toml(PRESETS[name]), encoding="utf-8")
    assert RunConfig.from_tree(PRESETS[name].tree()) == PRESETS[name]
    assert RunConfig.from_tree(with_file(PRESETS["fashion-mnist"].tree(), path)) == PRESETS[name]
    assert name in ABOUT


def test_every_setting_is_explained_where_it_comes_first() -> None:
    gaussian = PRESETS["images"].replace(
        latent={"more": "gaussian"}, networks="mlp", augment="crop-and-colour"
    )
    for config in (*PRESETS.values(), gaussian):
        seen, before = set(), ""
        for line in as_toml(config).splitlines():
            name, equals, _ = line.partition(" = ")
            if equals and not line.startswith("#") and name not in seen:
                assert before.startswith("#"), name
                seen.add(name)
            before = line
    lines = as_toml(gaussian).splitlines()
    assert "# One of dcgan, mlp." in lines
    assert lines.count("# One of categorical, uniform, gaussian.") == 1
    assert lines.count("# One of affine, crop-and-colour.") == 1
    assert (
        sum(line.startswith("# One of ") for line in lines) == 4
    )  # of codes, networks, objective, augment
    assert 'sigma = "none"' in lines  # what is not set is there too


def test_a_code_of_any_name_survives_its_own_file(tmp_path: Path) -> None:
    config = PAPER.replace(latent={"größe": "uniform"})
    (tmp_path / "x.toml").write_text(as_toml(config), encoding="utf-8")
    assert RunConfig.from_tree(with_file(PAPER.tree(), tmp_path / "x.toml")) == config


def test_options_reach_every_depth() -> None:
    config = changed(
        "--latent.digit.k",
        "20",
        "--optim.d-lr=1e-4",
        "--data",
        "digits",
        "--networks.channels",
        "[8,16]",
    )
    assert config.latent.codes["digit"] == Categorical(20)
    assert (config.optim.d_lr, config.data.name, config.networks) == (
        1e-4,
        "digits",
        Dcgan(channels=(8, 16)),
    )
    assert changed("--data-dir", "x").data.dir == "x"
    for words in (
        ["--data", "photos", "--data.size", "32"],
        ["--data.size", "32", "--data", "photos"],
    ):
        assert changed(*words).data.model_dump(include={"name", "size"}) == {
            "name": "photos",
            "size": (32, 32),
        }


def test_another_kind_drops_the_fields_of_the_kind_before() -> None:
    official = preset("official")
    assert official.replace(objective="gan").objective == GAN()
    assert (
        official.replace(latent={"slant": "gaussian:0:2"}).latent.codes["slant"].kind == "gaussian"
    )
    assert "slant" not in official.replace(latent={"slant": "none"}).latent.codes


def test_values_replace_and_dicts_merge() -> None:
    latent = Latent(noise=4, only="categorical:3")
    assert PAPER.replace(latent=latent).latent == latent
    assert list(PAPER.replace(latent={"more": "uniform"}).latent.codes) == [
        "digit",
        "slant",
        "width",
        "more",
    ]
    assert PAPER.replace(objective=InfoGAN(q_step="g")).objective == InfoGAN(q_step="g")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--stpes", "3"], "unknown setting stpes; did you mean steps?"),
        (["--optim.dlr", "3"], "did you mean optim.d-lr?"),
        (["--latent.digit.kk", "3"], "did you mean latent.digit.k?"),
        (["--objective.q-stap", "d"], "did you mean objective.q-step?"),
        (["--steps", "-1"], "(got '-1')"),
        (["--steps", "nan"], "steps: "),
        (["--optim.d-lr", "1e400"], "optim.d-lr: "),
        (["--latent.digit", "cat:3"], "categorical:k, uniform:low:high, gaussian:mean:scale"),
        (["--latent.digit.k", "1"], "latent.digit.k: "),
        (["--latent.seed", "uniform"], "cannot be called 'seed'"),
        (["--objective", "wgan"], "'gan', 'infogan'"),
        (["--objective.real-weight", "1"], "set augment affine"),
        (
            ["--objective.real-weight", "1", "--augment", "affine", "--objective.q-step", "g"],
            "q_step d or d-head",
        ),
        (["--networks.channels", "[64,"], "lists as"),
        (["--steps"], "--steps needs a value"),
        (["--steps", "--seed"], "--steps needs a value"),
        (["steps", "3"], "not an option"),
        (
            ["--latent.digit", "none", "--latent.slant", "none", "--latent.width", "none"],
            "infogan needs a code",
        ),
    ],
)
def test_mistakes_name_value_and_remedy(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        changed(*words)
    assert message in str(caught.value)
    assert str(caught.value).count("\n") <= 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.toml", "steps = 1\nsteps = 2"),
        ("x.toml", "[[[["),
        ("x.json", "[" * 100_000),
        ("x.json", "[1, 2]"),
        ("x.toml", "steps = 1e400"),
        ("x.toml", '_target_ = "os.system"'),
        ("x.toml", "\0"),
    ],
)
def test_malformed_files(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError):
        PAPER.replace(**read_file(tmp_path / name))


def test_missing_and_huge_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such settings file"):
        read_file(tmp_path / "x.toml")
    (tmp_path / "x.toml").write_bytes(b"#" * (1 << 20) + b"\n")
    with pytest.raises(ConfigError, match="1 MiB"):
        read_file(tmp_path / "x.toml")


def test_a_folder_belongs_to_one_run(tmp_path: Path) -> None:
    run = Run(tmp_path / "x")
    run.begin(PAPER)
    with pytest.raises(RunError, match=rf"in use by process {os.getpid()} on "):
        Run(tmp_path / "x").begin(PAPER)
    run.close()
    run.begin(PAPER.replace(steps=7))  # may go on for longer
    with pytest.raises(RunError, match=r"latent.noise 62 \(now 3\).*--fresh"):
        run.begin(PAPER.replace(latent={"noise": 3}))
    run.clear()
    assert not run.exists
    run.close()
    (run.path / "letters.txt").write_text("dear to somebody")
    for act in (run.clear, lambda: run.begin(PAPER)):
        with pytest.raises(RunError, match="no run"):
            act()
    assert (run.path / "letters.txt").exists()


def test_what_may_differ_when_a_run_goes_on(tmp_path: Path) -> None:
    run = Run(tmp_path / "x")
    run.begin(PAPER)
    run.begin(PAPER.replace(log_every=7, checkpoint_every=9))
    rates, changes = (
        PAPER.replace(optim={"lr_decay": 0.5}),
        PAPER.replace(augment=Affine(anneal=0.5)),
    )
    first = PAPER.replace(augment="affine", objective=InfoGAN(real_weight=1, warm_up=0.5))
    for name, falls in {"rates": rates, "changes": changes, "first": first}.items():
        falling = Run(tmp_path / name)
        falling.begin(falls)
        with pytest.raises(RunError, match="steps 5000"):  # what falls depends on the steps to come
            falling.begin(falls.replace(steps=6000))
        falling.close()
    for change in ({"seed": 1}, {"batch": 64}, {"d_steps": 2}, {"precision": "bf16"}):
        with pytest.raises(RunError, match=next(iter(change))):
            run.begin(PAPER.replace(**change))
    run.close()


def test_a_log_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.metrics_file.write_text('{"step": 2}\n{"step": 4}\n{"st')
    assert [line["step"] for line in run.metrics()] == [2, 4]
    run.rewind(2)
    assert run.metrics_file.read_text() == '{"step": 2}\n'
