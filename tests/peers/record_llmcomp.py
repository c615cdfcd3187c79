"""Record what llmcomp's Rating makes of stated logprobs, as a fixture for the tests.

Run it in an environment that has llmcomp, never in the project's own:

    python -m venv /tmp/llmcomp
    /tmp/llmcomp/bin/pip install llmcomp
    /tmp/llmcomp/bin/python tests/peers/record_llmcomp.py

llmcomp asks a loopback server that answers each prompt with the logprobs of one case.
"""

from __future__ import annotations

import json
import math
import random
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

import openai
from llmcomp import Config, Question

HERE = Path(__file__).parent
OTHERS = ["I", " the", "Sorry", "N/A", "\n", "**", "a", "ten", "<", "-"]


def cases(count: int = 40) -> list[dict[str, float]]:
    """Return token lists with logprobs: numbers on and off the scale, words, blanks."""
    rng = random.Random(11)
    found = []
    for _ in range(count):
        numbers = rng.sample(range(0, 130), 12)
        tokens = [str(n) if rng.random() < 0.8 else f" {n}" for n in numbers]
        tokens += rng.sample(OTHERS, 8)
        logits = [
            rng.gauss(2.0 if token.strip().isdigit() else rng.gauss(0, 3), 2) for token in tokens
        ]
        total = math.log(sum(math.exp(x) for x in logits)) + rng.uniform(0, 0.3)
        row = {token: round(x - total, 6) for token, x in zip(tokens, logits, strict=True)}
        found.append(dict(sorted(row.items(), key=lambda item: -item[1])))
    return found


class Handler(BaseHTTPRequestHandler):
    rows: list[dict[str, float]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        words = body["messages"][-1]["content"].split()
        row = self.rows[int(words[-1])] if words[-1].isdigit() else {"ok": -0.1}
        top = [{"token": t, "logprob": x, "bytes": list(t.encode())} for t, x in row.items()]
        answer = {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "length",
                    "message": {"role": "assistant", "content": top[0]["token"]},
                    "logprobs": {"content": [{**top[0], "top_logprobs": top}]},
                }
            ],
        }
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments) -> None:
        pass


def main() -> None:
    rows = cases()
    Handler.rows = rows
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"
    Config.client_for_model = classmethod(
        lambda cls, model: openai.OpenAI(base_url=url, api_key="none")
    )
    record = []
    with tempfile.TemporaryDirectory() as cache:
        Config.cache_dir = cache
        for place, row in enumerate(rows):
            for low, high in ((0, 100), (1, 10)):
                question = Question.create(
                    type="rating",
                    name=f"case{place}_{high}",
                    paraphrases=[f"Rate case {place}"],
                    min_rating=low,
                    max_rating=high,
                )
                answer = question.df({"all": ["peer"]})["answer"].iloc[0]
                rating = None if answer is None or math.isnan(answer) else float(answer)
                record.append({"top": row, "low": low, "high": high, "rating": rating})
    server.shutdown()
    found = {"llmcomp": version("llmcomp"), "cases": record}
    (HERE / "llmcomp.json").write_text(json.dumps(found, indent=0) + "\n")
    defined = sum(item["rating"] is not None for item in record)
    print(f"{len(record)} cases, {defined} with a rating")


if __name__ == "__main__":
    main()
