"""What pushes on the model and what holds against it, as data that goes into the run record."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from gaugeblock.frozen import Record


class PressureKind(StrEnum):
    """How the detector's verdict reaches the model."""

    none = "none"
    live_reward = "live-reward"
    frozen_copy_reward = "frozen-copy-reward"
    differentiable_penalty = "differentiable-penalty"
    preference_labels = "preference-labels"
    screening = "screening"
    retry_selection = "retry-selection"
    cot_monitor_reward = "cot-monitor-reward"


GRADIENT_KINDS = frozenset({PressureKind.differentiable_penalty})
"""Kinds in which a gradient flows through the detector."""


class Refresh(Record):
    """When the detector is fitted again during training, and on what.

    Attributes:
        every: optimiser steps between refits; None for never.
        on: forced pairs with oracle labels (the audit's own, given by the environment, not by the
            pressure), or the policy's samples with the detector's own flags as labels.
        start: from the last weights, or anew.
    """

    every: int | None = Field(default=None, ge=1)
    on: Literal["forced-pairs", "own-flags"] = "forced-pairs"
    start: Literal["warm", "anew"] = "warm"


class Pressure(Record):
    """One pressure; kind and gradient are both written down, since defaults have misled before.

    Attributes:
        kind: how the verdict reaches the model.
        through_gradient: whether a gradient flows through the detector; must agree with ``kind``.
        weight: what the detector's score is multiplied by.
        kl: weight of the KL penalty to the reference.
        refresh: refitting of the detector.
        retries: training runs of which the one that passes is kept; only for selection.
        control: "random-labels" where the detector was fitted on shuffled labels.
    """

    kind: PressureKind
    through_gradient: bool
    weight: float = Field(default=1.0, ge=0)
    kl: float = Field(default=0.0, ge=0)
    refresh: Refresh = Refresh()
    retries: int | None = Field(default=None, ge=2)
    control: Literal["", "random-labels"] = ""

    @model_validator(mode="after")
    def _agree(self) -> Pressure:
        if self.through_gradient != (self.kind in GRADIENT_KINDS):
            raise ValueError(f"through_gradient does not agree with kind {self.kind.value}")
        if (self.retries is None) != (self.kind is not PressureKind.retry_selection):
            raise ValueError("retries belong to retry-selection, and it needs them")
        if self.kind is PressureKind.none and self.control:
            raise ValueError("without a pressure there is no detector to give random labels")
        return self


class Mitigation(Record):
    """One thing that holds against the pressure.

    Attributes:
        kind: ``split`` trains only parameters above ``layer`` by reward; ``anchor`` adds a loss on
            true self-reports; ``held-out`` keeps detectors from the training; ``rotated`` changes
            the one in use; ``ensemble`` uses several at once.
        layer: of the split.
        trunk: what the parameters below the split learn: nothing, or prediction on texts of other
            policies or of their own (where motivated reasoning can creep back).
        weight: of the anchor's loss.
        detectors: how many are held out, rotated or joined.
    """

    kind: Literal["split", "anchor", "held-out", "rotated", "ensemble"]
    layer: int | None = Field(default=None, ge=0)
    trunk: Literal["frozen", "predictive-off-policy", "predictive-on-policy"] | None = None
    weight: float | None = Field(default=None, gt=0)
    detectors: int | None = Field(default=None, ge=2)

    @model_validator(mode="after")
    def _complete(self) -> Mitigation:
        needs = {
            "split": {"layer", "trunk"},
            "anchor": {"weight"},
            "held-out": {"detectors"},
            "rotated": {"detectors"},
            "ensemble": {"detectors"},
        }[self.kind]
        given = {
            name
            for name in ("layer", "trunk", "weight", "detectors")
            if getattr(self, name) is not None
        }
        if given != needs:
            raise ValueError(
                f"a {self.kind} takes {', '.join(sorted(needs))}, given {', '.join(sorted(given))}"
            )
        return self


class RunRecord(Record):
    """What was done to a model, for the audit's result to carry.

    Attributes:
        cell: name of the cell of the grid; "" outside one.
        pressure: what pushed; None where it is not known (two checkpoints of unknown history).
        mitigations: what held against it.
        base_seed: seed that made the reference.
        seed: seed of the training.
        note: for people.
    """

    cell: str = ""
    pressure: Pressure | None = None
    mitigations: tuple[Mitigation, ...] = ()
    base_seed: int | None = None
    seed: int | None = None
    note: str = ""
