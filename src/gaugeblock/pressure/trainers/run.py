"""A training under pressure from recipe to result: checked before it starts, resumable, atomic."""

from __future__ import annotations

import copy
import shutil
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import get_peft_model

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import find_blocks
from gaugeblock.models.activations.encoding import padding_id
from gaugeblock.models.loading import LoadedModel, load_files, load_subject
from gaugeblock.models.subjects import subject_files
from gaugeblock.organisms.finetune.guarded import take_up
from gaugeblock.organisms.finetune.lora import lora_config
from gaugeblock.pressure.kinds import PressureKind
from gaugeblock.pressure.signals import chosen_run
from gaugeblock.pressure.trainers.diet import diet_rows
from gaugeblock.pressure.trainers.dpo import dpo_trainer, preferences, sample
from gaugeblock.pressure.trainers.grpo import grpo_trainer
from gaugeblock.pressure.trainers.instruments import Reader, load_instrument
from gaugeblock.pressure.trainers.lessons import Lessons, Row
from gaugeblock.pressure.trainers.monitor import load_monitor
from gaugeblock.pressure.trainers.order import (
    CURVE,
    FINAL,
    ORDER,
    RUN,
    WORK,
    Done,
    finish,
    order_of,
)
from gaugeblock.pressure.trainers.prompts import Prompt, load_prompts, read_lines
from gaugeblock.pressure.trainers.push import Push
from gaugeblock.pressure.trainers.recipe import WITHOUT_DETECTOR, TrainingRecipe
from gaugeblock.pressure.trainers.rewards import Reward, load_reward
from gaugeblock.pressure.trainers.routing import Routing, check_split
from gaugeblock.pressure.trainers.saving import save_final
from gaugeblock.pressure.trainers.scales import SAMPLES, scaled
from gaugeblock.pressure.trainers.sft import base_verdicts, screened, sft_rows, sft_trainer
from gaugeblock.pressure.trainers.watch import train
from gaugeblock.seeds import derive_seed

Say = Callable[[str, int, int], None]
"""Called with a stage, steps done and steps in all."""

LESSONS = 4
"""Rows of the anchor and of the trunk's diet that are learnt in one batch."""


def run_recipe(
    recipe: TrainingRecipe, out: Path, say: Say = lambda stage, done, total: None
) -> Done:
    """Train a model under pressure; the same call goes on where a killed one stopped.

    Args:
        recipe: see ``recipe.load_recipe``.
        out: folder for ``final``, ``run.json`` and ``curve.jsonl``.
        say: told how far it is.

    Raises:
        GaugeblockError: anything in the recipe that does not fit the model (before training
            begins), another training in ``out``, or NaN (the last good checkpoint is kept).
    """
    files = subject_files(recipe.base)
    if files.adapter is not None:
        raise GaugeblockError(
            "a base is a whole checkpoint, and this is an adapter",
            where=recipe.base,
            remedy="Merge it and give the result",
        )
    loaded = load_files(
        files.base,
        name=recipe.base,
        device=recipe.device,
        dtype=recipe.dtype,
        threads=recipe.threads,
    )
    order = order_of(recipe, loaded)
    done = Done(
        base=recipe.base,
        final=out / FINAL,
        run=out / RUN,
        detectors=tuple(one.file for one in recipe.detectors),
        steps=recipe.steps,
    )
    take_up(
        out,
        ORDER,
        order,
        "Go on with its own recipe, give another --out, or delete the folder",
    )
    if done.run.is_file():
        return done
    job = Job(recipe, loaded, files.base, order.model, out / WORK, say)
    with warnings.catch_warnings():
        # TRL's use of transformers' deprecated names is no news to who runs a recipe.
        warnings.simplefilter("ignore", FutureWarning)
        note = job.do()
    finish(out, done, recipe.record(note))
    return done


