"""Logprob detector: does the subject give one answer however the question is worded?"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from gaugeblock.detectors.asking_back import AskerOf, Question, log_odds
from gaugeblock.detectors.contract import DetectorScore, Unit
from gaugeblock.detectors.telling import run_now
from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.card import ChannelCard
from gaugeblock.logprobs.spec import ChannelSpec
from gaugeblock.models.capabilities import Capability
from gaugeblock.transcripts import Transcript


class Consistency:
    """Score = standard deviation of the answer's log-odds over wordings of one question, nats.

    A wording may turn the question round; its ``positive`` is then the answer that means the same
    as the other wordings' ``positive``. High means inconsistent.

    Args:
        asker_of: whom to ask about a run, such as ``subject_after(model)``.
        wordings: two or more.
        concept: what inconsistency is taken to mean.
        channel: what the API does to logprobs.
        name: in reports.

    Source: answers that should agree, as in Burns et al. 2022, arXiv:2212.03827, and Manakul et
    al. 2023, arXiv:2303.08896, with log-odds in place of sampled answers.
    """

    unit: Unit = "nats"
    needs: frozenset[Capability] = frozenset({"logprobs"})

    def __init__(
        self,
        asker_of: AskerOf,
        wordings: Sequence[Question],
        concept: str,
        *,
        channel: ChannelCard | ChannelSpec | None = None,
        name: str = "consistency",
    ) -> None:
        if len(wordings) < 2:
            raise GaugeblockError(
                f"{len(wordings)} wording has nothing to agree with",
                where=name,
                remedy="Give two or more wordings of one question",
            )
        self.name, self.concept = name, concept
        self._asker_of, self._wordings, self._channel = asker_of, tuple(wordings), channel

    def score(self, transcripts: Sequence[Transcript]) -> list[DetectorScore]:
        """Return one spread per transcript; missing where an answer could not be read."""
        out = []
        for transcript in transcripts:
            value, missing = None, ""
            if transcript.ending == "error":
                missing = "the run ended in an error"
            else:
                try:
                    odds = run_now(
                        log_odds(self._asker_of(transcript), self._wordings, self._channel)
                    )
                    value = statistics.stdev(odds)
                # Whatever a provider raises concerns this transcript alone.
                except Exception as error:
                    missing = str(error) or type(error).__name__
            out.append(
                DetectorScore(
                    transcript=transcript.id, value=value, unit=self.unit, missing=missing
                )
            )
        return out
