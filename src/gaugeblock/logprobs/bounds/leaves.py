"""The beginnings of texts that one answer of an API tells of, with the weight of each.

The first position lists tokens with their logprobs. Where the sampled token is only a piece of
an answer, the next position says how it goes on, and so on along the sampled text: a tree with
one branch followed. Its leaves are byte strings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.bounds.answers import UNPRINTABLE
from gaugeblock.logprobs.bounds.box import Box, envelope_box, statistical_box
from gaugeblock.logprobs.bounds.text import rest_floor, token_logprob
from gaugeblock.logprobs.channel.readings import SENTINEL_BELOW
from gaugeblock.logprobs.floats import Array
from gaugeblock.logprobs.rows import TopEntry
from gaugeblock.logprobs.spec import ChannelSpec


@dataclass(frozen=True)
class Position:
    """One position of an answer: what was listed and what was sampled.

    Attributes:
        top: the listed tokens in any order; sentinels and NaN are dropped when it is read.
        chosen: bytes of the sampled token; None where it is not known.
        k: how many tokens were asked for; None where it is not known.
    """

    top: tuple[TopEntry, ...]
    chosen: bytes | None = None
    k: int | None = None


@dataclass(frozen=True)
class Leaf:
    """A beginning of a text.

    Attributes:
        text: its bytes.
        low: lowest true log weight, nats; minus infinity where it may have none.
        high: highest true log weight, nats.
        reported: reported log weight, nats; None for the unlisted.
        sd: typical error of ``reported``, nats.
        ended: whether the text ends here.
        doubtful: whether the text is only what the tokens print as, under a channel where several
            tokens that print alike overwrite each other.
    """

    text: bytes
    low: float
    high: float
    reported: float | None
    sd: float
    ended: bool = False
    doubtful: bool = False


@dataclass(frozen=True)
class Leaves:
    """All that one answer, or repeats of one answer, tell.

    Attributes:
        leaves: beginnings of texts, none of which begins another except where that is unlisted.
        unseen_each: the most that one unlisted first token can weigh.
        unseen_total: the most that all unlisted first tokens together can weigh.
        unseen_least: the least that they can weigh.
        guaranteed: False where the ends are those of a confidence region.
        calls: how many answers went in.
    """

    leaves: tuple[Leaf, ...]
    unseen_each: float
    unseen_total: float
    unseen_least: float
    guaranteed: bool
    calls: int


def usable(position: Position) -> tuple[list[bytes], Array]:
    """Return keys and logprobs of the real entries of a position, largest first.

    A token without bytes that prints as nothing may be a piece of a character as well as the end
    of the text; it is given the key of what cannot be printed.
    """
    entries = [e for e in position.top if SENTINEL_BELOW < e.logprob < math.inf]
    entries.sort(key=lambda entry: -entry.logprob)
    keys = [e.key if e.key or e.has_bytes else UNPRINTABLE for e in entries]
    return keys, np.array([entry.logprob for entry in entries])


def _doubtful(candidates: Sequence[ChannelSpec], position: Position) -> set[bytes]:
    """Return the keys that may stand for another token than the one of those bytes."""
    if not any(spec.string_keyed for spec in candidates):
        return set()
    return {entry.key for entry in position.top if not entry.has_bytes}


def _is_noise(candidates: Sequence[ChannelSpec]) -> bool:
    return len(candidates) == 1 and candidates[0].family == "noise"


def position_box(candidates: Sequence[ChannelSpec], position: Position) -> tuple[list[bytes], Box]:
    """Return the keys and the box of one position.

    A list longer than the channel's k holds the sampled token beside the k best; then the k-th
    is the one that limits what was not listed.

    Args:
        candidates: channels that the card does not exclude, one of them if it is decided.
        position: the position.

    Raises:
        GaugeblockError: if nothing usable was listed, or it cannot have come from the channel.
    """
    keys, logprobs = usable(position)
    if not keys:
        raise GaugeblockError(
            "the answer lists no logprobs", remedy="Judge by sampling, or ask for top_logprobs"
        )
    if _is_noise(candidates):
        return keys, statistical_box(candidates[0], [logprobs])
    box = envelope_box(candidates, logprobs)
    k = min([spec.k for spec in candidates] + ([position.k] if position.k else []))
    if len(keys) == k + 1 and position.chosen == keys[-1]:
        each = max(box.unseen_each, math.exp(float(box.high[k - 1])))
        box = replace(box, unseen_each=each)
    return keys, box


def _repeated_box(spec: ChannelSpec, repeats: Sequence[Position]) -> tuple[list[bytes], Box]:
    """Average the tokens that every repeat lists; the others count as unlisted."""
    tables = [dict(zip(*usable(position), strict=True)) for position in repeats]
    common = [key for key in tables[0] if all(key in table for table in tables)]
    if not common:
        raise GaugeblockError("the repeats have no listed token in common")
    means = {key: float(np.mean([table[key] for table in tables])) for key in common}
    common.sort(key=lambda key: -means[key])
    box = statistical_box(spec, [[table[key] for key in common] for table in tables])
    return common, box


def _branch(prefix: Leaf, box: Box, keys: Sequence[bytes], doubtful: set[bytes]) -> list[Leaf]:
    """Return the leaves below a prefix: its listed continuations, and the unlisted as one."""
    found = []
    for place, key in enumerate(keys):
        value = token_logprob(box, place)
        reported = None
        if prefix.reported is not None and value.value is not None:
            reported = prefix.reported + value.value
        found.append(
            Leaf(
                text=prefix.text + key,
                low=prefix.low + (-math.inf if value.low is None else value.low),
                high=prefix.high + (0.0 if value.high is None else min(value.high, 0.0)),
                reported=reported,
                sd=math.hypot(prefix.sd, value.sd or 0.0),
                ended=not key,
                doubtful=prefix.doubtful or key in doubtful,
            )
        )
    listed = float(np.exp(box.low).sum())
    total = box.unseen_total
    share = 1.0 if not math.isfinite(total) or listed <= 0 else total / (total + listed)
    if share > 0:
        high = prefix.high + math.log(share)
        found.append(Leaf(prefix.text, -math.inf, high, None, 0.0))
    return found


def unfold(
    candidates: Sequence[ChannelSpec],
    repeats: Sequence[Sequence[Position]],
    undecided: Callable[[bytes], bool] = lambda text: False,
) -> Leaves:
    """Return the beginnings of texts that an answer tells of.

    Args:
        candidates: channels that the card does not exclude, one of them if it is decided.
        repeats: for each answer to one prompt its positions, at least one. More than one answer
            is used only under noise, where their mean is more exact; a grid is the same each
            time.
        undecided: whether a beginning may still become an answer, so that the next position is
            worth reading. By default only the first position is read.

    Raises:
        GaugeblockError: if there is no answer, or it cannot have come from the channel.
    """
    if not repeats or not repeats[0]:
        raise GaugeblockError("there is no answer to read")
    first = repeats[0]
    noisy = _is_noise(candidates)
    if noisy and len(repeats) > 1:
        keys, box = _repeated_box(candidates[0], [answer[0] for answer in repeats])
    else:
        keys, box = position_box(candidates, first[0])
    doubtful = _doubtful(candidates, first[0])
    leaves = [
        Leaf(
            text=key,
            low=float(box.low[i]),
            high=float(box.high[i]),
            reported=float(box.log_weight[i]),
            sd=float(box.sd[i]),
            ended=not key,
            doubtful=key in doubtful,
        )
        for i, key in enumerate(keys)
    ]
    chosen, place = first[0].chosen, 0
    text = b""
    while chosen is not None and place + 1 < len(first):
        text += chosen
        prefix = next(
            (leaf for leaf in leaves if leaf.text == text and leaf.reported is not None), None
        )
        place += 1
        if prefix is None or not undecided(text) or not usable(first[place])[0]:
            break
        leaves.remove(prefix)
        below, box_below = position_box(candidates, first[place])
        leaves += _branch(prefix, box_below, below, _doubtful(candidates, first[place]))
        chosen = first[place].chosen
    rest = max(0.0, 1.0 - float(np.exp(box.log_weight).sum()))
    return Leaves(
        leaves=tuple(leaves),
        unseen_each=box.unseen_each,
        unseen_total=box.unseen_total,
        unseen_least=rest * rest_floor(box) if box.guaranteed else 0.0,
        guaranteed=box.guaranteed,
        calls=len(repeats) if noisy else 1,
    )
