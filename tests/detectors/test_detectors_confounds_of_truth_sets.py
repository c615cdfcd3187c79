"""The confounds measured on the field's own truth sets, reproduced within .03."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gaugeblock.detectors.leaks import find_leaks, mean_fold_auroc
from gaugeblock.detectors.metrics import auroc
from gaugeblock.detectors.statements import load_statements, rarest_word_groups
from gaugeblock.detectors.text_only import TextOnly
from gaugeblock.errors import GaugeblockError

TRUTH = Path(__file__).parents[3] / "shared" / "data" / "truth"
UNIVERSAL = TRUTH / "truth-is-universal" / "datasets"
PROBES = TRUTH / "levinstein-probes" / "datasets"
TOLERANCE = 0.03

TABLE = [
    (UNIVERSAL / "cities.csv", ["city"], None, 0.065, 0.459),
    (UNIVERSAL / "neg_cities.csv", ["city"], None, 0.063, 0.458),
    (UNIVERSAL / "inventors.csv", None, r"^(.*?) lived", 0.050, 0.421),
    (UNIVERSAL / "element_symb.csv", None, r"^(\S+) has", 0.004, 0.162),
    (UNIVERSAL / "larger_than.csv", ["n1"], None, 0.997, 0.982),
    (UNIVERSAL / "sp_en_trans_conj.csv", None, None, 0.853, None),
    (UNIVERSAL / "sp_en_trans_disj.csv", None, None, 0.864, None),
    (UNIVERSAL / "facts_conj.csv", None, None, 0.730, None),
    (UNIVERSAL / "facts_disj.csv", None, None, 0.731, None),
    (PROBES / "generated_true_false.csv", None, None, 0.840, None),
]


def at_random(texts: list[str], labels: np.ndarray) -> float:
    """Text-only AUROC on the very folds of the reference: one random split moves it by .05."""
    model_selection = pytest.importorskip("sklearn.model_selection")
    folds = model_selection.StratifiedKFold(5, shuffle=True, random_state=0)
    found = []
    for train, test in folds.split(texts, labels):
        model = TextOnly().fit([texts[i] for i in train], labels[train])
        found.append(auroc(model.score([texts[i] for i in test]), labels[test]))
    return float(np.mean(found))


@pytest.mark.skipif(not UNIVERSAL.is_dir(), reason="../shared/data/truth is not here")
@pytest.mark.parametrize(("path", "group", "pattern", "random", "grouped"), TABLE)
def test_text_only_aurocs_of_the_reference(path, group, pattern, random, grouped) -> None:
    statements = load_statements(path, group=group, pattern=pattern)
    texts = [s.text for s in statements]
    labels = np.array([s.label for s in statements])
    assert at_random(texts, labels) == pytest.approx(random, abs=TOLERANCE)
    if grouped is not None:
        groups = [s.group for s in statements]
        found = np.mean([mean_fold_auroc(texts, labels, groups, seed=i) for i in range(3)])
        assert found == pytest.approx(grouped, abs=TOLERANCE)


def write(path: Path, rows: list[str], header: str = "statement,label") -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_twins_are_named_as_the_leak() -> None:
    places = [f"Place{i}" for i in range(60)]
    texts, labels, groups = [], [], []
    for i, place in enumerate(places):
        for j, label in ((i, 1), ((i + 7) % 60, 0)):
            texts.append(f"{place} lies in Land{j}")
            labels.append(label)
            groups.append(place)
    found = find_leaks(texts, labels, groups)
    assert (found.random.estimate or 1) < 0.3
    assert "twins" in found.warning
    assert "split by group" in found.warning


def test_wording_and_length_are_named_as_leaks() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(80) % 2
    texts = [
        f"thing{i} is {'really very surely' if label else 'not'} {rng.choice(['red', 'blue'])}"
        for i, label in enumerate(labels)
    ]
    warning = find_leaks(texts, labels).warning
    assert "wording" in warning
    assert "length" in warning


def test_twins_share_their_rarest_word() -> None:
    texts = [
        "The city of Krasnodar is in Russia.",
        "The city of Krasnodar is in Peru.",
        "The city of Samara is in Russia.",
        "The city of Samara is in Peru.",
        "The city of Lima is in Russia.",
        "The city of Lima is in Peru.",
    ]
    groups = rarest_word_groups(texts)
    assert groups[0] == groups[1]
    assert groups[2] == groups[3]
    assert len(set(groups)) == 3


def test_bad_csvs_are_named(tmp_path) -> None:
    with pytest.raises(GaugeblockError, match="no such file"):
        load_statements(tmp_path / "none.csv")
    path = write(tmp_path / "a.csv", ["x,1"], "text,label")
    with pytest.raises(GaugeblockError, match="no column statement"):
        load_statements(path)
    path = write(tmp_path / "b.csv", ["x is y,maybe"])
    with pytest.raises(GaugeblockError, match="label 'maybe' in row 2"):
        load_statements(path)
    path = write(tmp_path / "c.csv", ["x is y,1"])
    with pytest.raises(GaugeblockError, match="no column city"):
        load_statements(path, group="city")
    with pytest.raises(GaugeblockError, match="captures nothing"):
        load_statements(path, pattern="^(z)")
