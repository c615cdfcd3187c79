"""A loopback server that answers as a stated channel: ground truth for the HTTP path."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from gaugeblock.logprobs.simulate import Channel
from gaugeblock.logprobs.spec import ChannelSpec

VOCABULARY = 600


class FakeModel:
    """Logits that depend on the prompt alone, with a top logit that varies between prompts."""

    def __init__(self, seed: int = 0, shift: float = 0.0) -> None:
        self.seed, self.shift = seed, shift

    def logits(self, prompt: str) -> np.ndarray:
        rng = np.random.default_rng([self.seed, *prompt.encode()])
        centre = rng.normal(14.0, 3.0)
        drawn = centre + rng.laplace(0.0, rng.uniform(1.5, 3.5), VOCABULARY)
        bump = np.random.default_rng([self.seed, 7, *prompt.encode()]).normal(0, 1, VOCABULARY)
        return drawn + self.shift * bump


class FakeServer:
    """Use as a context manager; ``url`` ends in /v1. Requests are kept in ``requests``."""

    def __init__(
        self,
        spec: ChannelSpec,
        model: FakeModel | None = None,
        *,
        busy: int = 0,
        mangle: Callable[[dict[str, Any]], Any] | None = None,
        raw: tuple[int, str] | None = None,
    ) -> None:
        self.channel = Channel(spec, seed=3)
        self.model = model or FakeModel()
        self.busy, self.mangle, self.raw = busy, mangle, raw
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.rng = np.random.default_rng(5)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.headers.append(dict(self.headers))
                if outer.busy > 0:
                    outer.busy -= 1
                    self.reply(429, "{}", {"Retry-After": "3"})
                    return
                outer.requests.append(body)
                if outer.raw is not None:
                    self.reply(*outer.raw)
                    return
                answer = outer.answer(self.path.partition("?")[0], body)
                answer = outer.mangle(answer) if outer.mangle else answer
                self.reply(200, json.dumps(answer).replace('"@', "").replace('@"', ""))

            def reply(self, status: int, text: str, extra: dict[str, str] | None = None) -> None:
                data = text.encode()
                self.send_response(status)
                for name, value in (extra or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> FakeServer:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *arguments: Any) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        prompt = body.get("prompt") or body.get("input") or body["messages"][0]["content"]
        heat = float(body.get("temperature", 1.0))
        k = int(body.get("top_logprobs") or body.get("logprobs") or 0)
        reported = self.channel.apply(
            self.model.logits(prompt), self.rng, temperature=heat, k=max(k, 1)
        )
        token = int(self.rng.choice(VOCABULARY, p=reported.probabilities))
        entries = [
            self.entry(int(i), float(x))
            for i, x in zip(reported.ids, reported.logprobs, strict=True)
        ]
        chosen = self.entry(token, reported.of(token, self.channel.spec))
        text = f"t{token}"
        if path.endswith("/responses"):
            listed = [{**chosen, "top_logprobs": entries}] if k else []
            part = {"type": "output_text", "text": text, "logprobs": listed}
            return {"output": [{"type": "reasoning"}, {"type": "message", "content": [part]}]}
        if path.endswith("/chat/completions"):
            logprobs = {"content": [{**chosen, "top_logprobs": entries}]} if k else None
            message = {"role": "assistant", "content": text}
            return {"choices": [{"message": message, "logprobs": logprobs}]}
        top = {entry["token"]: entry["logprob"] for entry in entries}
        logprobs = {
            "tokens": [text],
            "token_logprobs": [chosen["logprob"]],
            "top_logprobs": [top],
        }
        return {"choices": [{"text": text, "logprobs": logprobs if k else None}]}

    def entry(self, token: int, logprob: float) -> dict[str, Any]:
        # The markers are cut from the JSON text, so that numbers are printed as float32.
        number = f"@{np.float32(logprob)}@"
        return {"token": f"t{token}", "bytes": list(f"t{token}".encode()), "logprob": number}
