"""Time a peer on recording.py's workload, in the peer's own environment; prints one JSON line.

Called by recording.py: python recording_peer.py {nnsight,transformer-lens} ROUNDS
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from tempfile import TemporaryDirectory

import torch
from torch import Tensor
from transformers import PreTrainedModel

import recording_workload as workload

Batches = list[tuple[Tensor, Tensor]]


def cut() -> Batches:
    """Batch as recording.py does: longest first, padded on the right."""
    rows = sorted(workload.texts(), key=len, reverse=True)
    made: Batches = []
    while rows:
        longest = len(rows[0])
        some, rows = (
            rows[: workload.BATCH_TOKENS // longest],
            rows[workload.BATCH_TOKENS // longest :],
        )
        ids = torch.zeros((len(some), longest), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for place, row in enumerate(some):
            ids[place, : len(row)], mask[place, : len(row)] = torch.tensor(row), 1
        made.append((ids, mask))
    return made


def nnsight_runs(model: PreTrainedModel, batches: Batches) -> dict[str, Callable[[], object]]:
    from nnsight import NNsight

    traced = NNsight(model.model)

    def read() -> None:
        with torch.inference_mode():
            for ids, mask in batches:
                with traced.trace(ids, attention_mask=mask, use_cache=False):
                    saved = list().save()
                    for layer in traced.layers:
                        saved.append(workload.pooled(layer.output, mask))

    return {"all layers, backbone traced, pooled in the trace": read}


def transformer_lens_runs(
    model: PreTrainedModel, batches: Batches
) -> dict[str, Callable[[], object]]:
    from tokenizers import Tokenizer, models
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({f"t{i}": i for i in range(64)}, unk_token="t0"))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, bos_token="t1", eos_token="t2", pad_token="t0"
    )
    with TemporaryDirectory() as directory:
        model.config.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        bridge = TransformerBridge.boot_transformers(
            directory,
            hf_model=model,
            tokenizer=PreTrainedTokenizerFast.from_pretrained(directory),
            device="cpu",
        )
    names = [f"blocks.{layer}.hook_out" for layer in range(workload.LAYERS)]

    def read(names_filter: list[str] | None) -> None:
        with torch.inference_mode():
            for ids, mask in batches:
                _, cache = bridge.run_with_cache(
                    ids, attention_mask=mask, names_filter=names_filter, prepend_bos=False
                )
                for name in names:
                    workload.pooled(cache[name], mask)

    return {
        "all layers, run_with_cache filtered to the residual stream": lambda: read(names),
        "all layers, run_with_cache of everything": lambda: read(None),
    }


def main() -> None:
    peer, rounds = sys.argv[1], int(sys.argv[2])
    model = workload.model()
    batches = cut()

    # The bridge rebuilds the model it is given, so the bare runs have one of their own.
    own = workload.model()

    def bare() -> None:
        with torch.inference_mode():
            for ids, mask in batches:
                own.model(input_ids=ids, attention_mask=mask, use_cache=False)

    runs = {"nnsight": nnsight_runs, "transformer-lens": transformer_lens_runs}[peer]
    seconds = workload.paired({"bare backbone": bare, **runs(model, batches)}, rounds)
    result = {"version": version(peer), **workload.summary(seconds, "bare backbone")}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
