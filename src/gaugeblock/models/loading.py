"""Load a local subject: weights, merged adapter, tokenizer."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.subjects import subject_files

Dtype = Literal["float32", "bfloat16", "float16"]


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A causal LM in evaluation mode with its tokenizer.

    Attributes:
        subject: the subject id or directory it came from.
        model: a transformers causal LM, adapter merged.
        tokenizer: its tokenizer, from the adapter's directory where that brings one.
    """

    subject: str
    model: Any
    tokenizer: Any

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = self.model.device
        return device

    @property
    def end_ids(self) -> frozenset[int]:
        """Token ids that end a text, from generation config, model config and tokenizer."""
        found: set[int] = set()
        for source in (self.model.generation_config, self.model.config, self.tokenizer):
            named = getattr(source, "eos_token_id", None)
            found.update(named if isinstance(named, list) else [named] if named is not None else [])
        return frozenset(found)

    @property
    def context(self) -> int | None:
        """Most tokens of prompt and text together, or None where the architecture sets none."""
        config = self.model.config.get_text_config(decoder=True)
        limit = getattr(config, "max_position_embeddings", None)
        return limit if isinstance(limit, int) and limit > 0 else None


def load_subject(
    subject: str,
    *,
    device: str = "cpu",
    dtype: Dtype = "float32",
    threads: int = 1,
    trust_remote_code: bool = False,
) -> LoadedModel:
    """Load a local subject by its id; see ``load_files`` for the arguments.

    Raises:
        GaugeblockError: as ``subjects.subject_files``, or the files do not load.
    """
    files = subject_files(subject)
    return load_files(
        files.base,
        files.adapter,
        name=subject,
        device=device,
        dtype=dtype,
        threads=threads,
        trust_remote_code=trust_remote_code,
    )


def load_files(
    base: Path,
    adapter: Path | None = None,
    *,
    name: str | None = None,
    device: str = "cpu",
    dtype: Dtype = "float32",
    threads: int = 1,
    trust_remote_code: bool = False,
) -> LoadedModel:
    """Load a checkpoint directory and merge a LoRA adapter into it.

    Args:
        base: directory of the checkpoint; only safetensors are read, and nothing is fetched.
        adapter: directory of a PEFT LoRA adapter.
        name: what to call the subject; the base directory where None.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        dtype: type of the weights; float32 is what makes results comparable across machines.
        threads: torch's CPU threads, for the whole process. More than one pays only for
            models much larger than the built-in ones.
        trust_remote_code: run model code that the checkpoint brings along. Never on by itself.

    Raises:
        GaugeblockError: the device is not there or the files do not load.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise GaugeblockError("no CUDA device here", where=device, remedy="Use device cpu")
    torch.set_num_threads(threads)
    # A bar for a load of milliseconds would break into the audit's own progress display.
    transformers_logging.disable_progress_bar()
    common = {"local_files_only": True, "trust_remote_code": trust_remote_code}
    brings_tokenizer = adapter is not None and (adapter / "tokenizer_config.json").is_file()
    try:
        model = AutoModelForCausalLM.from_pretrained(
            base, dtype=getattr(torch, dtype), use_safetensors=True, **common
        )
        tokenizer = AutoTokenizer.from_pretrained(adapter if brings_tokenizer else base, **common)
        if adapter is not None:
            model = _merge(model, adapter)
        model = model.to(device).eval()
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise GaugeblockError(f"the model does not load: {reason}", where=name or base) from error
    return LoadedModel(subject=name or str(base), model=model, tokenizer=tokenizer)


def _merge(model: Any, adapter: Path) -> Any:
    # Merged weights cost nothing per token; an unmerged LoRA adds two matrix products to each
    # of seven layers' projections, half of a tiny model's time.
    from peft import PeftModel

    with warnings.catch_warnings():
        # peft's use of a deprecated attribute of transformers is no news to whoever runs an audit.
        warnings.simplefilter("ignore", FutureWarning)
        return PeftModel.from_pretrained(model, adapter, is_trainable=False).merge_and_unload()
