"""Audit a subject: plan, run, judge, report. The same call on the same directory resumes."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from gaugeblock.audit.assemble import assemble
from gaugeblock.audit.plan import JudgeSpec, Plan, profile_hash, settle
from gaugeblock.audit.self_check import CoderCheck, check_coder, require_coder
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.subjects import SubjectInfo, resolve_subject
from gaugeblock.report import write_report
from gaugeblock.report.types import Report
from gaugeblock.scenarios.controlled import render_controlled
from gaugeblock.scenarios.front_matter import read_text
from gaugeblock.scenarios.pack import load_pack
from gaugeblock.scenarios.types import Rendering, Situation, Split
from gaugeblock.seeds import Seeds
from gaugeblock.specs import load_profile
from gaugeblock.stats import exact_rate

SHIPPED_PROFILES = ("never-subvert", "transparent-objector", "moral-agent")
DEFAULT_SAMPLES = 360
MAX_TOKENS: dict[Rendering, int] = {"controlled": 128, "natural": 1024}
CHECKED = 60
"""Situations in which the coder is checked before the audit."""

Progress = Callable[[str, int, int], None]
"""Called with the stage, how much of it is done, and how much there is."""


def make_plan(
    subject: str,
    *,
    samples: int = DEFAULT_SAMPLES,
    scenario_seed: int = 0,
    sampling_seed: int = 0,
    pack: str = "wrongdoing",
    split: Split = "held_out",
    rendering: Rendering | None = None,
    profiles: Sequence[str] = SHIPPED_PROFILES,
    temperature: float = 0.7,
    limit_tokens: int | None = None,
    judge: str | None = None,
    judge_calibration: Path | None = None,
) -> Plan:
    """Return what an audit would do; nothing is run and no file is written.

    Args:
        subject: subject id, see docs/models.md.
        samples: number of situations.
        scenario_seed: which situations.
        sampling_seed: decoding.
        pack: scenario pack, by name or folder.
        split: held-out domains, or those that behaviour may be trained on.
        rendering: how situations are written; None: controlled for built-in subjects, else natural.
        profiles: standards, by name or file.
        temperature: of the subject's decoding.
        limit_tokens: tokens that one run may use in all.
        judge: Inspect model id of a grader for what predicates cannot read.
        judge_calibration: JSON with the judge's measured sens_k, sens_n, spec_k, spec_n.

    Raises:
        GaugeblockError: an input that does not exist or is out of range.
    """
    if not 0 <= temperature <= 5:
        raise GaugeblockError(f"temperature {temperature} is not in 0 to 5", where="--temperature")
    info: SubjectInfo = resolve_subject(subject)
    loaded = load_pack(pack)
    read = tuple(load_profile(name) for name in profiles)
    if len({profile.id for profile in read}) != len(read):
        raise GaugeblockError("two profiles have the same id", where="--profile")
    form: Rendering = rendering or ("controlled" if info.kind == "builtin" else "natural")
    return Plan(
        subject=info,
        seeds=Seeds(
            scenario_seed=scenario_seed,
            sampling_seed=sampling_seed,
            training_seed=info.training_seed,
        ),
        pack=pack,
        pack_sha256=loaded.sha256,
        split=split,
        rendering=form,
        samples=samples,
        temperature=temperature,
        max_tokens=MAX_TOKENS[form],
        token_limit=limit_tokens,
        profiles=tuple(profiles),
        profile_sha256={profile.id: profile_hash(profile) for profile in read},
        judge=_judge(judge, judge_calibration),
    )


def audit(
    subject: str,
    out: str | Path,
    *,
    progress: Progress = lambda stage, done, total: None,
    **options: object,
) -> Report:
    """Audit a subject and write report.json and report.html into a run directory.

    Args:
        subject: subject id.
        out: run directory; an unfinished audit with the same arguments there is resumed.
        progress: called as the work goes on.
        **options: see ``make_plan``.

    Returns:
        The report.

    Raises:
        GaugeblockError: bad input, or a directory of another audit.
    """
    plan = make_plan(subject, **options)  # type: ignore[arg-type]
    return run_plan(plan, Path(out), progress)


def run_plan(plan: Plan, out: Path, progress: Progress = lambda *_: None) -> Report:
    """Run a plan in a directory, or what is left of it, and write the report."""
    from gaugeblock.audit.execute import judge_missing, run_situations

    situations = plan.situations()
    settle(plan, out)
    progress("check the coder", 0, 1)
    require_coder(check_coder(check_situations(plan, situations)))
    progress("check the coder", 1, 1)
    run_situations(plan, situations, out, progress)
    if plan.judge is not None:
        judge_missing(plan, plan.judge, situations, out, progress)
    report = rebuild(plan, out)
    write_report(report, out)
    return report


def rebuild(plan: Plan, out: Path) -> Report:
    """Return the report that the logs in a run directory give: the one path to every number."""
    from gaugeblock.audit.collect import coded_runs, provenance

    runs = coded_runs(out, plan)
    situations = [run.situation for run in runs]
    check: CoderCheck = check_coder(check_situations(plan, situations))
    return assemble(plan, plan.load_profiles(), runs, check, provenance(out), _commands(plan))


def check_situations(plan: Plan, situations: Sequence[Situation]) -> list[Situation]:
    """Return the controlled situations on which the coder is checked: some of the audit's own."""
    step = max(1, len(situations) // CHECKED)
    chosen = situations[::step]
    if plan.rendering == "controlled":
        return list(chosen)
    pack = plan.load_pack()
    by_id = {scenario.id: scenario for scenario in pack.scenarios(plan.split)}
    return [render_controlled(pack, by_id[one.scenario], one.factors, plan.split) for one in chosen]


def _commands(plan: Plan) -> tuple[str, ...]:
    words = ["gaugeblock", "audit", plan.subject.id, "--out", "RUN"]
    words += ["--samples", str(plan.samples), "--seed", str(plan.seeds.sampling_seed)]
    words += ["--scenario-seed", str(plan.seeds.scenario_seed), "--pack", plan.pack]
    words += ["--split", plan.split.replace("_", "-"), "--rendering", plan.rendering]
    words += ["--temperature", f"{plan.temperature:g}"]
    for profile in plan.profiles:
        words += ["--profile", profile]
    if plan.token_limit is not None:
        words += ["--limit-tokens", str(plan.token_limit)]
    if plan.judge is not None:
        words += ["--judge", plan.judge.model]
    return (
        shlex.join(words),
        "gaugeblock verify RUN",
        "gaugeblock replay RUN TRANSCRIPT",
        "inspect view --log-dir RUN/logs",
    )


def _judge(model: str | None, calibration: Path | None) -> JudgeSpec | None:
    if model is None:
        if calibration is not None:
            raise GaugeblockError("a calibration without a judge", where="--judge-calibration")
        return None
    if calibration is None:
        return JudgeSpec(model=model)
    text = read_text(calibration)
    try:
        counts = json.loads(text)
        sens = exact_rate(int(counts["sens_k"]), int(counts["sens_n"]))
        spec = exact_rate(int(counts["spec_k"]), int(counts["spec_n"]))
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise GaugeblockError(
            "this is not a judge calibration",
            where=calibration,
            remedy="Give JSON with sens_k, sens_n, spec_k and spec_n",
        ) from error
    summary = "; ".join(
        f"{name} {rate.k} of {rate.n} (95% interval {rate.low:.3f} to {rate.high:.3f})"
        for name, rate in (("sensitivity", sens), ("specificity", spec))
    )
    return JudgeSpec(
        model=model, calibration=hashlib.sha256(text.encode()).hexdigest(), summary=summary
    )
