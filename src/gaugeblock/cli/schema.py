"""``gaugeblock schema``: the JSON Schemas of the records."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer


class SchemaName(StrEnum):
    """The records with a schema."""

    report = "report"
    claim = "claim"
    transcript = "transcript"
    situation = "situation"
    profile = "profile"
    domain = "domain"
    manifest = "manifest"
    certificate = "certificate"
    pressure_audit = "pressure-audit"
    pressure_grid = "pressure-grid"


def schema(
    name: Annotated[SchemaName, typer.Argument(help="Record.")],
) -> None:
    """Print the JSON Schema of a record."""
    typer.echo(json.dumps(_schema(name), indent=1))


def _schema(name: SchemaName) -> dict[str, object]:
    if name is SchemaName.report:
        from gaugeblock.report import report_schema

        return report_schema()
    if name is SchemaName.certificate:
        from gaugeblock.certify.records import certificate_schema

        return certificate_schema()
    if name is SchemaName.pressure_audit:
        from gaugeblock.pressure.result import pressure_audit_schema

        return pressure_audit_schema()
    if name is SchemaName.pressure_grid:
        from gaugeblock.pressure.grids.result import grid_schema

        return grid_schema()
    if name is SchemaName.manifest:
        from gaugeblock.audit.plan import Plan

        return Plan.model_json_schema()
    from gaugeblock.claims import Claim
    from gaugeblock.frozen import Record
    from gaugeblock.scenarios.types import Domain, Situation
    from gaugeblock.specs import Profile
    from gaugeblock.transcripts import Transcript

    records: dict[SchemaName, type[Record]] = {
        SchemaName.claim: Claim,
        SchemaName.transcript: Transcript,
        SchemaName.situation: Situation,
        SchemaName.profile: Profile,
        SchemaName.domain: Domain,
    }
    return records[name].model_json_schema()
