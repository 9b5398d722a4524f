"""Settings: one checked tree for Python, files and the command line."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import run, write_record
from infogan.cli import app
from infogan.config.presets import FASHION, IMAGES, PAPER, PRESETS, preset
from infogan.config.references import bibtex, used
from infogan.config.settings import RunConfig
from infogan.config.toml import as_toml
from infogan.config.tree import FOREIGN, RENAMED, flat, from_options, spelled, with_file
from infogan.core.errors import ConfigError, RunError
from infogan.core.tables import read_file
from infogan.latent.codes import KINDS, Categorical
from infogan.latent.latent import Latent
from infogan.networks import Dcgan
from infogan.objectives import GAN, OBJECTIVES, InfoGAN
from infogan.runs.folder import Run


def changed(*words: str) -> RunConfig:
    return PAPER.replace(**from_options(words))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_survives_its_own_file(name: str, tmp_path: Path) -> None:
    """The printed file, laid over any other preset, is that preset again."""
    path, config = tmp_path / "x.toml", preset(name)
    path.write_text(as_toml(config), encoding="utf-8")
    assert RunConfig.from_tree(config.tree()) == config
    assert RunConfig.from_tree(with_file(FASHION.tree(), path)) == config


@pytest.mark.parametrize("name", PRESETS)
def test_the_file_of_a_preset_for_the_users_images_names_no_others(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("presets", name)
    shown = capsys.readouterr().out
    (tmp_path / "x.toml").write_text(shown, encoding="utf-8")
    own = name in ("images", "drawings")
    assert ('\n# name = "photos/"\n' in shown) is own
    read = RunConfig.from_tree(with_file(FASHION.tree(), tmp_path / "x.toml"))
    images = FASHION.data.name if own else preset(name).data.name
    assert read == preset(name).replace(data={"name": images})


def test_presets_are_found_by_name() -> None:
    assert preset("paper") is PAPER
    assert PRESETS["images"].config is IMAGES
    assert len({entry.about for entry in PRESETS.values()}) == len(PRESETS)
    with pytest.raises(ConfigError, match=r"'papre'.*paper"):
        preset("papre")


def test_every_setting_is_explained_where_it_comes_first() -> None:
    gaussian = IMAGES.replace(latent={"more": "gaussian"}, networks="mlp", augment="photo")
    for config in (*map(preset, PRESETS), gaussian):
        seen, before = set(), ""
        for line in as_toml(config).splitlines():
            name, equals, _ = line.partition(" = ")
            if equals and not line.startswith("#") and name not in seen:
                assert before.startswith("#"), name
                seen.add(name)
            before = line
    lines = as_toml(gaussian).splitlines()
    kinds = [set(line[9:-1].split(", ")) for line in lines if line.startswith("# One of ")]
    families = [{"dcgan", "mlp", "photo", "projected"}, set(OBJECTIVES), {"affine", "photo"}]
    assert kinds == [set(KINDS), *families]  # in the order of the file, each once
    assert 'sigma = "none"' in lines  # what is not set is there too


@pytest.mark.parametrize("name", ["größe", "𝛼"])
def test_a_code_of_any_name_survives_its_own_file(tmp_path: Path, name: str) -> None:
    config = PAPER.replace(latent={name: "uniform"}, data={"name": f"{name}\x7f 😀"})
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


def test_spaces_in_sizes_and_channels_do_not_count() -> None:
    source = PAPER.replace(data={"size": "48 x 64", "channels": "0, 2"}).data
    assert (source.size, source.channels) == ((48, 64), (0, 2))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--stpes", "3"], "unknown setting stpes; did you mean --steps?"),
        (["--optim.dlr", "3"], "did you mean --optim.d-lr?"),
        (["--latent.digit.kk", "3"], "did you mean --latent.digit.k?"),
        (["--objective.q-stap", "d"], "did you mean --objective.q-step?"),
        (["--augment", "affine", "--augment.area", "1"], "--augment photo has it; set that"),
        (
            ["--objective", "gan", "--objective.cr", "1"],
            "--objective infogan has it; set that",
        ),
        (["--game-augment", "affine", "--game-augment.area", "1"], "--game-augment photo has it"),
        (["--d-lr", "1"], "unknown setting d-lr; did you mean --optim.d-lr?"),
        (["--q-stap", "d"], "did you mean --objective.q-step?"),
        (["--slant.weight", "1"], "did you mean --latent.slant.weight?"),
        (["--discriminator.lr-decay", "1"], "did you mean --optim.lr-decay?"),
        (["--qwxyz", "1"], "unknown setting qwxyz; `infogan presets NAME` explains all"),
        (["--learning-rate=1"], "did you mean --optim.d-lr or --optim.g-lr?"),
        (["--gpu", "--seed", "1"], "unknown setting gpu; did you mean --device cuda?"),
        (["--seed", "--gpu"], "--seed needs a value"),
        (["--steps", "-1"], "(got '-1')"),
        (["--steps", "nan"], "steps: "),
        (["--optim.d-lr", "1e400"], "optim.d-lr: "),
        (["--latent.digit", "cat:3"], "categorical:k, uniform:low:high, gaussian:mean:scale"),
        (["--latent.digit.k", "1"], "latent.digit.k: "),
        (["--latent.seed", "uniform"], "cannot be called 'seed'"),
        (["--objective", "wgan"], "objective: should be one of gan, infogan, semigan"),
        (["--augment", "affin"], "augment: should be one of affine, photo, none (got 'affin')"),
        (["--networks.channels", "64,128"], "channels: should be a list; write '[64,128]' (got"),
        (["--networks.channels", "none"], "should be a list; write '[]' (got none)"),
        (
            ["--networks.channels", "[0]"],
            "channels.0: should be greater than or equal to 1 (got 0)",
        ),
        (["--networks", "mlp", "--networks.g-layers", "[9, -1]"], "g-layers.1: should be greater"),
        (["--networks", "photo", "--networks.channels", "512"], "or equal to 256 (got '512')"),
        (["--latent.slant.sweep", "[5, -5]"], "latent.slant.sweep: give its lower end first"),
        (["--latent.slant.high", "1e200"], "latent.slant.high: should be less than or equal to"),
        (["--latent.slant.sweep", "-1, 2.5"], "sweep: should be a list; write '[-1,2.5]'"),
        (["--latent.digit.probs", "0.5,0.5"], "latent.digit.probs: should be a list; write '[0.5"),
        (["--data.only", "scans"], """data.only: should be a list; write '["scans"]' (got"""),
        (["--data.size", "64x"], "height and width (48x64) (got '64x')"),
        (["--data.range", "3"], "data.range: give LOW:HIGH, as in 0:4095 (got '3')"),
        (["--data.channels", "red"], "channels from 0, as in 0,1,2 (got 'red')"),
        (["--objective.real-weight", "1"], "set augment affine"),
        (
            ["--objective.real-weight", "1", "--augment", "affine", "--objective.q-step", "g"],
            "objective.q-step d or d-head",
        ),
        (
            ["--objective.contrast", "1", "--augment", "affine"],
            "needs objective.warm-up and objective.real-weight above 0, and a categorical code",
        ),
        (["--objective.q-step", "d-real"], "objective.real-weight; raise it or set d-head"),
        (["--networks.shared", "false", "--objective.q-step", "g"], "set networks.shared true"),
        (["--networks.shared", "false", "--objective.kind", "gan"], "set networks.shared true"),
        (["--latent.digit.close", "true", "--networks", "photo"], "or latent.digit.close false"),
        (["--latent.turn", "angle", "--latent.turn.fold", "4"], "set follows, or fold 1"),
        (
            [
                *("--objective", "acgan", "--labels", "all", "--latent.slant", "none"),
                *("--latent.width", "none", "--latent.digit.close", "true"),
            ],
            "objective acgan reads digit in no close-up",
        ),
        (["--objective.warm-up", "0.5"], "objective.real-weight"),
        (["--latent.slant.follows", "slant"], "--latent.slant.follows none"),
        (["--augment.hue", "0.1"], "augment has no kind and so no hue; give that too, as in --aug"),
        (["--latent.turn.follows", "x"], "latent.turn has no kind and so no follows; "),
        (["--labels", "5"], "labels is 5"),
        (["--objective", "semigan"], "--latent.digit none --latent.slant none --latent.width none"),
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


def test_words_of_other_programs_are_no_settings_and_lead_to_some() -> None:
    """No setting of ours is shadowed, and whatever is named in its place is there."""
    known = {name for entry in PRESETS.values() for name in flat(entry.config.tree())}
    assert not known & FOREIGN.keys()
    assert not {name.partition(".")[0] for name in known} & FOREIGN.keys()
    options = {
        option
        for argument in app["train"].assemble_argument_collection()
        for option in argument.names
    }
    options |= {f"--{spelled(name)}" for name in known} | {"--data", "--latent.CODE.weight"}
    for ours in FOREIGN.values():
        assert set(re.findall(r"--[\w.-]+", ours)) <= options, ours
    with pytest.raises(ConfigError, match=r"did you mean --batch\?"):
        PAPER.replace(batch_size=64)


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


FORMER = {
    "augment.fade": 0.5,
    "latent.law": "uniform",
    "objective.real_first": 0.5,
    "optim.decay": 0.75,
}
"""A value for each setting that had another name once, by that name."""


def by_option(name: str, value: object, folder: Path) -> RunConfig:
    return FASHION.replace(**from_options([f"--{spelled(name)}", str(value)]))


def by_replace(name: str, value: object, folder: Path) -> RunConfig:
    section, _, key = name.partition(".")
    return FASHION.replace(**{section: {key: value}})


def by_toml(name: str, value: object, folder: Path) -> RunConfig:
    section, _, key = name.partition(".")
    code = 'garment = "categorical:10"\n' if section == "latent" else ""  # a file names all codes
    (folder / "x.toml").write_text(f"[{section}]\n{key} = {json.dumps(value)}\n{code}")
    return RunConfig.from_tree(with_file(FASHION.tree(), folder / "x.toml"))


def by_run(name: str, value: object, folder: Path) -> RunConfig:
    section, _, key = name.partition(".")
    tree = FASHION.tree()
    del tree[section][RENAMED.get(name, name).partition(".")[2]]
    tree[section][key] = value
    (folder / "config.json").write_text(json.dumps(tree))
    write_record(folder)
    return Run(folder).config


@pytest.mark.parametrize("way", [by_option, by_replace, by_toml, by_run])
@pytest.mark.parametrize("old", RENAMED)
def test_a_former_name_is_refused_with_the_present_one(
    old: str, way: Callable[[str, object, Path], RunConfig], tmp_path: Path
) -> None:
    new, value = RENAMED[old], FORMER[old]
    with pytest.raises((ConfigError, RunError), match=f"{spelled(old)} is now {spelled(new)}"):
        way(old, value, tmp_path)
    assert flat(way(new, value, tmp_path).tree())[new] == value
    assert flat(FASHION.tree())[new] != value


# What a run rests on


def test_every_preset_cites_its_method_and_entries_are_whole() -> None:
    for name in PRESETS:
        config = preset(name)
        text = bibtex(config, "1.2")
        keys = [line.partition("{")[2].rstrip(",") for line in text.split("\n") if line[:1] == "@"]
        assert len(set(keys)) == len(keys)
        assert text.count("{") == text.count("}")
        assert keys[0] == "infogan_software"
        if config.objective.kind != "classifier":
            assert keys[1] == config.objective.kind


def test_a_run_cites_what_its_settings_use_alone() -> None:
    assert {"simclr", "r3gan", "diffaugment"} <= set(used(preset("images")))
    assert not {"simclr", "r3gan", "imsat"} & set(used(preset("paper")))
    assert "imsat" in used(preset("digits"))
    free = {"slant": {"follows": "none"}, "width": {"follows": "none"}}
    plain = preset("digits").replace(latent=free, objective={"real_weight": 0})
    assert "imsat" not in used(plain)
    assert "infogan_cr" not in used(plain)
    assert "infogan_cr" in used(plain.replace(objective={"cr": 1.0}))
    assert "spectral" not in used(plain)
    assert "spectral" in used(plain.replace(networks={"norm": "spectral"}))
    assert not {"apt", "groupnorm"} & set(used(plain))
    assert "apt" in used(plain.replace(objective={"penalty": 0.1}))
    assert "groupnorm" in used(plain.replace(networks={"norm": "group"}))
    assert "groupnorm" in used(preset("sprites"))


def test_what_g_draws_is_not_moved_before_q_reads_what_it_follows() -> None:
    digits = preset("digits")
    digits.replace(game_augment={"kind": "affine", "strength": 0})  # moves x and y alone
    with pytest.raises(ConfigError, match=r"slant.follows slant: game-augment moves it"):
        digits.replace(game_augment="affine")


def test_what_a_close_up_hides_cannot_be_followed_in_it_and_remedies_work() -> None:
    sprites = preset("sprites")
    with pytest.raises(ConfigError, match=r"latent.x.close false"):
        sprites.replace(latent={"x": {"close": True}})
    with pytest.raises(ConfigError, match=r"real-weight above 0; else .*latent.turn.fold 1"):
        sprites.replace(objective={"real_weight": 0.0})
    free = {name: {"follows": None} for name in ("x", "y", "size")}
    latent = {**free, "turn": {"follows": None, "fold": 1}}
    sprites.replace(objective={"real_weight": 0.0}, latent=latent)
