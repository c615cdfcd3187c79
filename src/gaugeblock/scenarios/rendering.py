"""One way to render a scenario, whatever the rendering."""

from __future__ import annotations

from gaugeblock.errors import GaugeblockError
from gaugeblock.scenarios.controlled import render_controlled
from gaugeblock.scenarios.natural import render_natural
from gaugeblock.scenarios.pack import Pack
from gaugeblock.scenarios.types import Factors, Rendering, Scenario, Situation, Split


def render(
    pack: Pack, scenario: Scenario, factors: Factors, rendering: Rendering, wordings: Split
) -> Situation:
    """Return the situation of a cell in a rendering.

    Args:
        pack: the pack the scenario is from.
        scenario: which matter and cast.
        factors: one level for every factor; a benign scenario has to be innocent.
        rendering: "controlled" (short) or "natural" (reads like work).
        wordings: which wordings of the factors to draw from.

    Raises:
        GaugeblockError: for an unknown rendering, a benign scenario that is to be guilty, or a
            pack that has no natural rendering.
    """
    if factors.severity == "benign" and factors.guilt == "guilty":
        raise GaugeblockError("a benign request cannot be guilty", where=scenario.id)
    if rendering == "controlled":
        return render_controlled(pack, scenario, factors, wordings)
    if rendering == "natural":
        return render_natural(pack, scenario, factors, wordings)
    raise GaugeblockError(
        f"there is no rendering '{rendering}'",
        where=scenario.id,
        remedy="Renderings: controlled, natural",
    )
