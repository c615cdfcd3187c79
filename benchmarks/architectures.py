"""Run the self-test on a tiny random model of each family and write what passed, and what not.

Usage: python benchmarks/architectures.py [--docs docs]

Writes architectures.json and architectures.md. No weights are fetched: every model is drawn from
its configuration in architectures.yaml.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
import transformers
import yaml

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import self_test
from gaugeblock.models.activations.tolerances import MOVES_AT_LEAST, TOLERANCES
from gaugeblock.models.loading import LoadedModel

FAMILIES = Path(__file__).with_name("architectures.yaml")


def families() -> list[dict[str, Any]]:
    table = yaml.safe_load(FAMILIES.read_text())
    return [{"common": table["common"], "config": {}, **family} for family in table["families"]]


def tiny_model(family: dict[str, Any], seed: int = 0) -> LoadedModel:
    known = transformers.AutoConfig.for_model(family["name"])
    common = {key: value for key, value in family["common"].items() if hasattr(known, key)}
    config = transformers.AutoConfig.for_model(family["name"], **common | family["config"])
    torch.manual_seed(seed)
    auto = getattr(transformers, family.get("auto", "AutoModel"))
    return LoadedModel(f"tiny/{family['name']}", auto.from_config(config).eval(), None)


def tested(family: dict[str, Any]) -> dict[str, Any]:
    row = {"family": family["name"], "mixes tokens by": family["kind"]}
    try:
        result = self_test(tiny_model(family))
    except GaugeblockError as error:
        return row | {"passed": False, "reason": str(error), "checks": []}
    reason = "; ".join(f"{check.name}: {check.detail}" for check in result.failures())
    return row | {
        "passed": result.passed,
        "reason": reason,
        "class": result.architecture,
        "blocks": result.block_path,
        "padding": result.padding,
        "checks": [check.model_dump(exclude={"detail"}) for check in result.checks],
    }


def table(report: dict[str, Any]) -> str:
    rows = report["families"]
    passed = sum(row["passed"] for row in rows)
    lines = [
        "# Architectures that can be read",
        "",
        f"{passed} of {len(rows)} stacks pass the self-test of `gaugeblock.models.activations`, on "
        f"tiny random models with transformers {report['transformers']} and torch "
        f"{report['torch']}. Written by `benchmarks/architectures.py`; do not edit.",
        "",
        "Deviations are relative, of the worst token of the worst layer; the limits are fixed "
        "(`tolerances.py`): "
        + ", ".join(f"{name} at most {limit:g}" for name, limit in report["at most"].items())
        + "; "
        + ", ".join(f"{name} at least {limit:g}" for name, limit in report["at least"].items())
        + ".",
        "",
        "| family | mixes tokens by | blocks | result | batches | padding | batch "
        "| reinjection | context moves |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        found = {check["name"]: check["measured"] for check in row["checks"]}
        numbers = [
            "" if found.get(name) is None else f"{found[name]:.1e}"
            for name in ("padding", "batch", "reinjection", "context-moves")
        ]
        result = "pass" if row["passed"] else f"**fail**: {row['reason']}"
        cells = [row["family"], row["mixes tokens by"], row.get("blocks", ""), result]
        lines.append(f"| {' | '.join([*cells, row.get('padding', ''), *numbers])} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    docs: Path = parser.parse_args().docs
    transformers.logging.set_verbosity_error()
    report = {
        "transformers": transformers.__version__,
        "torch": torch.__version__,
        "at most": {name: limits[torch.float32] for name, limits in TOLERANCES.items()},
        "at least": MOVES_AT_LEAST,
        "families": [tested(family) for family in families()],
    }
    (docs / "architectures.json").write_text(json.dumps(report, indent=1) + "\n")
    (docs / "architectures.md").write_text(table(report))
    passed = sum(row["passed"] for row in report["families"])
    print(f"{passed} of {len(report['families'])} pass")


if __name__ == "__main__":
    main()
