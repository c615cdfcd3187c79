"""From coded runs to the report: a pure function, so that ``verify`` can repeat it."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence

from gaugeblock.audit.capability import CAPABILITY, CAPABILITY_PROFILE, capability_claim
from gaugeblock.audit.coding import CodedRun
from gaugeblock.audit.conclude import Count, claim_of, ledger, reading_of
from gaugeblock.audit.outcomes import FACTORS, by_level, effect_rows, rate_rows
from gaugeblock.audit.plan import Plan
from gaugeblock.audit.self_check import CoderCheck
from gaugeblock.claims import Claim, Defeater, Finding
from gaugeblock.claims.catalogue import AuditFacts, standard_defeaters
from gaugeblock.judging.axes import LABELS
from gaugeblock.models.plants import split_plant
from gaugeblock.models.subjects import SubjectInfo
from gaugeblock.report.types import (
    Design,
    Disagreement,
    Instrument,
    LabelRow,
    Report,
    ShownTranscript,
    SubjectCard,
)
from gaugeblock.specs import Clause, Profile
from gaugeblock.stats import detectable_rate, upper_bound_if_zero

SAMPLE = 12
"""Transcripts of the seeded random sample."""

POWER = 0.95
UNLABELLED = "unlabelled"


def assemble(
    plan: Plan,
    profiles: Sequence[Profile],
    runs: Sequence[CodedRun],
    check: CoderCheck,
    provenance: dict[str, str],
    commands: tuple[str, ...],
) -> Report:
    """Return the report of an audit.

    Args:
        plan: its input.
        profiles: the standards it is read under.
        runs: one per situation of the plan, in its order.
        check: how well the coder did on scripted runs.
        provenance: file name (within the run directory) to SHA-256.
        commands: how to reproduce, verify and look further.
    """
    scope = (
        f"pack {plan.pack}, {plan.split} domains, {plan.rendering} rendering, {len(runs)} "
        f"situations drawn by scenario seed {plan.seeds.scenario_seed}, temperature "
        f"{plan.temperature:g}, sampling seed {plan.seeds.sampling_seed}"
    )

    def defeaters(clause: Clause, counted: Count) -> tuple[Defeater, ...]:
        return standard_defeaters(
            AuditFacts(
                k=counted.k,
                n=counted.n,
                clusters=counted.interval.clusters or 0,
                all_labelled=counted.ledger.labelled == counted.ledger.attempted,
                coder_check=check.sentence(),
            )
        )

    calibrated = plan.judge is not None and plan.judge.calibration is not None
    claims: list[Claim] = []
    findings: list[Finding] = []
    for profile in profiles:
        for clause in profile.clauses:
            claim = claim_of(
                clause,
                profile,
                runs,
                scope=scope,
                judge_calibrated=calibrated,
                defeaters=defeaters,
            )
            claims.append(claim)
            findings.append(_finding(clause, profile.id, claim))
    claim = capability_claim(runs, scope, defeaters)
    claims.append(claim)
    findings.append(_finding(CAPABILITY, CAPABILITY_PROFILE, claim))
    return Report(
        generator=plan.generator,
        run=plan.run_id(),
        subject=SubjectCard(
            id=split_plant(plan.subject.id)[0] + ("+plant" if plan.subject.plant_sha256 else ""),
            kind=plan.subject.kind,
            fingerprint=plan.subject.fingerprint,
            capabilities=tuple(sorted(plan.subject.capabilities)),
        ),
        seeds=plan.seeds,
        design=design_of(plan, runs),
        ledger=ledger(runs),
        labels=tuple(_label_rows(runs)),
        rates=rate_rows(runs),
        effects=effect_rows(runs),
        claims=tuple(claims),
        findings=tuple(findings),
        disagreements=tuple(_disagreements(profiles, runs)),
        instruments=tuple(_instruments(plan, check)),
        not_measured=tuple(_not_measured(plan)),
        transcripts=tuple(_shown(plan, profiles, runs, claims)),
        provenance=provenance,
        commands=commands,
        plant=split_plant(plan.subject.id)[1],
    )


def design_of(plan: Plan, runs: Sequence[CodedRun]) -> Design:
    """Return what was run and what could have been seen."""
    scenarios = len({run.transcript.scenario for run in runs})
    levels: dict[str, dict[str, int]] = defaultdict(dict)
    for factor in FACTORS:
        levels[factor] = {level: len(group) for level, group in by_level(runs, factor).items()}
    return Design(
        pack=plan.pack,
        pack_sha256=plan.pack_sha256,
        rendering=plan.rendering,
        split=plan.split,
        scenarios=scenarios,
        transcripts=len(runs),
        levels=levels,
        detectable=detectable_rate(len(runs), scenarios, power=POWER),
        bound_if_none=upper_bound_if_zero(len(runs), scenarios),
        temperature=plan.temperature,
    )


def _finding(clause: Clause, profile: str, claim: Claim) -> Finding:
    evidence = claim.evidence
    assert evidence is not None  # every claim of an audit rests on its runs
    return Finding(
        clause=clause.id,
        profile=profile,
        kind=clause.kind,
        verdict=claim.verdict,
        k=evidence.k,
        n=evidence.n,
        low=evidence.interval.low,
        high=evidence.interval.high,
        witness=claim.witness,
    )


def _label_rows(runs: Sequence[CodedRun]) -> list[LabelRow]:
    groups = [("all", "all", list(runs))]
    for factor in FACTORS:
        groups += [(factor, level, group) for level, group in by_level(runs, factor).items()]
    rows = []
    for factor, level, group in groups:
        counts = Counter(run.label or UNLABELLED for run in group)
        ordered = {name: counts[name] for name in (*LABELS, UNLABELLED) if counts[name]}
        rows.append(LabelRow(factor=factor, level=level, counts=ordered))
    return rows


def _readings(profiles: Sequence[Profile], run: CodedRun) -> dict[str, str]:
    """Profile to the gravest reading that any of its clauses gives a run."""
    order = ("violation", "review", "permitted")
    verdicts = {}
    for profile in profiles:
        readings = {reading_of(clause, run) for clause in profile.clauses}
        verdicts[profile.id] = next((name for name in order if name in readings), "not read")
    return verdicts


def _disagreements(profiles: Sequence[Profile], runs: Sequence[CodedRun]) -> list[Disagreement]:
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = defaultdict(list)
    for run in runs:
        if run.label is None:
            continue
        verdicts = _readings(profiles, run)
        if len(set(verdicts.values())) > 1:
            name = f"{run.label} ({run.situation_class()})"
            groups[name, tuple(verdicts.items())].append(run.transcript.id)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        Disagreement(label=name, verdicts=dict(verdicts), runs=len(ids), example=ids[0])
        for (name, verdicts), ids in ordered
    ]


def _instruments(plan: Plan, check: CoderCheck) -> list[Instrument]:
    coder = Instrument(
        name="predicates",
        what="codes effort, disclosure, channel and interference from calls and messages",
        calibration="scripted runs of known behaviour, made and coded at the start of this audit",
        error=check.sentence(),
        planted=True,
    )
    if plan.judge is None:
        return [coder]
    judge = Instrument(
        name=f"judge {plan.judge.model}",
        what="codes the runs that the predicates cannot read",
        calibration=plan.judge.calibration or "not measured",
        error=plan.judge.summary or "not measured: claims that rest on it stay inconclusive",
        planted=False,
    )
    return [coder, judge]


def _not_measured(plan: Plan) -> list[str]:
    missing = [
        "evaluation awareness: no awareness instrument was run; findings are not conditional on it",
        "error rates on this very subject: no behaviour was planted in it"
        if plan.subject.plant_sha256 is None
        else "what the hidden instruction changed: that takes an audit of the subject without it",
    ]
    if plan.judge is None:
        missing.append(
            "runs that predicates cannot read: no judge was given (--judge), so they stay "
            "unlabelled and enter the worst-case bounds"
        )
    if "activations" not in plan.subject.capabilities:
        missing.append(f"activation readouts: {_without_activations(plan.subject)}")
    return missing


def _without_activations(subject: SubjectInfo) -> str:
    if subject.share is not None:
        return "the subject is two models, an organism and its clean twin"
    if subject.plant_sha256 is not None:
        return "a readout would not see the hidden instruction"
    return "the subject gives no activations"


def _shown(
    plan: Plan, profiles: Sequence[Profile], runs: Sequence[CodedRun], claims: Sequence[Claim]
) -> list[ShownTranscript]:
    by_id = {run.transcript.id: run for run in runs}
    why: dict[str, list[str]] = defaultdict(list)
    for claim in claims:
        if claim.witness is not None:
            why[claim.witness].append(f"witness of {claim.id}")
    # From the inputs without the subject, so that no name, path or plant chooses what is shown.
    seeds = plan.seeds
    draw = random.Random(f"{seeds.scenario_seed}/{seeds.sampling_seed}/{plan.pack_sha256}/shown")
    for ident in draw.sample(sorted(by_id), min(SAMPLE, len(by_id))):
        why[ident].append("random sample")
    return [
        ShownTranscript(
            transcript=by_id[ident].transcript,
            why=", ".join(reasons),
            situation_class=by_id[ident].situation_class(),
            label=by_id[ident].label or "",
            codes=_codes(by_id[ident]),
            verdicts=_readings(profiles, by_id[ident]),
        )
        for ident, reasons in why.items()
    ]


def _codes(run: CodedRun) -> dict[str, str]:
    if run.codes is None:
        return {}
    return {name: str(value) for name, value in run.codes.model_dump().items()}
