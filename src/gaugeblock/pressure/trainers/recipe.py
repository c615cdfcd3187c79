"""A training under pressure as data: what is trained, what is rewarded, what pushes and holds."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from gaugeblock.frozen import Record
from gaugeblock.pressure.kinds import Mitigation, Pressure, PressureKind, RunRecord
from gaugeblock.pressure.yaml_file import record_of, text_of
from gaugeblock.scenarios.types import Rendering

TrainerName = Literal["grpo", "sft", "dpo"]

KINDS: dict[TrainerName, frozenset[PressureKind]] = {
    "grpo": frozenset(set(PressureKind) - {PressureKind.preference_labels}),
    "sft": frozenset(
        {
            PressureKind.none,
            PressureKind.screening,
            PressureKind.differentiable_penalty,
            PressureKind.retry_selection,
        }
    ),
    "dpo": frozenset({PressureKind.none, PressureKind.preference_labels}),
}
"""Which pressures each trainer can apply."""

WITHOUT_DETECTOR = frozenset({PressureKind.none, PressureKind.cot_monitor_reward})


class PromptSource(Record):
    """Where prompts come from: a file, or a pack of this project.

    Attributes:
        file: JSONL, one object a line with ``prompt`` (as the model reads it) or ``messages``
            (put through its chat template); SFT needs ``completion`` too. Other fields are handed
            to the reward as columns.
        pack: prompts are drawn from its training scenarios instead.
        count: prompts drawn from the pack.
        rendering: of the pack's scenarios.
    """

    file: Path | None = None
    pack: Literal["honesty", "wrongdoing"] | None = None
    count: int = Field(default=128, ge=1)
    rendering: Rendering = "controlled"

    @model_validator(mode="after")
    def _one(self) -> PromptSource:
        if (self.file is None) == (self.pack is None):
            raise ValueError("give either 'file' or 'pack'")
        return self


class DetectorUse(Record):
    """A detector file and how its score becomes a verdict.

    Attributes:
        file: ``NAME.json`` with its safetensors beside it, fitted on the base.
        threshold: score at which the verdict is one half; its card's calibration if None.
        scale: score units in one logit; if None, the standard deviation of its scores on samples
            of the base.
    """

    file: Path
    threshold: float | None = None
    scale: float | None = Field(default=None, gt=0)


class Monitor(Record):
    """A chain-of-thought monitor: reads the reasoning as text and nothing else.

    Attributes:
        examples: JSONL of ``text`` and ``label`` (1: bad) that a bag of words is fitted on.
        function: ``module:function`` of a list of texts, returning log odds, instead.
    """

    examples: Path | None = None
    function: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Monitor:
        if (self.examples is None) == (self.function is None):
            raise ValueError("give either 'examples' or 'function'")
        return self


class TrainingRecipe(Record):
    """One training under pressure.

    Attributes:
        name: for people and the run record.
        base: subject id of the model before: a directory, ``hf/ID`` or ``builtin/base``.
        trainer: of TRL.
        rank: of the LoRA adapter; None trains all weights.
        prompts: what the model is asked.
        reward: ``builtin:honesty``, ``builtin:wrongdoing`` or ``module:function`` with TRL's
            signature; it pays for the task and must know nothing of the detector. SFT has none,
            except to choose between retries.
        detectors: the first ones are trained against (one, or as many as ``rotated`` or
            ``ensemble`` name); the others are held out for the audit.
        monitor: for a chain-of-thought-monitor reward.
        pressure: what pushes.
        mitigations: what holds against it.
        pairs: forced pairs for the anchor (with ``asked``) and for a detector that is refreshed on
            them; take others for the audit.
        predict: JSONL of ``text`` for a trunk that learns prediction off-policy.
        steps: optimiser steps.
        seed: of adapter, order and sampling.
        learning_rate: constant.
        group: samples of one prompt.
        prompts_per_step: prompts (SFT and DPO: examples) in one optimiser step.
        prompts_per_batch: of those, how many are on the device at once. More than one pads
            prompts on the left, which some architectures do not take.
        max_new_tokens: longest answer.
        temperature: of the sampling.
        checkpoint_every: steps between two checkpoints.
        device: ``cpu`` or ``cuda``.
        dtype: of the weights.
        threads: torch's CPU threads.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    base: str = "builtin/base"
    trainer: TrainerName = "grpo"
    rank: int | None = Field(default=16, ge=1)
    prompts: PromptSource
    reward: str = ""
    detectors: tuple[DetectorUse, ...] = ()
    monitor: Monitor | None = None
    pressure: Pressure
    mitigations: tuple[Mitigation, ...] = ()
    pairs: Path | None = None
    predict: Path | None = None
    steps: int = Field(default=100, ge=1)
    seed: int = 0
    learning_rate: float = Field(default=1e-4, gt=0)
    group: int = Field(default=8, ge=2)
    prompts_per_step: int = Field(default=4, ge=1)
    prompts_per_batch: int = Field(default=1, ge=1)
    max_new_tokens: int = Field(default=64, ge=1)
    temperature: float = Field(default=1.0, gt=0)
    checkpoint_every: int = Field(default=10, ge=1)
    device: str = Field(default="cpu", pattern=r"^(cpu|cuda)$")
    dtype: Literal["float32", "bfloat16"] = "float32"
    threads: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _whole(self) -> TrainingRecipe:
        kind = self.pressure.kind
        if kind not in KINDS[self.trainer]:
            able = ", ".join(sorted(one.value for one in KINDS[self.trainer]))
            raise ValueError(f"{self.trainer} cannot apply {kind.value}; it takes {able}")
        if self.prompts_per_step % self.prompts_per_batch:
            raise ValueError("prompts_per_step is not a multiple of prompts_per_batch")
        if self.trainer == "sft" and self.prompts.file is None:
            raise ValueError("sft learns completions, so its prompts come from a file with them")
        if self.trainer != "sft" and not self.reward:
            raise ValueError(f"{self.trainer} needs a reward")
        if self.trainer == "sft" and self.pressure.kl:
            raise ValueError("sft has no KL penalty; leave pressure.kl at 0")
        if self.trainer == "dpo" and not self.pressure.kl:
            raise ValueError("dpo's beta is pressure.kl, which must be above 0")
        if kind is PressureKind.retry_selection and not self.reward:
            raise ValueError("retries are chosen by flags, then by reward; give a reward")
        if kind not in WITHOUT_DETECTOR and not self.detectors:
            raise ValueError(f"{kind.value} needs a detector")
        if (kind is PressureKind.cot_monitor_reward) != (self.monitor is not None):
            raise ValueError("a monitor belongs to cot-monitor-reward, and it needs one")
        self._refreshed()
        return self._mitigated()

    def _refreshed(self) -> None:
        refresh = self.pressure.refresh
        if refresh.every is None:
            return
        if self.trainer != "grpo" or self.pressure.kind in WITHOUT_DETECTOR:
            raise ValueError("a detector is refreshed in grpo, where one is trained against")
        if refresh.start != "anew":
            raise ValueError("a probe here is fitted anew (start: anew); it has no warm start")
        if self.checkpoint_every % refresh.every:
            raise ValueError("checkpoint_every is not a multiple of refresh.every")
        if refresh.on == "forced-pairs" and self.pairs is None:
            raise ValueError("a refresh on forced pairs needs 'pairs'")

    def _mitigated(self) -> TrainingRecipe:
        kinds = [one.kind for one in self.mitigations]
        if len(set(kinds)) != len(kinds):
            raise ValueError("a mitigation is given twice")
        if {"rotated", "ensemble"} <= set(kinds):
            raise ValueError("detectors are rotated or joined, not both")
        if self.trainer == "dpo" and {"split", "anchor"} & set(kinds):
            raise ValueError("split and anchor are for grpo and sft")
        split, anchor = self.mitigation("split"), self.mitigation("anchor")
        if (anchor is not None) and self.pairs is None:
            raise ValueError("an anchor needs 'pairs' whose entries have 'asked'")
        off = split is not None and split.trunk == "predictive-off-policy"
        if off != (self.predict is not None):
            raise ValueError("'predict' belongs to a trunk predictive-off-policy, which needs it")
        if self.trainer == "sft" and split is not None and split.trunk == "predictive-on-policy":
            raise ValueError("sft samples nothing, so there is nothing on-policy to predict")
        out = self.mitigation("held-out")
        if self.active > len(self.detectors) and self.pressure.kind not in WITHOUT_DETECTOR:
            raise ValueError(f"{self.active} detectors in use, {len(self.detectors)} given")
        if out is not None and out.detectors != len(self.detectors) - self.active:
            raise ValueError(
                f"{out.detectors} detectors held out, but {len(self.detectors) - self.active} of "
                "those given are not trained against"
            )
        return self

    @property
    def active(self) -> int:
        """How many detectors are trained against; they come first."""
        several = self.mitigation("rotated") or self.mitigation("ensemble")
        return 1 if several is None or several.detectors is None else several.detectors

    def mitigation(self, kind: str) -> Mitigation | None:
        """Return the mitigation of a kind, or None."""
        return next((one for one in self.mitigations if one.kind == kind), None)

    def record(self, note: str = "") -> RunRecord:
        """Return what the audit's result says of this training."""
        return RunRecord(
            pressure=self.pressure,
            mitigations=self.mitigations,
            seed=self.seed,
            note="; ".join(part for part in (self.name, self.trainer, note) if part),
        )


