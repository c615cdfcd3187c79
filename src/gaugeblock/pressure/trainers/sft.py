"""Supervised fine-tuning under pressure: a penalty through the detector, or screened examples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset, Features, List, Value, disable_progress_bars
from torch import Tensor
from trl import SFTConfig, SFTTrainer

from gaugeblock.detectors.arrays import Floats
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import encode, record
from gaugeblock.models.loading import LoadedModel
from gaugeblock.organisms.finetune.guarded import Finite
from gaugeblock.pressure.kinds import PressureKind
from gaugeblock.pressure.seen import shuffled
from gaugeblock.pressure.signals import kept, verdicts
from gaugeblock.pressure.trainers.instruments import Reader
from gaugeblock.pressure.trainers.lessons import IGNORED, Row, likelihood
from gaugeblock.pressure.trainers.prompts import Prompt
from gaugeblock.pressure.trainers.push import Push
from gaugeblock.pressure.trainers.recipe import TrainingRecipe
from gaugeblock.pressure.trainers.watch import Report, Watch, common


class PressureSFT(Finite, SFTTrainer):  # type: ignore[misc]
    """TRL's SFT trainer with a penalty on what its own pass represents."""

    def __init__(self, *args: Any, push: Push, **more: Any) -> None:
        self.push = push
        super().__init__(*args, **more)

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Return TRL's loss, and what is beside it."""
        if return_outputs:
            raise ValueError("this trainer does not return outputs")
        push, step = self.push, self.state.global_step
        inner = self.accelerator.unwrap_model(model)
        base = inner.get_base_model() if hasattr(inner, "get_base_model") else inner
        # Kept here: TRL's method takes some of its inputs out.
        ids, mask, labels = (inputs[name] for name in ("input_ids", "attention_mask", "labels"))
        learnt = super().compute_loss
        with push.capture(base) as held:
            if push.routing is None:
                loss = learnt(model, inputs, num_items_in_batch=num_items_in_batch)
            else:
                with push.routing.reward():
                    loss = learnt(model, inputs, num_items_in_batch=num_items_in_batch)
        extra: list[Tensor] = []
        if push.pressure.kind is PressureKind.differentiable_penalty:
            assert push.reader is not None
            tokens = push.reader.read_tokens(ids, mask, (labels != IGNORED).long())
            verdict = push.reader.penalty(held, tokens, step)
            if not torch.isfinite(verdict).all():
                raise FloatingPointError("a penalty that is not finite")
            self._metrics["train"]["verdict"].append(float(verdict.detach().mean()))
            extra.append(push.pressure.weight * verdict.mean())
        if push.routing is not None and push.routing.learns:
            with push.routing.prediction():
                extra.append(
                    push.diet.loss(model, step, ids.device)
                    if push.diet is not None
                    else likelihood(model, ids, mask, labels)
                )
        if push.anchor is not None:
            lessons, weight = push.anchor
            extra.append(weight * lessons.loss(model, step, ids.device))
        if not extra:
            return loss
        return loss + torch.stack(extra).sum() / self.current_gradient_accumulation_steps


def end_of_text(loaded: LoadedModel) -> int:
    """Return the id that ends an answer.

    Raises:
        GaugeblockError: neither the model nor its tokenizer names one.
    """
    end = loaded.tokenizer.eos_token_id
    if end is None:
        end = min(loaded.end_ids, default=None)
    if end is None:
        raise GaugeblockError(
            "neither the model nor its tokenizer names an end of text",
            where=loaded.subject,
            remedy="Set eos_token in its tokenizer_config.json",
        )
    return int(end)


def sft_rows(loaded: LoadedModel, prompts: Sequence[Prompt]) -> list[Row]:
    """Return each prompt with its completion and the end of text, of which the latter two count.

    Raises:
        GaugeblockError: as ``end_of_text``.
    """
    end = end_of_text(loaded)
    rows: list[Row] = []
    for one in prompts:
        answer = (*encode(loaded.tokenizer, [one.completion], special_tokens=False)[0], end)
        rows.append(((*one.ids, *answer), (*[IGNORED] * len(one.ids), *answer)))
    return rows


def screened(
    loaded: LoadedModel, prompts: Sequence[Prompt], reader: Reader, recipe: TrainingRecipe
) -> list[Prompt]:
    """Return the examples that no detector in use flags, read with the base before training.

    Raises:
        GaugeblockError: all are flagged.
    """
    texts = [
        [*one.ids, *encode(loaded.tokenizer, [one.completion], special_tokens=False)[0]]
        for one in prompts
    ]
    verdict = base_verdicts(loaded, texts, reader)
    stay = kept(recipe.pressure, verdict)
    if not stay.any():
        raise GaugeblockError(
            f"the detector flags all {len(prompts)} examples, so nothing is left to learn",
            where="screening",
            remedy="Raise its threshold, or give other examples",
        )
    return [one for one, keep in zip(prompts, stay, strict=True) if keep]


def base_verdicts(loaded: LoadedModel, texts: Sequence[Sequence[int]], reader: Reader) -> Floats:
    """Return the mean verdict of the detectors in use on texts that a model reads, (n,)."""
    found = []
    for one in reader.instruments:
        values = record(loaded, [list(text) for text in texts], [one.layer], one.pool).values
        seen, order = shuffled(values[:, 0].astype(np.float64), 0)
        out = np.empty(len(seen))
        out[order] = verdicts(one.probe, seen, one.threshold, one.scale)
        found.append(out)
    return np.asarray(np.mean(found, axis=0))


def sft_trainer(
    loaded: LoadedModel,
    model: Any,
    rows: Sequence[Row],
    recipe: TrainingRecipe,
    push: Push,
    seed: int,
    folder: Path,
    report: Report,
) -> PressureSFT:
    """Return an SFT trainer for a recipe; the arguments are those of ``grpo_trainer``."""
    disable_progress_bars()
    numbers = List(Value("int32"))
    data = Dataset.from_dict(
        {"input_ids": [list(ids) for ids, _ in rows], "labels": [list(one) for _, one in rows]},
        features=Features({"input_ids": numbers, "labels": numbers}),
    )
    config = SFTConfig(
        **common(recipe, model, folder, seed, recipe.prompts_per_batch),
        max_length=None,
        packing=False,
    )
    return PressureSFT(
        model=model,
        args=config,
        train_dataset=data,
        processing_class=loaded.tokenizer,
        callbacks=[Watch(report)],
        push=push,
    )
