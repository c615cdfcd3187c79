"""An OpenAI-compatible server on loopback that fails as it is told, for tests of what survives.

    with FlakyServer(lambda body, attempt: "500" if attempt == 0 else "ok") as server:
        get_model("openai-api/flaky/model", base_url=server.url, api_key="none")

``fault(body, attempt)`` is asked for every request to chat completions; ``attempt`` counts the
requests with this very body seen before, so what happens to a conversation does not depend on
what else runs at the same time. Faults: ``ok``, ``429`` and ``500`` (with a short Retry-After),
``drop`` (the connection is closed without an answer), ``empty`` (200 and no body), ``html`` (200
and a proxy's page), ``cut`` (a body that ends early), ``bad_call`` (a tool call whose arguments
are not JSON), ``null`` (a reply without content), ``refused`` (400, never retried).
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]

BAD_ARGUMENTS = '{"to": "a@b.org", "body": '


def say_ok(body: Body) -> Body:
    """Reply with the last message's words."""
    return {"content": f"ok: {body['messages'][-1]['content']}"}


class FlakyServer:
    """Runs in a thread from entry to exit; ``requests`` lists every (fault, body) served."""

    def __init__(
        self,
        fault: Callable[[Body, int], str],
        reply: Callable[[Body], Body] = say_ok,
    ) -> None:
        self.requests: list[tuple[str, Body]] = []
        self._fault = fault
        self._reply = reply
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Base URL for OpenAI clients."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> FlakyServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def decide(self, body: Body) -> str:
        """Return the fault of a request and write it down."""
        with self._lock:
            key = json.dumps(body, sort_keys=True)
            attempt = self._seen[key]
            self._seen[key] += 1
            fault = self._fault(body, attempt)
            self.requests.append((fault, body))
            return fault

    def message(self, body: Body, fault: str) -> Body:
        """Return the assistant message of a request that is answered."""
        if fault == "null":
            return {"role": "assistant", "content": None}
        if fault == "bad_call":
            function = {"name": "send_email", "arguments": BAD_ARGUMENTS}
            call = {"id": "call_bad", "type": "function", "function": function}
            return {"role": "assistant", "content": None, "tool_calls": [call]}
        return {"role": "assistant", **self._reply(body)}


class _Handler(BaseHTTPRequestHandler):
    owner: FlakyServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        fault = self.owner.decide(body)
        if fault == "drop":
            self.close_connection = True
            return
        if fault in ("429", "500", "refused"):
            status = 400 if fault == "refused" else int(fault)
            error = {"message": f"scripted {fault}", "type": "scripted", "code": None}
            self._send(status, json.dumps({"error": error}).encode())
        elif fault == "empty":
            self._send(200, b"")
        elif fault == "html":
            self._send(200, b"<html>bad gateway</html>", "text/html")
        else:
            message = self.owner.message(body, fault)
            whole = json.dumps(_completion(body, message)).encode()
            self._send(200, whole[: len(whole) // 2] if fault == "cut" else whole)

    def _send(self, status: int, content: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


def _completion(body: Body, message: Body) -> Body:
    return {
        "id": "flaky-1",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "message": message,
                "finish_reason": "tool_calls" if message.get("tool_calls") else "stop",
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10},
    }
