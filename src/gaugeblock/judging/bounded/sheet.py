"""A sheet of questions to a judge, as a YAML file, and its answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.judging.bounded.judge import Judge, Ranking
from gaugeblock.judging.bounded.questions import Kind, wordings
from gaugeblock.judging.bounded.verdicts import Verdict


class Item(Record):
    """One thing to be judged.

    Attributes:
        id: its name, unique in the sheet.
        text: what is rated, asked about or ranked.
        question: the question of a choice; the sheet's criterion if it has none.
        options: the options of a choice.
        target: the right option of a choice, in its own words, where it is known.
        first: one text of a comparison.
        second: the other.
    """

    id: str
    text: str | None = None
    question: str | None = None
    options: tuple[str, ...] = ()
    target: str | None = None
    first: str | None = None
    second: str | None = None


_NEEDS = {
    "rating": ("text",),
    "yes_no": ("text",),
    "ranking": ("text",),
    "pairwise": ("first", "second"),
    "choice": ("options",),
}


class Sheet(Record):
    """Questions of one kind.

    Attributes:
        kind: rating, yes_no, choice, pairwise or ranking.
        criterion: statement, question, or what to choose by.
        scale: lowest and highest number of a rating.
        by: for a choice ``letter`` or ``text``, for a ranking ``pairwise``, ``listwise`` or
            ``rating``; the first of these if left out.
        wordings: your own wordings, instead of the shipped ones.
        items: what is judged.
    """

    kind: Literal["rating", "yes_no", "choice", "pairwise", "ranking"]
    criterion: str = ""
    scale: tuple[int, int] = (0, 10)
    by: Literal["letter", "text", "pairwise", "listwise", "rating"] | None = None
    wordings: tuple[str, ...] = ()
    items: tuple[Item, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        names = [item.id for item in self.items]
        if len(set(names)) < len(names):
            raise ValueError("two items have the same id")
        for item in self.items:
            for field in _NEEDS[self.kind]:
                if not getattr(item, field):
                    raise ValueError(f"item {item.id} has no {field}, which {self.kind} needs")
            if not (self.criterion or item.question):
                raise ValueError(f"item {item.id} has neither a question nor a criterion")
        allowed = {"choice": ("letter", "text"), "ranking": ("pairwise", "listwise", "rating")}
        if self.by is not None and self.by not in allowed.get(self.kind, ()):
            raise ValueError(f"{self.kind} has no way {self.by}")
        if self.kind == "ranking" and len(self.items) < 2:
            raise ValueError("a ranking needs at least two items")
        return self

    def prompts(self) -> int:
        """Return how many prompts the sheet asks."""
        counts: dict[str, tuple[Kind, int]] = {
            "rating": ("rating", 1),
            "yes_no": ("yes_no", 2),
            "pairwise": ("pairwise", 2),
        }
        if self.kind == "choice":
            kind: Kind = "choice_text" if self.by == "text" else "choice_letter"
            return sum(len(item.options) for item in self.items) * self._wordings(kind)
        n = len(self.items)
        if self.kind == "ranking":
            if self.by == "rating":
                return n * self._wordings("rating")
            if self.by == "listwise":
                return n * self._wordings("listwise")
            return n * (n - 1) * self._wordings("pairwise")
        kind, orders = counts[self.kind]
        return n * orders * self._wordings(kind)

    def _wordings(self, kind: Kind) -> int:
        return len(self.wordings or wordings(kind))


class Answers(Record):
    """What a judge said to a sheet.

    Attributes:
        judge: who judged.
        channel: the channel the intervals hold for.
        verdicts: by item id; empty for a ranking.
        ranking: of a ranking.
        right: by item id, whether the target was chosen, where there is one.
        certain: by item id, whether ``right`` holds for all that the channel allows.
    """

    judge: str
    channel: str
    verdicts: dict[str, Verdict] = {}
    ranking: Ranking | None = None
    right: dict[str, bool | None] = {}
    certain: dict[str, bool] = {}


def read_sheet(path: Path) -> Sheet:
    """Read a sheet.

    Raises:
        GaugeblockError: the file cannot be read or is no sheet; names the field.
    """
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise GaugeblockError(f"cannot be read as YAML ({error})", where=path) from error
    try:
        return Sheet.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the sheet"
        raise GaugeblockError(
            f"{field}: {first['msg'].lower()}",
            where=path,
            remedy="docs/judging-logprobs.md shows a sheet of each kind",
        ) from error


async def answer(
    judge: Judge,
    sheet: Sheet,
    *,
    name: str,
    channel: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Answers:
    """Put a sheet's questions to a judge, one item after another.

    Args:
        judge: the judge.
        sheet: the questions.
        name: the judge's name, for the record.
        channel: the channel's name, for the record.
        progress: told how many items are done, of how many.

    Raises:
        GaugeblockError: the judge fails, or a target is none of its options.
    """
    scale = range(sheet.scale[0], sheet.scale[1] + 1)
    if sheet.kind == "ranking":
        texts = {item.id: item.text or "" for item in sheet.items}
        way = sheet.by if sheet.by in ("listwise", "rating") else "pairwise"
        ranking = await judge.rank(sheet.criterion, texts, by=way, scale=scale)
        progress(len(texts), len(texts))
        return Answers(judge=name, channel=channel, ranking=ranking)
    verdicts: dict[str, Verdict] = {}
    right: dict[str, bool | None] = {}
    certain: dict[str, bool] = {}
    for done, item in enumerate(sheet.items, start=1):
        verdict = await _ask(judge, sheet, item, scale)
        verdicts[item.id] = verdict
        if item.target is not None:
            wanted = _place(item)
            right[item.id] = None if verdict.choice is None else verdict.choice == wanted
            alone = verdict.not_excluded == (wanted,)
            certain[item.id] = alone or wanted not in verdict.not_excluded
        progress(done, len(sheet.items))
    return Answers(judge=name, channel=channel, verdicts=verdicts, right=right, certain=certain)


async def _ask(judge: Judge, sheet: Sheet, item: Item, scale: range) -> Verdict:
    if sheet.kind == "rating":
        return await judge.rate(item.text or "", sheet.criterion, scale)
    if sheet.kind == "yes_no":
        return await judge.yes_no(item.text or "", sheet.criterion)
    if sheet.kind == "pairwise":
        return await judge.compare(sheet.criterion, item.first or "", item.second or "")
    by: Literal["letter", "text"] = "text" if sheet.by == "text" else "letter"
    return await judge.choose(item.question or sheet.criterion, item.options, by=by)


def _place(item: Item) -> str:
    if item.target not in item.options:
        raise GaugeblockError("the target is none of the options", where=f"item {item.id}")
    return str(item.options.index(item.target))
