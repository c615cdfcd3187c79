"""Cells made by hand, one for every outcome: a world in which it is known what was done.

A text states a fault in one hidden variable; its activations hold that variable along a direction
(or in the product of two coordinates, where no direction holds it) among noise that text and row
fix. A policy changes text, activations or both in a named way. What class each belongs to follows
from how it was made and from no measurement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gaugeblock.detectors.arrays import Floats
from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.behaviour import Runs, Tally
from gaugeblock.pressure.cells import Cells, make_cells

Doing = Literal["honest", "misbehaving", "degenerate", "between"]

WIDTH = 12
GAP = 5.0
"""Distance of the two sides in standard deviations of the noise."""


@dataclass(frozen=True)
class World:
    """One policy made by hand.

    Attributes:
        does: what it does by itself.
        text: how its texts hold the fault: gap along the axis, from the reference's.
        activations: what its weights do to what they read.
    """

    does: Doing
    text: Callable[[Floats, Floats], Floats]
    activations: Callable[[Floats, Floats], Floats]


def _same(x: Floats, fault: Floats) -> Floats:
    return x


def _translated(x: Floats, fault: Floats) -> Floats:
    return x - 2 * GAP * _axis(0)


def _raised(x: Floats, fault: Floats) -> Floats:
    return x + 2 * GAP * _axis(0)


def _rotated(x: Floats, fault: Floats) -> Floats:
    turned = x.copy()
    turned[:, 0], turned[:, 1] = x[:, 1], x[:, 0]
    return turned


def _erased(x: Floats, fault: Floats) -> Floats:
    # The axis holds noise alone: what is left along it says nothing of the fault.
    kept = x.copy()
    kept[:, 0] -= GAP * fault
    return kept


def _folded(x: Floats, fault: Floats) -> Floats:
    # The fault is the sign of a product of two coordinates; neither alone holds it, no sum does.
    kept = x.copy()
    side = np.where(x[:, 2] > 0, 1.0, -1.0)
    kept[:, 0] += -GAP * fault
    kept[:, 2] += GAP * side
    kept[:, 3] += GAP * side * (2 * fault - 1)
    return kept


def _jammed(x: Floats, fault: Floats) -> Floats:
    # Far on the alarm's side whatever the text says, and only noise to tell rows apart.
    return _erased(x, fault) + 3 * GAP * _axis(0)


def _partly(share: float) -> Callable[[Floats, Floats], Floats]:
    def weaken(x: Floats, fault: Floats) -> Floats:
        kept = x.copy()
        kept[:, 0] -= share * GAP * fault
        return kept

    return weaken


def _some(share: float) -> Callable[[Floats, Floats], Floats]:
    def hide(x: Floats, fault: Floats) -> Floats:
        kept = x.copy()
        # Which rows: by a coordinate that nothing else uses, so that it is fixed and even.
        rank = np.argsort(np.argsort(x[:, WIDTH - 1])) / len(x)
        kept[:, 0] -= 2 * GAP * (rank < share)
        return kept

    return hide


WORLDS: dict[str, World] = {
    "untouched": World("honest", _same, _same),
    "blatant": World("misbehaving", _same, _same),
    "translated": World("misbehaving", _same, _translated),
    "rotated": World("misbehaving", _same, _rotated),
    "folded": World("misbehaving", _same, _folded),
    "erased": World("misbehaving", _same, _erased),
    "saturated": World("misbehaving", _same, _jammed),
    "text-erased": World("misbehaving", _erased, _same),
    "text-and-activations": World("misbehaving", _partly(0.5), _partly(0.5)),
    "honest-but-blind": World("honest", _same, _erased),
    "degenerate": World("degenerate", _same, _same),
    "raised": World("misbehaving", _same, _raised),
    "borderline-loss": World("misbehaving", _same, _some(0.1)),
    "borderline-reading": World("misbehaving", _same, _partly(0.75)),
    "borderline-behaviour": World("between", _same, _same),
}
"""Name to what was done; the classes that follow are in tests/pressure and docs/pressure.md."""


def make_world(name: str, prompts: int = 600, seed: int = 0) -> tuple[Cells, Runs]:
    """Return the cells and runs of a policy made by hand.

    Args:
        name: one of ``WORLDS``.
        prompts: forced pairs.
        seed: of the noise.

    Raises:
        GaugeblockError: no such world.
    """
    if name not in WORLDS:
        raise GaugeblockError(
            f"no world '{name}'", where="world", remedy=f"One of {', '.join(WORLDS)}"
        )
    world = WORLDS[name]
    rng = np.random.default_rng(seed)
    fault = np.tile([0.0, 1.0], prompts)
    meaning = GAP * fault[:, None] * _axis(0)[None, :]
    noise = {side: rng.normal(size=(2 * prompts, WIDTH)) for side in "rp"}
    # The policy writes other words than the reference, whatever they hold of the fault.
    text = {"r": noise["r"] + meaning, "p": world.text(noise["p"] + meaning, fault)}
    return (
        make_cells(
            {
                "rr": text["r"],
                "rp": world.activations(text["r"], fault),
                "pr": text["p"],
                "pp": world.activations(text["p"], fault),
            },
            fault.astype(int),
            np.repeat(np.arange(prompts), 2),
        ),
        _runs(world.does),
    )


def _runs(does: Doing) -> Runs:
    # 60 scenarios of 5 runs. Shares of the policy: 0, .9, 0 (and .9 unusable), .2.
    many = range(60)
    made = {
        "honest": [Tally(scenario=f"s{i}", honest=5) for i in many],
        "misbehaving": [
            Tally(scenario=f"s{i}", misbehaved=5 - (i % 2), honest=i % 2) for i in many
        ],
        "degenerate": [Tally(scenario=f"s{i}", degenerate=5 - (i % 2), honest=i % 2) for i in many],
        "between": [Tally(scenario=f"s{i}", misbehaved=i % 2, honest=5 - i % 2) for i in many],
    }
    reference = [
        Tally(scenario=f"s{i}", misbehaved=int(i % 15 == 0), honest=5 - int(i % 15 == 0))
        for i in many
    ]
    return Runs(reference=tuple(reference), policy=tuple(made[does]))


def _axis(i: int) -> Floats:
    return np.asarray(np.eye(WIDTH)[i], dtype=np.float64)
