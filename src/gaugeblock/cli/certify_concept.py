"""Which statements ``gaugeblock certify`` tries a detector on, and how the model meets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gaugeblock.certify.chat import chat_frame
from gaugeblock.certify.concepts import Concept, asking, two_answers
from gaugeblock.certify.csv_concept import concept_from_csv
from gaugeblock.certify.shipped import load_concept
from gaugeblock.certify.subject import Subject
from gaugeblock.certify.trials_concept import (
    Question,
    is_question,
    named_levels,
    read_question,
    trials_concept,
)
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.subjects import resolve_subject
from gaugeblock.scenarios.types import Rendering


@dataclass(frozen=True)
class ConceptOptions:
    """What a person typed about the concept; the names are those of the options."""

    concept: str
    away: Sequence[str]
    control: Sequence[str]
    group: Sequence[str]
    pattern: str | None
    ask: str | None
    answers: str | None
    fix: Sequence[str]
    rendering: Rendering | None
    chat: bool
    reply: str
    seed: int

    @property
    def is_csv(self) -> bool:
        """Whether the statements are the person's own."""
        return self.concept.endswith(".csv")

    def read(self, blind: bool) -> Concept | Question:
        """Return what can be known without the model, whose loading may take long.

        Raises:
            GaugeblockError: an option that the concept has no use for; as the loaders of concepts.
        """
        self._check(blind)
        if is_question(self.concept):
            return read_question(self.concept, dict(named_levels(self.fix)), tuple(self.control))
        return self._statements()

    def _check(self, blind: bool) -> None:
        trials = is_question(self.concept)
        for given, names, fits, kind in (
            (
                self.away or self.group or self.pattern or self.ask,
                "--away, --group, --pattern and --ask",
                self.is_csv,
                "a CSV",
            ),
            (
                self.control,
                "--control",
                self.is_csv or trials,
                "a CSV or PACK:FACTOR=LEVEL,LEVEL",
            ),
            (
                self.fix or self.rendering,
                "--fix and --rendering",
                trials,
                "PACK:FACTOR=LEVEL,LEVEL",
            ),
        ):
            if given and not fits:
                raise GaugeblockError(
                    f"{names} go with {kind}", where="concept", remedy=f"Name {kind}"
                )
        if trials and self.answers is None:
            raise GaugeblockError(
                "how the reply goes on in each of the two cases is not said",
                where="answers",
                remedy="Name both beginnings: --answers 'I,<tool_call>'",
            )
        if not trials and self.answers is not None and self.ask is None:
            raise GaugeblockError("--answers needs --ask", where="answers")
        if self.reply and not (self.chat or trials):
            raise GaugeblockError("--reply needs --chat", where="reply")
        if blind and (self.chat or self.reply):
            raise GaugeblockError(
                "the detector's card says what stands around the texts",
                where="chat",
                remedy="Leave --chat and --reply out",
            )

    def meet(self, model: Subject, asked: Concept | Question) -> tuple[Subject, Concept]:
        """Return the model as it meets the texts, and the statements.

        Args:
            model: as it was loaded.
            asked: what ``read`` returned.

        Raises:
            GaugeblockError: a model without a chat template, or one whose template cannot be used.
        """
        if isinstance(asked, Question):
            builtin = resolve_subject(model.loaded.subject, chat=False).kind == "builtin"
            made, frame = trials_concept(
                asked,
                model.loaded.tokenizer,
                self.rendering or ("controlled" if builtin else "natural"),
                reply=self.reply,
                answers=two_answers(self.answers or ""),
                seed=self.seed,
            )
            return model.framed(frame), made
        framed = model
        if self.chat:
            framed = model.framed(chat_frame(model.loaded.tokenizer, self.reply))
        return framed, asked

    def _statements(self) -> Concept:
        if not self.is_csv:
            return load_concept(self.concept, self.seed)
        return concept_from_csv(
            Path(self.concept),
            _named(self.away, "away"),
            controls=_named(self.control, "control"),
            group=self.group,
            pattern=self.pattern,
            answers=None if self.ask is None else asking(self.ask, self.answers or "Yes,No"),
            seed=self.seed,
        )


def _named(pairs: Sequence[str], option: str) -> dict[str, Path]:
    for pair in pairs:
        if "=" not in pair:
            raise GaugeblockError(f"'{pair}' is not NAME=FILE", where=option)
    return {name: Path(path) for name, _, path in (pair.partition("=") for pair in pairs)}
