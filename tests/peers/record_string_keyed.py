"""Record answers of llama-cpp-python's server, which keys logprobs by text and so loses tokens.

The package comes as source and needs a compiler; in an environment of its own:

    python -m venv /tmp/lcp && /tmp/lcp/bin/pip install "llama-cpp-python[server]"
    python tests/peers/record_string_keyed.py write /tmp/peer.gguf
    /tmp/lcp/bin/python -m llama_cpp.server --model /tmp/peer.gguf --n_ctx 512 --logits_all true \
        --flash_attn false --type_k 0 --type_v 0 --port 18790
    python tests/peers/record_string_keyed.py record http://127.0.0.1:18790/v1 0.3.36
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import httpx

HERE = Path(__file__).parent
PROMPTS = [
    "the auditor reads:",
    "a short note to",
    "café 日本語",
    "safety board manager",
    "check it",
    "0123",
    "Ünï",
    "files and",
]
ASKED = 20


def write(path: Path) -> None:
    """Write the peer model as GGUF."""
    sys.path[:0] = [str(HERE), str(HERE.parent / "models")]
    from gguf_checkpoint import write_gguf
    from peer_model import save_peer_model

    with tempfile.TemporaryDirectory() as folder:
        write_gguf(save_peer_model(Path(folder)), path)


def record(url: str, version: str) -> None:
    """Ask every prompt twice and keep the raw text of the replies."""
    bodies = []
    for prompt in PROMPTS:
        for _ in range(2):
            body = {"prompt": prompt, "max_tokens": 1, "logprobs": ASKED, "temperature": 1.0}
            reply = httpx.post(f"{url}/completions", json=body, timeout=60).json()
            choice = {key: reply["choices"][0][key] for key in ("text", "logprobs")}
            bodies.append({"prompt": prompt, "reply": {"choices": [choice]}})
    found = {"server": f"llama-cpp-python {version}", "asked": ASKED, "answers": bodies}
    path = HERE / "string_keyed.json"
    path.write_text(json.dumps(found, indent=0, ensure_ascii=False) + "\n", "utf-8")
    print([len(item["reply"]["choices"][0]["logprobs"]["top_logprobs"][0]) for item in bodies])


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]))
    else:
        record(sys.argv[2], sys.argv[3])
