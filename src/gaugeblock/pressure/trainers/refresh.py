"""Fits the detectors anew while the model is trained: the environment's side of a refresh.

On forced pairs it knows which side is which, so what pushes on the model never imports this.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import TrainerCallback

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.tensors import read_tensors
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import encode
from gaugeblock.models.activations.batching import batches
from gaugeblock.models.activations.encoding import check_lengths, padding_id
from gaugeblock.models.activations.pooling import Pooler
from gaugeblock.models.loading import LoadedModel
from gaugeblock.pressure.pairs import Pair, load_pairs
from gaugeblock.pressure.trainers.instruments import Instrument, Reader
from gaugeblock.pressure.trainers.recipe import TrainingRecipe

KEPT = "detectors"
"""Folder of a checkpoint with the detectors as they were then."""

FEWEST = 4
"""Rows of each class without which nothing is fitted."""


class Refresher(TrainerCallback):  # type: ignore[misc]
    """Refits every detector in use after each so many steps.

    Where a class has too few rows (a detector that flags nothing cannot teach its successor) the
    detector stays as it is.

    Args:
        reader: holds the detectors.
        recipe: says when and on what.
        loaded: tokenizer and context of the base.

    Raises:
        GaugeblockError: pairs that do not fit the model.
    """

    def __init__(self, reader: Reader, recipe: TrainingRecipe, loaded: LoadedModel) -> None:
        refresh = recipe.pressure.refresh
        assert refresh.every is not None
        self._reader, self._every, self._loaded = reader, refresh.every, loaded
        self._pairs: list[Pair] = []
        self._rows: list[list[int]] = []
        if refresh.on == "forced-pairs":
            assert recipe.pairs is not None
            self._pairs = load_pairs(recipe.pairs)
            for pair in self._pairs:
                prompt = encode(loaded.tokenizer, [pair.prompt])[0]
                sides = encode(
                    loaded.tokenizer, [pair.honest, pair.misbehaving], special_tokens=False
                )
                self._rows += [[*prompt, *side] for side in sides]
            check_lengths(loaded, self._rows)
        else:
            reader.remembered = []

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Take the detectors up as they were at the checkpoint that is gone on from."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}" / KEPT
        if state.global_step:
            if not folder.is_dir():
                raise GaugeblockError(
                    "the checkpoint was cut off before its detectors were written",
                    where=folder.parent,
                    remedy="Delete this checkpoint; the one before is gone on from",
                )
            for i, one in enumerate(self._reader.instruments):
                said = json.loads((folder / f"{i}.json").read_text(encoding="utf-8"))
                arrays = read_tensors(folder / f"{i}.safetensors")
                probe = one.probe.fresh().restore(arrays, None)
                one.replace(probe, said["threshold"], said["scale"])

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Refit where it is time."""
        if state.global_step % self._every == 0:
            for one in self._reader.instruments:
                self._refit(one, more["model"])
            if self._reader.remembered is not None:
                self._reader.remembered = []

    def on_save(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Keep the detectors with the checkpoint."""
        from safetensors.numpy import save_file

        whole = Path(args.output_dir) / f"checkpoint-{state.global_step}" / KEPT
        folder = whole.with_name(f"{KEPT}.partial")
        folder.mkdir(parents=True, exist_ok=True)
        for i, one in enumerate(self._reader.instruments):
            arrays = {name: np.array(a, order="C") for name, a in one.probe.arrays.items()}
            save_file(arrays, folder / f"{i}.safetensors")
            said = {"threshold": one.threshold, "scale": one.scale}
            (folder / f"{i}.json").write_text(json.dumps(said), encoding="utf-8")
        folder.replace(whole)

    def _refit(self, one: Instrument, model: Any) -> None:
        values, labels = self._lesson(one, model)
        if min(int((labels == side).sum()) for side in (0, 1)) < FEWEST:
            return
        probe = one.probe.fresh().fit(values, labels)
        probe.calibrate(values[labels == 0], one.fpr)
        assert probe.calibration is not None
        spread = float(np.std(probe.score(values)))
        one.replace(probe, probe.calibration.threshold, spread if spread > 0 else 1.0)

    def _lesson(self, one: Instrument, model: Any) -> tuple[Floats, Ints]:
        if self._reader.remembered is not None:
            own = [(x, v) for who, x, v in self._reader.remembered if who is one]
            if not own:
                return np.zeros((0, 1)), np.zeros(0, dtype=np.int64)
            verdict = np.concatenate([v for _, v in own])
            return np.concatenate([x for x, _ in own]), (verdict > 0.5).astype(np.int64)
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        was = inner.training
        inner.eval()
        out = np.zeros((len(self._rows), 0))
        cut = batches(
            self._rows, batch_tokens=2048, padding="equal-length", pad=padding_id(self._loaded)
        )
        for batch in cut:
            ids, mask = batch.ids.to(inner.device), batch.mask.to(inner.device)
            held = self._reader.run(inner, ids, mask)
            pooled = Pooler(torch.ones_like(mask).bool(), one.pool)(held[one.layer])
            if not out.shape[1]:
                out = np.zeros((len(self._rows), pooled.shape[1]))
            out[batch.rows] = pooled.double().cpu().numpy()
        inner.train(was)
        return out, np.tile([0, 1], len(self._pairs)).astype(np.int64)
