"""From two checkpoints, pairs and detector files to cells and everything that goes with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.files import DetectorCard, group_hash, load_probe
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import find_blocks, model_fingerprint, record
from gaugeblock.models.activations.pooling import Pooling
from gaugeblock.models.loading import LoadedModel
from gaugeblock.pressure.battery import Instrument, load_instrument
from gaugeblock.pressure.behaviour import Runs, SelfReport
from gaugeblock.pressure.cells import CORNERS, Cells, Corner, LayerName, make_cells
from gaugeblock.pressure.forced import (
    Ids,
    divergence,
    forced_texts,
    own_runs,
    prompt_lengths,
    says_true,
)
from gaugeblock.pressure.means import mean_over_prompts
from gaugeblock.pressure.pairs import Pair
from gaugeblock.pressure.rates import grouped_rate
from gaugeblock.stats import Interval

Say = Callable[[str], None]

OTHER_LAYERS = 3
"""Layers read besides those of the detectors, spread evenly."""


@dataclass(frozen=True)
class Read:
    """What two checkpoints gave.

    Attributes:
        cells: activations, pooled as the first detector needs them.
        trained: the detector trained against; None where no file was given.
        held_out: the other files.
        runs: what the models do by themselves; None where it was given from elsewhere.
        self_report: what they say when asked; None where the pairs ask nothing.
        kl: of the policy from the reference, on its own texts.
        kl_texts: texts behind it.
        warnings: what a reader must know.
    """

    cells: Cells
    trained: Instrument | None
    held_out: tuple[Instrument, ...]
    runs: Runs | None
    self_report: SelfReport | None
    kl: Interval
    kl_texts: int
    warnings: tuple[str, ...]


def read_checkpoints(
    reference: LoadedModel,
    policy: LoadedModel,
    pairs: Sequence[Pair],
    detectors: Sequence[Path] = (),
    *,
    write: int = 8,
    runs: int = 1,
    layer: int | None = None,
    level: float = 0.95,
    seed: int = 0,
    say: Say = lambda what: None,
) -> Read:
    """Let both models write, read both texts with both, and ask.

    Args:
        reference: the model before.
        policy: the model after.
        pairs: forced pairs.
        detectors: files; the first is the one trained against, the rest are held out.
        write: tokens that each model writes after a forced beginning; 0 leaves both texts alike.
        runs: runs of each prompt for the behaviour; 0 for none.
        layer: where no detector is given, the block that one is fitted on; the middle if None.
        level: of every interval.
        seed: of the decoding and the bootstrap.
        say: told what is being done.

    Raises:
        GaugeblockError: the models differ in shape or vocabulary, a detector of another model, a
            layer that is not there, a text that does not fit.
    """
    shapes = [(find_blocks(m.model).count, find_blocks(m.model).width) for m in (reference, policy)]
    if shapes[0] != shapes[1]:
        raise GaugeblockError(
            f"{shapes[1][0]} blocks of width {shapes[1][1]}, but {reference.subject} has "
            f"{shapes[0][0]} of width {shapes[0][1]}",
            where=policy.subject,
            remedy="Give a checkpoint that was trained from the reference",
        )
    blocks = shapes[0][0]
    model = model_fingerprint(reference.model)
    cards = [load_probe(path, model=model)[1] for path in detectors]
    first = _layer_of(cards[0], blocks, detectors[0]) if cards else layer
    home: LayerName = blocks // 2 if first is None else first
    wanted = {home, *(_layer_of(c, blocks, p) for c, p in zip(cards, detectors, strict=True))}
    spread = np.linspace(0, blocks - 1, OTHER_LAYERS).astype(int).tolist()
    layers = sorted({one for one in wanted if one is not None} | set(spread), key=_rank)
    if home not in layers or not all(_exists(one, blocks) for one in layers):
        raise GaugeblockError(
            f"layer {home} does not exist", where="layer", remedy=f"Blocks are 0 to {blocks - 1}"
        )
    say("writing")
    texts = {
        "r": forced_texts(reference, pairs, write),
        "p": forced_texts(policy, pairs, write),
    }
    units = {unit: i for i, unit in enumerate(dict.fromkeys(pair.unit for pair in pairs))}
    groups = np.repeat([units[pair.unit] for pair in pairs], 2).astype(np.int64)
    say("reading")
    models = {"r": reference, "p": policy}
    at_home = cards[0].at if cards else "last"
    by_pool = {
        at: _cells(models, texts, groups, tuple(layers), home, at)
        for at in dict.fromkeys([at_home, *(card.at for card in cards)])
    }
    loaded = [
        load_instrument(path, by_pool[card.at], model=model)
        for path, card in zip(detectors, cards, strict=True)
    ]
    placed = [replace(one, cells=by_pool[c.at]) for one, c in zip(loaded, cards, strict=True)]
    say("running both by themselves")
    done = None
    if runs:
        done = Runs(
            reference=own_runs(reference, pairs, runs, seed),
            policy=own_runs(policy, pairs, runs, seed),
        )
    say("asking")
    report = _report(models, texts, pairs, groups, level)
    say("measuring drift")
    far = divergence(policy, reference, texts["p"], prompt_lengths(policy, pairs))
    return Read(
        cells=by_pool[at_home],
        trained=placed[0] if placed else None,
        held_out=tuple(placed[1:]),
        runs=done,
        self_report=report,
        kl=mean_over_prompts(far, groups, level, seed),
        kl_texts=len(far),
        warnings=_warnings(pairs, cards, write),
    )


def _cells(
    models: dict[str, LoadedModel],
    texts: dict[str, list[Ids]],
    groups: Ints,
    layers: tuple[LayerName, ...],
    home: LayerName,
    at: str,
) -> Cells:
    pool = _pooling(at)
    arrays: dict[Corner, Floats] = {
        c: record(models[c[1]], texts[c[0]], layers, pool).values.astype(np.float64)
        for c in CORNERS
    }
    labels = np.tile([0, 1], len(groups) // 2)
    return make_cells(arrays, labels, groups, layers=layers, layer=home, at=at)


def _report(
    models: dict[str, LoadedModel],
    texts: dict[str, list[Ids]],
    pairs: Sequence[Pair],
    groups: Ints,
    level: float,
) -> SelfReport | None:
    if not all(pair.asked for pair in pairs):
        return None
    rates: dict[str, tuple[Interval, Interval]] = {}
    for side in "rp":
        true = np.array(says_true(models[side], texts[side], pairs))
        rates[side] = (
            grouped_rate(~true[1::2], groups[1::2], level),
            grouped_rate(true[::2], groups[::2], level),
        )
    return SelfReport(
        lies_owned=rates["p"][0],
        truths_affirmed=rates["p"][1],
        reference_lies_owned=rates["r"][0],
        reference_truths_affirmed=rates["r"][1],
    )


def _warnings(pairs: Sequence[Pair], cards: Sequence[DetectorCard], write: int) -> tuple[str, ...]:
    out = []
    units = {group_hash(pair.unit) for pair in pairs}
    for i, card in enumerate(cards, 1):
        seen = len(units & set(card.trained_on))
        if seen:
            out.append(
                f"detector {i} was fitted on {seen} of the {len(units)} prompts: its numbers on "
                "the reference are too good"
            )
    if not write:
        out.append("no model wrote anything (write 0): both texts are the forced beginnings alone")
    return tuple(out)


def _layer_of(card: DetectorCard, blocks: int, path: Path) -> int | None:
    if card.layer is not None and not 0 <= card.layer < blocks:
        raise GaugeblockError(
            f"it reads layer {card.layer}, the models have blocks 0 to {blocks - 1}", where=path
        )
    return card.layer


def _exists(layer: LayerName, blocks: int) -> bool:
    return layer == "embedding" or (isinstance(layer, int) and 0 <= layer < blocks)


def _rank(layer: LayerName) -> int:
    return -1 if isinstance(layer, str) else layer


def _pooling(at: str) -> Pooling:
    choices: tuple[Pooling, ...] = ("last", "mean", "max")
    for known in choices:
        if at == known:
            return known
    raise GaugeblockError(f"pooling '{at}' needs more than the text", where="detector")
