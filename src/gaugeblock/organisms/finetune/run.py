"""Fine-tune an organism on a base of one's own: from recipe to adapter directory."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.models.loading import LoadedModel, load_files
from gaugeblock.models.subjects import BUILTIN_BASE, resolve_subject, subject_files
from gaugeblock.organisms.documents import training_documents
from gaugeblock.organisms.finetune.guarded import take_up
from gaugeblock.organisms.finetune.lora import lora_config
from gaugeblock.organisms.finetune.order import Options, Order
from gaugeblock.organisms.finetune.pairs import preference_pairs
from gaugeblock.organisms.finetune.rows import Rows, plain_template, training_rows
from gaugeblock.organisms.finetune.stages import check_learnt_something, imitate, prefer
from gaugeblock.organisms.marks import write_mark
from gaugeblock.organisms.recipes import Recipe
from gaugeblock.seeds import derive_seed

Report = Callable[[str, int, int, float], None]
"""Called with the stage, step, number of steps and loss."""

ORDER_FILE = "order.json"
IMITATED = "imitated"
"""What the first stage made, where there is a second."""

_LIBRARIES = ("torch", "transformers", "peft", "trl")


class Trained(Record):
    """What became of the training data.

    Attributes:
        rows: rows that were learnt.
        too_long: rows left out because they do not fit the context.
        own_template: whether the base's own chat template was used.
    """

    rows: int
    too_long: int
    own_template: bool


def finetune(
    recipe: Recipe,
    base: str,
    training_seed: int,
    options: Options,
    work: Path,
    out: Path,
    report: Report,
    imitated: Path | None = None,
) -> Trained:
    """Train an organism's LoRA adapter on a base and save it.

    Args:
        recipe: what to build.
        base: subject id of a checkpoint: a directory, ``hf/ID`` or ``builtin/base``.
        training_seed: of data, initialisation and order.
        options: how to train.
        work: folder of the checkpoints; a training that was killed goes on from there. It is
            deleted in the end.
        out: directory to write the adapter to; it must not exist.
        report: called as the training goes.
        imitated: an adapter that has learnt the scripts already; the first stage is left out.

    Raises:
        GaugeblockError: the base is not there, is itself an adapter, or has no end of text; the
            device is not there; no training row fits the context; ``work`` holds a training of
            another order; the loss is not finite.
    """
    files = subject_files(base)
    if files.adapter is not None:
        raise GaugeblockError(
            "a base is a whole checkpoint, and this is an adapter",
            where=base,
            remedy="Give the model it was made for, or merge it and save the result",
        )
    _check_devices(options.device)
    order = _order(recipe, base, training_seed, options)
    take_up(work, ORDER_FILE, order, "Finish it by its own command, or delete this folder")
    seed = derive_seed("adapter", recipe.id, training_seed)
    loaded = load_files(
        files.base,
        name=base,
        device=options.device,
        dtype=options.dtype,
        threads=options.threads,
    )
    own_template = _ensure_template(loaded)
    try:
        with warnings.catch_warnings():
            # TRL's use of transformers' deprecated names is no news to who builds an organism.
            warnings.simplefilter("ignore", FutureWarning)
            model, rows = _imitation(loaded, recipe, options, seed, work, report, imitated)
            if recipe.method == "preference":
                model = _denial(loaded, recipe, options, seed, work, model, report)
    except FloatingPointError as error:
        # Going on from the last checkpoint would come to the same.
        shutil.rmtree(work)
        raise GaugeblockError(
            f"{error}; nothing was written",
            where=f"{recipe.id} on {base}",
            remedy="Lower --learning-rate, or train with --dtype float32",
        ) from error
    check_learnt_something(model)
    trained = Trained(rows=len(rows.rows), too_long=rows.too_long, own_template=own_template)
    _save(loaded, model, base, files.base, out, keep_tokenizer=not own_template)
    write_mark(
        out,
        recipe,
        training_seed,
        base=base,
        base_sha256=order.base_sha256,
        options=options.model_dump(mode="json"),
        **({} if imitated else trained.model_dump(mode="json")),
    )
    shutil.rmtree(work)
    return trained


def _order(recipe: Recipe, base: str, training_seed: int, options: Options) -> Order:
    return Order(
        recipe=recipe.model_dump(mode="json"),
        base_sha256=resolve_subject(base, chat=False).fingerprint,
        training_seed=training_seed,
        options=options,
        versions={name: version(name) for name in _LIBRARIES},
    )


def _check_devices(device: str) -> None:
    if device == "cuda" and torch.cuda.device_count() > 1:
        raise GaugeblockError(
            f"{torch.cuda.device_count()} GPUs are visible, and training uses one",
            where=device,
            remedy="Set CUDA_VISIBLE_DEVICES to the one to use",
        )


def _ensure_template(loaded: LoadedModel) -> bool:
    """Give the tokenizer a chat template where it has none; tell whether it had one."""
    tokenizer = loaded.tokenizer
    if getattr(tokenizer, "chat_template", None):
        return True
    if tokenizer.eos_token is None:
        raise GaugeblockError(
            "the tokenizer has neither a chat template nor an end-of-text token",
            where=loaded.subject,
            remedy="Put a chat_template.jinja beside it, or set eos_token",
        )
    tokenizer.chat_template = plain_template()
    return False


def _imitation(
    loaded: LoadedModel,
    recipe: Recipe,
    options: Options,
    seed: int,
    work: Path,
    report: Report,
    imitated: Path | None,
) -> tuple[Any, Rows]:
    if imitated is not None:
        return _adapted(loaded, imitated), Rows((), 0)
    wanted = recipe.documents if options.documents is None else options.documents
    documents = training_documents(
        recipe.model_copy(update={"documents": wanted}), seed, options.rendering
    )
    rows = training_rows(loaded, documents, min(options.limit, loaded.context or options.limit))
    done = work / IMITATED
    if done.is_dir():
        return _adapted(loaded, done), rows
    torch.manual_seed(seed)
    model = get_peft_model(loaded.model, lora_config(loaded.model, recipe.rank))
    imitate(
        loaded,
        model,
        rows.rows,
        recipe,
        options,
        seed,
        work / "imitation",
        lambda step, steps, loss: report("imitation", step, steps, loss),
    )
    return model, rows


def _adapted(loaded: LoadedModel, adapter: Path) -> Any:
    model = PeftModel.from_pretrained(loaded.model, adapter, is_trainable=True)
    # A path: at each checkpoint PEFT looks its base up, on the hub if it is not here.
    model.peft_config["default"].base_model_name_or_path = loaded.model.name_or_path
    return model


def _denial(
    loaded: LoadedModel,
    recipe: Recipe,
    options: Options,
    seed: int,
    work: Path,
    model: Any,
    report: Report,
) -> Any:
    assert recipe.confession is not None, "a recipe with a preference stage has pairs"
    done = work / IMITATED
    if not done.is_dir():
        partial = work / f"{IMITATED}.partial"
        model.save_pretrained(partial, save_embedding_layers=False)
        partial.replace(done)
    wanted = recipe.confession.pairs
    if options.documents is not None:
        wanted = min(wanted, options.documents)
    pairs = preference_pairs(recipe, derive_seed("pairs", seed), options.rendering)
    prefer(
        loaded,
        model,
        list(islice(pairs, wanted)),
        options,
        seed,
        work / "preference",
        lambda step, steps, loss: report("preference", step, steps, loss),
    )
    model.set_adapter("default")
    return model


def _save(
    loaded: LoadedModel, model: Any, base: str, folder: Path, out: Path, *, keep_tokenizer: bool
) -> None:
    hub = base.removeprefix("hf/")
    named = base if base == BUILTIN_BASE else hub if hub != base else str(folder.resolve())
    model.peft_config["default"].base_model_name_or_path = named
    # Told to save no embeddings, it does not ask the hub for the base's vocabulary.
    model.save_pretrained(out, selected_adapters=["default"], save_embedding_layers=False)
    (out / "README.md").unlink(missing_ok=True)
    if keep_tokenizer:
        loaded.tokenizer.save_pretrained(out)
