"""How far a pack's words alone tell a label, in numbers: what both kinds of card are made of."""

from __future__ import annotations

from collections.abc import Sequence

from gaugeblock.frozen import Record
from gaugeblock.scenarios.types import Rendering, Scene
from gaugeblock.scenarios.word_bag import WordBag, clustered_auroc, fit_word_bag


class WordLeak(Record):
    """What a bag of words makes of a label in one rendering.

    Attributes:
        rendering: how the scenes were written.
        trained_on: number of training texts.
        tested_on: number of held-out texts.
        clusters: number of held-out domains, which the intervals resample.
        auroc: area under the ROC curve over all pairs of held-out texts.
        low: lower end of its 95 % interval.
        high: upper end.
        matched: the same over pairs of one scenario only.
        matched_low: lower end of its 95 % interval.
        matched_high: upper end.
    """

    rendering: Rendering
    trained_on: int
    tested_on: int
    clusters: int
    auroc: float
    low: float
    high: float
    matched: float
    matched_low: float
    matched_high: float


def word_leak(
    train: Sequence[tuple[Scene, int]], held_out: Sequence[tuple[Scene, int]]
) -> tuple[WordLeak, WordBag]:
    """Return how far a bag of words that was fitted to some scenes tells the label of others.

    Args:
        train: scenes of one rendering, each with its label, 0 or 1.
        held_out: the same of other domains.
    """
    bag = fit_word_bag([readable(one) for one, _ in train], [label for _, label in train])
    scores = bag.scores([readable(one) for one, _ in held_out])
    labels = [label for _, label in held_out]
    domains = [one.domain for one, _ in held_out]
    scenarios = [one.scenario for one, _ in held_out]
    found = clustered_auroc(scores, labels, domains, seed=0)
    matched = clustered_auroc(scores, labels, domains, seed=0, within=scenarios)
    leak = WordLeak(
        rendering=held_out[0][0].rendering,
        trained_on=len(train),
        tested_on=len(held_out),
        clusters=len(set(domains)),
        auroc=found.value,
        low=found.low,
        high=found.high,
        matched=matched.value,
        matched_low=matched.low,
        matched_high=matched.high,
    )
    return leak, bag


def readable(scene: Scene) -> str:
    """Return everything a subject could read in a scene, one part to a line."""
    mails = (
        f"{mail.sender} {mail.recipient}\n{mail.subject}\n{mail.body}" for mail in scene.mailbox
    )
    return "\n".join((scene.system, *scene.turns, *scene.files.values(), *mails))
