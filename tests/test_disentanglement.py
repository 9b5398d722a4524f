"""Metrics of codes and factors, at known values, under what must not change them, and without the
defects of public implementations."""

import math
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score

from infogan.analysis.metrics import disentanglement as metrics
from infogan.analysis.metrics import probes
from infogan.analysis.metrics.encoded import INFORMED, Encoded, Labels, Values
from infogan.core.errors import DataError
from infogan.core.random import stream
from infogan.data.sprites import SETS

SIZES = 3, 4, 5  # values of the factors, the first of which has no order
SHAPE = (0,)
EXACT = 1e-9
PAGE = (Path(__file__).parents[1] / "docs" / "factors.md").read_text(encoding="utf-8")
CEILINGS = PAGE.split("**A ceiling that lies in the images.**")[1].split("**")[0]


def grid(sizes: tuple[int, ...] = SIZES, times: int = 20) -> Labels:
    """[n, F] every combination of values, so often: exactly independent factors."""
    return np.array(list(product(*map(range, sizes))) * times)


def numbers(factors: Labels) -> Values:
    """The factors as codes, each with mean 0 and variance 1."""
    return np.asarray((factors - factors.mean(0)) / factors.std(0))


def blurred(factors: Labels, seed: int = 0) -> Values:
    """Codes that follow one factor each, some of the next, and noise."""
    own = numbers(factors)
    noise = np.random.default_rng(seed).normal(size=own.shape)
    return np.asarray(own + 0.4 * np.roll(own, 1, 1) + 0.2 * noise)


PERFECT = {
    **dict.fromkeys(("factor_vae", "beta_vae", "mig", "mig_20", "mig_20_ceiling"), 1.0),
    **dict.fromkeys(("dci", "completeness", "informativeness", "modularity"), 1.0),
    **dict.fromkeys(("info_m", "info_c", "explicitness", "info_e"), 1.0),
    "sap": (1 - 1 / 3 + 1 + 1) / 3,  # a code that says nothing recognises one shape in three
}
NEARLY = {"explicitness": 1e-3, "info_e": 0.01}  # logistic regressions are never quite certain
SAME: dict[str, Callable[[Values], Values]] = {
    "as they are": lambda r: r,
    "permuted": lambda r: r[:, [2, 0, 1]],
    "sign-flipped": lambda r: r * [-1, 1, -1],
    "rescaled and shifted": lambda r: r * [1e-3, 1e4, 1] + [5, 0, -1000],
}


@pytest.mark.parametrize("change", SAME)
def test_perfect_codes_reach_every_maximum(change: str) -> None:
    factors = grid()
    found = metrics.score(Encoded(SAME[change](numbers(factors)), factors, nominal=SHAPE))
    assert found.keys() == PERFECT.keys()
    for name, value in PERFECT.items():
        assert found[name] == pytest.approx(value, abs=NEARLY.get(name, EXACT)), name


def test_constant_codes_say_nothing() -> None:
    factors = grid()
    found = metrics.score(Encoded(np.full((len(factors), 3), 0.1), factors, nominal=SHAPE))
    wanted = dict.fromkeys(PERFECT, 0.0) | {"mig_20_ceiling": 1, "explicitness": 1 / 2}
    wanted |= {"factor_vae": 1 / 3, "beta_vae": 1 / 3}
    wanted["informativeness"] = 1 / 9  # one shape in three is guessed
    assert found == pytest.approx(wanted, abs=0.02)
    nothing = "mig", "mig_20", "sap", "dci", "completeness", "modularity", "info_m", "info_c"
    assert [found[name] for name in nothing] == pytest.approx([0] * 8, abs=EXACT)


def test_every_code_twice() -> None:
    factors = grid()
    found = metrics.score(Encoded(np.repeat(numbers(factors), 2, 1), factors, nominal=SHAPE))
    wanted = PERFECT | {"mig": 0, "mig_20": 0, "sap": 0, "info_c": (1 / 2 - 1 / 6) / (1 - 1 / 6)}
    wanted["completeness"] = 1 - math.log(2) / math.log(6)
    loose = NEARLY | {"completeness": 0.01}  # the forest shares out by chance
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, abs=loose.get(name, EXACT)), name


