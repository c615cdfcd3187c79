"""The superposition dial: pack features ever more tightly and see which rung goes first."""

from __future__ import annotations

from collections.abc import Sequence

from gaugeblock.certify.battery import certify
from gaugeblock.certify.records import Identity
from gaugeblock.certify.synthetic import World, build_exhibit, write_statements
from gaugeblock.detectors.mass_mean import MassMean
from gaugeblock.frozen import Record


class DialRow(Record):
    """What a mass-mean detector of truth reaches at one setting of the dial.

    Attributes:
        packing: background features per dimension.
        features: background features in all.
        width: dimensions.
        highest: highest rung reached, "none" where not even the first.
        stopped_by: the trial that stopped it; None at the top.
        auroc: held out, in distribution.
        failed: every required trial that failed, also those above the one that stopped it.
    """

    packing: float
    features: int
    width: int
    highest: str
    stopped_by: str | None
    auroc: float
    failed: tuple[str, ...]


def superposition_dial(
    packings: Sequence[float] = (0, 2, 8, 32, 128),
    *,
    width: int = 64,
    strength: float = 2.0,
    entities: int = 120,
    seed: int = 0,
) -> list[DialRow]:
    """Return how far a detector of truth climbs as a world's features are packed together.

    Background features point anywhere, each is on in one text of ten, and the more there are per
    dimension the more of them lie across the truth vector.

    Args:
        packings: background features per dimension, one row of the result each.
        width: dimensions of the world.
        strength: size of the truth feature, in units of a background feature.
        entities: entities fitted on; half as many are held out.
        seed: of the world.

    Source: superposition as in Elhage et al. 2022, arXiv:2209.10652.
    """
    rows = []
    seen, held = range(entities), range(entities, entities + entities // 2)
    for packing in packings:
        world = World(
            width=width,
            strength={"truth": strength, "negated": 1.0, "length": 0.5},
            background=round(packing * width),
            overlap=1.0 if packing else 0.0,
            seed=seed,
        )
        controls = [s for s in write_statements(held, indeed_if_true=0.0, seed=9) if not s.label]
        exhibit = build_exhibit(
            world,
            MassMean(),
            write_statements(seen, seed=1) + write_statements(seen, negated=True, seed=2),
            write_statements(held, seed=3) + write_statements(held, negated=True, seed=4),
            write_statements(held, negated=True, wording="all", seed=5),
            [s.model_copy(update={"control": "insists"}) for s in controls],
        )
        identity = Identity(
            concept="truth", family="mass-mean", blind=False, subject="synthetic", seed=seed
        )
        found = certify(exhibit, identity)
        area = found.trial("in_distribution").readings[0].value
        rows.append(
            DialRow(
                packing=packing,
                features=world.background,
                width=width,
                highest=found.highest,
                stopped_by=found.stopped_by,
                auroc=area if area is not None else 0.5,
                failed=tuple(t.id for t in found.trials if t.required and t.outcome == "failed"),
            )
        )
    return rows
