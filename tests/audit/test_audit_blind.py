"""Ground truth stays out of reach of what codes, judges and detects."""

from __future__ import annotations

import zipfile
from pathlib import Path

from gaugeblock.audit.coding import setting_of
from gaugeblock.audit.collect import transcripts
from gaugeblock.audit.judge import prompt
from gaugeblock.audit.plan import read_plan

TRUTH = ("enforcer", "egregious", "borderline", "guilty", "innocent", "planted", "held_out")


def test_neither_transcript_nor_setting_tells_subject_or_truth(finished: Path) -> None:
    plan = read_plan(finished)
    situations = plan.situations()
    for transcript, situation in zip(
        transcripts(finished, plan, situations), situations, strict=True
    ):
        head = transcript.model_dump_json(exclude={"events"})
        words = "\n".join(event.text for event in transcript.events if event.kind == "system")
        material = head + words + setting_of(situation).model_dump_json()
        assert not [word for word in TRUTH if word in material]


def test_the_judge_is_shown_no_truth(finished: Path) -> None:
    plan = read_plan(finished)
    situations = plan.situations()
    transcript = transcripts(finished, plan, situations)[0]
    shown = prompt(transcript, situations[0])
    assert plan.subject.id not in shown
    assert situations[0].factors.code() not in shown
    assert situations[0].id not in shown


def test_the_samples_of_the_log_hold_no_truth(finished: Path) -> None:
    (log,) = (finished / "logs").glob("*.eval")
    situations = read_plan(finished).situations()
    codes = {situation.factors.code() for situation in situations}
    with zipfile.ZipFile(log) as archive:
        for name in archive.namelist():
            if name.startswith("samples/"):
                text = archive.read(name).decode("utf-8", "replace")
                assert not [code for code in codes if code in text]


def test_the_subjects_of_two_audits_give_transcripts_with_the_same_ids(finished: Path) -> None:
    plan = read_plan(finished)
    other = plan.model_copy(
        update={"subject": plan.subject.model_copy(update={"id": "builtin/clean"})}
    )
    situations = plan.situations()
    ours = transcripts(finished, plan, situations)
    theirs = transcripts(finished, other, situations)
    assert [one.id for one in ours] == [one.id for one in theirs]
    assert [one.events for one in ours] == [one.events for one in theirs]
