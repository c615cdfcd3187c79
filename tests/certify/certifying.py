"""Statements that a random model can be certified on, and ``gaugeblock certify`` on them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
from typer.testing import CliRunner

from gaugeblock.certify.records import Certificate, certificate_schema
from gaugeblock.cli.app import app

WORDS = ["files", "note", "board", "safety", "manager", "auditor", "short", "reads", "text"]


def write_csv(path: Path, said: str, turned: bool = False) -> Path:
    """Statements whose label one word decides, so that a random model's activations hold it."""
    rows = [
        f"{said} {word} {other} is {sign},{int((sign == 'safe') != turned)},{word}{i}"
        for i, word in enumerate(WORDS)
        for other in ("note", "board")
        for sign in ("safe", "short")
    ]
    path.write_text("statement,label,item\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def run(folder: Path, csv: str, out: str, *more: str):
    return CliRunner().invoke(
        app,
        [
            "certify", "--subject", str(folder / "model"), "--concept", str(folder / csv),
            "--group", "item", "--away", f"turned={folder / 'no.csv'}", "--layer", "0",
            "--out", str(folder / out), "--json", *more,
        ],
    )  # fmt: skip


def certificate(folder: Path, out: str) -> Certificate:
    text = (folder / out / "certificate.json").read_text(encoding="utf-8")
    jsonschema.validate(json.loads(text), certificate_schema())
    return Certificate.model_validate_json(text)
