"""The shipped pack: its size, its controlled text, and what happens to bad files."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from gaugeblock.errors import GaugeblockError
from gaugeblock.scenarios.pack import load_domain, load_pack, packs_folder
from gaugeblock.scenarios.rendering import situation_of

FOLDER = packs_folder() / "wrongdoing"
DOMAINS = sorted((FOLDER / "domains").glob("*.md"))

GOLDEN = {
    "brake-garage/worn-discs/0/controlled/train/"
    "egregious.guilty.bold.email_shell.named.logged.anyway": "2758ee26ab771efc",
    "clinical-trial/event-term/3/controlled/held_out/"
    "egregious.innocent.none.none.absent.unstated.depends": "1fe5407d77fa4aca",
    "voter-roll/struck-names/1/controlled/train/"
    "benign.innocent.policy.email.absent.unlogged.depends": "84ca4888785092c4",
    "art-auction/war-years/4/controlled/held_out/"
    "borderline.guilty.impact.email_shell.named.unlogged.anyway": "6c74414dd6424655",
}
"""Weights are trained on these texts: a hash that changes here makes the shipped models stale."""


@pytest.mark.parametrize("path", DOMAINS, ids=lambda path: path.stem)
def test_every_domain_file_loads(path: Path) -> None:
    domain = load_domain(path)
    assert domain.background
    for matter in domain.matters:
        naturals = {matter.wording(severity).natural for severity in ("egregious", "benign")}
        assert len(naturals) == 2


def test_the_pack_is_as_large_as_promised() -> None:
    pack = load_pack("wrongdoing")
    assert len(pack.domains) >= 40
    assert len(pack.shared.held_out_domains) == 12
    for rendering in ("controlled", "natural"):
        for split, least in ((None, 600), ("held_out", 120)):
            texts = set()
            for scenario in pack.scenarios(split):  # type: ignore[arg-type]
                code = "egregious.guilty.none.email_shell.named.unstated.anyway"
                found = situation_of(pack, f"{scenario.id}/{rendering}/train/{code}")
                texts.add(found.model_copy(update={"id": ""}).model_dump_json())
            assert len(texts) >= least
            assert len(texts) == len(pack.scenarios(split))  # type: ignore[arg-type]


@pytest.mark.parametrize(("ident", "wanted"), GOLDEN.items())
def test_controlled_text_does_not_change(ident: str, wanted: str) -> None:
    situation = situation_of(load_pack("wrongdoing"), f"wrongdoing/{ident}")
    text = "\n".join((situation.system, *situation.turns, *situation.files.values()))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == wanted


def test_the_same_id_is_the_same_situation() -> None:
    pack = load_pack("wrongdoing")
    ident = f"wrongdoing/{next(iter(GOLDEN))}"
    assert situation_of(pack, ident) == situation_of(load_pack(FOLDER), ident)
    assert situation_of(pack, ident).id == ident


@pytest.mark.parametrize(
    ("ident", "problem"),
    [
        ("wrongdoing/brake-garage", "seven parts"),
        ("wrongdoing/brake-garage/worn-discs/9/controlled/train/a", "no scenario"),
        ("wrongdoing/brake-garage/worn-discs/0/controlled/train/a", "1 factor levels, not 7"),
        (
            "wrongdoing/brake-garage/worn-discs/0/controlled/train/"
            "awful.guilty.bold.email.named.logged.anyway",
            "field 'severity'",
        ),
        (
            "wrongdoing/brake-garage/worn-discs/0/florid/train/"
            "benign.innocent.bold.email.named.logged.anyway",
            "no rendering 'florid'",
        ),
        (
            "wrongdoing/brake-garage/worn-discs/0/natural/train/"
            "benign.guilty.bold.email.named.logged.anyway",
            "benign request cannot be guilty",
        ),
    ],
)
def test_a_wrong_id_is_explained(ident: str, problem: str) -> None:
    with pytest.raises(GaugeblockError, match=problem):
        situation_of(load_pack("wrongdoing"), ident)


def copy_of_pack(folder: Path) -> Path:
    target = folder / "wrongdoing"
    shutil.copytree(FOLDER, target)
    return target


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "field"),
    [
        (
            "domains/brake-garage.md",
            "values for {item} from the worn",
            "values from the worn",
            "worn-discs.egregious.request",
        ),
        (
            "domains/brake-garage.md",
            "{item} is back",
            "{van} is back",
            "worn-discs.egregious.natural",
        ),
        (
            "domains/brake-garage.md",
            "{item} had its front",
            "{other} had its front",
            "worn-discs.explanation",
        ),
        (
            "domains/brake-garage.md",
            "{item}; front axle",
            "{item; front axle",
            "worn-discs.record_lines.0",
        ),
        ("domains/brake-garage.md", "harm: persons", "harm: animals", "harm"),
        (
            "domains/brake-garage.md",
            "harm: persons",
            "harm: persons\ncolour: red",
            "colour",
        ),
        ("domains/brake-garage.md", "role: workshop manager\n", "", "role"),
        ("domains/brake-garage.md", "id: brake-garage", "id: brakes", "id"),
        ("pack.yaml", "nudges:\n  none:", "nudges:\n  nothing:", "nudges"),
        ("pack.yaml", "  - brake-garage\n", "  - brake-shop\n", "held_out_domains"),
        ("pack.yaml", "Please {request}.", "Please.", "frames.train"),
        ("pack.yaml", "If you do not do it, {colleague}", "{who}", "impact.anyway.train"),
        ("office.yaml", "oversight:\n  logged:", "oversight:\n  taped:", "oversight"),
        ("office.yaml", "{org}, {business}.", "{organ}, {business}.", "system.intros.0"),
        ("office.yaml", "we are to {request}.", "we go on.", "mail.matter.0.body"),
        ("office.yaml", "sender: helper", "sender: nobody", "mail.other.3.sender"),
        (
            "office.yaml",
            "closing line '{line}'",
            "closing line {",
            "turn.deliverables.none.train.0",
        ),
    ],
)
def test_a_bad_file_is_named_with_its_field(
    tmp_path: Path, file: str, old: str, new: str, field: str
) -> None:
    folder = copy_of_pack(tmp_path)
    replaced(folder / file, old, new)
    with pytest.raises(GaugeblockError) as caught:
        load_pack(folder)
    assert caught.value.where == str(folder / file)
    assert field in caught.value.problem
    assert "\n" not in caught.value.render().strip()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"id: x\n", "front matter is missing"),
        (b"---\nid: x\n", "not closed"),
        (b"---\nid: [x\n---\n", "not valid YAML"),
        (b"---\n- x\n---\n", "a mapping is expected"),
        (b"---\nid: \xff\n---\n", "not UTF-8"),
        (b"", "front matter is missing"),
    ],
)
def test_a_broken_domain_file_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    folder = copy_of_pack(tmp_path)
    path = folder / "domains" / "brake-garage.md"
    path.write_bytes(content)
    with pytest.raises(GaugeblockError, match=problem) as caught:
        load_pack(folder)
    assert caught.value.where == str(path)


def test_a_pack_that_is_not_there_is_explained(tmp_path: Path) -> None:
    with pytest.raises(GaugeblockError, match="Shipped packs: wrongdoing"):
        load_pack("wrongdoings")
    (tmp_path / "pack.yaml").write_text((FOLDER / "pack.yaml").read_text(encoding="utf-8"))
    with pytest.raises(GaugeblockError, match="no domains"):
        load_pack(tmp_path)


def test_the_hash_covers_every_file(tmp_path: Path) -> None:
    hashes = {load_pack("wrongdoing").sha256}
    for number, file in enumerate(("pack.yaml", "office.yaml", "domains/brake-garage.md")):
        (tmp_path / str(number)).mkdir()
        folder = copy_of_pack(tmp_path / str(number))
        with (folder / file).open("a", encoding="utf-8") as stream:
            stream.write("\n")
        hashes.add(load_pack(folder).sha256)
    assert len(hashes) == 4


def test_a_pack_without_an_office_has_the_controlled_rendering_only(tmp_path: Path) -> None:
    folder = copy_of_pack(tmp_path)
    (folder / "office.yaml").unlink()
    pack = load_pack(folder)
    ident = f"wrongdoing/{next(iter(GOLDEN))}"
    assert situation_of(pack, ident).system == situation_of(load_pack("wrongdoing"), ident).system
    with pytest.raises(GaugeblockError, match="no natural rendering"):
        situation_of(pack, ident.replace("controlled", "natural"))
