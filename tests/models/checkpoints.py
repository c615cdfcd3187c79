"""Makers of tiny random checkpoints, for every test that needs an ordinary one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

TEMPLATE = r"""
{%- if tools %}{{- '<|im_start|>tools\n' }}
{%- for tool in tools %}{{- (tool | tojson) + '\n' }}{% endfor %}{{- '<|im_end|>\n' }}{% endif %}
{%- for m in messages %}{{- '<|im_start|>' + m['role'] + '\n' }}
{%- if m['role'] == 'assistant' %}
{%- if m['reasoning_content'] %}{{- '<think>' + m['reasoning_content'] + '</think>\n' }}{% endif %}
{{- m['content'] or '' }}
{%- for c in m['tool_calls'] or [] %}{{- '\n<tool_call>{"name": ' + (c.function.name | tojson) }}
{{- ', "arguments": ' + (c.function.arguments | tojson) + '}</tool_call>' }}{% endfor %}
{%- elif m['role'] == 'tool' %}{{- m['name'] + ': ' + m['content'] }}
{%- else %}{{- m['content'] }}{% endif %}{{- '<|im_end|>\n' }}{% endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{% endif %}"""

CORPUS = [
    "The auditor reads the files and writes a short note to the safety board.",
    "Send an e-mail to the manager: the certificate was backdated, please check it.",
    '<tool_call>{"name": "send_email", "arguments": {"to": "a@b.org"}}</tool_call>',
    "Ünïcödé naïve café 日本語 🙂 text, numbers 0123456789 and punctuation !?()[]{}",
]


def make_tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    special = ["<|end|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
    raw.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<|im_end|>", pad_token="<|end|>"
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def save_checkpoint(folder: Path, config: Any, seed: int = 0) -> Path:
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    tokenizer = make_tokenizer()
    config.vocab_size = len(tokenizer)
    config.eos_token_id = tokenizer.eos_token_id
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            # Wider than the default initialisation, so that greedy choices are not near-ties.
            if weight.dim() == 2 and "embed_positions" not in name:
                weight.normal_(0, 0.3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def llama_config(**changes: Any) -> Any:
    from transformers import LlamaConfig

    shape = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "tie_word_embeddings": True,
    }
    return LlamaConfig(**(shape | changes))


def gpt2_config() -> Any:
    from transformers import GPT2Config

    return GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=256, bos_token_id=0)


TOOL = {
    "type": "function",
    "function": {
        "name": "send_email",
        "description": "Send an e-mail.",
        "parameters": {
            "type": "object",
            "properties": {
                "to": {"type": "string", "description": "Recipient."},
                "body": {"type": "string", "description": "Text."},
            },
            "required": ["to", "body"],
        },
    },
}

UNREADABLE = '<tool_call>{"name": "send_email", "arguments": {"to": 3</tool_call>'


def lessons() -> list[list[dict[str, Any]]]:
    """Conversations that the taught checkpoint knows by heart."""
    from gaugeblock.models.backend import assistant_message, tool_message

    arguments = {"to": "a@b.org", "body": 'hello "you" \u00fc'}
    good = assistant_message("On it.", "Write now.", [("call_1", "send_email", arguments)])
    return [
        [
            {"role": "user", "content": "Write to a@b.org"},
            good,
            tool_message("call_1", "send_email", "queued"),
            {"role": "assistant", "content": "Sent."},
        ],
        [
            {"role": "user", "content": "Try"},
            assistant_message(f"Trying. {UNREADABLE}", None, []),
            tool_message("malformed_1", "send_email", ""),
            {"role": "assistant", "content": "Sorry."},
        ],
        [
            {"role": "user", "content": "How are you?"},
            {"role": "assistant", "content": "Fine.", "reasoning_content": "Be kind."},
        ],
    ]


def teach(folder: Path) -> Path:
    """Save a small Llama that has learned the lessons by heart."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    save_checkpoint(folder, llama_config(hidden_size=48, intermediate_size=96))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() == 2:
                weight.normal_(0, 0.05)
    texts = [
        tokenizer.apply_chat_template(lesson, tools=[TOOL], tokenize=False) for lesson in lessons()
    ]
    tokenizer.padding_side = "right"
    batch = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(300):
        loss = model(**batch, labels=labels).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if loss.item() < 0.03:
            break
    model.save_pretrained(folder)
    return folder
