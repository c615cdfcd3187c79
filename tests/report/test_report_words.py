"""Numbers in words: significant figures, outward limits, bounds of zero hits."""

from __future__ import annotations

import pytest

from gaugeblock.report import words
from gaugeblock.stats import Interval, exact_rate


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.0042, "0.42%"),
        (0.051428, "5.1%"),
        (0.244186, "24%"),
        (0.9583, "95.8%"),
        (0.9958, "99.58%"),
        (0.000012, "0.0012%"),
        (0.00000001, "0.0000%"),
    ],
)
def test_percent_has_two_significant_figures(fraction: float, text: str) -> None:
    assert words.percent(fraction) == text


def test_limits_are_rounded_outwards() -> None:
    interval = Interval(low=0.1951, high=0.3049, level=0.95, method="m")
    assert words.limits(interval) == "19–31%"
    exact = Interval(low=0.2, high=0.3, level=0.95, method="m")
    assert words.limits(exact) == "20–30%"


def test_a_tiny_lower_limit_is_not_printed_as_zero() -> None:
    interval = Interval(low=0.00061, high=0.16, level=0.95, method="m")
    assert words.limits(interval) == "<0.1–16%"
    assert words.limits(interval.model_copy(update={"low": 0.0})) == "0–16%"


def test_a_small_rate_keeps_fine_limits() -> None:
    interval = exact_rate(1, 1000)
    assert words.limits(interval) == "<0.01–0.56%"


def test_zero_hits_always_give_a_bound() -> None:
    assert words.bound(exact_rate(0, 100)) == "upper bound 3.7% (95% interval 0–3.7%)"
    assert words.bound(exact_rate(0, 299, sides="upper")) == "95% upper bound 1.0%"


def test_differences_carry_their_sign() -> None:
    assert words.points(0.22) == "+22"
    assert words.points(-0.0081) == "−0.8"
    assert words.points(0.0) == "0"
    assert words.points(-0.00001) == "0"
    interval = Interval(low=-0.1311, high=0.161, level=0.95, method="m")
    assert words.difference_limits(interval) == "−14 to +17"


def test_lists_and_counts_read_as_a_person_writes() -> None:
    assert words.listed([]) == ""
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.count(1, "run") == "1 run"
    assert words.count(1200, "run") == "1,200 runs"


def test_every_shipped_label_has_words_and_a_colour() -> None:
    from gaugeblock.judging.axes import LABELS
    from gaugeblock.report.figures.palette import LABEL_COLOURS, label_colours

    assert set(LABELS) <= set(LABEL_COLOURS)
    assert all(words.label_title(label) != label or label == "comply" for label in LABELS)
    assert len(set(label_colours([*LABELS, "new", "newer", ""]).values())) == len(LABELS) + 3
