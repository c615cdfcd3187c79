"""What the battery is given: labelled texts with their activations, and what the model can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaugeblock.detectors.arrays import Floats, Ints, check_activations
from gaugeblock.detectors.probe import Probe
from gaugeblock.detectors.statements import Statement
from gaugeblock.errors import GaugeblockError

EditKind = Literal[
    "paraphrase",
    "dilution",
    "substitution",
    "insertion",
    "guided dilution",
    "guided substitution",
]
"""The guided kinds choose words by the gradient of the score."""


class Eraser(Protocol):
    """A map of activations that takes a concept out, such as LEACE."""

    def __call__(self, x: ArrayLike) -> Floats:
        """Return activations (..., d) without the concept."""
        ...


@dataclass(frozen=True)
class Sample:
    """Statements with their activations.

    Attributes:
        statements: n statements.
        x: activations, shape (n, d).
    """

    statements: tuple[Statement, ...]
    x: Floats

    def __post_init__(self) -> None:
        check_activations(self.x, ndim=self.x.ndim)
        if len(self.statements) != len(self.x):
            raise GaugeblockError(
                f"{len(self.x)} activations for {len(self.statements)} statements",
                where="activations",
            )

    @property
    def texts(self) -> list[str]:
        """The statements' words."""
        return [statement.text for statement in self.statements]

    @property
    def labels(self) -> Ints:
        """0 or 1, shape (n,)."""
        return np.array([statement.label for statement in self.statements], dtype=np.int64)

    @property
    def groups(self) -> NDArray[np.str_]:
        """Group of each statement, shape (n,)."""
        return np.array([statement.group for statement in self.statements])

    def take(self, rows: NDArray[Any]) -> Sample:
        """Return some rows, by index or mask."""
        index = np.arange(len(self.statements))[rows]
        return Sample(tuple(self.statements[i] for i in index), self.x[index])


@dataclass(frozen=True)
class Change:
    """A change to the residual stream at the detector's layer.

    Attributes:
        kind: "steer" adds ``vector``; "erase" projects its direction out; "leace" applies
            ``eraser``.
        vector: shape (d,); not read where there is an eraser.
        mean: mean activation that erasing moves towards, shape (d,).
        eraser: a fitted LEACE map.
    """

    kind: Literal["steer", "erase", "leace"]
    vector: Floats
    mean: Floats | None = None
    eraser: Eraser | None = None


@dataclass(frozen=True)
class Edit:
    """One changed text of a search for counterexamples.

    Attributes:
        kind: what was done.
        text: the text after it.
        keeps_label: whether the text's label is unchanged by construction, not by opinion.
    """

    kind: EditKind
    text: str
    keeps_label: bool


@dataclass(frozen=True)
class GuidedQuery:
    """One text for which edits by gradient are asked for.

    Attributes:
        statement: what the text was made from.
        text: as it stands after the edits so far.
        rise: whether the score is to rise or to fall.
        kind: "guided dilution" leaves the statement's own words alone and edits only what was
            added behind them; "guided substitution" edits any word.
        width: how many edits are wanted at most.
    """

    statement: Statement
    text: str
    rise: bool
    kind: EditKind
    width: int


@dataclass(frozen=True)
class Check:
    """One check of the extraction path's own test; ``measured`` None where it gave no number."""

    name: str
    passed: bool
    measured: float | None
    limit: float
    detail: str = ""


@dataclass(frozen=True)
class Exhibit:
    """A fitted detector and everything it is tried on. What is None cannot be tried.

    Attributes:
        concept: what a high score is taken to mean.
        probe: the fitted detector.
        train: labelled texts the battery may fit baselines on; where the battery fitted the
            detector itself, what it was fitted on.
        home: held-out groups, the same kinds of text as ``train``.
        away: held-out groups, other kinds of text, told apart by ``Statement.cell``.
        controls: texts on the concept's topic that are not the concept (label 0).
        refit: builds an unfitted detector of the same making; None for a detector of unknown
            origin.
        seen: ``group_hash`` of the groups the detector was fitted on, None where not recorded.
        embedding: activations that enter the first block, for ``train`` and ``home``.
        untrained: activations of the same model with random weights, for ``train`` and ``home``.
        drifted: name to activations of ``home`` in a fine-tuned model, each (n, d).
        checks: the extraction path's self-test; None where no model is behind the arrays.
        read: activations of new texts, (n, d).
        output: the model's own output on texts under a change: higher is more of the concept.
        harm: the model's loss on neutral text under a change, one number per text.
        edits: candidate edits of a statement's current text.
        guided: candidate edits by the gradient of the score, for several statements at once.
        guided_why_not: why there is no ``guided``.
        output_name: what ``output`` is.
    """

    concept: str
    probe: Probe
    train: Sample
    home: Sample
    away: Sample | None = None
    controls: Sample | None = None
    refit: Callable[[], Probe] | None = None
    seen: frozenset[str] | None = None
    embedding: tuple[Floats, Floats] | None = None
    untrained: tuple[Floats, Floats] | None = None
    drifted: Mapping[str, Floats] = field(default_factory=dict)
    checks: Sequence[Check] | None = None
    read: Callable[[Sequence[str]], Floats] | None = None
    output: Callable[[Sequence[str], Change | None], Floats] | None = None
    harm: Callable[[Change | None], Floats] | None = None
    edits: Callable[[Statement, str, np.random.Generator], list[Edit]] | None = None
    guided: Callable[[Sequence[GuidedQuery]], list[list[Edit]]] | None = None
    guided_why_not: str = "no model behind the activations has a gradient"
    output_name: str = ""

    def scores(self, sample: Sample) -> Floats:
        """Return the detector's scores of a sample, shape (n,)."""
        return self.probe.score(sample.x)

    def threshold(self) -> float:
        """Return the score that best separates ``train``, ties towards the middle.

        It is the battery's own, so that a detector without a calibrated threshold can be tried.
        """
        scores, labels = self.scores(self.train), self.train.labels
        order = np.argsort(scores)
        ranked, y = scores[order], labels[order]
        right = np.cumsum(1 - y) / (1 - y).sum() + 1 - np.cumsum(y) / y.sum()
        best = np.flatnonzero(right >= right.max() - 1e-12)
        cut = int(best[len(best) // 2])
        upper = ranked[min(cut + 1, len(ranked) - 1)]
        return float((ranked[cut] + upper) / 2)
