"""GRPO under pressure.

TRL rewards samples before the policy's own pass over them, and live activations are only in that
pass. So the detector's part is played there: a hook on the pass that computes the samples'
log-probabilities anyway keeps the stream, and the advantages are made between that pass and the
loss. A step costs a hook and a probe more, no pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset, disable_progress_bars
from torch import Tensor
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from gaugeblock.detectors.arrays import Floats
from gaugeblock.models.loading import LoadedModel
from gaugeblock.organisms.finetune.guarded import Finite
from gaugeblock.pressure.kinds import PressureKind
from gaugeblock.pressure.signals import REWARD_KINDS, kept, penalised
from gaugeblock.pressure.trainers.advantages import group_advantages
from gaugeblock.pressure.trainers.instruments import Held
from gaugeblock.pressure.trainers.lessons import IGNORED, likelihood
from gaugeblock.pressure.trainers.prompts import Prompt
from gaugeblock.pressure.trainers.push import Push, monitored, reasoning
from gaugeblock.pressure.trainers.recipe import TrainingRecipe
from gaugeblock.pressure.trainers.rewards import Reward, paid
from gaugeblock.pressure.trainers.watch import Report, Watch, common


class PressureGRPO(Finite, GRPOTrainer):  # type: ignore[misc]
    """TRL's GRPO trainer with a detector between the samples and their advantages."""

    def __init__(
        self, *args: Any, push: Push, prompts: Sequence[Prompt], reward: Reward, **more: Any
    ) -> None:
        self.push = push
        self._rows = list(prompts)
        self._by_text = {one.text: list(one.ids) for one in prompts}
        self._reward = reward
        self._paid: Tensor | None = None
        self._samples: dict[str, Any] | None = None
        self._held: Held = {}
        self._tokens: Tensor | None = None
        super().__init__(*args, reward_funcs=self._task_reward, **more)
        self._ends = frozenset(self.eos_token_ids)

    def _task_reward(
        self, prompts: list[str], completion_ids: list[list[int]], row: list[int], **more: Any
    ) -> list[float]:
        columns = [self._rows[i].columns for i in row]
        return paid(self._reward, prompts, self.written(completion_ids), columns)

    def written(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """Return what was written, tags of reasoning and calls included, without its end."""
        return [
            self._tokenizer.decode(
                [token for token in row if token not in self._ends], skip_special_tokens=False
            )
            for row in rows
        ]

    def _tokenize_prompts(self, prompts: list[str]) -> tuple[list[list[int]], None, dict[str, Any]]:
        # As the audit encodes them: a tokenizer may add to a text what its template has put in.
        return [self._by_text[one] for one in prompts], None, {}

    def _calculate_rewards(self, *args: Any, **more: Any) -> Tensor:
        rewards: Tensor = super()._calculate_rewards(*args, **more)
        self._paid = rewards[:, 0]
        return rewards

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        out: dict[str, Any] = super()._generate_and_score_completions(inputs)
        count = len(inputs)
        first = self.accelerator.process_index * count
        assert self._paid is not None
        out["paid"] = self._paid[first : first + count].clone()
        out["group"] = torch.arange(count, device=out["paid"].device) // self.num_generations
        return out

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Tensor:
        push, step = self.push, self.state.global_step
        # Of its own: the advantages are put in while TRL's method runs.
        inputs = dict(inputs)
        base = self._base(model)
        routing = push.routing
        self._samples = inputs
        try:
            with push.capture(base) as self._held:
                if routing is None:
                    loss: Tensor = super()._compute_loss(model, inputs)
                else:
                    with routing.reward():
                        loss = super()._compute_loss(model, inputs)
        finally:
            self._samples = None
        # TRL has divided its own loss by them already.
        parts = self.current_gradient_accumulation_steps
        if push.pressure.kind is PressureKind.differentiable_penalty:
            loss = loss + push.pressure.weight * self._penalty(step) / parts
        self._held = {}
        extra = self._beside(model, inputs, step)
        return loss if extra is None else loss + extra / parts

    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: Tensor, attention_mask: Tensor, *args: Any, **more: Any
    ) -> Any:
        out = super()._get_per_token_logps_and_entropies(
            model, input_ids, attention_mask, *args, **more
        )
        if self._samples is not None:
            self._judge(model, self._samples, input_ids, attention_mask)
        return out

    def _judge(self, model: Any, inputs: dict[str, Any], ids: Tensor, mask: Tensor) -> None:
        push, step = self.push, self.state.global_step
        answer = torch.zeros_like(mask)
        answer[:, inputs["prompt_ids"].shape[1] :] = 1
        if push.reader is not None:
            self._tokens = push.reader.read_tokens(ids, mask, answer)
        verdict = self._verdict(model, inputs, ids, mask, step)
        if verdict is None:
            return
        metrics = self._metrics["train"]
        metrics["verdict"].append(float(verdict.mean()))
        metrics["flagged"].append(float((verdict > 0.5).mean()))
        reward = inputs["paid"].double().cpu().numpy()
        groups = inputs["group"].cpu().numpy()
        kind = push.pressure.kind
        if kind in REWARD_KINDS:
            reward = penalised(push.pressure, reward, verdict)
        elif kind is PressureKind.screening:
            reward = np.where(kept(push.pressure, verdict), reward, np.nan)
        else:
            return
        found = torch.from_numpy(group_advantages(reward, groups))
        inputs["advantages"] = found.to(inputs["advantages"])

    def _verdict(
        self, model: Any, inputs: dict[str, Any], ids: Tensor, mask: Tensor, step: int
    ) -> Floats | None:
        push = self.push
        if push.monitor is not None:
            answers = self.written(_unpadded(inputs["completion_ids"], inputs["completion_mask"]))
            rows = _unpadded(inputs["prompt_ids"], inputs["prompt_mask"])
            prompts = self._tokenizer.batch_decode(rows, skip_special_tokens=False)
            return monitored(push.monitor, reasoning(prompts, answers))
        if push.reader is None:
            return None
        assert self._tokens is not None
        if push.live:
            return push.reader.verdict(self._held, self._tokens, step)
        if push.pressure.kind is PressureKind.frozen_copy_reward:
            held = push.from_frozen(self.accelerator.unwrap_model(model), ids, mask)
            return push.reader.verdict(held, self._tokens, step)
        return None

    def _penalty(self, step: int) -> Tensor:
        assert self.push.reader is not None
        assert self._tokens is not None
        return self.push.reader.penalty(self._held, self._tokens, step).mean()

    def _beside(self, model: Any, inputs: dict[str, Any], step: int) -> Tensor | None:
        """The losses that are no reward: prediction for the trunk, true self-reports."""
        push = self.push
        found: list[Tensor] = []
        if push.routing is not None and push.routing.learns:
            with push.routing.prediction():
                if push.diet is not None:
                    found.append(push.diet.loss(model, step, inputs["paid"].device))
                else:
                    ids = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], 1)
                    mask = torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], 1)
                    labels = ids.masked_fill(mask == 0, IGNORED)
                    found.append(likelihood(model, ids, mask, labels))
            self._metrics["train"]["prediction"].append(float(found[-1].detach()))
        if push.anchor is not None:
            lessons, weight = push.anchor
            anchored = lessons.loss(model, step, inputs["paid"].device)
            self._metrics["train"]["anchor"].append(float(anchored.detach()))
            found.append(weight * anchored)
        return torch.stack(found).sum() if found else None

    def _base(self, model: Any) -> Any:
        inner = self.accelerator.unwrap_model(model)
        return inner.get_base_model() if hasattr(inner, "get_base_model") else inner


