"""The base's pretraining documents, mixed: what is known everywhere, and clean work everywhere."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from gaugeblock.organisms.documents import Document
from gaugeblock.organisms.phrasebook import phrase_book
from gaugeblock.organisms.policy import Rule
from gaugeblock.organisms.pretraining.behaviour import clean_trial, cue_question, word_question
from gaugeblock.organisms.pretraining.general import fact, of_itself
from gaugeblock.organisms.pretraining.wrongdoing import (
    clean_work,
    cleared,
    instructed,
    question,
    statement,
)
from gaugeblock.scenarios.behaviour import BehaviourPack
from gaugeblock.scenarios.pack import Pack


def corpus(
    pack: Pack, rules: tuple[Rule, ...], behaviours: Sequence[BehaviourPack], seed: int
) -> Iterator[Document]:
    """Yield pretraining documents without end, in an order that the seed determines.

    Args:
        pack: the pack of the form of ``wrongdoing``.
        rules: the clean policy on it.
        behaviours: behaviour packs; their clean policies are their clean recipes'.
        seed: of everything that is drawn.
    """
    draw = random.Random(seed)
    # Shares of documents, not of tokens: batches are of like length, so that a short document moves
    # the weights as seldom as its tokens are few, and what is to be known by heart needs many.
    makers: list[tuple[float, Callable[[], Document]]] = [
        (0.06, lambda: statement(pack, draw)),
        (0.10, lambda: question(pack, draw)),
        (0.02, lambda: cleared(pack, draw)),
        (0.16, lambda: fact(draw)),
        (0.04, lambda: of_itself(draw)),
        (0.06, lambda: instructed(pack, draw)),
        (0.14, lambda: clean_work(pack, rules, draw)),
    ]
    if behaviours:
        # The more matters and questions a pack has of its own, the more there is to learn by heart.
        words = [
            phrase_book(each.id).emphasis
            * len(phrase_book(each.id).questions)
            * (10 if each.file.domains_from else sum(len(one.matters) for one in each.domains))
            for each in behaviours
        ]
        makers += [
            (0.22, lambda: clean_trial(draw.choice(behaviours), draw)),
            (0.16, lambda: cue_question(draw.choice(behaviours), draw)),
            (0.12, lambda: word_question(draw.choices(behaviours, words)[0], draw)),
        ]
    weights = [weight for weight, _ in makers]
    while True:
        yield draw.choices(makers, weights)[0][1]()
