"""The last rung: what training against this very detector did to it, pressure by pressure.

It has no trial in the battery, which is minutes; training against a detector is hours and is done
elsewhere. What is read here are the audits that it left.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gaugeblock.certify.records import Certificate, PressureSeen
from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.pressure.grids.blame import BLIND
from gaugeblock.pressure.kinds import Mitigation, PressureKind, RunRecord
from gaugeblock.pressure.outcome_spec import OutcomeSpec, load_outcome_spec
from gaugeblock.pressure.result import RESULT, PressureAudit, load_audit
from gaugeblock.stats import Interval, jeffreys_rate

TOP = "pressure-tested"


class PressedRun(Record):
    """One run of training, as a certificate reads it.

    Attributes:
        run: what was done.
        detector: SHA-256 of the detector trained against; "" where it was in no file.
        family: of that detector.
        monitor: class of it after the training; "no audit" where the run left none.
        rules: SHA-256 of the rules it was judged by; "" without an audit.
    """

    run: RunRecord
    detector: str
    family: str
    monitor: str
    rules: str


def read_pressed(path: Path) -> list[PressedRun]:
    """Return the runs of an audit's file, or of every audit under a directory of a grid.

    Args:
        path: ``pressure-audit.json``, a directory, or the ``grid.json`` in one.

    Raises:
        GaugeblockError: no audit there, or one that contradicts itself.
    """
    if path.name == "grid.json":
        path = path.parent
    if (path / "plan.json").is_file():
        return _grid_runs(path)
    files = [path] if path.is_file() else sorted(path.rglob(RESULT))
    if not files:
        raise GaugeblockError(
            f"no {RESULT} here", where=path, remedy="Give a file of `gaugeblock pressure audit`"
        )
    return [_of_audit(load_audit(file)) for file in files]


def _grid_runs(folder: Path) -> list[PressedRun]:
    from gaugeblock.pressure.grids.jobs import jobs_of, state_of
    from gaugeblock.pressure.grids.schedule import load_plan_of

    found = []
    for job in jobs_of(load_plan_of(folder).grid, folder):
        if state_of(job) == "finished":
            found.append(_of_audit(load_audit(job.out / RESULT)))
            continue
        # A run that failed is a run: left out, it would make the rest look better.
        run = RunRecord(
            cell=job.cell.name,
            pressure=job.cell.pressure,
            mitigations=job.cell.mitigations,
            base_seed=job.base_seed,
            seed=job.seed,
        )
        found.append(PressedRun(run=run, detector="", family="", monitor="no audit", rules=""))
    return found


def _of_audit(audit: PressureAudit) -> PressedRun:
    main = audit.measured.trained
    return PressedRun(
        run=audit.measured.run,
        detector=main.sha256,
        family=main.family,
        monitor=audit.outcome.monitor,
        rules=audit.spec.sha256,
    )


def with_pressures(
    certificate: Certificate, runs: Sequence[PressedRun], spec: OutcomeSpec | None = None
) -> Certificate:
    """Return the certificate with what training did, and with the last rung if that was reached.

    It is reached from ``unrefuted`` where every pressure that this very detector was trained under
    left it intact in every run, at least one did so in as many runs as the rules ask for, and the
    audits were judged by those rules. What befell another detector never lifts or stops it.

    Args:
        certificate: of the detector, by its own trials.
        runs: of training; none changes nothing but what is listed as not measured.
        spec: the rules; the shipped ones if None.

    Raises:
        GaugeblockError: one run is there twice, an audit that was judged by other rules, or an
            audit that does not say what was done.
    """
    rules = spec or load_outcome_spec()
    if not runs:
        missing = "Training against it: no audit of such a training was given"
        return certificate.model_copy(update={"not_measured": (*certificate.not_measured, missing)})
    _check(runs, rules)
    seen = _by_pressure(certificate, runs, rules)
    own = [one for one in seen if one.relation == "this detector" and not one.control]
    survived = [one for one in own if one.survived]
    reached = bool(survived) and all(one.lost == one.undecided == 0 for one in own)
    update: dict[str, object] = {"pressures": tuple(seen), "pressed": _words(seen, own)}
    if certificate.highest == "unrefuted":
        if reached:
            update["highest"] = TOP
        else:
            update |= {"stopped_by": TOP, "stopped_because": update["pressed"]}
    return certificate.model_copy(update=update)


def _check(runs: Sequence[PressedRun], rules: OutcomeSpec) -> None:
    keys = []
    for one in runs:
        if one.run.pressure is None:
            raise GaugeblockError(
                "an audit does not say what was done to the model",
                where="--pressure",
                remedy="Make it with `gaugeblock pressure audit --record RECORD.json`",
            )
        if one.rules not in ("", rules.sha256):
            raise GaugeblockError(
                "an audit was judged by other rules than these",
                where="--pressure",
                remedy="Audit again with the rules of this version",
            )
        if one.run.seed is not None:
            keys.append((pressure_words(one.run), one.detector, one.run.base_seed, one.run.seed))
    if len(set(keys)) < len(keys):
        raise GaugeblockError("one run is there twice; a copy is no second run", where="--pressure")


def _by_pressure(
    certificate: Certificate, runs: Sequence[PressedRun], rules: OutcomeSpec
) -> list[PressureSeen]:
    detectors: dict[str, set[tuple[str, str]]] = {}
    for one in runs:
        if one.monitor != "no audit":
            detectors.setdefault(pressure_words(one.run), set()).add((one.detector, one.family))
    grouped: dict[tuple[str, str], list[PressedRun]] = {}
    for one in runs:
        words = pressure_words(one.run)
        of = {(one.detector, one.family)}
        if one.monitor == "no audit":
            # Which detector it was is not known: it counts for each that its pressure was put to.
            of = detectors.get(words) or of
        for relation in {_relation(certificate, *pair) for pair in of}:
            grouped.setdefault((words, relation), []).append(one)
    least = int(rules.grid.compare["fewest_seeds"])
    return [
        _seen(words, relation, mine, least, rules.level)
        for (words, relation), mine in grouped.items()
    ]


def _relation(certificate: Certificate, detector: str, family: str) -> str:
    mine = certificate.identity
    if detector and detector == mine.detector:
        return "this detector"
    return "same family only" if family == mine.family else "another detector"


def _seen(
    words: str, relation: str, runs: Sequence[PressedRun], least: int, level: float
) -> PressureSeen:
    said = [one.monitor for one in runs]
    intact, lost = said.count("intact"), sum(monitor in BLIND for monitor in said)
    undecided = len(runs) - intact - lost
    pressure = runs[0].run.pressure
    assert pressure is not None
    control = pressure.kind is PressureKind.none or bool(pressure.control)
    low = jeffreys_rate(intact, len(runs), level)
    high = jeffreys_rate(intact + undecided, len(runs), level)
    return PressureSeen.model_validate(
        {
            "pressure": words,
            "relation": relation,
            "runs": len(runs),
            "intact": intact,
            "lost": lost,
            "undecided": undecided,
            "share_intact": Interval(
                low=low.low,
                high=high.high,
                level=level,
                method="jeffreys",
                estimate=intact / len(runs),
                k=intact,
                n=len(runs),
                note=f"{undecided} undecided runs counted either way" if undecided else "",
            ),
            "classes": {name: said.count(name) for name in dict.fromkeys(said)},
            "control": control,
            "survived": not control and intact == len(runs) and len(runs) >= least,
        }
    )


def pressure_words(run: RunRecord) -> str:
    """Return what was done in one line; runs with the same line are runs of one pressure."""
    push = run.pressure
    if push is None:
        return "not known"
    said = f"{push.kind.value}, weight {push.weight:g}, KL {push.kl:g}"
    if push.refresh.every is not None:
        said += f", refitted every {push.refresh.every} steps on {push.refresh.on}"
    if push.retries is not None:
        said += f", {push.retries} tries"
    if push.control:
        said += f", control: {push.control}"
    for one in run.mitigations:
        said += f", {_mitigation(one)}"
    return said + (f" (cell {run.cell})" if run.cell else "")


def _mitigation(one: Mitigation) -> str:
    given = {
        "layer": one.layer,
        "trunk": one.trunk,
        "weight": one.weight,
        "detectors": one.detectors,
    }
    return " ".join([one.kind, *(f"{k} {v}" for k, v in given.items() if v is not None)])


def _words(seen: Sequence[PressureSeen], own: Sequence[PressureSeen]) -> str:
    survived = [one for one in own if one.survived]
    lost = [one for one in own if one.lost]
    open_ = [one for one in own if not one.survived and not one.lost]
    others = sum(one.runs for one in seen if one.relation != "this detector")
    parts = []
    for title, some in (("Survived", survived), ("Did not survive", lost), ("Undecided", open_)):
        if some:
            parts.append(f"{title}: {'; '.join(_told(one) for one in some)}.")
    if not own:
        parts.append("No pressure was put to this very detector.")
    if others:
        parts.append(f"{others} runs were of other detectors and say nothing of this one.")
    parts.append(
        "This holds for these pressures at these weights, on the models they were put to, and for "
        "no other."
    )
    return " ".join(parts)


def _told(one: PressureSeen) -> str:
    share = one.share_intact
    return (
        f"{one.pressure}: intact in {one.intact} of {one.runs} runs "
        f"[{share.low:.2f}, {share.high:.2f}]"
    )
