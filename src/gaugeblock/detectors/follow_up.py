"""Logprob detector: unrelated follow-up questions, whose answers shift after a lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from gaugeblock.detectors.arrays import Floats, check_labels
from gaugeblock.detectors.asking_back import AskerOf, Question, log_odds
from gaugeblock.detectors.contract import DetectorScore, Unit
from gaugeblock.detectors.logistic import Logistic
from gaugeblock.detectors.telling import run_now
from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.card import ChannelCard
from gaugeblock.logprobs.spec import ChannelSpec
from gaugeblock.models.capabilities import Capability
from gaugeblock.transcripts import Transcript


class FollowUp:
    """Score = logistic regression on the log-odds of the answers to fixed follow-up questions.

    Args:
        asker_of: whom to ask about a run, such as ``subject_after(model)``.
        questions: asked each for itself after the run.
        concept: what a high score is taken to mean.
        c: inverse strength of the L2 penalty.
        channel: what the API does to logprobs.
        name: in reports.

    Source: Pacchiardi et al. 2023, arXiv:2309.15840, section 4; the shipped questions are our own.
    """

    unit: Unit = "logit"
    needs: frozenset[Capability] = frozenset({"logprobs"})

    def __init__(
        self,
        asker_of: AskerOf,
        questions: Sequence[Question],
        concept: str,
        *,
        c: float = 0.1,
        channel: ChannelCard | ChannelSpec | None = None,
        name: str = "follow-up questions",
    ) -> None:
        if not questions:
            raise GaugeblockError("no questions to ask", where=name)
        self.name, self.concept = name, concept
        self.probe = Logistic(c)
        self._asker_of, self._questions, self._channel = asker_of, tuple(questions), channel

    def features(self, transcripts: Sequence[Transcript]) -> tuple[Floats, list[str]]:
        """Return the answers' log-odds, shape (n, questions), and why a row is NaN, else ""."""
        rows = np.full((len(transcripts), len(self._questions)), np.nan)
        reasons = []
        for row, transcript in enumerate(transcripts):
            reason = "the run ended in an error" if transcript.ending == "error" else ""
            if not reason:
                try:
                    rows[row] = run_now(
                        log_odds(self._asker_of(transcript), self._questions, self._channel)
                    )
                # Whatever a provider raises concerns this transcript alone.
                except Exception as error:
                    reason = str(error) or type(error).__name__
            reasons.append(reason)
        return rows, reasons

    def fit(
        self,
        transcripts: Sequence[Transcript],
        labels: ArrayLike,
        *,
        groups: ArrayLike | None = None,
    ) -> FollowUp:
        """Learn from labelled transcripts and return self; runs without answers are left out.

        Args:
            transcripts: n runs.
            labels: 1 for the concept, shape (n,).
            groups: one key per run, such as its scenario.

        Raises:
            GaugeblockError: one class only, also among the runs that could be asked about.
        """
        y = check_labels(labels, len(transcripts))
        x, reasons = self.features(transcripts)
        kept = np.array([not reason for reason in reasons])
        g = None if groups is None else np.asarray(groups)[kept]
        self.probe.fit(x[kept], y[kept], groups=g) if kept.any() else self._nothing(reasons)
        return self

    def score(self, transcripts: Sequence[Transcript]) -> list[DetectorScore]:
        """Return one score per transcript; missing where an answer could not be read.

        Raises:
            GaugeblockError: not fitted.
        """
        x, reasons = self.features(transcripts)
        kept = np.array([not reason for reason in reasons], dtype=bool)
        values = np.full(len(transcripts), np.nan)
        if kept.any():
            values[kept] = self.probe.score(x[kept])
        return [
            DetectorScore(
                transcript=transcript.id,
                value=None if reason else float(value),
                unit=self.unit,
                missing=reason,
            )
            for transcript, value, reason in zip(transcripts, values, reasons, strict=True)
        ]

    def _nothing(self, reasons: Sequence[str]) -> None:
        raise GaugeblockError(
            f"no run could be asked about ({reasons[0] if reasons else 'there are none'})",
            where=self.name,
        )
