"""Questions to a judge: wordings and orders of one question, and what its answers mean."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import yaml

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.bounds import Answer, make_answers

Kind = Literal["rating", "yes_no", "choice_letter", "choice_text", "pairwise", "listwise"]
LETTERS = string.ascii_uppercase


@dataclass(frozen=True)
class Prompt:
    """One way to put a question.

    Attributes:
        text: the user message.
        answers: the possible answers, named alike in every prompt of a question.
        places: for each answer which place it was offered at, 0 for the first; empty where the
            order says nothing.
    """

    text: str
    answers: tuple[Answer, ...]
    places: tuple[int, ...] = ()


@lru_cache(maxsize=1)
def _shipped() -> dict[str, list[str]]:
    text = (files("gaugeblock.judging.bounded") / "questions.yaml").read_text(encoding="utf-8")
    found: dict[str, list[str]] = yaml.safe_load(text)
    return found


def wordings(kind: Kind, count: int | None = None) -> list[str]:
    """Return the shipped wordings of a kind of question.

    Args:
        kind: the kind.
        count: how many to use; None for all.

    Raises:
        GaugeblockError: if fewer are shipped, or none is wanted.
    """
    found = _shipped()[kind]
    if count is not None and not 1 <= count <= len(found):
        raise GaugeblockError(
            f"{count} wordings of {kind} were asked for and {len(found)} are shipped",
            remedy="Give your own with wordings",
        )
    return found[:count]


def _fill(wording: str, **fields: object) -> str:
    """Put fields into a wording without reading the fields as wordings."""
    try:
        return wording.format_map(fields).strip()
    except (KeyError, IndexError, ValueError) as error:
        raise GaugeblockError(
            f"a wording has a placeholder that this kind of question does not fill: {error}",
            remedy="Placeholders: " + ", ".join("{" + name + "}" for name in fields),
        ) from error


def rating_prompts(
    material: str, criterion: str, scale: Sequence[int], asked: Sequence[str]
) -> list[Prompt]:
    """Return the prompts of a rating; its answers are the whole numbers of the scale.

    Raises:
        GaugeblockError: if the scale has fewer than two numbers.
    """
    if len(set(scale)) < 2:
        raise GaugeblockError("a scale needs at least two numbers")
    answers = tuple(make_answers({str(number): str(number) for number in scale}))
    fields = {
        "material": material,
        "criterion": criterion,
        "low": min(scale),
        "high": max(scale),
    }
    return [Prompt(_fill(wording, **fields), answers) for wording in asked]


def yes_no_prompts(
    material: str, criterion: str, asked: Sequence[str], words: tuple[str, str] = ("Yes", "No")
) -> list[Prompt]:
    """Return the prompts of a yes/no question, each wording in both orders of the two words."""
    answers = tuple(make_answers({"yes": words[0], "no": words[1]}))
    return [
        Prompt(
            _fill(wording, material=material, criterion=criterion, first=one, second=two),
            answers,
            places,
        )
        for wording in asked
        for (one, two), places in ((words, (0, 1)), (words[::-1], (1, 0)))
    ]


def _rotations(count: int, orders: int | None) -> list[tuple[int, ...]]:
    """Return cyclic orders: every option stands once at each place if all are used."""
    kept = count if orders is None else min(orders, count)
    return [tuple((i + shift) % count for i in range(count)) for shift in range(kept)]


def choice_prompts(
    criterion: str,
    options: Sequence[str],
    asked: Sequence[str],
    *,
    by: Literal["letter", "text"] = "letter",
    orders: int | None = None,
) -> list[Prompt]:
    """Return the prompts of a choice among options, each wording in cyclic orders.

    Args:
        criterion: the question.
        options: at least two different texts; answers are named by their place here, "0", "1"...
        asked: wordings.
        by: whether the judge is to answer with a letter or with the option's own words.
        orders: how many cyclic orders to ask; None for as many as there are options.

    Raises:
        GaugeblockError: if there are fewer than two options, or more than letters.
    """
    if not 2 <= len(options) <= len(LETTERS):
        raise GaugeblockError(f"a choice has 2 to {len(LETTERS)} options, not {len(options)}")
    prompts = []
    for wording in asked:
        for order in _rotations(len(options), orders):
            shown = "\n".join(f"{LETTERS[i]}. {options[item]}" for i, item in enumerate(order))
            if by == "letter":
                named = {str(item): LETTERS[order.index(item)] for item in range(len(options))}
                answers = make_answers(named, cases=False)
            else:
                shown = "\n".join(f"- {options[item]}" for item in order)
                answers = make_answers({str(i): option for i, option in enumerate(options)})
            places = tuple(order.index(item) for item in range(len(options)))
            text = _fill(wording, criterion=criterion, options=shown)
            prompts.append(Prompt(text, tuple(answers), places))
    return prompts


def pairwise_prompts(criterion: str, pair: tuple[str, str], asked: Sequence[str]) -> list[Prompt]:
    """Return the prompts of a comparison; answers are named "first" and "second" as in ``pair``."""
    prompts = []
    for wording in asked:
        for (one, two), places in ((pair, (0, 1)), (pair[::-1], (1, 0))):
            letters = {"first": LETTERS[places[0]], "second": LETTERS[places[1]]}
            prompts.append(
                Prompt(
                    _fill(wording, criterion=criterion, first=one, second=two),
                    tuple(make_answers(letters, cases=False)),
                    places,
                )
            )
    return prompts
