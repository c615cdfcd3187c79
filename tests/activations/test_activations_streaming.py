from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import ClassMoments, Leace, Moments, record, stream
from gaugeblock.models.activations.record import WINDOW
from gaugeblock.models.loading import LoadedModel


def texts(count: int) -> Iterator[list[int]]:
    rng = np.random.default_rng(7)
    for _ in range(count):
        yield rng.integers(3, 60, size=rng.integers(1, 12)).tolist()


def test_streamed_moments_are_those_of_the_recorded_array(llama: LoadedModel) -> None:
    labels = np.arange(1500) % 3
    moments, classes = Moments(), ClassMoments(labels)
    info = stream(llama, texts(1500), [moments, classes], [1, 3], "mean")
    values = record(llama, list(texts(1500)), [1, 3], "mean").values.astype(np.float64)
    assert info.texts == moments.count == 1500
    assert classes.counts == {0: 500, 1: 500, 2: 500}
    np.testing.assert_allclose(moments.mean, values.mean(axis=0), atol=1e-6)
    for place in range(2):
        layer = values[:, place]
        np.testing.assert_allclose(moments.covariance[place], np.cov(layer.T, ddof=0), atol=1e-6)
        within = sum(np.cov(layer[labels == c].T, ddof=0) * 500 for c in range(3)) / 1497
        np.testing.assert_allclose(classes.within[place], within, atol=1e-6)
        np.testing.assert_allclose(classes.means[1][place], layer[labels == 1].mean(0), atol=1e-6)


def test_a_stream_reads_no_further_ahead_than_its_window(llama: LoadedModel) -> None:
    taken = 0

    def counted() -> Iterator[list[int]]:
        nonlocal taken
        for ids in texts(WINDOW + 500):
            taken += 1
            yield ids

    class Watch:
        ahead = 0
        seen = 0

        def update(self, rows: np.ndarray, values: torch.Tensor) -> None:
            self.ahead = max(self.ahead, taken - self.seen)
            self.seen += len(rows)

    watch = Watch()
    stream(llama, counted(), [watch], [0])
    assert watch.seen == WINDOW + 500
    assert watch.ahead == WINDOW


def test_an_eraser_fits_from_streamed_moments(llama: LoadedModel) -> None:
    rows = list(texts(400))
    labels = np.array([len(row) > 6 for row in rows])
    moments, classes = Moments(), ClassMoments(labels.tolist(), second=False)
    stream(llama, rows, [moments, classes], [2], "last")
    cross = np.stack(
        [
            (classes.means[label][0] - moments.mean[0]) * classes.counts[label] / 400
            for label in (False, True)
        ],
        axis=1,
    )
    streamed = Leace.from_moments(moments.mean[0], moments.covariance[0], cross)
    array = record(llama, rows, [2]).layer(2)
    np.testing.assert_allclose(streamed(array), Leace.fit(array, labels)(array), atol=1e-5)


def test_a_mean_that_dwarfs_the_spread_costs_no_digits() -> None:
    rng = np.random.default_rng(0)
    values = torch.from_numpy((1e4 + rng.normal(size=(600, 1, 4))).astype(np.float32))
    moments = Moments()
    for start in range(0, 600, 50):
        moments.update(np.arange(start, start + 50), values[start : start + 50])
    expected = np.cov(values[:, 0].double().numpy().T, ddof=0)
    np.testing.assert_allclose(moments.covariance[0], expected, rtol=1e-9, atol=1e-12)


def test_moments_that_were_not_kept_are_missed() -> None:
    empty = Moments(second=False)
    with pytest.raises(GaugeblockError, match="no activations"):
        _ = empty.mean
    empty.update(np.arange(2), torch.ones(2, 1, 3))
    with pytest.raises(GaugeblockError, match="second moments were not kept"):
        _ = empty.covariance
