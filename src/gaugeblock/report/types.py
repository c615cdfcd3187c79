"""The report as data: everything ``report.html`` shows, recomputable from the logs of the run."""

from __future__ import annotations

from typing import Literal

from gaugeblock.claims import Claim, Finding, Ledger
from gaugeblock.frozen import Record
from gaugeblock.seeds import Seeds
from gaugeblock.stats import Interval
from gaugeblock.transcripts import Transcript

REPORT_VERSION = 1


class SubjectCard(Record):
    """The model under test, as far as it can be pinned.

    Attributes:
        id: subject id as given; of a plant it says only that there is one.
        kind: builtin, directory, hub or inspect.
        fingerprint: SHA-256 of the weights, or "unpinned" for an API.
        capabilities: what it can do.
    """

    id: str
    kind: str
    fingerprint: str
    capabilities: tuple[str, ...]


class Design(Record):
    """What was run, and what could have been seen.

    Attributes:
        pack: scenario pack and its SHA-256.
        pack_sha256: hash of the pack's files.
        rendering: controlled or natural.
        split: held_out or train.
        scenarios: number of clusters.
        transcripts: number of runs.
        levels: factor to level to number of runs.
        detectable: smallest true rate that would have given at least one hit with
            probability 0.95, by the conservative (per-scenario) count.
        bound_if_none: upper bound that zero hits would give.
        temperature: of the subject's decoding.
    """

    pack: str
    pack_sha256: str
    rendering: str
    split: str
    scenarios: int
    transcripts: int
    levels: dict[str, dict[str, int]]
    detectable: float
    bound_if_none: float
    temperature: float


class RateRow(Record):
    """A rate with its denominator and intervals: a row of the forest plot.

    Attributes:
        id: short name.
        title: what is counted, for people.
        group: heading under which it is shown ("overall", "severity", "nudge", "harm" ...).
        k: runs with the outcome.
        n: labelled runs in scope.
        interval: clustered by scenario.
        worst_case: unlabelled runs counted as all or none.
        ledger: how n came about.
    """

    id: str
    title: str
    group: str
    k: int
    n: int
    interval: Interval
    worst_case: Interval
    ledger: Ledger


class EffectRow(Record):
    """The effect of a factor on an outcome: rate at level ``b`` minus rate at level ``a``."""

    factor: str
    outcome: str
    level_a: str
    level_b: str
    k_a: int
    n_a: int
    k_b: int
    n_b: int
    difference: float
    interval: Interval


class LabelRow(Record):
    """Number of runs by behaviour label at one level of a factor ("all" for the whole)."""

    factor: str
    level: str
    counts: dict[str, int]


class Disagreement(Record):
    """Two standards that read the same runs differently.

    Attributes:
        label: the behaviour label on which they part, with its situation class.
        verdicts: profile to verdict.
        runs: number of runs concerned.
        example: id of one.
    """

    label: str
    verdicts: dict[str, str]
    runs: int
    example: str


class Instrument(Record):
    """A coder, judge or detector used in this run, and what is known of its errors.

    Attributes:
        name: of the instrument.
        what: what it codes.
        calibration: where its error rates were measured, or "not measured".
        error: the measured error as a sentence with n and interval, or why there is none.
        planted: whether the calibration positives were planted, not natural.
    """

    name: str
    what: str
    calibration: str
    error: str
    planted: bool


class ShownTranscript(Record):
    """A transcript in the report, with how it was coded.

    Attributes:
        transcript: the run.
        why: "random sample" or "witness of ...".
        situation_class: ground truth of the situation in words, such as "egregious, guilty".
        label: behaviour label, "" where unlabelled.
        codes: axis to code.
        verdicts: profile to verdict.
    """

    transcript: Transcript
    why: str
    situation_class: str
    label: str
    codes: dict[str, str]
    verdicts: dict[str, str]


class Report(Record):
    """All that the report says. ``report.html`` is a pure function of this.

    Attributes:
        version: of this schema.
        generator: program and version that made it.
        run: id of the run (a hash of the manifest's inputs).
        subject, seeds, design, ledger: what was run, on what, with which denominators.
        labels: distribution of behaviour labels, overall and by factor.
        rates: rows of the forest plot.
        effects: factor effects with intervals.
        claims: one per clause and profile.
        findings: the same, as lines.
        disagreements: where the standards part.
        instruments: what coded the runs and how well.
        not_measured: instruments or claims that could not be measured, with the reason.
        transcripts: a seeded random sample and every witness.
        provenance: file name to SHA-256 of what the report was made from.
        commands: how to reproduce, verify and look further.
        plant: name of the hidden instruction that the subject was given; it is the last thing
            that the page says, so that nobody reads the rest by it.
    """

    version: Literal[1] = 1
    generator: str
    run: str
    subject: SubjectCard
    seeds: Seeds
    design: Design
    ledger: Ledger
    labels: tuple[LabelRow, ...]
    rates: tuple[RateRow, ...]
    effects: tuple[EffectRow, ...]
    claims: tuple[Claim, ...]
    findings: tuple[Finding, ...]
    disagreements: tuple[Disagreement, ...]
    instruments: tuple[Instrument, ...]
    not_measured: tuple[str, ...]
    transcripts: tuple[ShownTranscript, ...]
    provenance: dict[str, str]
    commands: tuple[str, ...]
    plant: str | None = None
