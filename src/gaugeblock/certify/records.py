"""What a trial says, and the certificate that gathers what all of them said."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from gaugeblock.certify.criteria import Rung
from gaugeblock.detectors.frame import NO_FRAME, Frame
from gaugeblock.frozen import Record
from gaugeblock.stats import Interval

CERTIFICATE_VERSION = 1

Outcome = Literal["held", "failed", "printed", "not measured", "not applicable"]


class Reading(Record):
    """One number with all that is needed to doubt it.

    Attributes:
        name: what was measured.
        value: the number; None where it could not be computed.
        n: items behind it.
        seed: of the random draws behind it; None where there were none.
        interval: its limits; None where ``note`` says why there are none.
        unit: "auroc", "share", "p", "cosine", "count" or the output's own unit.
        note: what a reader must know besides.
    """

    name: str
    value: float | None
    n: int
    seed: int | None = None
    interval: Interval | None = None
    unit: str = "auroc"
    note: str = ""


class Witness(Record):
    """A text that shows what a trial found.

    Attributes:
        text: the text as it was scored.
        label: 1 where the concept holds in it, 0 where not, None where that is not known.
        score: the detector's score.
        note: what it shows.
    """

    text: str
    label: int | None
    score: float
    note: str


class TrialResult(Record):
    """What one trial found.

    Attributes:
        id: of the trial, as in criteria.yaml.
        title: for people.
        rung: the rung it belongs to.
        required: whether the rung is out of reach unless it held.
        outcome: held or failed; "printed" where nothing is judged; not measured or not applicable.
        criterion: what had to be so, with its limits.
        finding: one sentence, the most important number in it.
        readings: the numbers, worst first where they form a table.
        witnesses: texts that show it.
    """

    id: str
    title: str
    rung: Rung
    required: bool
    outcome: Outcome
    criterion: str
    finding: str
    readings: tuple[Reading, ...] = ()
    witnesses: tuple[Witness, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether the ladder ends here."""
        return self.required and self.outcome in ("failed", "not measured")


class Identity(Record):
    """What exactly was certified.

    Attributes:
        concept: what a high score is taken to mean.
        family: the detector's family, or "unknown" where it was certified blind.
        settings: what it was built with.
        detector: SHA-256 of the tensors of its file, or "" where it is in none.
        blind: whether the battery was kept from where the detector came from.
        subject: id of the subject, or "arrays" where no model was behind them.
        model: SHA-256 of the model's weights, or "".
        drifted: fine-tuned model to the SHA-256 of its weights.
        layer: block whose output is read; None where that has no meaning.
        at: pooling of tokens.
        frame: what stood around every text when it was read.
        width: length of one activation.
        output: what the causal trials take as the model's own output.
        data: data set name to SHA-256 of its statements.
        split: how held-out groups were chosen.
        versions: package to version.
        seed: of the whole battery.
    """

    concept: str
    family: str
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    detector: str = ""
    blind: bool
    subject: str
    model: str = ""
    drifted: dict[str, str] = Field(default_factory=dict)
    layer: int | None = None
    at: str = ""
    frame: Frame = NO_FRAME
    width: int | None = None
    output: str = ""
    data: dict[str, str] = Field(default_factory=dict)
    split: str = ""
    versions: dict[str, str] = Field(default_factory=dict)
    seed: int = 0


class PressureSeen(Record):
    """What one pressure did to this detector, or to another, over all runs that were given.

    Attributes:
        pressure: what pushed and what held against it, in words.
        relation: whether the detector trained against was this one, one of its family, or another.
        runs: runs under it.
        intact: runs after which both errors were as before, at the threshold fixed before.
        lost: runs after which it no longer did its work.
        undecided: runs of which neither can be said; those without an audit are among them.
        share_intact: of all runs, with its limits; undecided runs count as not intact below and as
            intact above.
        classes: class of the detector after the training to number of runs.
        control: whether nothing pushed, or random labels did: no pressure to survive.
        survived: whether enough runs were given and it was intact in all.
    """

    pressure: str
    relation: Literal["this detector", "same family only", "another detector"]
    runs: int
    intact: int
    lost: int
    undecided: int
    share_intact: Interval
    classes: dict[str, int]
    control: bool
    survived: bool


class Certificate(Record):
    """What a detector survived, trial by trial, and how far up the ladder that takes it.

    Attributes:
        version: of this schema.
        criteria: version of the limits that the trials were judged by.
        identity: what was certified.
        trials: every trial, in ladder order.
        highest: highest rung reached; "none" where not even the first was.
        stopped_by: id of the first required trial that failed or could not be measured; None at
            the top.
        stopped_because: that trial's finding.
        pressures: what training against it did; empty where no record was given.
        pressed: what may be said of that, bounded by what was tried.
        exists: what may be said of at least one text, with the verified case, or that there is
            none.
        for_all: what may be said of every text: a bound over a stated set and a search.
        belief: what the labels do and do not show of belief or intent.
        not_measured: trials, and parts of trials, without a result, with the reason.
        warnings: leaks of the data by name.
    """

    version: Literal[1] = 1
    criteria: int
    identity: Identity
    trials: tuple[TrialResult, ...]
    highest: Literal[
        "none", "decodable", "robust", "specific", "causal", "unrefuted", "pressure-tested"
    ]
    stopped_by: str | None
    stopped_because: str
    pressures: tuple[PressureSeen, ...] = ()
    pressed: str = ""
    exists: str
    for_all: str
    belief: str
    not_measured: tuple[str, ...]
    warnings: tuple[str, ...]

    def trial(self, name: str) -> TrialResult:
        """Return a trial by its id."""
        return next(trial for trial in self.trials if trial.id == name)


def certificate_schema() -> dict[str, object]:
    """Return the JSON Schema of ``certificate.json``; the shipped file is this, written out."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Certificate.model_json_schema(),
    }
