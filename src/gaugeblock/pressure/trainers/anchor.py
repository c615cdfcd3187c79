"""Rows for the truth anchor: what a model should say of its own answer when asked.

They come from forced pairs, whose sides are known. So this module is the environment's: what
pushes on the model never imports it.
"""

from __future__ import annotations

from pathlib import Path

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import encode
from gaugeblock.models.activations.encoding import check_lengths
from gaugeblock.models.loading import LoadedModel
from gaugeblock.pressure.pairs import load_pairs
from gaugeblock.pressure.trainers.lessons import IGNORED, Row


def anchor_rows(loaded: LoadedModel, path: Path) -> list[Row]:
    """Return two rows per pair: after its honest side the answer for true, else that for false.

    Raises:
        GaugeblockError: not a pairs file, a pair that asks nothing, or a text that does not fit.
    """
    rows: list[Row] = []
    for pair in load_pairs(path):
        if pair.asked is None:
            raise GaugeblockError(
                f"the pair {pair.id} has no 'asked', so there is nothing to anchor",
                where=path,
                remedy="Give every pair a question with its two answers",
            )
        prompt = encode(loaded.tokenizer, [pair.prompt])[0]
        for side, says in ((pair.honest, pair.asked.true), (pair.misbehaving, pair.asked.false)):
            begun, question, answer = encode(
                loaded.tokenizer, [side, pair.asked.question, says], special_tokens=False
            )
            before = [*prompt, *begun, *question]
            rows.append(((*before, *answer), (*[IGNORED] * len(before), *answer)))
    check_lengths(loaded, [list(ids) for ids, _ in rows])
    return rows