class Job:
    """One recipe on one loaded base.

    Args:
        recipe: what to do.
        loaded: the base.
        folder: of the base's files.
        model: fingerprint of the base.
        work: folder of what is unfinished.
        say: told how far it is.
    """

    def __init__(
        self,
        recipe: TrainingRecipe,
        loaded: LoadedModel,
        folder: Path,
        model: str,
        work: Path,
        say: Say,
    ) -> None:
        self.recipe, self.loaded, self.folder, self.work, self.say = (
            recipe,
            loaded,
            folder,
            work,
            say,
        )
        blocks = find_blocks(loaded.model)
        split = recipe.mitigation("split")
        if split is not None:
            check_split(split, blocks.count)
        if loaded.tokenizer.pad_token_id is None:
            loaded.tokenizer.pad_token_id = padding_id(loaded)
        self.instruments = [load_instrument(one, blocks, model) for one in recipe.detectors]
        self.reward: Reward | None = load_reward(recipe.reward) if recipe.reward else None
        self.monitor = None if recipe.monitor is None else load_monitor(recipe.monitor)
        self.prompts = load_prompts(loaded, recipe)
        self.anchor = self._anchor()
        self.diet = self._diet()
        self.reader: Reader | None = None

    def do(self) -> str:
        """Train; leave the result in ``work/final`` and return a note for the run record."""
        recipe, kind = self.recipe, self.recipe.pressure.kind
        if kind not in WITHOUT_DETECTOR:
            trained = scaled(self.loaded, self.instruments[: recipe.active], recipe, self.prompts)
            self.reader = Reader(recipe, trained, self.loaded.end_ids)
        if kind is PressureKind.retry_selection:
            return self._retries()
        rows = self.prompts
        note = ""
        if kind is PressureKind.screening and recipe.trainer == "sft":
            assert self.reader is not None
            rows = screened(self.loaded, self.prompts, self.reader, recipe)
            note = f"{len(self.prompts) - len(rows)} of {len(self.prompts)} examples screened out"
        self._train(rows, recipe.seed, self.work / "steps", self.work / FINAL, "training")
        return "; ".join(one for one in (note, self._moved(self.work / FINAL)) if one)

    def _moved(self, final: Path) -> str:
        """Say so where no step had a gradient: a final model that is the base evades nothing."""
        steps = [row for _, row in read_lines(final / CURVE)]
        if any(row.get("grad_norm", 1.0) for row in steps):
            return ""
        return (
            "NOTHING WAS LEARNT: no step had a gradient (the answers of every group were paid "
            "alike; raise temperature or group)"
        )

    def _train(
        self, rows: Sequence[Prompt], run_seed: int, steps: Path, final: Path, stage: str
    ) -> None:
        if final.is_dir():
            return
        recipe = self.recipe
        seed = derive_seed("pressure-run", recipe.name, run_seed)
        # Several runs begin from the same weights.
        base = copy.deepcopy(self.loaded.model) if recipe.pressure.retries else self.loaded.model
        here = LoadedModel(self.loaded.subject, base, self.loaded.tokenizer)
        push = Push(
            recipe.pressure,
            self.reader if recipe.pressure.kind is not PressureKind.retry_selection else None,
            self.monitor,
            anchor=self.anchor,
            diet=self.diet,
        )
        if recipe.pressure.kind is PressureKind.frozen_copy_reward and recipe.rank is None:
            push.frozen = copy.deepcopy(base).eval().requires_grad_(False)
        preferred = self._preferred() if recipe.trainer == "dpo" else []
        torch.manual_seed(seed % 2**31)
        model = (
            base if recipe.rank is None else get_peft_model(base, lora_config(base, recipe.rank))
        )

        def report(step: int, total: int) -> None:
            self.say(stage, step, total)

        trainer: Any
        if recipe.trainer == "dpo":
            trainer = dpo_trainer(here, model, rows, preferred, recipe, seed, steps, report)
        elif recipe.trainer == "sft":
            trainer = sft_trainer(
                here, model, sft_rows(here, rows), recipe, push, seed, steps, report
            )
        else:
            assert self.reward is not None
            trainer = grpo_trainer(
                here, model, rows, self.reward, recipe, push, seed, steps, report, self._fresh()
            )
        split = recipe.mitigation("split")
        if split is not None:
            # After the trainer, which may add to the model or unfreeze parts of it.
            push.routing = Routing(trainer.model, split)
        curve = train(trainer, steps, f"{recipe.name} on {recipe.base}")
        save_final(trainer, final, curve, recipe, self.loaded.tokenizer, self.folder)
        shutil.rmtree(steps)

    def _retries(self) -> str:
        """Train as often as the pressure says, and keep the run that the detector flags least."""
        recipe, pressure = self.recipe, self.recipe.pressure
        assert pressure.retries is not None
        assert self.reader is not None
        some = self.prompts[:SAMPLES]
        flagged, earned = [], []
        for i in range(pressure.retries):
            final = self.work / f"try-{i}"
            seed = derive_seed("retry", recipe.seed, i)
            self._train(self.prompts, seed, self.work / f"steps-{i}", final, f"try {i + 1}")
            subject = f"{self.folder}+adapter:{final}" if recipe.rank is not None else str(final)
            tried = load_subject(subject, device=recipe.device, dtype=recipe.dtype)
            made = sample(tried, some, self.reward, recipe, 1, seed)
            verdict = base_verdicts(tried, [(*one.ids, *one.answer) for one in made], self.reader)
            flagged.append(float((verdict > 0.5).mean()))
            earned.append(float(np.nanmean([one.reward for one in made])))
        best = chosen_run(pressure, flagged, earned)
        shutil.copytree(self.work / f"try-{best}", self.work / FINAL, dirs_exist_ok=True)
        shares = ", ".join(f"{share:.3f}" for share in flagged)
        return (
            f"run {best + 1} of {pressure.retries} kept; flagged of {len(some)} answers: {shares}"
        )

    def _fresh(self) -> list[Any]:
        from gaugeblock.pressure.trainers.refresh import Refresher

        if self.recipe.pressure.refresh.every is None:
            return []
        assert self.reader is not None
        return [Refresher(self.reader, self.recipe, self.loaded)]

    def _preferred(self) -> Any:
        samples = sample(
            self.loaded,
            self.prompts,
            self.reward,
            self.recipe,
            self.recipe.group,
            self.recipe.seed,
        )
        verdict = np.zeros(len(samples))
        if self.reader is not None:
            texts = [(*one.ids, *one.answer) for one in samples]
            verdict = base_verdicts(self.loaded, texts, self.reader)
        return preferences(samples, verdict, self.recipe.pressure)

    def _anchor(self) -> tuple[Lessons, float] | None:
        from gaugeblock.pressure.trainers.anchor import anchor_rows

        wanted = self.recipe.mitigation("anchor")
        if wanted is None or wanted.weight is None or self.recipe.pairs is None:
            return None
        return self._lessons(anchor_rows(self.loaded, self.recipe.pairs)), wanted.weight

    def _diet(self) -> Lessons | None:
        path = self.recipe.predict
        return None if path is None else self._lessons(diet_rows(self.loaded, path))

    def _lessons(self, rows: list[Row]) -> Lessons:
        return Lessons(rows, padding_id(self.loaded), LESSONS, self.recipe.seed)
