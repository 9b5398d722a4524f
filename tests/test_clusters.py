"""Cluster scores against hand-made tables."""

import math

import numpy as np
import pytest

from infogan.errors import DataError
from infogan.metrics.clusters import score

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 10, 5000)


def test_perfect_categories_score_one_under_any_names() -> None:
    renamed = RNG.permutation(10)[LABELS]
    found = score(LABELS, renamed, 10, 10)
    assert (found.accuracy, found.many_to_one, found.nmi, found.ari) == pytest.approx((1, 1, 1, 1))
    assert found.merges("0123456789", "0123456789") == []
    assert found.recall().tolist() == [1.0] * 10


def test_one_category_for_all_knows_nothing() -> None:
    found = score(LABELS, np.zeros_like(LABELS), 10, 10)
    assert (found.nmi, found.ari) == pytest.approx((0, 0))
    assert found.accuracy == pytest.approx(np.bincount(LABELS).max() / len(LABELS))
    assert sum("is empty" in words for words in found.merges("0123456789", "0123456789")) == 9


def test_random_categories() -> None:
    found = score(LABELS, RNG.integers(0, 10, 5000), 10, 10)
    assert abs(found.ari) < 0.01
    assert 0 < found.nmi < 0.02  # plug-in mutual information of independent variables is above 0


def test_a_merge_is_named_and_costs_the_smaller_class() -> None:
    merged = np.where(LABELS == 9, 4, LABELS)
    found = score(LABELS, merged, 10, 10)
    assert found.accuracy == pytest.approx(1 - min((LABELS == 4).sum(), (LABELS == 9).sum()) / 5000)
    assert found.merges("0123456789", "0123456789") == ["4 and 9 share category 4", "category 9 is empty"]
    assert found.many_to_one == pytest.approx(found.accuracy)


def test_splitting_a_category_never_lowers_purity_and_costs_one_to_one() -> None:
    split = np.where((LABELS == 3) & (RNG.random(5000) < 0.5), 10, LABELS)
    found = score(LABELS, split, 10, 11)
    assert found.many_to_one == 1
    assert found.accuracy < 1
    assert found.nmi < 1


def test_nmi_is_normalised_by_the_arithmetic_mean() -> None:
    labels, categories = np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3])
    assert score(labels, categories, 2, 4).nmi == pytest.approx(math.log(2) / ((math.log(2) + math.log(4)) / 2))


def test_unlabelled_images_drop_out() -> None:
    labels = np.array([0, 1, -1, -1])
    assert score(labels, np.array([0, 1, 0, 0]), 2, 2).accuracy == 1
    with pytest.raises(DataError, match="label"):
        score(np.array([-1, -1]), np.array([0, 1]), 2, 2)


def test_a_few_strays_are_no_merge() -> None:
    labels = np.array([0] * 95 + [1] * 100)
    categories = np.array([0] * 95 + [0] * 5 + [1] * 95)
    assert score(labels, categories, 2, 2).merges("01", "01") == []
