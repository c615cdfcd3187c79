"""Detectors that are wrong by construction are stopped by the trial meant for them."""

from __future__ import annotations

import numpy as np
import pytest

from gaugeblock.certify import Certificate, Exhibit, Identity, certify
from gaugeblock.certify.synthetic import (
    FILLERS,
    TALK_OF_LYING,
    World,
    build_exhibit,
    colour_of,
    write_statements,
)
from gaugeblock.detectors.files import group_hash
from gaugeblock.detectors.lda import LDA
from gaugeblock.detectors.mass_mean import MassMean
from gaugeblock.detectors.probe import Probe
from gaugeblock.detectors.statements import Statement

TRAIN, HELD = range(120), range(120, 220)
STRENGTH = {"truth": 3.0, "copy": 0.0, "negated": 1.5, "length": 1.0, "indeed": 1.0}


def certificate(exhibit: Exhibit) -> Certificate:
    identity = Identity(concept=exhibit.concept, family="planted", blind=False, subject="arrays")
    return certify(exhibit, identity)


def along(world: World, feature: str) -> Probe:
    """A probe that reads one feature's vector and nothing else."""
    return MassMean().restore({"weight": world.vectors()[feature], "bias": np.array(0.0)}, None)


def talk(entities: range, *, lie: bool, told: bool) -> list[Statement]:
    """Endorsed false statements are the controls of truth; talk of lying is that of deceiving."""
    rng = np.random.default_rng(5)
    out = []
    for entity in entities:
        words = ["item", str(entity), "is", colour_of(entity), *rng.choice(FILLERS[:4], 3)]
        words += [str(rng.choice(TALK_OF_LYING if lie else FILLERS[6:]))]
        words += ["told"] if told else ["spoken"]
        out.append(
            Statement(
                text=" ".join(map(str, words)),
                label=int(lie and told),
                group=f"item {entity}",
                control="on the topic" if lie and not told else "",
            )
        )
    return out


def exhibit_of(world: World, probe: Probe, **options: float) -> Exhibit:
    """Truth, with controls that insist on what is false."""
    false = [s for s in write_statements(HELD, indeed_if_true=0.0, seed=9) if not s.label]
    controls = [s.model_copy(update={"control": "insists"}) for s in false]
    return build_exhibit(
        world,
        probe,
        [
            *write_statements(TRAIN, seed=1, **options),
            *write_statements(TRAIN, seed=2, negated=True, **options),
        ],
        [
            *write_statements(HELD, seed=3, **options),
            *write_statements(HELD, seed=4, negated=True, **options),
        ],
        [
            *write_statements(HELD, seed=6, negated=True, **options),
            *write_statements(HELD, seed=7, wording="all", **options),
        ],
        controls,
    )


def test_a_feature_that_is_true_and_causal_climbs_to_the_top() -> None:
    found = certificate(exhibit_of(World(strength=STRENGTH), MassMean()))
    assert found.stopped_by is None
    assert found.highest == "unrefuted"
    assert "no counterexample" in found.for_all


def test_one_that_reads_length_is_stopped_by_length() -> None:
    world = World(width=128, strength={**STRENGTH, "truth": 0.5})
    found = certificate(exhibit_of(world, along(world, "length"), longer_if_true=0.45))
    assert (found.highest, found.stopped_by) == ("robust", "length")


def test_one_that_reads_a_token_is_stopped_by_token() -> None:
    world = World(width=128, strength={**STRENGTH, "truth": 0.5})
    found = certificate(exhibit_of(world, along(world, "indeed"), indeed_if_true=0.93))
    assert (found.highest, found.stopped_by) == ("robust", "token")
    assert "indeed" in found.stopped_because


def test_truth_is_not_stopped_by_the_confounds_it_does_not_read() -> None:
    options = {"longer_if_true": 0.45, "indeed_if_true": 0.93}
    world = World(strength=STRENGTH)
    found = certificate(exhibit_of(world, along(world, "truth"), **options))
    assert found.trial("length").outcome == "held"
    assert found.trial("token").outcome == "held"


def test_one_fitted_on_twins_across_the_split_is_stopped_by_split_leak() -> None:
    world = World(strength={"negated": 1.5}, identity=4.0)
    everything = write_statements(range(150), copies=3, seed=1)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(everything))
    train = [everything[i] for i in order[:600]]
    # Half of what it is tried on shares groups with its training texts, as under a random split.
    home = [everything[i] for i in order[600:]] + write_statements(range(150, 250), seed=2)
    seen = frozenset(group_hash(s.group) for s in train)
    found = certificate(build_exhibit(world, LDA(), train, home, seen=seen))
    assert (found.highest, found.stopped_by) == ("none", "split_leak")
    assert found.trial("split_leak").outcome == "failed"


def test_one_that_decodes_but_is_not_causal_is_stopped_by_dose_response() -> None:
    world = World(strength={**STRENGTH, "truth": 0.0, "copy": 3.0})
    found = certificate(exhibit_of(world, MassMean()))
    assert (found.highest, found.stopped_by) == ("specific", "dose_response")


def test_one_that_breaks_under_negation_is_stopped_by_generalisation() -> None:
    world = World(strength={**STRENGTH, "match": 2.0}, causal="match")
    exhibit = build_exhibit(
        world,
        along(world, "match"),
        write_statements(TRAIN, seed=1),
        write_statements(HELD, seed=2),
        write_statements(HELD, seed=3, negated=True) + write_statements(HELD, wording="all"),
    )
    found = certificate(exhibit)
    assert (found.highest, found.stopped_by) == ("decodable", "generalisation")
    worst = found.trial("generalisation").readings[0]
    assert worst.name == "polarity: negated"
    assert "sign flip" in worst.note


def test_one_fitted_on_shuffled_labels_is_stopped_by_shuffled_labels() -> None:
    world = World(strength=STRENGTH)
    train = write_statements(TRAIN, seed=1)
    x = world.activations([s.text for s in train])
    labels = np.random.default_rng(3).permutation([s.label for s in train])
    probe = LDA().fit(x, labels)
    exhibit = build_exhibit(world, probe, train, write_statements(HELD, seed=2), refit=False)
    found = certificate(exhibit)
    assert (found.highest, found.stopped_by) == ("none", "shuffled_labels")


def test_one_that_fires_on_the_topic_of_deception_is_stopped_by_on_topic() -> None:
    world = World(
        strength={"topic": 2.0, "deceives": 0.0, "truth": 1.0, "length": 0.3}, causal="topic"
    )

    def texts(entities: range) -> list[Statement]:
        return talk(entities, lie=True, told=True) + talk(entities, lie=False, told=True)

    away = [
        s.model_copy(update={"cell": {"topic": "told"}, "text": s.text + " more"})
        for s in texts(HELD)
    ]
    exhibit = build_exhibit(
        world,
        along(world, "topic"),
        texts(TRAIN),
        texts(HELD),
        away,
        talk(HELD, lie=True, told=False),
        concept="deceiving",
    )
    found = certificate(exhibit)
    assert (found.highest, found.stopped_by) == ("robust", "on_topic")


@pytest.mark.parametrize("feature", ["truth", "length"])
def test_blind_to_the_origin_the_battery_still_tells_them_apart(feature: str) -> None:
    world = World(strength=STRENGTH)
    exhibit = exhibit_of(world, along(world, feature), longer_if_true=0.45)
    blind = Exhibit(**{**vars(exhibit), "refit": None, "seen": None})
    found = certificate(blind)
    assert found.trial("length").outcome == ("held" if feature == "truth" else "failed")
    assert found.trial("refits").outcome == "not measured"