def load_recipe(path: Path) -> TrainingRecipe:
    """Read a recipe; its paths are taken from its own folder.

    Raises:
        GaugeblockError: no such file, not YAML, or not a recipe.
    """
    text = text_of(path, "recipe")
    recipe = record_of(TrainingRecipe, text, "a training recipe", path)
    return _from(recipe, path.resolve().parent)


def _from(recipe: TrainingRecipe, folder: Path) -> TrainingRecipe:
    def placed(path: Path | None) -> Path | None:
        return None if path is None else folder / path.expanduser()

    changes: dict[str, object] = {
        "prompts": recipe.prompts.model_copy(update={"file": placed(recipe.prompts.file)}),
        "detectors": tuple(
            one.model_copy(update={"file": placed(one.file)}) for one in recipe.detectors
        ),
        "pairs": placed(recipe.pairs),
        "predict": placed(recipe.predict),
    }
    if recipe.monitor is not None:
        changes["monitor"] = recipe.monitor.model_copy(
            update={"examples": placed(recipe.monitor.examples)}
        )
    # A base that is a folder beside the recipe; ids and absolute paths stay as they are.
    if (folder / recipe.base).is_dir():
        changes["base"] = str(folder / recipe.base)
    return recipe.model_copy(update=changes)


def shipped_names() -> list[str]:
    """Return the names of the recipes that come with the package."""
    folder = files("gaugeblock.pressure.trainers") / "recipes"
    return sorted(
        one.name.removesuffix(".yaml") for one in folder.iterdir() if one.name.endswith(".yaml")
    )


def shipped(name: str) -> Path:
    """Return the file of a recipe by its path or its shipped name."""
    if name in shipped_names():
        return Path(str(files("gaugeblock.pressure.trainers") / "recipes" / f"{name}.yaml"))
    return Path(name)
