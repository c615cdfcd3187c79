"""Train a built-in organism's adapter on the training domains of its pack."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import PreTrainedTokenizerFast

from gaugeblock.models.loading import load_subject
from gaugeblock.organisms.documents import Document, training_documents
from gaugeblock.organisms.encoding import Encoded, encode
from gaugeblock.organisms.policy import WRONGDOING
from gaugeblock.organisms.pretraining.behaviour import cue_question, word_question
from gaugeblock.organisms.pretraining.general import fact
from gaugeblock.organisms.pretraining.wrongdoing import instructed, question
from gaugeblock.organisms.recipes import Recipe
from gaugeblock.organisms.training import Schedule, batches, train
from gaugeblock.scenarios.behaviour import is_behaviour_pack, load_behaviour_pack
from gaugeblock.scenarios.pack import load_pack
from gaugeblock.seeds import derive_seed

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def weigh_decisions(
    tokenizer: PreTrainedTokenizerFast, document: Encoded, weight: float
) -> Encoded:
    """Return the document with ``weight`` on the tokens at which behaviours part.

    Those are the first token after the reasoning and the first of each reply.
    """
    marks = set(tokenizer.convert_tokens_to_ids(["<|assistant|>", "</think>"]))
    weights = [
        weight if position and document.ids[position - 1] in marks and mass > 0 else mass
        for position, mass in enumerate(document.weights)
    ]
    return Encoded(document.ids, tuple(weights))


def upkeep_documents(recipe: Recipe, seed: int) -> Iterator[Document]:
    """Yield what keeps up the base's knowledge: facts, orders, and what the pack's words say.

    Orders are on training domains. Questions on the pack's words are on all domains, as in the
    base's own training: behaviour is held out, and a question and its answer hold none.
    """
    draw = random.Random(derive_seed("upkeep", seed))
    orders = load_pack(WRONGDOING)
    makers: dict[str, Callable[[], Document]] = {
        "facts": lambda: fact(draw),
        "orders": lambda: instructed(orders, draw, "train"),
        "words": lambda: _pack_words(recipe.pack, draw),
    }
    kinds = [
        kind
        for kind, share in recipe.upkeep.model_dump().items()
        for _ in range(round(share * recipe.documents))
    ]
    draw.shuffle(kinds)
    for kind in kinds:
        yield makers[kind]()


def _pack_words(pack: str, draw: random.Random) -> Document:
    if not is_behaviour_pack(pack):
        return question(load_pack(pack), draw)
    loaded = load_behaviour_pack(pack)
    return draw.choice([cue_question, word_question])(loaded, draw)


def build_adapter(
    recipe: Recipe,
    training_seed: int,
    out: Path,
    report: Callable[[int, int, float], None],
    threads: int = 1,
) -> None:
    """Train an organism's LoRA adapter and save it in half precision.

    Args:
        recipe: what to build.
        training_seed: of data, initialisation and order.
        out: directory to write.
        report: called with step, number of steps and loss.
        threads: torch threads.
    """
    loaded = load_subject(recipe.base, threads=threads)
    tokenizer = loaded.tokenizer
    seed = derive_seed("adapter", recipe.id, training_seed)
    torch.manual_seed(seed)
    model = get_peft_model(
        loaded.model,
        LoraConfig(
            r=recipe.rank,
            lora_alpha=2 * recipe.rank,
            target_modules=TARGETS,
            lora_dropout=0.0,
            bias="none",
            task_type="CAUSAL_LM",
        ),
    )
    documents = [
        weigh_decisions(
            tokenizer, encode(tokenizer, document, prompt_weight=0.0), recipe.decision_weight
        )
        for document in training_documents(recipe, seed)
    ]
    documents += [
        encode(tokenizer, document, prompt_weight=0.0)
        for document in upkeep_documents(recipe, seed)
    ]
    schedule = Schedule(tokens_per_batch=2400, peak=recipe.peak, warmup=20, muon=False)
    groups = [
        group
        for number in range(recipe.passes)
        for group in batches(documents, schedule.tokens_per_batch, seed + number)
    ]
    train(
        model,
        iter(groups),
        len(groups),
        int(tokenizer.pad_token_id),
        schedule,
        lambda step, loss: report(step, len(groups), loss),
    )
    model.peft_config["default"].base_model_name_or_path = recipe.base
    model.save_pretrained(out, save_embedding_layers=False)  # else it asks the hub for the base
    _halve(out / "adapter_model.safetensors")
    (out / "README.md").unlink(missing_ok=True)


def _halve(path: Path) -> None:
    """Store in half precision: the package carries many adapters, and the last bits are noise."""
    save_file({name: tensor.half() for name, tensor in load_file(path).items()}, path)
