"""What a pressure does with a detector's verdict, from samples without their labels.

Pure functions of scores, so that every trainer applies the same pressure: what is subtracted from
the reward, which samples are dropped, which of two is preferred, which run is kept. The
differentiable penalty is the one kind that is not here: it needs the graph, and its trainer's own
detector in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from gaugeblock.detectors.arrays import Floats
from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.kinds import Pressure, PressureKind
from gaugeblock.pressure.seen import Scorer, Seen

REWARD_KINDS = frozenset(
    {PressureKind.live_reward, PressureKind.frozen_copy_reward, PressureKind.cot_monitor_reward}
)


def verdicts(detector: Scorer, seen: Seen, threshold: float, scale: float = 1.0) -> Floats:
    """Return the probability-like verdict of a detector on each sample, in [0, 1].

    One half at the threshold; a bounded verdict keeps one outlier from carrying a whole batch.

    Args:
        detector: gives scores.
        seen: samples; their activations are the live model's or the frozen copy's, which is all
            that tells those two pressures apart.
        threshold: the detector's own.
        scale: score units in one logit, such as the score's standard deviation on the reference.

    Raises:
        GaugeblockError: a scale that is not above 0, or scores that are not finite.
    """
    if not scale > 0:
        raise GaugeblockError(f"{scale} is not above 0", where="scale")
    scores = np.asarray(detector.score(seen.activations), dtype=np.float64)
    if scores.shape != (len(seen),) or not np.isfinite(scores).all():
        raise GaugeblockError("scores of a wrong shape, or not finite", where="detector")
    return np.asarray(special.expit((scores - threshold) / scale))


def penalised(pressure: Pressure, reward: Floats, verdict: Floats) -> Floats:
    """Return the reward less the weighted verdict.

    Raises:
        GaugeblockError: the pressure is none that acts through the reward.
    """
    if pressure.kind is PressureKind.none:
        return reward
    _need(pressure, REWARD_KINDS)
    return reward - pressure.weight * verdict


def kept(pressure: Pressure, verdict: Floats) -> NDArray[np.bool_]:
    """Return which samples screening leaves in.

    Raises:
        GaugeblockError: the pressure is not screening.
    """
    _need(pressure, frozenset({PressureKind.screening}))
    return np.asarray(verdict <= 0.5)


def preferred(
    pressure: Pressure, reward: Floats, verdict: Floats, pairs: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return (chosen, rejected) for each pair of samples; ties are left out.

    Raises:
        GaugeblockError: the pressure is not preference labels.
    """
    _need(pressure, frozenset({PressureKind.preference_labels}))
    worth = reward - pressure.weight * verdict
    return [(a, b) if worth[a] > worth[b] else (b, a) for a, b in pairs if worth[a] != worth[b]]


def chosen_run(pressure: Pressure, flagged: Sequence[float], reward: Sequence[float]) -> int:
    """Return which of several finished runs is kept: least flagged, then best rewarded.

    Args:
        pressure: retry selection.
        flagged: share of each run's samples that the detector flags.
        reward: mean task reward of each run.

    Raises:
        GaugeblockError: another pressure, or another number of runs than it says.
    """
    _need(pressure, frozenset({PressureKind.retry_selection}))
    if not len(flagged) == len(reward) == pressure.retries:
        raise GaugeblockError(
            f"{len(flagged)} runs where the pressure says {pressure.retries}", where="retries"
        )
    return min(range(len(flagged)), key=lambda i: (flagged[i], -reward[i], i))


def _need(pressure: Pressure, kinds: frozenset[PressureKind]) -> None:
    if pressure.kind not in kinds:
        raise GaugeblockError(
            f"a {pressure.kind.value} pressure does not act this way",
            where="pressure",
            remedy=f"It is for {', '.join(sorted(kind.value for kind in kinds))}",
        )
