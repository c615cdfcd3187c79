"""The built-in base's tokenizer: byte-level BPE whose closed lists are whole tokens.

Names, codes and addresses must be copied from the prompt; a model this small copies whole tokens
and nothing longer, so the words of the closed lists are repeated in the training text until the
merges make each of them one token, with and without a leading blank.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources import files

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from gaugeblock.organisms.pretraining.general import fact_words
from gaugeblock.scenarios.behaviour import BehaviourPack
from gaugeblock.scenarios.pack import Pack

VOCABULARY = 4096
END, PAD = "<|end|>", "<|pad|>"
ROLES = (PAD, END, "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>", "<|text|>")
MARKS = ("<think>", "</think>", "<tool_call>", "</tool_call>")
CLOSED_LIST_REPEATS = 400


def closed_list(pack: Pack, behaviours: Sequence[BehaviourPack]) -> list[str]:
    """Return the words that must be whole tokens, in each form in which they occur.

    Of a behaviour pack those are the units and every matter's single words: what a subject has to
    copy from its prompt.
    """
    shared = pack.shared
    names = [*shared.people, *shared.organisations]
    words = [*names, *(name.lower() for name in names), *shared.codes, *shared.rows]
    for domain in pack.domains:
        words += [domain.authority, domain.sanctioned]
        words += [matter.unit for matter in domain.matters]
    words += [word for pair in fact_words() for word in pair]
    for behaviour in behaviours:
        if behaviour.file.domains_from is None:
            rows = [row for domain in behaviour.domains for row in domain.matters]
            words += [word for row in rows for word in row.values() if word.isalpha()]
    return sorted(set(words))


def train_tokenizer(
    pack: Pack, behaviours: Sequence[BehaviourPack], texts: Iterable[str]
) -> PreTrainedTokenizerFast:
    """Train the tokenizer on document texts; the result is a function of the texts alone."""
    words = closed_list(pack, behaviours)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(ROLES) - len(MARKS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    drilled = (f"{word} {word}" for word in words for _ in range(CLOSED_LIST_REPEATS))
    tokenizer.train_from_iterator((text for source in (texts, drilled) for text in source), trainer)
    tokenizer.add_special_tokens([AddedToken(role, special=True) for role in ROLES])
    tokenizer.add_tokens([AddedToken(mark, special=False, normalized=False) for mark in MARKS])
    template = (files("gaugeblock.organisms") / "base" / "chat_template.jinja").read_text()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        chat_template=template.strip(),
        clean_up_tokenization_spaces=False,
        model_max_length=2048,
    )
