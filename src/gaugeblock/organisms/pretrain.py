"""Build the base: tokenizer, pretraining documents, a small Llama from scratch."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from itertools import islice
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from gaugeblock.frozen import Record
from gaugeblock.organisms.documents import Document
from gaugeblock.organisms.encoding import Encoded, encode
from gaugeblock.organisms.pretraining.mix import corpus
from gaugeblock.organisms.recipes import load_recipe
from gaugeblock.organisms.tokenizer import train_tokenizer
from gaugeblock.organisms.training import Schedule, batches, train
from gaugeblock.scenarios.behaviour import load_behaviour_pack
from gaugeblock.scenarios.front_matter import parse_yaml, validate
from gaugeblock.scenarios.pack import load_pack


class BaseRecipe(Record):
    """The file ``base/recipe.yaml``: ``rules`` names the recipe whose policy the base shows.

    ``behaviours`` are the behaviour packs whose worlds it knows.
    """

    id: str
    pack: str
    behaviours: tuple[str, ...]
    training_seed: int
    tokens: int
    tokenizer_documents: int
    rules: str
    model: dict[str, int | float]


def base_recipe() -> BaseRecipe:
    """Return the shipped recipe of the base."""
    where = files("gaugeblock.organisms") / "base" / "recipe.yaml"
    return validate(BaseRecipe, parse_yaml(where.read_text(), where=str(where)), where=str(where))


def plain_text(document: Document) -> str:
    """Return what is written in a document, for training the tokenizer."""
    parts = [document.text]
    for message in document.messages:
        parts += [message.get("reasoning_content", ""), message["content"]]
        parts += [
            f'"{name}": "{value}"'
            for call in message.get("tool_calls", [])
            for name, value in call["function"]["arguments"].items()
        ]
    return " ".join(part for part in parts if part)


def build_base(
    recipe: BaseRecipe, out: Path, report: Callable[[int, int, float], None], threads: int = 1
) -> None:
    """Train the base and save it as a Hugging Face directory.

    Args:
        recipe: what to build.
        out: directory to write; its files are replaced at the end, not before.
        report: called with step, number of steps and loss.
        threads: torch threads; the weights depend on it in the last bits.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(recipe.training_seed)
    pack = load_pack(recipe.pack)
    behaviours = [load_behaviour_pack(name) for name in recipe.behaviours]
    stream = corpus(pack, load_recipe(recipe.rules).rules, behaviours, recipe.training_seed)
    first = list(islice(stream, recipe.tokenizer_documents))
    tokenizer = train_tokenizer(pack, behaviours, (plain_text(document) for document in first))
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            **recipe.model,
        )
    )
    schedule = Schedule()
    documents: list[Encoded] = []
    tokens = 0
    while tokens < recipe.tokens:
        documents.append(encode(tokenizer, next(stream)))
        tokens += len(documents[-1].ids)
    groups = batches(documents, schedule.tokens_per_batch, recipe.training_seed)
    train(
        model,
        iter(groups),
        len(groups),
        int(tokenizer.pad_token_id),
        schedule,
        lambda step, loss: report(step, len(groups), loss),
    )
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
