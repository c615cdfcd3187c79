"""A local model as the battery needs it: read it, change it, ask for its own output."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from gaugeblock.certify.concepts import Answers
from gaugeblock.certify.exhibit import Change, Check
from gaugeblock.detectors.arrays import Floats
from gaugeblock.detectors.frame import NO_FRAME, Frame
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import (
    Leace,
    ablate,
    erase,
    find_blocks,
    model_fingerprint,
    record,
    self_test,
    steer,
)
from gaugeblock.models.activations.batching import batches
from gaugeblock.models.activations.encoding import encode, padding_id
from gaugeblock.models.loading import LoadedModel, load_subject
from gaugeblock.models.subjects import resolve_subject, subject_files

At = Literal["last", "mean", "max"]


@dataclass(frozen=True)
class Subject:
    """A loaded model, causal or encoder.

    Attributes:
        loaded: model and tokenizer.
        encoder: whether its output is an embedding rather than next-token logprobs.
        blocks: number of blocks.
        fingerprint: SHA-256 of the weights.
        frame: what stands around every text that is read or asked about.
    """

    loaded: LoadedModel
    encoder: bool
    blocks: int
    fingerprint: str
    frame: Frame = NO_FRAME

    def framed(self, frame: Frame) -> Subject:
        """Return the same model, which meets texts in a frame.

        Raises:
            GaugeblockError: an encoder, whose output is of texts as they are.
        """
        if frame and self.encoder:
            raise GaugeblockError("an encoder reads no chat", where=self.loaded.subject)
        return replace(self, frame=frame)

    def _fed(self, texts: Sequence[str]) -> Sequence[str] | list[list[int]]:
        """The texts as they are, or the token ids of the framed ones."""
        return self._tokens([self.frame.around(text) for text in texts]) if self.frame else texts

    def _tokens(self, framed: Sequence[str]) -> list[list[int]]:
        # A chat template writes its own special tokens.
        return encode(self.loaded.tokenizer, framed, special_tokens=not self.frame)

    def activations(
        self, texts: Sequence[str], layer: int | Literal["embedding"], at: At
    ) -> Floats:
        """Return one layer's pooled activations, shape (n, d).

        Raises:
            GaugeblockError: as ``models.activations.record``.
        """
        found = record(self.loaded, self._fed(texts), [layer], at).values[:, 0]
        return np.asarray(found, dtype=np.float64)

    def all_layers(self, texts: Sequence[str], at: At) -> Floats:
        """Return every block's pooled activations, shape (n, blocks, d)."""
        return np.asarray(record(self.loaded, self._fed(texts), "all", at).values, dtype=np.float64)

    def checks(self) -> list[Check]:
        """Return the extraction path's self-test, check by check."""
        return [
            Check(check.name, check.passed, check.measured, check.limit, check.detail)
            for check in self_test(self.loaded).checks
        ]

    def untrained(self, seed: int) -> Subject:
        """Return the same architecture with random weights."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = type(self.loaded.model)(self.loaded.model.config).eval()
        twin = LoadedModel(f"{self.loaded.subject} untrained", model, self.loaded.tokenizer)
        return replace(self, loaded=twin, fingerprint=model_fingerprint(model))

    @contextmanager
    def changed(self, layer: int, change: Change | None) -> Iterator[None]:
        """Apply a change to a block's output inside the ``with``."""
        model = self.loaded.model
        if change is None:
            context: Any = nullcontext()
        elif change.kind == "steer":
            context = steer(model, layer, change.vector, 1.0)
        elif change.kind == "leace":
            assert isinstance(change.eraser, Leace)
            context = erase(model, layer, change.eraser)
        else:
            context = ablate(model, layer, change.vector, change.mean)
        with context:
            yield

    def answer_output(
        self, answers: Answers, layer: int
    ) -> Callable[[Sequence[str], Change | None], Floats]:
        """Return a function giving the logprob of the positive less the negative answer.

        In a frame the answer follows at once, where the reply begins or goes on; else after a
        blank.
        """
        gap = "" if self.frame else " "

        def output(texts: Sequence[str], change: Change | None) -> Floats:
            prompts = [self.frame.around(answers.prompt.format(text=text)) for text in texts]
            yes = self._tokens([f"{prompt}{gap}{answers.positive}" for prompt in prompts])
            no = self._tokens([f"{prompt}{gap}{answers.negative}" for prompt in prompts])
            shared = [_common(a, b) for a, b in zip(yes, no, strict=True)]
            rows = [ids[:k] for ids, k in zip(yes, shared, strict=True)]
            pairs = [(a[k], b[k]) for a, b, k in zip(yes, no, shared, strict=True)]
            out = np.zeros(len(texts))
            with self.changed(layer, change):
                for row, logits in self._logits(rows):
                    at = logits[len(rows[row]) - 1].log_softmax(-1)
                    out[row] = float(at[pairs[row][0]] - at[pairs[row][1]])
            return out

        return output

    def neighbour_output(
        self, positive: Sequence[str], negative: Sequence[str], layer: int
    ) -> Callable[[Sequence[str], Change | None], Floats]:
        """Return a function giving the cosine to positive less that to negative examples."""
        anchors = [self._embed(texts).mean(axis=0) for texts in (positive, negative)]
        anchors = [a / np.linalg.norm(a) for a in anchors]

        def output(texts: Sequence[str], change: Change | None) -> Floats:
            with self.changed(layer, change):
                vectors = self._embed(texts)
            return np.asarray(vectors @ anchors[0] - vectors @ anchors[1], dtype=np.float64)

        return output

    def harm(self, neutral: Sequence[str], layer: int) -> Callable[[Change | None], Floats]:
        """Return a function giving the loss on neutral texts (an encoder's: 1 - cosine kept)."""
        before = self._embed(neutral) if self.encoder else None
        rows = encode(self.loaded.tokenizer, list(neutral))

        def loss(change: Change | None) -> Floats:
            with self.changed(layer, change):
                if before is not None:
                    return np.asarray(1 - (self._embed(neutral) * before).sum(axis=1))
                out = np.zeros(len(rows))
                for row, logits in self._logits(rows):
                    ids = torch.tensor(rows[row][1:])
                    scores = logits[: len(ids)].log_softmax(-1)
                    out[row] = -float(scores[torch.arange(len(ids)), ids].mean())
                return out

        return loss

    def _embed(self, texts: Sequence[str]) -> Floats:
        vectors = self.activations(texts, self.blocks - 1, "mean")
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

    def _logits(self, rows: Sequence[Sequence[int]]) -> Iterator[tuple[int, Tensor]]:
        padding = self_test(self.loaded).padding
        pad = padding_id(self.loaded)
        with torch.inference_mode():
            for batch in batches(rows, batch_tokens=4096, padding=padding, pad=pad):
                logits = self.loaded.model(input_ids=batch.ids, attention_mask=batch.mask).logits
                for place, row in enumerate(batch.rows):
                    yield int(row), logits[place].float()


