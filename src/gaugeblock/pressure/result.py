"""The audit as a whole: from either kind of input to one record, and that record on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from gaugeblock import __version__
from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.pressure.battery import load_instrument
from gaugeblock.pressure.behaviour import Runs, load_runs, measure_behaviour
from gaugeblock.pressure.cells import load_arrays
from gaugeblock.pressure.kinds import RunRecord
from gaugeblock.pressure.measure import measure
from gaugeblock.pressure.measurement import Measurement
from gaugeblock.pressure.outcome import Outcome
from gaugeblock.pressure.outcome_spec import OutcomeSpec, load_outcome_spec
from gaugeblock.pressure.rules import classify
from gaugeblock.stats import Interval

if TYPE_CHECKING:
    from gaugeblock.models.loading import LoadedModel
    from gaugeblock.pressure.pairs import Pair

Say = Callable[[str], None]

RESULT = "pressure-audit.json"
BEHAVIOUR = "behaviour.json"
"""Runs by scenario beside four arrays; read where none are given."""


class PressureAudit(Record):
    """What ``gaugeblock pressure audit`` found.

    Attributes:
        version: of this schema.
        program: program and version that made it.
        spec: the rules it was judged by, in full.
        outcome: which outcome it was.
        measured: all numbers.
    """

    version: Literal[1] = 1
    program: str = f"gaugeblock {__version__}"
    spec: OutcomeSpec
    outcome: Outcome
    measured: Measurement


def audit_arrays(
    folder: Path,
    detectors: Sequence[Path] = (),
    *,
    runs: Runs | None = None,
    spec: OutcomeSpec | None = None,
    seed: int = 0,
    say: Say = lambda what: None,
) -> PressureAudit:
    """Audit four arrays of activations made elsewhere; see ``cells.load_arrays``.

    Args:
        folder: holds the arrays.
        detectors: files; the first is the one trained against. None: one is fitted on the
            reference.
        runs: what the models do by themselves; None for ``behaviour.json`` beside the arrays.
        spec: the rules; the shipped ones if None.
        seed: of the split and every random draw.
        say: told what is being done.

    Raises:
        GaugeblockError: bad arrays or detectors.
    """
    rules = spec or load_outcome_spec()
    cells, card = load_arrays(folder)
    beside = folder / BEHAVIOUR
    if runs is None and beside.is_file():
        runs = load_runs(beside)
    read = [load_instrument(path, cells) for path in detectors]
    kl = None
    if card.kl is not None:
        kl = Interval(
            low=card.kl,
            high=card.kl,
            level=rules.level,
            method="given",
            estimate=card.kl,
            note="as the arrays' card says; no interval was given",
        )
    found = measure(
        cells,
        read[0] if read else None,
        read[1:],
        level=rules.level,
        seed=seed,
        behaviour=None if runs is None else measure_behaviour(runs, rules.level),
        kl=kl,
        run=card.run,
        reference=card.reference,
        policy=card.policy,
        say=say,
    )
    return judge(found, rules)


def audit_checkpoints(
    reference: LoadedModel,
    policy: LoadedModel,
    pairs: Sequence[Pair],
    detectors: Sequence[Path] = (),
    *,
    runs: Runs | None = None,
    own_runs: int = 1,
    write: int = 8,
    layer: int | None = None,
    spec: OutcomeSpec | None = None,
    run: RunRecord | None = None,
    seed: int = 0,
    arrays: Path | None = None,
    say: Say = lambda what: None,
) -> PressureAudit:
    """Audit two checkpoints; see ``checkpoints.read_checkpoints``.

    Args:
        reference: the model before.
        policy: the model after.
        pairs: forced pairs.
        detectors: files; the first is the one trained against.
        runs: what the models do by themselves, judged elsewhere; None to run them here.
        own_runs: runs of each prompt here; 0 for none.
        write: tokens each model writes after a forced beginning.
        layer: block of the detector to fit where none is given.
        spec: the rules; the shipped ones if None.
        run: what was done to the policy.
        seed: of every random draw.
        arrays: where to keep the activations, as ``audit_arrays`` reads them; None not to.
        say: told what is being done.

    Raises:
        GaugeblockError: as ``read_checkpoints``.
    """
    from gaugeblock.pressure.cells import ArraysCard, save_arrays
    from gaugeblock.pressure.checkpoints import read_checkpoints

    rules = spec or load_outcome_spec()
    read = read_checkpoints(
        reference,
        policy,
        pairs,
        detectors,
        write=write,
        runs=0 if runs is not None else own_runs,
        layer=layer,
        level=rules.level,
        seed=seed,
        say=say,
    )
    seen = runs or read.runs
    history = run or RunRecord()
    if arrays is not None:
        card = ArraysCard(
            reference=reference.subject,
            policy=policy.subject,
            kl=read.kl.estimate,
            run=history,
        )
        save_arrays(arrays, read.cells, card)
        if seen is not None:
            (arrays / BEHAVIOUR).write_text(seen.model_dump_json(indent=1) + "\n")
    found = measure(
        read.cells,
        read.trained,
        read.held_out,
        level=rules.level,
        seed=seed,
        behaviour=None if seen is None else measure_behaviour(seen, rules.level),
        self_report=read.self_report,
        kl=read.kl,
        kl_texts=read.kl_texts,
        run=history,
        reference=reference.subject,
        policy=policy.subject,
        warnings=read.warnings,
        say=say,
    )
    return judge(found, rules)


def judge(found: Measurement, spec: OutcomeSpec) -> PressureAudit:
    """Return the record of a measurement and what the rules say of it."""
    return PressureAudit(spec=spec, outcome=classify(found, spec), measured=found)


def load_audit(path: Path) -> PressureAudit:
    """Read a result and judge it again: the record must say what its own numbers give.

    Raises:
        GaugeblockError: no such file, not a result, or an outcome its numbers do not give.
    """
    try:
        found = PressureAudit.model_validate_json(path.read_bytes())
    except OSError as error:
        raise GaugeblockError("no such file", where=path) from error
    except ValidationError as error:
        raise GaugeblockError(f"not a pressure audit ({error})", where=path) from error
    if classify(found.measured, found.spec) != found.outcome:
        raise GaugeblockError("the outcome is not what the numbers in it give", where=path)
    return found


def pressure_audit_schema() -> dict[str, object]:
    """Return the JSON Schema of the result."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **PressureAudit.model_json_schema(),
    }
