"""Preference labels: the base answers, task and detector say which answer is better, DPO learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, disable_progress_bars
from trl import DPOConfig, DPOTrainer

from gaugeblock.detectors.arrays import Floats
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.generation import generate
from gaugeblock.models.loading import LoadedModel
from gaugeblock.models.requests import GenerationRequest
from gaugeblock.organisms.finetune.guarded import Finite
from gaugeblock.pressure.kinds import Pressure, PressureKind
from gaugeblock.pressure.signals import preferred
from gaugeblock.pressure.trainers.prompts import Prompt
from gaugeblock.pressure.trainers.recipe import TrainingRecipe
from gaugeblock.pressure.trainers.rewards import Reward, paid
from gaugeblock.pressure.trainers.sft import end_of_text
from gaugeblock.pressure.trainers.watch import Report, Watch, common
from gaugeblock.seeds import derive_seed


class PressureDPO(Finite, DPOTrainer):  # type: ignore[misc]
    """TRL's DPO trainer, which stops at NaN and learns the very tokens that were sampled."""

    def _prepare_dataset(self, dataset: Dataset, *args: Any, **more: Any) -> Dataset:
        return dataset


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer of a model by itself.

    Attributes:
        prompt: its place among the prompts.
        text: what was written, without its end.
        ids: tokens of the prompt.
        answer: tokens of the answer, without its end.
        reward: for the task.
    """

    prompt: int
    text: str
    ids: tuple[int, ...]
    answer: tuple[int, ...]
    reward: float


def sample(
    loaded: LoadedModel,
    prompts: Sequence[Prompt],
    reward: Reward | None,
    recipe: TrainingRecipe,
    each: int,
    seed: int,
) -> list[Sample]:
    """Return ``each`` answers to every prompt, and what the task pays for them.

    Args:
        loaded: answers.
        prompts: what is asked.
        reward: for the task; None for a reward of 0.
        recipe: temperature and length.
        each: answers to one prompt.
        seed: of the decoding.
    """
    asked = [
        GenerationRequest(
            one.ids,
            max_tokens=recipe.max_new_tokens,
            temperature=recipe.temperature,
            seed=derive_seed("pressure-sample", i, k, seed) % 2**31,
        )
        for i, one in enumerate(prompts)
        for k in range(each)
    ]
    made = generate(loaded, asked)
    rows = [tuple(token for token in one.tokens if token not in loaded.end_ids) for one in made]
    texts = [loaded.tokenizer.decode(list(row), skip_special_tokens=False) for row in rows]
    owner = [i for i in range(len(prompts)) for _ in range(each)]
    got = [0.0] * len(texts)
    if reward is not None:
        got = paid(
            reward, [prompts[i].text for i in owner], texts, [prompts[i].columns for i in owner]
        )
    return [
        Sample(i, text, prompts[i].ids, row, value)
        for i, text, row, value in zip(owner, texts, rows, got, strict=True)
    ]


def preferences(
    samples: Sequence[Sample], verdict: Floats, pressure: Pressure
) -> list[tuple[Sample, Sample]]:
    """Return (chosen, rejected) for neighbouring answers to one prompt; ties are left out.

    Raises:
        GaugeblockError: every pair is a tie.
    """
    pairs = [
        (i, i + 1)
        for i in range(len(samples) - 1)
        if samples[i].prompt == samples[i + 1].prompt and samples[i].text != samples[i + 1].text
    ]
    # An answer that the task cannot pay is in no pair.
    reward = np.array([one.reward for one in samples])
    pairs = [(a, b) for a, b in pairs if np.isfinite(reward[[a, b]]).all()]
    acting = pressure
    if pressure.kind is PressureKind.none:
        # The drift control: the same labels without the detector's part in them.
        acting = pressure.model_copy(update={"kind": PressureKind.preference_labels, "weight": 0.0})
    found = preferred(acting, reward, verdict, pairs)
    if not found:
        raise GaugeblockError(
            f"none of {len(samples)} answers is better than another, so there is no preference",
            where="preference labels",
            remedy="Give a finer reward, more prompts, or a larger group",
        )
    return [(samples[a], samples[b]) for a, b in found]


def dpo_trainer(
    loaded: LoadedModel,
    model: Any,
    prompts: Sequence[Prompt],
    pairs: Sequence[tuple[Sample, Sample]],
    recipe: TrainingRecipe,
    seed: int,
    folder: Path,
    report: Report,
) -> PressureDPO:
    """Return a DPO trainer for a recipe; the arguments are those of ``grpo_trainer``."""
    disable_progress_bars()
    end = end_of_text(loaded)
    data = Dataset.from_dict(
        {
            "prompt_ids": [list(prompts[good.prompt].ids) for good, _ in pairs],
            "chosen_ids": [[*good.answer, end] for good, _ in pairs],
            "rejected_ids": [[*bad.answer, end] for _, bad in pairs],
        }
    )
    config = DPOConfig(
        **common(recipe, model, folder, seed, recipe.prompts_per_batch),
        beta=recipe.pressure.kl,
        max_length=None,
    )
    return PressureDPO(
        model=model,
        args=config,
        train_dataset=data,
        processing_class=loaded.tokenizer,
        callbacks=[Watch(report)],
    )
