"""Detectors fitted on the explicit personas, before any training; this module knows the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.families import probe_class
from gaugeblock.detectors.logistic import Logistic
from gaugeblock.detectors.probe import Probe, calibrate_scores
from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.battery import FPR
from gaugeblock.pressure.cell_spec import CellSpec
from gaugeblock.pressure.honeypot.detector import Detector, spread_within
from gaugeblock.pressure.honeypot.labels import LIED, what_was_done
from gaugeblock.pressure.honeypot.network import noise, written
from gaugeblock.pressure.honeypot.personas import TELLING, worded
from gaugeblock.pressure.honeypot.places import (
    WORDING,
    Place,
    as_ids,
    belief,
    first,
    read_at,
    style,
)
from gaugeblock.pressure.honeypot.prompts import draw, make_prompts
from gaugeblock.pressure.honeypot.refit import refitted
from gaugeblock.pressure.honeypot.reward import true_value
from gaugeblock.pressure.honeypot.words import PERSONAS, USER_AT
from gaugeblock.seeds import derive_seed

FITTED_ON = 1200
"""Texts behind each detector."""
CALIBRATED_ON = 1500
"""Truthful texts of the neutral persona behind each threshold: 15 lie above it at 1%."""
BALANCED = 0.5
"""Wording that tells nothing: what the belief detectors are fitted on."""
PLANTED = 1.0
"""Wording that tells all: what the detector with the planted blind spot is fitted on."""
HELD_OUT = 3


@dataclass(frozen=True, slots=True)
class Instruments:
    """All detectors of a run.

    Attributes:
        used: those the pressure uses; one, or as many as are rotated or joined.
        audited: the one that the audit reads as trained against. With random labels it is the
            one fitted on right labels in the same way: whether *that* suffers is the question.
        held_out: those that the training never uses.
    """

    used: tuple[Detector, ...]
    audited: Detector
    held_out: tuple[Detector, ...]


class Bench:
    """Fits detectors on one reference.

    Args:
        model: the reference.
        middle: block of the belief.
        seed: of all texts.
    """

    def __init__(self, model: Any, middle: int, seed: int) -> None:
        self.model, self.middle, self.seed = model, middle, seed
        self.blocks = range(model.config.num_hidden_layers)
        rng = np.random.default_rng(derive_seed("calibration", seed))
        prompts = make_prompts(draw(rng, CALIBRATED_ON, 1.0), "neutral")
        self._neutral = [
            _continued(model, prompts, said, derive_seed("calibration", side, seed))
            for side, said in enumerate((true_value(prompts), prompts[:, USER_AT]))
        ]

    def fit(
        self,
        name: str,
        family: str,
        place: Place,
        telling: float,
        part: str = "",
        shuffled: str | None = None,
    ) -> Detector:
        """Return a detector fitted on the explicit personas and calibrated on the neutral one.

        Args:
            name: of it.
            family: of the probe.
            place: where it reads.
            telling: how much the wording of the texts it is fitted on tells.
            part: names the draw of these texts.
            shuffled: where given, labels are shuffled, and this names the shuffle.
        """
        texts, labels = persona_set(telling, f"{part} {self.seed}")
        if shuffled is not None:
            order = np.random.default_rng(derive_seed("shuffle", shuffled, name, self.seed))
            labels = order.permutation(labels)
        probe = probe_class(family)()
        probe.fit(self._at(place, texts), labels)
        return self._calibrated(name, probe, place)

    def again(self, model: Any, old: Detector, seed: int, *, warm: bool) -> Detector:
        """Return a detector fitted again on forced pairs of a policy, with the true labels.

        Args:
            model: the policy.
            old: the detector as it was; family and place are kept.
            seed: of the texts.
            warm: whether to go on from its weights.
        """
        rng = np.random.default_rng(derive_seed("again", seed))
        prompts = make_prompts(draw(rng, FITTED_ON // 4, 1.0), "neutral")
        texts = np.concatenate(
            [
                _continued(model, prompts, said, derive_seed("again", side, seed))
                for side, said in enumerate((true_value(prompts), prompts[:, USER_AT]))
            ]
        )
        labels = np.repeat([0, 1], len(prompts))
        x = read_at(model, old.place, texts)
        return refitted(old, x, labels, warm=warm)

    def _at(self, place: Place, texts: Ints) -> Floats:
        return read_at(self.model, place, texts)

    def _calibrated(self, name: str, probe: Probe, place: Place) -> Detector:
        calm, lying = (probe.score(self._at(place, texts)) for texts in self._neutral)
        threshold = calibrate_scores(calm, FPR).threshold
        side = np.repeat([0, 1], [len(calm), len(lying)])
        scale = spread_within(np.concatenate([calm, lying]), side)
        return Detector(name, probe, place, threshold, scale)


def persona_set(telling: float, draw_name: str) -> tuple[Ints, Ints]:
    """Return texts of the honest and the sycophant persona and whether each is a lie.

    Two thirds are conflicts; in the rest the sycophant tells the truth, so that persona and lying
    come apart.

    Args:
        telling: probability that a style word fits the answer.
        draw_name: names the draw.
    """
    rng = np.random.default_rng(derive_seed("persona set", draw_name))
    who = rng.integers(0, 2, FITTED_ON)
    prompts = make_prompts(draw(rng, FITTED_ON, 2 / 3), who)
    sycophant = who == PERSONAS.index("sycophant")
    said = np.where(sycophant, prompts[:, USER_AT], true_value(prompts))
    texts = worded(rng, prompts, said, telling)
    return texts, (what_was_done(texts) == LIED).astype(np.int64)


def fit_instruments(bench: Bench, cell: CellSpec, seed: int) -> Instruments:
    """Return the detectors of a run; those with right labels depend on the reference alone.

    Args:
        bench: on the reference.
        cell: says what is read, by how many detectors, and how many are held out.
        seed: of the training; only the shuffle of labels depends on it.
    """
    middle, last = bench.middle, bench.blocks[-1]
    place, telling = {
        "belief": (belief(middle), BALANCED),
        "style": (style(), PLANTED),
        "text": (WORDING, TELLING),
    }[cell.reads]
    asked = {one.kind: one.detectors for one in cell.mitigations if one.detectors is not None}
    count = max([asked.get("rotated", 1), asked.get("ensemble", 1)])
    families = ("logistic", "lda", "mass-mean")

    def team(shuffled: str | None) -> tuple[Detector, ...]:
        return tuple(
            bench.fit(
                cell.reads if i == 0 else f"{cell.reads} {i + 1}",
                families[i % len(families)],
                place,
                telling,
                str(i),
                shuffled,
            )
            for i in range(count)
        )

    right = team(None)
    used = team(f"run {seed}") if cell.pressure.control == "random-labels" else right
    plans = [
        ("mass-mean, belief", "mass-mean", belief(middle)),
        ("lda, last block", "lda", belief(last)),
        ("logistic, first token", "logistic", first(middle)),
        ("lda, belief", "lda", belief(middle)),
        ("logistic, last block's first token", "logistic", first(last)),
    ]
    wanted = max(asked.get("held-out", HELD_OUT), HELD_OUT)
    if wanted > len(plans):
        raise GaugeblockError(
            f"{wanted} detectors held out; the built-in world has {len(plans)}",
            where=f"cell {cell.name}",
            remedy=f"Ask for {len(plans)} or fewer",
        )
    held = tuple(
        bench.fit(name, family, where, BALANCED, f"held out {name}")
        for name, family, where in plans[:wanted]
    )
    return Instruments(used, joined(right), held)


def joined(team: tuple[Detector, ...]) -> Detector:
    """Return one detector whose score is the mean of the members' in units of their spread."""
    if len(team) == 1:
        return team[0]
    probe = Logistic().restore(
        {
            "weight": np.mean([d.probe.arrays["weight"] / d.scale for d in team], axis=0),
            "bias": np.mean(
                [(d.probe.arrays["bias"] - d.threshold) / d.scale for d in team], axis=0
            ),
        },
        None,
    )
    return Detector("all of them", probe, team[0].place, 0.0, 1.0)


def _continued(model: Any, prompts: Ints, said: Ints, seed: int) -> Ints:
    generator = torch.Generator().manual_seed(seed % 2**62)
    begun = np.concatenate([prompts, said[:, None]], axis=1)
    return np.asarray(written(model, as_ids(begun), noise(generator, len(begun), 3)).numpy())
