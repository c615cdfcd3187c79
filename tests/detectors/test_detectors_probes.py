"""Each instrument finds what is there, says what it cannot read, and survives the disk."""

from __future__ import annotations

import numpy as np
import pytest

from gaugeblock.detectors.adapters import ForeignProbe
from gaugeblock.detectors.attention import Attention, pad_tokens
from gaugeblock.detectors.ccs import CCS
from gaugeblock.detectors.ensemble import Ensemble
from gaugeblock.detectors.families import PROBES
from gaugeblock.detectors.files import load_probe, save_probe
from gaugeblock.detectors.lda import LDA
from gaugeblock.detectors.logistic import Logistic
from gaugeblock.detectors.mahalanobis import Mahalanobis
from gaugeblock.detectors.mass_mean import MassMean
from gaugeblock.detectors.metrics import auroc
from gaugeblock.detectors.patterns import PatternMonitor
from gaugeblock.detectors.sae import SAEProbe, load_sae
from gaugeblock.detectors.sae_train import train_topk_sae
from gaugeblock.detectors.ttpd import TTPD
from gaugeblock.errors import GaugeblockError
from gaugeblock.transcripts import Event, Transcript

D = 12


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth along axis 0, a nuisance of large variance along axis 1."""
    rng = np.random.default_rng(0)
    y = np.arange(240) % 2
    x = rng.standard_normal((240, D))
    x[:, 0] += 3 * y
    x[:, 1] *= 5
    return x, y, np.arange(240) // 4


@pytest.mark.parametrize("probe", [MassMean(), LDA(), Logistic(), SAEProbe(steps=150)])
def test_supervised_probes_find_the_direction(probe, data) -> None:
    x, y, groups = data
    probe.fit(x[:160], y[:160], groups=groups[:160])
    assert auroc(probe.score(x[160:]), y[160:]) > 0.9
    assert np.linalg.norm(probe.direction) == pytest.approx(1.0)
    assert probe.direction[0] > 0.5


def test_ccs_finds_truth_from_pairs_without_labels() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 150) * 2 - 1
    side = rng.standard_normal(D)
    pairs = []
    for t in truth:
        for sign in (1, -1):
            h = rng.standard_normal(D) * 0.3 + sign * side
            h[0] += 2 * t * sign
            pairs.append(h)
    x, y = np.array(pairs), np.repeat(truth, 2) * np.tile([1, -1], 150) > 0
    groups = np.repeat(np.arange(150), 2)
    probe = CCS().fit(x, y.astype(int), groups=groups)
    assert auroc(probe.score(x), y.astype(int)) > 0.9
    with pytest.raises(GaugeblockError, match="pairs"):
        CCS().fit(x, y.astype(int), groups=np.arange(300))


def test_ttpd_holds_under_negation_where_a_mass_mean_of_affirmatives_flips() -> None:
    rng = np.random.default_rng(2)
    truth, polarity = rng.integers(0, 2, 400), rng.integers(0, 2, 400)
    x = rng.standard_normal((400, D)) * 0.5
    t, p = 2.0 * truth - 1, 2.0 * polarity - 1
    x[:, 0] += t
    x[:, 1] += 2 * t * p
    x[:, 2] += 2 * p
    negated = polarity == 0
    naive = MassMean().fit(x[~negated], truth[~negated])
    assert auroc(naive.score(x[negated]), truth[negated]) < 0.5
    probe = TTPD().fit(x, truth, polarity=polarity)
    assert auroc(probe.score(x[negated]), truth[negated]) > 0.9
    with pytest.raises(GaugeblockError, match="polarity"):
        TTPD().fit(x, truth)


def test_attention_looks_at_the_one_token_that_tells() -> None:
    rng = np.random.default_rng(3)
    y = np.arange(160) % 2
    texts = []
    for label in y:
        tokens = rng.standard_normal((int(rng.integers(4, 9)), 6)) * 0.5
        at = rng.integers(len(tokens))
        tokens[at, 0] += 4
        tokens[at, 1] += 3 * (2 * label - 1)
        others = np.arange(len(tokens)) != at
        tokens[others, 1] += rng.choice([-3, 3], others.sum())
        texts.append(tokens)
    x = pad_tokens(texts)
    probe = Attention().fit(x[:120], y[:120])
    pooled = np.array([tokens.mean(axis=0) for tokens in texts])
    linear = LDA().fit(pooled[:120], y[:120])
    attended = auroc(probe.score(x[120:]), y[120:])
    assert attended > 0.95
    assert attended > auroc(linear.score(pooled[120:]), y[120:])


def test_mahalanobis_is_far_from_what_is_not_normal(data) -> None:
    x, y, _ = data
    probe = Mahalanobis().fit(x, y)
    assert auroc(probe.score(x), y) > 0.7
    assert probe.direction is None


def test_an_ensemble_beats_a_layer_alone() -> None:
    rng = np.random.default_rng(4)
    y = np.arange(300) % 2
    x = rng.standard_normal((300, 3, D))
    x[:, :, 0] += y[:, None]
    one = LDA().fit(x[:200, 0], y[:200])
    all_three = Ensemble().fit(x[:200], y[:200])
    assert auroc(all_three.score(x[200:]), y[200:]) > auroc(one.score(x[200:, 0]), y[200:])


def test_a_topk_sae_finds_sparse_features() -> None:
    rng = np.random.default_rng(5)
    true = rng.standard_normal((10, 16))
    true /= np.linalg.norm(true, axis=1, keepdims=True)
    codes = (rng.random((1500, 10)) < 0.15) * rng.uniform(1, 2, (1500, 10))
    sae = train_topk_sae(codes @ true, features=32, k=3, steps=800, learning_rate=3e-3)
    found = np.abs(true @ sae["W_dec"].T).max(axis=1)
    assert np.mean(found > 0.85) >= 0.7


@pytest.mark.parametrize("family", [f for f in PROBES if PROBES[f].ndim == 2])
def test_a_saved_detector_scores_the_same(family, data, tmp_path) -> None:
    pytest.importorskip("safetensors")
    x, y, groups = data
    probe = PROBES[family]()
    if family == "ttpd":
        probe.fit(x, y, polarity=np.arange(240) // 2 % 2)
    elif family == "ccs":
        probe.fit(x, y, groups=np.arange(240) // 2)
    else:
        probe.fit(x, y, groups=groups)
    probe.calibrate(x[y == 0], fpr=0.05)
    card = save_probe(probe, tmp_path / "d", concept="truth", model="a" * 64, layer=3)
    again, read = load_probe(tmp_path / "d.safetensors", model="a" * 64)
    assert read == card
    assert np.array_equal(again.score(x), probe.score(x))
    assert again.calibration == probe.calibration


def test_a_detector_of_another_model_is_refused(data, tmp_path) -> None:
    pytest.importorskip("safetensors")
    x, y, _ = data
    save_probe(MassMean().fit(x, y), tmp_path / "d", concept="truth", model="a" * 64)
    with pytest.raises(GaugeblockError, match="fitted on another model"):
        load_probe(tmp_path / "d", model="b" * 64)


def test_swapped_tensors_and_broken_cards_are_refused(data, tmp_path) -> None:
    pytest.importorskip("safetensors")
    x, y, _ = data
    save_probe(MassMean().fit(x, y), tmp_path / "one", concept="truth")
    save_probe(LDA().fit(x, y), tmp_path / "two", concept="truth")
    (tmp_path / "one.safetensors").write_bytes((tmp_path / "two.safetensors").read_bytes())
    with pytest.raises(GaugeblockError, match="not those the card was written for"):
        load_probe(tmp_path / "one")
    (tmp_path / "two.json").write_text('{"family": "lda"}')
    with pytest.raises(GaugeblockError, match="not a detector card"):
        load_probe(tmp_path / "two")
    with pytest.raises(GaugeblockError, match="no such detector file"):
        load_probe(tmp_path / "three.json")


def test_an_sae_in_the_naming_of_saelens_is_read(data, tmp_path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    x, y, _ = data
    sae = train_topk_sae(x, features=24, k=4, steps=50)
    path = tmp_path / "sae_weights.safetensors"
    safetensors.save_file({k: np.ascontiguousarray(v) for k, v in sae.items()}, path)
    probe = SAEProbe(4, load_sae(path)).fit(x, y)
    assert probe.arrays["chosen"].shape == (4,)
    safetensors.save_file({"W_enc": sae["W_enc"]}, path)
    with pytest.raises(GaugeblockError, match="no tensor"):
        load_sae(path)


def test_another_librarys_probe_behind_the_contract(data) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y, groups = data
    probe = ForeignProbe(
        linear_model.LogisticRegression,
        read=lambda model, z: model.decision_function(z),
        direction=lambda model: model.coef_,
    ).fit(x, y, groups=groups)
    theirs = linear_model.LogisticRegression().fit(x, y)
    assert probe.score(x) == pytest.approx(theirs.decision_function(x))
    assert probe.fresh().fit(x, y).direction == pytest.approx(probe.direction)


def test_bad_arrays_are_named(data) -> None:
    x, y, _ = data
    broken = x.copy()
    broken[7, 3] = np.nan
    with pytest.raises(GaugeblockError, match="1 of 240 rows, first in row 7"):
        MassMean().fit(broken, y)
    with pytest.raises(GaugeblockError, match="one class only"):
        LDA().fit(x, np.ones(240))
    with pytest.raises(GaugeblockError, match="not fitted"):
        LDA().score(x)
    with pytest.raises(GaugeblockError, match="width 5 where the detector was fitted on width 12"):
        MassMean().fit(x, y).score(x[:, :5])
    with pytest.raises(GaugeblockError, match="labels for 240 rows"):
        MassMean().fit(x, y[:10])
    with pytest.raises(GaugeblockError, match="no direction"):
        MassMean().fit(np.ones((4, 3)), [0, 1, 0, 1])


def test_a_pattern_monitor_reads_the_subject_and_not_the_user() -> None:
    events = (
        Event(index=0, turn=0, kind="user", text="please LIE"),
        Event(index=1, turn=0, kind="message", text="I will not lie; a lie is a lie"),
    )
    common = {"pack": "p", "scenario": "s", "situation": "s", "sampling_seed": 0, "events": events}
    monitor = PatternMonitor([r"\blie\b"], "lying")
    fine, broken = monitor.score(
        [Transcript(id="a", **common), Transcript(id="b", ending="error", error="x", **common)]
    )
    assert fine.value == 3
    assert broken.value is None
    assert broken.missing
    with pytest.raises(GaugeblockError, match="not a regular expression"):
        PatternMonitor(["("], "x")
