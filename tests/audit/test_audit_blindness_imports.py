"""What codes, judges, detects and certifies can reach no organism, recipe or plant: by imports."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

import pytest

import gaugeblock
from gaugeblock.models.plants import plant_names
from gaugeblock.organisms.recipes import recipe_names

SOURCE = Path(gaugeblock.__file__).parent
BLIND = ("audit", "detectors", "judging", "certify")

ALLOWED = {
    # Scripts of actions, the known positives on which the coder is checked before an audit. They
    # are chosen by action and situation; which organism takes which action is in the recipes.
    ("audit.self_check", "organisms.policy.script"),
    ("audit.self_check", "organisms.policy.Message"),
    # The words that a spec's examples have slots for.
    ("audit.examples", "organisms.policy.situation_slots"),
}
"""Imports from the organisms, each with its reason."""

NAMES_SUBJECTS = {"models.subjects", "models.plants", "models.dial", "models.weight_files"}
"""Modules by which the name, files, twin or plant of a subject can be read."""

KNOWS_THE_SUBJECT = {
    "audit.plan",  # the manifest holds it
    "audit.run",  # checks it before the run, prints the command that repeats the run
    "audit.replay",  # checks that the weights are still those of the run
    "audit.assemble",  # puts it on the report's first line, and the plant on the last
    "audit.execute",  # generates with it
    "audit.collect",  # is given the manifest, for seeds and situations
    "audit.verify",  # reads the manifest
    "certify.subject",  # loads the weights whose activations are read
}
"""Modules that handle the subject. None of them codes, judges or scores."""

PRINTS_THE_NAME = {
    "certify.run",  # on the certificate's card, and as the name of a row
    "certify.subject",  # the name of the untrained control
    "detectors.files",  # in the error that a detector was fitted on another model
}
"""Modules outside of the audit that read what a model is called; no score follows from it."""


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in SOURCE.rglob("*.py")}

PACKAGES = set(MODULES) - {""}  # the package itself re-exports the audit to its users


@lru_cache
def imports(module: str) -> frozenset[str]:
    """Names imported from gaugeblock, also inside functions, as ``module.name``."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            if (node.module or "").split(".")[0] == "gaugeblock":
                within = (node.module or "").partition(".")[2]
                found |= {f"{within}.{alias.name}".lstrip(".") for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[2] for alias in node.names
                      if alias.name.split(".")[0] == "gaugeblock"}  # fmt: skip
    return frozenset(found)


def owner(name: str) -> str:
    """The module that an imported name stands in."""
    return name if name in MODULES else name.rpartition(".")[0]


def name_or_files(name: str) -> bool:
    """Whether an import gives the name, files, twin or plant of a subject.

    A loaded model as a type does not: it is handed over, and no instrument reads its name.
    """
    loads = owner(name) == "models.loading" and not name.endswith(".LoadedModel")
    return loads or owner(name) in NAMES_SUBJECTS


def blind_modules() -> list[str]:
    return sorted(name for name in MODULES if name.split(".")[0] in BLIND)


def test_the_graph_is_seen() -> None:
    assert len(blind_modules()) > 60
    assert "organisms.policy.script" in imports("audit.self_check")
    # Imports inside functions are seen too.
    assert "models.subjects.resolve_subject" in imports("audit.replay")
    assert {"enforcer", "clean"} <= set(recipe_names())


def test_no_blind_module_imports_organisms_but_for_the_reasons_given() -> None:
    found = {
        (module, name)
        for module in blind_modules()
        for name in imports(module)
        if name.split(".")[0] in ("organisms", "calibration", "weights")
    }
    assert found == ALLOWED


def test_who_handles_the_subject_is_listed() -> None:
    handlers = {
        module
        for module in blind_modules()
        for name in imports(module)
        if name_or_files(name) or owner(name) == "audit.plan"
    }
    assert handlers == KNOWS_THE_SUBJECT


@pytest.mark.parametrize("package", ["detectors", "judging"])
def test_instruments_reach_no_subject_by_any_chain_of_imports(package: str) -> None:
    reached: set[str] = set()
    waiting = [name for name in MODULES if name.split(".")[0] == package]
    while waiting:
        module = waiting.pop()
        # What is loaded is handed to an instrument; how it was found is the models' own affair.
        if module in reached or module.split(".")[0] == "models":
            continue
        reached.add(module)
        assert not [name for name in imports(module) if name_or_files(name)], module
        waiting += [owner(name) for name in imports(module) if owner(name) in PACKAGES]
    assert len(reached) > 5
    assert not reached & KNOWS_THE_SUBJECT
    assert not {name for name in reached if name.split(".")[0] in ("organisms", "calibration")}


def test_who_reads_what_a_loaded_model_is_called_only_prints_it() -> None:
    readers = set()
    for module in blind_modules():
        if module.split(".")[0] != "audit":
            for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and node.attr in ("subject", "name_or_path"):
                    readers.add(module)
    assert readers == PRINTS_THE_NAME


def test_no_blind_module_speaks_of_an_organism_or_plant_by_name() -> None:
    names = {*recipe_names(), *plant_names()}
    spoken = set()
    for module in blind_modules():
        tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
                if text in names or "builtin/" in text or "weights/" in text:
                    spoken.add((module, text[:60]))
    assert not spoken


def test_only_the_handlers_read_the_subject_of_a_plan() -> None:
    readers = set()
    for module in blind_modules():
        for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and node.attr == "subject"
                and isinstance(node.value, ast.Name)
                and node.value.id in ("plan", "self", "report", "there")
                and module.split(".")[0] == "audit"
            ):
                readers.add(module)
    assert readers
    assert readers <= KNOWS_THE_SUBJECT - {"audit.collect"}, readers
