"""Cluster scores against hand-made tables."""

import math

import numpy as np
import pytest

from infogan.analysis.metrics.clusters import DEAD, Usage, score, usage
from infogan.core.errors import DataError
from infogan.core.tables import as_json

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 10, 5000)


def test_perfect_categories_score_one_under_any_names() -> None:
    renamed = RNG.permutation(10)[LABELS]
    found = score(LABELS, renamed, 10, 10)
    assert (found.accuracy, found.purity, found.nmi, found.ari) == pytest.approx((1, 1, 1, 1))
    assert found.merges("0123456789", "0123456789") == []
    assert found.recall() == [1.0] * 10


def test_one_category_for_all_knows_nothing() -> None:
    found = score(LABELS, np.zeros_like(LABELS), 10, 10)
    assert (found.nmi, found.ari) == pytest.approx((0, 0))
    assert found.accuracy == pytest.approx(np.bincount(LABELS).max() / len(LABELS))


def test_random_categories() -> None:
    found = score(LABELS, RNG.integers(0, 10, 5000), 10, 10)
    assert abs(found.ari) < 0.01
    assert 0 < found.nmi < 0.02  # plug-in mutual information of independent variables is above 0


def test_a_merge_is_named_and_costs_the_smaller_class() -> None:
    merged = np.where(LABELS == 9, 4, LABELS)
    found = score(LABELS, merged, 10, 10)
    assert found.accuracy == pytest.approx(1 - min((LABELS == 4).sum(), (LABELS == 9).sum()) / 5000)
    assert found.merges("0123456789", "0123456789") == ["4 and 9 share category 4"]
    assert found.purity == pytest.approx(found.accuracy)


def test_splitting_a_category_never_lowers_purity_and_costs_accuracy() -> None:
    split = np.where((LABELS == 3) & (RNG.random(5000) < 0.5), 10, LABELS)
    found = score(LABELS, split, 10, 11)
    assert found.purity == 1
    assert found.accuracy < 1
    assert found.nmi < 1


def test_recall_is_of_the_matched_category() -> None:
    labels = np.repeat([0, 1, 3], [4, 4, 2])
    categories = np.array([0, 0, 0, 1, 1, 1, 1, 1, 0, 0])
    found = score(labels, categories, 4, 2)  # no image of class 2, no category for class 3
    assert found.category_of[0] == 0
    assert found.category_of[1] == 1
    recall = found.recall()
    assert recall[:2] == [0.75, 1]
    assert math.isnan(recall[2])
    assert as_json({"recall": (recall[2], -math.inf, 0.5)}) == '{"recall": [null, null, 0.5]}'
    assert recall[3] == 0
    tree = found.tree("abcd", "01")
    assert tree["recall"]["a"] == 0.75
    assert (tree["cluster_accuracy"], tree["purity"]) == (0.7, 0.7)
    assert tree["merges"] == ["a and d share category 0", "a and b share category 1"]


def test_nmi_is_normalised_by_the_arithmetic_mean() -> None:
    labels, categories = np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3])
    assert score(labels, categories, 2, 4).nmi == pytest.approx(
        math.log(2) / ((math.log(2) + math.log(4)) / 2)
    )


def test_unlabelled_images_drop_out() -> None:
    labels = np.array([0, 1, -1, -1])
    assert score(labels, np.array([0, 1, 0, 0]), 2, 2).accuracy == 1
    with pytest.raises(DataError, match="label"):
        score(np.array([-1, -1]), np.array([0, 1]), 2, 2)


def test_a_few_strays_are_no_merge() -> None:
    labels = np.array([0] * 95 + [1] * 100)
    categories = np.array([0] * 95 + [0] * 5 + [1] * 95)
    assert score(labels, categories, 2, 2).merges("01", "01") == []


def test_dead_categories_are_those_below_the_threshold_and_need_no_labels() -> None:
    categories = np.repeat(np.arange(20), 100)
    categories[np.isin(categories, [4, 7])] = 0
    categories[categories == 19] = np.repeat([19, 0], [9, 91])  # 9 of 2000 images: 0.45 %
    used = usage(categories, 20)
    assert used.dead == [4, 7, 19]
    assert (
        used.words([str(k) for k in range(20)])
        == "3 of 20 categories hold under 0.5 % of the images: 4, 7, 19"
    )
    categories[np.flatnonzero(categories == 0)[0]] = 19  # 10 of 2000 is the threshold itself
    assert usage(categories, 20).shares[19] == DEAD
    assert usage(categories, 20).dead == [4, 7]


def test_of_many_categories_less_is_enough() -> None:
    categories = np.repeat(np.arange(500), 10)
    assert usage(categories, 500).dead == []
    categories[:9] = 1  # category 0 holds one image in 5,000, where 0.04 % are the least
    assert usage(categories, 500).dead == [0]
    assert "under 0.04 % of the images" in usage(categories, 500).words([*map(str, range(500))])


def test_words_about_one_none_and_many_dead_categories() -> None:
    names = [f"#{k}" for k in range(100)]
    assert usage(np.arange(10), 10).words(names) == ""
    one = usage(np.array([0, 2]), 3)
    assert one.words(names) == "1 of 3 categories holds under 0.5 % of the images: #1"
    many = usage(np.zeros(5, np.int64), 100).words(names)
    assert many.startswith("99 of 100 categories hold")
    assert many.endswith("#19, #20, …")


def test_the_effective_number_of_categories() -> None:
    assert usage(np.arange(12), 12).effective == pytest.approx(12)
    assert usage(np.zeros(9, np.int64), 12).effective == pytest.approx(1)
    half = Usage(np.array([0.5, 0.25, 0.25, 0.0]))
    assert half.effective == pytest.approx(2**1.5)  # H = 1.5 bits