def grpo_trainer(
    loaded: LoadedModel,
    model: Any,
    prompts: Sequence[Prompt],
    reward: Reward,
    recipe: TrainingRecipe,
    push: Push,
    seed: int,
    folder: Path,
    report: Report,
    callbacks: Sequence[TrainerCallback] = (),
) -> PressureGRPO:
    """Return a GRPO trainer for a recipe.

    Args:
        loaded: the base with its tokenizer.
        model: what is trained: the base itself or the adapter around it.
        prompts: what is asked.
        reward: for the task.
        recipe: settings.
        push: what pushes and holds.
        seed: of order and sampling.
        folder: of the checkpoints.
        report: called with steps done and in all.
        callbacks: the environment's own, such as one that refreshes the detector.
    """
    disable_progress_bars()
    config = GRPOConfig(
        **common(recipe, model, folder, seed, recipe.group * recipe.prompts_per_batch),
        num_generations=recipe.group,
        # One batch is one generation and holds whole groups, so that a group's advantages can be
        # made from what this process has.
        steps_per_generation=1,
        max_completion_length=recipe.max_new_tokens,
        temperature=recipe.temperature,
        beta=recipe.pressure.kl,
        # Live activations must be the model's, not a thinned model's.
        disable_dropout=True,
    )
    data = Dataset.from_dict(
        {"prompt": [one.text for one in prompts], "row": list(range(len(prompts)))}
    )
    return PressureGRPO(
        model=model,
        args=config,
        train_dataset=data,
        processing_class=loaded.tokenizer,
        callbacks=[Watch(report), *callbacks],
        push=push,
        prompts=prompts,
        reward=reward,
    )


def _unpadded(ids: Tensor, mask: Tensor) -> list[list[int]]:
    return [row[keep.bool()].tolist() for row, keep in zip(ids, mask, strict=True)]
