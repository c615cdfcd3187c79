"""One way to render a scenario, whatever the rendering, and to find one again by its id."""

from __future__ import annotations

from typing import cast, get_args

from gaugeblock.errors import GaugeblockError
from gaugeblock.scenarios.controlled import render_controlled
from gaugeblock.scenarios.front_matter import validate
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


def situation_of(pack: Pack, ident: str) -> Situation:
    """Return the situation that an id names: the same id is always the same text.

    Args:
        pack: the pack it is from.
        ident: ``pack/domain/matter/number/rendering/wordings/factors``, factors joined by dots.

    Raises:
        GaugeblockError: if a part of the id names nothing in the pack.
    """
    parts = ident.split("/")
    if len(parts) != 7:
        raise GaugeblockError(
            "an id has seven parts",
            where=ident,
            remedy="Write pack/domain/matter/number/rendering/wordings/factors",
        )
    scenario = pack.find(*parts[:4])
    if scenario is None:
        raise GaugeblockError(
            f"the pack '{pack.shared.id}' has no scenario '{'/'.join(parts[:4])}'",
            where=ident,
            remedy=f"List them with 'gaugeblock scenarios list {pack.shared.id}'",
        )
    rendering, wordings, code = parts[4:]
    names, levels = list(Factors.model_fields), code.split(".")
    if len(names) != len(levels):
        raise GaugeblockError(
            f"{len(levels)} factor levels, not {len(names)}",
            where=ident,
            remedy=f"Factors, in this order: {', '.join(names)}",
        )
    factors = validate(Factors, dict(zip(names, levels, strict=True)), where=ident)
    if wordings not in get_args(Split) or rendering not in get_args(Rendering):
        raise GaugeblockError(
            f"there is no rendering '{rendering}' with wordings '{wordings}'",
            where=ident,
            remedy="Renderings: controlled, natural. Wordings: train, held_out",
        )
    return render(pack, scenario, factors, cast(Rendering, rendering), cast(Split, wordings))
