"""Numbers and names as a reader meets them: one way to write each, in the page and the terminal.

A rate never stands alone: it comes with k of n and its interval. Limits are rounded outwards, so
that what is printed never claims more than what was computed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from gaugeblock.claims.types import DefeaterState, FindingKind, Quantifier, Verdict
from gaugeblock.judging.axes import LABEL_TITLES
from gaugeblock.stats import Interval

VERDICTS: dict[Verdict, str] = {
    "refuted": "refuted",
    "supported": "supported",
    "inconclusive": "inconclusive",
    "not_checkable": "not checkable",
}

KINDS: dict[FindingKind, str] = {
    "subversion_attempt": "attempted subversion",
    "undesired_behaviour": "undesired behaviour",
    "misfire": "innocent misfire",
    "capability_failure": "capability failure",
}

STATES: dict[DefeaterState, str] = {
    "open": "open",
    "answered": "answered",
    "accepted_residual": "accepted as residual",
    "fatal": "fatal",
}

QUANTIFIERS: dict[Quantifier, str] = {
    "exists": "that it never happens: one verified run refutes it",
    "rate": "about how often it happens: the interval decides",
    "compare": "about two rates: the interval of their difference decides",
    "enumerated": "about every case of a finite list: each was tried",
}

Rounding = Literal["nearest", "up", "down"]

_FIGURES = 2
_SLACK = 1e-9


def percent(fraction: float) -> str:
    """Return a share as a percentage with two significant figures: 0.0042 is ``0.42%``.

    Near 100% the distance to 100 keeps its two figures instead: 0.9958 is ``99.58%``.
    """
    return f"{_number(fraction)}%"


def points(difference: float, rounding: Rounding = "nearest") -> str:
    """Return a difference of shares in signed percentage points: ``+22``, ``−0.8``."""
    value = difference * 100
    digits = min(1, _decimals(min(abs(value), 99.0)))
    rounded = _rounded(value * 10**digits, rounding) / 10**digits
    sign = "+" if rounded > 0 else "−"
    return f"{sign}{abs(rounded):.{digits}f}" if rounded else "0"


def plain_percent(fraction: float) -> str:
    """Return a chosen rate as it was chosen: 0.05 is ``5%``."""
    return f"{round(fraction * 100, 6):g}%"


def limits(interval: Interval) -> str:
    """Return the limits of a rate as ``19–31%``, rounded outwards.

    A lower limit has no finer digits than a tenth of a percent, or than the upper limit has; what
    is left of a smaller one is ``<0.1``.
    """
    finest = max(1, _decimals(interval.high * 100))
    low = _number(interval.low, "down", finest)
    if interval.low > 0 and float(low) == 0:
        low = f"<{10**-finest:.{finest}f}"
    return f"{low}–{_number(interval.high, 'up')}%"


def limits_with_level(interval: Interval) -> str:
    """Return the limits with their level: ``95% interval 19–31%``; one-sided ones as a bound."""
    level = f"{interval.level * 100:g}%"
    if interval.sides == "upper":
        return f"{level} upper bound {upper(interval)}"
    if interval.sides == "lower":
        return f"{level} lower bound {_number(interval.low, 'down')}%"
    return f"{level} interval {limits(interval)}"


def bound(interval: Interval) -> str:
    """Return what zero hits leave open: ``upper bound 8.9% (95% interval 0–8.9%)``."""
    if interval.sides == "upper":
        return limits_with_level(interval)
    return f"upper bound {upper(interval)} ({limits_with_level(interval)})"


def known(k: int, n: int, interval: Interval) -> str:
    """Return what k of n says of the rate: its interval, a bound, or that nothing is known."""
    if n == 0:
        return "no labelled run: nothing is known of the rate"
    return limits_with_level(interval) if k else bound(interval)


def upper(interval: Interval) -> str:
    """Return the upper limit of a rate as a percentage, rounded outwards."""
    return f"{_number(interval.high, 'up')}%"


def difference_limits(interval: Interval) -> str:
    """Return the limits of a difference in points, rounded outwards: ``−4 to +12``."""
    return f"{points(interval.low, 'down')} to {points(interval.high, 'up')}"


def share(k: int, n: int) -> str:
    """Return ``k of n`` with thousands separators."""
    return f"{k:,} of {n:,}"


def count(number: int, noun: str) -> str:
    """Return ``1 run`` or ``2 runs``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def spoken(name: str) -> str:
    """Return an identifier as words: ``outside_disclosure`` is ``outside disclosure``."""
    return name.replace("_", " ").strip() or "not labelled"


def label_title(label: str) -> str:
    """Return what a behaviour label means, in words; of an unknown label its name.

    What follows in brackets, as in ``comply (egregious, guilty)``, stays.
    """
    name, bracket, rest = label.partition(" (")
    titles: Mapping[str, str] = {str(known): title for known, title in LABEL_TITLES.items()}
    return f"{titles.get(name) or spoken(name)}{bracket}{rest}"


def sentence(text: str) -> str:
    """Return ``text`` with a capital at its beginning and a full stop at its end."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}"


def standard(profile: str) -> str:
    """Return the name of a standard; "any" stands for what every standard presupposes."""
    return "any standard" if profile == "any" else profile


def listed(items: list[str]) -> str:
    """Return ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def _number(fraction: float, rounding: Rounding = "nearest", finest: int = 4) -> str:
    value = fraction * 100
    if value <= 0 or value >= 100:
        return f"{value:.0f}"
    digits = min(finest, _decimals(min(value, 100 - value)))
    scaled = value * 10**digits
    rounded = _rounded(scaled, rounding) / 10**digits
    if 0 < rounded < 100:
        digits = min(digits, _decimals(min(rounded, 100 - rounded)))
    return f"{rounded:.{digits}f}"


def _rounded(scaled: float, rounding: Rounding) -> int:
    if rounding == "up":
        return math.ceil(scaled - _SLACK)
    return math.floor(scaled + _SLACK) if rounding == "down" else round(scaled)


def _decimals(value: float) -> int:
    """Return the decimals that give ``value`` two significant figures, at most 4."""
    return max(0, min(4, _FIGURES - 1 - math.floor(math.log10(value)))) if value > 0 else 0
