"""Intervals that are not too sure of themselves, and splits that keep twins together."""

from __future__ import annotations

import numpy as np
import pytest

from gaugeblock.detectors.metrics import adjusted_auroc, auroc, auroc_interval
from gaugeblock.detectors.probe import calibrate_scores
from gaugeblock.detectors.splits import grouped_folds, grouped_halves
from gaugeblock.errors import GaugeblockError


def test_perfect_separation_of_few_items_is_not_certain() -> None:
    interval = auroc_interval([0, 1, 2, 3, 4, 5], [0, 0, 0, 1, 1, 1])
    assert interval.estimate == 1.0
    assert 0.4 < interval.low < 0.8
    assert interval.high == 1.0


def test_twins_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat(rng.integers(0, 2, 40), 5)
    shared = np.repeat(rng.standard_normal(40), 5)
    scores = shared + y
    groups = np.repeat(np.arange(40), 5)
    alone, clustered = auroc_interval(scores, y), auroc_interval(scores, y, groups)
    assert alone.estimate == clustered.estimate
    assert clustered.high - clustered.low > 1.7 * (alone.high - alone.low)
    assert clustered.clusters == 40


@pytest.mark.parametrize("size", [1, 4])
def test_the_interval_covers(size: int) -> None:
    """At a true AUROC of .76 the 95% interval holds it in 0.92 to 1 of 400 draws."""
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(400):
        y = np.repeat(np.arange(40) % 2, size)
        noise = np.repeat(rng.standard_normal(40), size) * np.sqrt(0.8)
        scores = y + noise + rng.standard_normal(40 * size) * np.sqrt(0.2)
        held += auroc_interval(scores, y, np.repeat(np.arange(40), size)).contains(0.7602)
    assert 0.92 <= held / 400 <= 1.0


def test_at_equal_wording_a_confound_tells_nothing() -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 1000)
    word = (rng.random(1000) < np.where(y == 1, 0.85, 0.15)).astype(int)
    reads_word = word + 0.1 * rng.standard_normal(1000)
    reads_truth = y + 0.1 * rng.standard_normal(1000)
    assert auroc(reads_word, y) > 0.8
    assert adjusted_auroc(reads_word, y, word).contains(0.5)
    assert adjusted_auroc(reads_truth, y, word).low > 0.98


def test_a_nuisance_that_is_the_label_cannot_be_taken_out() -> None:
    assert adjusted_auroc([1.0, 2.0, 3.0, 4.0], [0, 0, 1, 1], [0, 0, 1, 1]) is None


def test_folds_keep_groups_and_balance() -> None:
    rng = np.random.default_rng(2)
    groups = rng.integers(0, 30, 300)
    y = rng.integers(0, 2, 300)
    seen: list[int] = []
    for train, test in grouped_folds(y, groups, 5):
        assert not set(groups[train]) & set(groups[test])
        assert 40 <= len(test) <= 80
        seen += test.tolist()
    assert sorted(seen) == list(range(300))
    train, test = grouped_halves(y, groups, 0.7)
    assert not set(groups[train]) & set(groups[test])
    assert 0.6 < len(train) / 300 < 0.8


def test_fewer_groups_than_folds_is_an_error() -> None:
    with pytest.raises(GaugeblockError, match="3 groups cannot fill 5 folds"):
        list(grouped_folds([0, 1, 0, 1, 0, 1], ["a", "a", "b", "b", "c", "c"], 5))


def test_a_threshold_of_few_benign_scores_says_what_it_cannot_promise() -> None:
    few = calibrate_scores(np.arange(50.0), 0.01)
    assert few.exceeded == 0
    assert not few.reached
    assert few.fpr_upper == pytest.approx(1 - 0.05 ** (1 / 50), abs=1e-9)
    assert calibrate_scores(np.arange(1000.0), 0.01).exceeded == 10
    assert calibrate_scores(np.arange(1000.0), 0.05).fpr_upper < 0.065


def test_calibrated_rate_is_bounded_whatever_the_distribution() -> None:
    rng = np.random.default_rng(5)
    beyond = 0
    for _ in range(300):
        found = calibrate_scores(rng.standard_exponential(400), 0.02)
        beyond += np.exp(-found.threshold) > found.fpr_upper
    assert beyond / 300 < 0.08
