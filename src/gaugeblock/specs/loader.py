"""Read profiles and check them: unknown labels, factors and levels, duplicate ids, examples."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import get_args

from gaugeblock.errors import GaugeblockError
from gaugeblock.judging.axes import LABELS
from gaugeblock.scenarios.front_matter import read_yaml, validate
from gaugeblock.scenarios.types import Factors, Harm
from gaugeblock.specs.types import Clause, Condition, Profile

LEVELS: dict[str, tuple[str, ...]] = {
    **{name: get_args(field.annotation) for name, field in Factors.model_fields.items()},
    "harm": get_args(Harm),
}


def profiles_folder() -> Path:
    """Return the folder of the shipped profiles."""
    return Path(str(files("gaugeblock.specs") / "profiles"))


def profile_names() -> tuple[str, ...]:
    """Return the names of the shipped profiles, sorted."""
    return tuple(sorted(path.stem for path in profiles_folder().glob("*.yaml")))


def load_profile(name: str | Path) -> Profile:
    """Return a shipped profile by name, or any by the path of its YAML file.

    Raises:
        GaugeblockError: naming file and field: it does not exist, has an unknown label, factor or
            level, or a clause id twice.
    """
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        path = profiles_folder() / f"{name}.yaml"
        if not path.is_file():
            known = ", ".join(profile_names())
            raise GaugeblockError(
                "there is no such profile",
                where=str(name),
                remedy=f"Shipped profiles: {known}; or give the path of a YAML file",
            )
    raw = read_yaml(path)
    _check_labels(raw, path)
    profile = validate(Profile, raw, where=path)
    seen: set[str] = set()
    for clause in profile.clauses:
        if clause.id in seen:
            raise GaugeblockError(f"clause id '{clause.id}' occurs twice", where=path)
        seen.add(clause.id)
        _check_conditions(clause, path)
    return profile


def _check_labels(raw: dict[str, object], path: Path) -> None:
    """Name an unknown label plainly; the record's own message would list all eleven types."""
    clauses = raw.get("clauses")
    for clause in clauses if isinstance(clauses, list) else []:
        for rule in (clause.get("rules") or []) if isinstance(clause, dict) else []:
            for label in (rule.get("labels") or []) if isinstance(rule, dict) else []:
                if label not in LABELS:
                    raise GaugeblockError(
                        f"clause '{clause.get('id')}', field 'labels': unknown label '{label}'",
                        where=path,
                        remedy=f"Known labels: {', '.join(LABELS)}",
                    )


def _check_conditions(clause: Clause, path: Path) -> None:
    conditions: list[tuple[str, Condition]] = [("applies_when", clause.applies_when)]
    conditions += [("rules.when", rule.when) for rule in clause.rules]
    conditions += [
        ("examples.factors", {name: (level,) for name, level in example.factors.items()})
        for example in clause.examples
    ]
    for field, condition in conditions:
        for factor, levels in condition.items():
            if factor not in LEVELS:
                raise GaugeblockError(
                    f"clause '{clause.id}', field '{field}': unknown factor '{factor}'",
                    where=path,
                    remedy=f"Known factors: {', '.join(LEVELS)}",
                )
            unknown = set(levels) - set(LEVELS[factor])
            if unknown:
                raise GaugeblockError(
                    f"clause '{clause.id}', field '{field}': factor '{factor}' has no level "
                    f"{sorted(unknown)}",
                    where=path,
                    remedy=f"Levels: {', '.join(LEVELS[factor])}",
                )