def open_subject(subject: str, threads: int = 1) -> Subject:
    """Load a causal model or an encoder by its subject id.

    Args:
        subject: a subject id of local weights, see docs/models.md.
        threads: torch's CPU threads, for the whole process.

    Raises:
        GaugeblockError: no such subject, an API (which has no activations), or broken files.
    """
    if resolve_subject(subject, chat=False).kind == "inspect":
        raise GaugeblockError(
            "a detector on activations needs local weights",
            where=subject,
            remedy="Give a builtin subject or a directory",
        )
    files = subject_files(subject)
    config = json.loads((files.base / "config.json").read_text(encoding="utf-8"))
    architecture = (config.get("architectures") or [""])[0]
    encoder = not architecture.endswith(("ForCausalLM", "LMHeadModel"))
    if encoder:
        torch.set_num_threads(threads)
        # As in loading.py: no bar of the library's own beside our status line.
        transformers_logging.disable_progress_bar()
        model = AutoModel.from_pretrained(
            files.base, dtype=torch.float32, use_safetensors=True, local_files_only=True
        )
        tokenizer = AutoTokenizer.from_pretrained(files.base, local_files_only=True)
        loaded = LoadedModel(subject, model.eval(), tokenizer)
    else:
        loaded = load_subject(subject, threads=threads)
    return Subject(
        loaded, encoder, find_blocks(loaded.model).count, model_fingerprint(loaded.model)
    )


def _common(a: Sequence[int], b: Sequence[int]) -> int:
    for place, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return place
    raise GaugeblockError("the two answers begin with the same tokens", where="answers")
