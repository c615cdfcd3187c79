"""Record what lm-evaluation-harness says of the peer model, as a fixture for the tests.

Run it in an environment that has lm-eval and torch, never in the project's own:

    python -m venv /tmp/lm-eval
    /tmp/lm-eval/bin/pip install -c constraints.txt lm-eval torch transformers accelerate
    /tmp/lm-eval/bin/python tests/peers/record_lm_eval.py
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "models")]
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")

import lm_eval  # noqa: E402
from lm_eval.api.task import ConfigurableTask  # noqa: E402
from peer_model import fingerprint, questions, save_peer_model  # noqa: E402

METRICS = ("acc", "acc_norm", "acc_bytes", "acc_mutual_info")


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model = save_peer_model(folder / "model")
        data = folder / "questions.jsonl"
        data.write_text("".join(json.dumps(item) + "\n" for item in questions()))
        task = ConfigurableTask(
            config={
                "task": "peer",
                "dataset_path": "json",
                "dataset_kwargs": {"data_files": {"test": str(data)}},
                "test_split": "test",
                "output_type": "multiple_choice",
                "doc_to_text": "{{question}}",
                "doc_to_choice": "{{choices}}",
                "doc_to_target": "{{answer}}",
                "target_delimiter": " ",
                "metric_list": [{"metric": name} for name in METRICS],
            }
        )
        found = lm_eval.simple_evaluate(
            model="hf",
            model_args=f"pretrained={model},dtype=float32",
            tasks=[task],
            device="cpu",
            batch_size=8,
            log_samples=True,
            bootstrap_iters=0,
        )
        samples = sorted(found["samples"]["peer"], key=lambda sample: sample["doc_id"])
        record = {
            "lm_eval": lm_eval.__version__,
            "model": fingerprint(model),
            "metrics": {name: found["results"]["peer"][f"{name},none"] for name in METRICS},
            # Four choices after the question, then the same four after nothing.
            "loglikelihoods": [
                [float(resp[0]) for resp in sample["filtered_resps"]] for sample in samples
            ],
        }
    (HERE / "lm_eval.json").write_text(json.dumps(record, indent=0) + "\n")
    print(record["metrics"], len(samples), "questions")


if __name__ == "__main__":
    main()