def test_two_codes_turned_by_45_degrees_are_explicit_and_nothing_else() -> None:
    factors = grid((6, 6), 40)
    codes = numbers(factors) @ np.array([[1, 1], [1, -1]]) / math.sqrt(2)
    found = metrics.score(Encoded(codes, factors))
    zero = "mig", "mig_20", "sap", "modularity", "info_m", "info_c"
    assert [found[name] for name in zero] == pytest.approx([0] * len(zero), abs=0.03)
    assert [found[name] for name in ("mig", "modularity")] == pytest.approx([0, 0], abs=EXACT)
    assert max(found["dci"], found["completeness"]) < 0.05
    assert found["factor_vae"] == pytest.approx(1 / 2, abs=0.05)
    assert found["explicitness"] > 0.999
    assert found["info_e"] == pytest.approx(1, abs=EXACT)
    assert found["informativeness"] > 0.99


def test_what_a_code_knows_is_a_share_of_the_entropy() -> None:
    factors = grid((4, 3), 100)
    found = Encoded(np.stack([factors[:, 0] // 2, factors[:, 1]], 1), factors)
    more = 1 / (2 * len(factors))  # Miller and Madow's, for each value beyond the first
    half = (math.log(2) + more) / (math.log(4) + 3 * more)
    assert found.nmi == pytest.approx(np.array([[half, 0], [0, 1]]), abs=EXACT)
    assert metrics.mig(found)["mig"] == pytest.approx((half + 1) / 2, abs=EXACT)


def test_factor_vae_compares_each_code_with_its_own_variance() -> None:
    """A category that is rarely another one varies less than a number, whatever is held."""
    factors = grid((10, 6), 30)
    rare, size = factors[:, 0] == 0, numbers(factors)[:, 1]
    size = size + 0.6 * np.random.default_rng(0).normal(size=len(size))
    known = np.stack([rare, factors[:, 1]], 1).astype(np.int64)
    seen = Encoded(np.stack([rare, size], 1), known, nominal_codes=(0,))
    assert seen.features.var(0)[:2].sum() == pytest.approx(0.18)
    assert metrics.factor_vae(seen)["factor_vae"] > 0.98


@pytest.mark.parametrize("change", SAME)
def test_scores_of_blurred_codes_do_not_depend_on_order_sign_or_scale(change: str) -> None:
    factors = grid()
    codes = blurred(factors)
    before = metrics.score(Encoded(codes, factors, nominal=SHAPE))
    after = metrics.score(Encoded(SAME[change](codes), factors, nominal=SHAPE))
    loose = {"dci", "completeness", "informativeness", "explicitness", "info_e"}
    for name, value in before.items():
        assert after[name] == pytest.approx(value, abs=0.02 if name in loose else 1e-6), name
    assert 0.2 < before["mig"] < 0.8
    assert 0.2 < before["dci"] < 0.95


def test_the_order_of_factors_and_images_says_nothing() -> None:
    factors = grid()
    codes, shuffled = blurred(factors), np.random.default_rng(1).permutation(len(factors))
    before = metrics.score(Encoded(codes, factors, nominal=SHAPE))
    after = metrics.score(Encoded(codes[shuffled], factors[shuffled][:, [1, 2, 0]], nominal=(2,)))
    assert after == pytest.approx(before, abs=0.06)
    for name in ("mig", "mig_20", "modularity", "info_m", "info_c"):
        assert after[name] == pytest.approx(before[name], abs=1e-6)


def test_a_sample_scores_as_all_combinations_do() -> None:
    factors = grid((3, 6, 8, 10), 10)
    codes = numbers(factors) + 0.5 * np.roll(numbers(factors), 1, 1)
    rows = np.random.default_rng(0).choice(len(factors), 4000, replace=False)
    whole = metrics.score(Encoded(codes, factors, nominal=SHAPE))
    part = metrics.score(Encoded(codes[rows], factors[rows], nominal=SHAPE))
    assert part == pytest.approx(whole, abs=0.03)


def test_outside_oracles_agree() -> None:
    factors = grid()
    codes = blurred(factors)
    seen = Encoded(codes, factors, nominal=SHAPE)
    edges = [np.linspace(code.min(), code.max(), 21)[1:-1] for code in codes.T]
    cut = [np.digitize(code, edge) for code, edge in zip(codes.T, edges, strict=True)]
    table = np.array([[mutual_info_score(one, v) for v in factors.T] for one in cut])
    ordered = np.sort(table / np.log(SIZES), axis=0)
    wanted = (ordered[-1] - ordered[-2]).mean()
    assert metrics.mig(seen)["mig_20"] == pytest.approx(wanted, abs=EXACT)
    rows = np.random.default_rng(0).random((4, 5))
    concentrated = 1 - entropy(rows, axis=1) / math.log(5)
    assert metrics.concentration(rows) == pytest.approx(concentrated, abs=EXACT)
    nats = seen.nmi * np.log(SIZES)
    ridgeway = [
        1 - sum(m**2 for m in row if m != max(row)) / (max(row) ** 2 * 2) for row in nats.tolist()
    ]
    assert metrics.modularity(seen)["modularity"] == pytest.approx(np.mean(ridgeway), abs=1e-3)
    alone = [(max(row) / sum(row) - 1 / 3) / (1 - 1 / 3) for row in seen.nmi.tolist()]
    assert metrics.infomec(seen)["info_m"] == pytest.approx(np.mean(alone), abs=EXACT)


def test_equal_importance_is_no_disentanglement() -> None:
    assert metrics.concentration(np.ones((3, 4))) == pytest.approx(np.zeros(3), abs=EXACT)
    factors = grid((5, 5), 40)
    everything = factors @ [[1.0], [5.0]]  # which tells both factors, and stands for neither
    found = metrics.dci(Encoded(np.repeat(everything, 6, 1), factors))
    assert found["informativeness"] == pytest.approx(1)
    assert max(found["dci"], found["completeness"]) < 0.05


def test_categories_are_one_variable() -> None:
    """Columns for each category share what the code knows, and leave no gap."""
    factors = grid()
    codes = numbers(factors)
    codes[:, 0] = np.array([7, 2, 4])[factors[:, 0]]  # numbers of categories have no order
    one = metrics.score(Encoded(codes, factors, nominal_codes=(0,), nominal=SHAPE))
    for name, value in PERFECT.items():
        assert one[name] == pytest.approx(value, abs=NEARLY.get(name, EXACT)), name
    columns = np.concatenate([np.eye(3)[factors[:, 0]], codes[:, 1:]], 1)
    several = metrics.score(Encoded(columns, factors, nominal=SHAPE))
    assert several["mig"] == pytest.approx(2 / 3, abs=EXACT)
    assert several["completeness"] < 0.9
    renamed = codes.copy()
    renamed[:, 0] = np.array([0, 2, 1])[factors[:, 0]]
    assert metrics.score(Encoded(renamed, factors, nominal_codes=(0,), nominal=SHAPE)) == one
    assert Encoded(codes, factors, nominal_codes=(0,)).features.var(0)[:3].sum() == (
        pytest.approx(1 - 3 * (1 / 3) ** 2)  # Gini
    )


def test_a_periodic_code_may_begin_anywhere() -> None:
    factors = grid((12, 4), 60)
    noise = np.random.default_rng(0).normal(size=len(factors))
    angle = 2 * math.pi * factors[:, 0] / 12 + 0.02 * noise
    found = []
    for turn in (0.0, 0.4):  # at 0 one of the values lies where the angle jumps from π to -π
        codes = np.stack([(angle + turn + math.pi) % (2 * math.pi) - math.pi, factors[:, 1]], 1)
        seen = Encoded(codes, factors, angles=(0,))
        found.append(metrics.score(seen))
    assert found[1] == pytest.approx(found[0], abs=0.01)
    assert found[0]["factor_vae"] == found[0]["beta_vae"] == 1
    assert min(found[0]["mig"], found[0]["explicitness"]) > 0.97


# The defects of public implementations, by their number in docs/factors.md


@pytest.mark.parametrize("dead", [0, 1, 2])
def test_d1_dead_codes_have_no_vote(dead: int) -> None:
    factors = grid()
    codes = np.concatenate([np.zeros((len(factors), dead)), numbers(factors)], 1)
    seen = Encoded(codes, factors, nominal=SHAPE)
    assert int((~seen.alive).sum()) == dead
    found = metrics.score(seen)
    for name, value in PERFECT.items():
        assert found[name] == pytest.approx(value, abs=NEARLY.get(name, EXACT)), name


def test_d1_a_code_that_hardly_varies_is_dead_where_its_range_is_known() -> None:
    factors = grid()
    codes = numbers(factors) * [1, 1, 0.01]
    assert Encoded(codes, factors).alive.tolist() == [True, True, True]
    seen = Encoded(codes, factors, least=0.05)
    assert seen.alive.tolist() == [True, True, False]
    assert metrics.factor_vae(seen)["factor_vae"] == pytest.approx(2 / 3, abs=0.01)
    assert metrics.mig(seen)["mig"] == metrics.mig(seen)["mig_20"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("k", [6, 32])
def test_d2_sap_knows_a_perfect_code_of_many_values_at_any_scale(k: int) -> None:
    factors = grid((k, 2), 40)
    for scale in (1e-3, 1, 1e3):
        found = metrics.sap(Encoded(scale * numbers(factors), factors, nominal=(0, 1)))
        assert found["sap"] == pytest.approx((1 - 1 / k + 1 - 1 / 2) / 2, abs=EXACT)


def test_d3_predictors_are_scored_on_images_that_they_did_not_learn_from() -> None:
    """Codes that are right where predictors learn and wrong where they are scored get nothing."""
    factors = grid()
    codes = numbers(factors)
    learned, scored = Encoded(codes, factors).split(0)
    assert not set(learned) & set(scored)
    assert len(learned) == 2 * len(scored) == 800
    codes[scored] = codes[np.random.default_rng(0).permutation(scored)]
    found = metrics.score(Encoded(codes, factors, nominal=SHAPE), seed=0)
    assert found["factor_vae"] == pytest.approx(1 / 3, abs=0.1)
    assert found["beta_vae"] == pytest.approx(1 / 3, abs=0.1)
    assert found["explicitness"] == pytest.approx(1 / 2, abs=0.05)
    assert found["informativeness"] < 0.15
    assert max(found["sap"], found["info_e"]) < 0.05


def test_d4_bins_put_no_ceiling_on_mig_and_the_published_one_is_told() -> None:
    sizes = 3, 6, 40, 32, 32  # of dSprites
    ceilings = []
    for k in sizes:
        factors = grid((k, 2), 40)
        found = metrics.mig(Encoded(numbers(factors), factors))
        assert found["mig"] == pytest.approx(1, abs=EXACT)
        assert found["mig_20"] == pytest.approx(found["mig_20_ceiling"], abs=EXACT)
        ceilings.append(2 * found["mig_20_ceiling"] - 1)
    assert ceilings == pytest.approx([1, 1, 0.812, 0.850, 0.850], abs=5e-4)
    assert np.mean(ceilings) == pytest.approx(0.902, abs=5e-4)


def test_d5_outliers_and_few_images_do_not_move_mutual_information() -> None:
    factors = grid((8, 8), 40)
    noise = np.random.default_rng(0).normal(size=factors.shape)
    codes = numbers(factors) + 0.02 * noise
    plain, warped = (metrics.mig(Encoded(r, factors)) for r in (codes, np.exp(6 * codes)))
    assert plain["mig"] == pytest.approx(1, abs=0.01)
    assert warped["mig"] == pytest.approx(plain["mig"], abs=0.01)
    assert warped["mig_20"] < 0.4 < 0.95 < plain["mig_20"]
    few = grid((32, 32), 1)
    seen = Encoded(np.random.default_rng(1).normal(size=(1024, 3)), few)
    assert seen.nmi.mean() < 0.01
    cut = [np.digitize(code, np.linspace(-3, 3, 19)) for code in seen.codes.T]
    assert np.mean([mutual_info_score(one, few[:, 0]) for one in cut]) / math.log(32) > 0.05


def test_d6_codes_that_know_nothing_are_left_out_of_modularity() -> None:
    factors = grid()
    noise = np.random.default_rng(0).normal(size=(len(factors), 2))
    codes = np.concatenate([numbers(factors), noise, np.ones((len(factors), 1))], 1)
    seen = Encoded(codes, factors, nominal=SHAPE)
    assert seen.informative.tolist() == [True] * 3 + [False] * 3
    assert seen.nmi[3:].max() < INFORMED
    assert metrics.modularity(seen)["modularity"] == pytest.approx(1, abs=EXACT)
    assert metrics.infomec(seen) == pytest.approx({"info_m": 1, "info_c": 1}, abs=EXACT)


def test_d7_explicitness_of_many_values_is_not_lost_to_one_against_the_rest() -> None:
    factors = grid((32, 2), 40)
    found = metrics.explicitness(Encoded(numbers(factors), factors))
    assert found["explicitness"] > 0.995  # a linear classifier of each value for itself: .949


def test_d7_a_value_that_one_half_lacks_breaks_nothing() -> None:
    probs = probes.logistic(np.arange(6.0)[:, None], np.array([0, 0, 0, 2, 2, 2]), np.zeros((3, 1)))
    assert probs.shape == (3, 3)
    assert probs[:, 1].tolist() == [0, 0, 0]
    truth = np.array([0, 2, 3])  # 1 was never learned and does not occur; 3 was not learned
    assert probes.separation(probs, truth) == pytest.approx(0.5)
    assert probes.usable(probs, truth, np.array([0, 2])) == 0


def test_d7_a_value_that_is_all_but_alone_breaks_nothing() -> None:
    """Whichever of the images has the other value, learned from or not."""
    for image in range(8):
        factors = np.stack([np.arange(200) == image, np.arange(200) % 2], 1).astype(np.int64)
        seen = Encoded(numbers(factors), factors, nominal=SHAPE)
        assert all(0 <= value <= 1 for value in metrics.score(seen).values())


def test_d8_the_numbers_of_a_nominal_factor_say_nothing() -> None:
    factors = grid((5, 4), 60)
    codes, renamed = blurred(factors), factors.copy()
    renamed[:, 0] = np.array([3, 0, 4, 1, 2])[factors[:, 0]]
    for measure in (metrics.dci, metrics.sap, metrics.explicitness):
        before, after = (measure(Encoded(codes, v, nominal=(0,)), 0) for v in (factors, renamed))
        assert after == pytest.approx(before, abs=0.01)
    as_number = metrics.dci(Encoded(codes, renamed), 0)["informativeness"]
    as_name = metrics.dci(Encoded(codes, renamed, nominal=(0,)), 0)["informativeness"]
    assert abs(as_number - as_name) > 0.02


def test_d9_a_single_code_is_scored() -> None:
    factors = grid((4, 5), 60)
    found = metrics.score(Encoded(numbers(factors)[:, :1], factors))
    for name in ("mig", "mig_20", "sap", "informativeness", "info_c", "info_e"):
        assert found[name] == pytest.approx(1 / 2, abs=EXACT), name
    assert found["modularity"] == found["info_m"] == found["completeness"] == 1
    assert all(0 <= value <= 1 for value in found.values())


def test_d10_no_encoder_knows_how_far_a_symmetric_shape_is_turned() -> None:
    """The ceilings that docs/factors.md states are those of an observer who sees everything."""
    same, k = (4, 2, 1), 40  # turns of a square, an ellipse and a heart that look alike
    truth = np.tile(np.arange(k), len(same))
    seen = np.zeros((len(truth), k))  # [shapes x orientations, orientations] probabilities
    for row, (n, turn) in enumerate(product(same, range(k))):
        seen[row, (turn + k // n * np.arange(n)) % k] = 1 / n
    share = 1 - entropy(seen, axis=1).mean() / math.log(k)
    r2 = 1 - ((truth - seen @ np.arange(k)) ** 2).mean() / truth.var()
    area = probes.separation(seen, truth)
    for figure in (share, r2, area):
        assert f"{figure:.3f}"[1:] in CEILINGS.split("Where")[0]
    of_five = (share + 4) / 5, (2 / 3 + r2 + 3) / 5, (r2 + 4) / 5, (area + 4) / 5
    assert re.findall(r"(\.\d{3}) of", CEILINGS.split("Where")[1]) == [
        f"{figure:.3f}"[1:] for figure in of_five
    ]
    drawn = (
        SETS["sprites"]
        .render(
            np.array([[shape, 5, turn, 16, 16] for shape in range(3) for turn in range(k)]),
            stream(0, "none"),
        )
        .reshape(3, k, -1)
    )
    apart = np.abs(drawn[:, :1].astype(int) - drawn).max(2) > 64
    assert (~apart).sum(1).tolist() == [*same]


@pytest.mark.parametrize(
    ("codes", "factors", "words"),
    [
        (np.zeros((60, 2)), np.zeros((50, 2), int), r"\[60, 2\] and \[50, 2\]"),
        (np.zeros(60), grid(times=1), r"\[60\] and \[60, 3\]"),
        (np.full((60, 2), np.nan), grid(times=1), "finite"),
        (np.zeros((60, 0)), grid(times=1), "at least one"),
        (np.zeros((60, 2)), grid(times=1)[:, :1], "1 factor of variation"),
        (np.zeros((60, 2)), grid(times=1)[:, [0, 1, 0]] * [1, 0, 1], "factor 1: it has one value"),
        (np.zeros((60, 2)), np.arange(120).reshape(60, 2), "factor 0: 60 values in 60 images"),
    ],
)
def test_what_cannot_be_compared_is_refused(codes: Values, factors: Labels, words: str) -> None:
    with pytest.raises(DataError, match=words):
        Encoded(codes, factors)
