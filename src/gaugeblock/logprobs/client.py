"""A small client for OpenAI-compatible endpoints that keeps the raw numbers and no secrets.

The official client parses numbers to floats and drops their text, which hides the number format;
so requests are made with httpx and parsed here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.replies import Api, parse_body, read_answer
from gaugeblock.logprobs.source import Answer

_PATHS: dict[Api, str] = {
    "chat": "chat/completions",
    "completions": "completions",
    "responses": "responses",
}
_RETRIED = {408, 409, 429, 500, 502, 503, 504}
_LONGEST_WAIT = 60.0
_SHOWN = 200


def public_name(url: str) -> str:
    """Return a URL without user, password, query and fragment, which may hold secrets.

    Raises:
        GaugeblockError: if it is no http or https URL.
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise GaugeblockError("the endpoint is not a URL") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise GaugeblockError(
            "the endpoint is not an http or https URL",
            remedy="Give the base URL, such as http://127.0.0.1:8000/v1",
        )
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path.rstrip('/')}"


class HttpSource:
    """A subject behind an OpenAI-compatible endpoint.

    Args:
        url: base URL, up to and including ``/v1`` where the server has it.
        model: model name to send.
        api: form of request and reply.
        key: API key; sent as a bearer token and nowhere else.
        retries: how often a request is repeated after 429, 5xx or a broken connection.
        timeout: seconds to wait for one answer.
        sleep: waits between retries.

    Raises:
        GaugeblockError: if ``url`` is no http or https URL.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        api: Api = "chat",
        key: str | None = None,
        retries: int = 5,
        timeout: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._public = public_name(url)
        self._model = model
        self._api: Api = api
        self._key = key
        self._retries = retries
        self._sleep = sleep
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        base = httpx.URL(url)
        if key:
            # A password in the URL would take the place of the key.
            base = base.copy_with(userinfo=b"")
        self._url = base.copy_with(path=f"{base.path.rstrip('/')}/{_PATHS[api]}")
        self._client = httpx.Client(headers=headers, timeout=timeout)

    @property
    def name(self) -> str:
        """The endpoint and the model, without secrets."""
        return f"{self._public} {self._model}"

    def __enter__(self) -> Self:
        """Use as a context manager to close the connection."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def _payload(
        self, prompt: str, temperature: float, k: int, logprobs: bool, max_tokens: int
    ) -> dict[str, Any]:
        common: dict[str, Any] = {"model": self._model, "temperature": temperature}
        if self._api == "responses":
            # The Responses API refuses fewer than 16 tokens.
            asked = {"include": ["message.output_text.logprobs"], "top_logprobs": k}
            length = {"input": prompt, "max_output_tokens": max(max_tokens, 16)}
            return common | length | (asked if logprobs else {})
        if self._api == "completions":
            length = {"prompt": prompt, "max_tokens": max_tokens}
            return common | length | ({"logprobs": k} if logprobs else {})
        messages = {"messages": [{"role": "user", "content": prompt}], "max_tokens": max_tokens}
        return common | messages | ({"logprobs": True, "top_logprobs": k} if logprobs else {})

    def _scrub(self, text: str) -> str:
        return text.replace(self._key, "[key]") if self._key else text

    def _fail(self, problem: str, remedy: str | None = None) -> GaugeblockError:
        return GaugeblockError(self._scrub(problem), where=self._public, remedy=remedy)

    def _post(self, payload: dict[str, Any]) -> httpx.Response:
        failure: str = ""
        for attempt in range(self._retries + 1):
            wait = min(2.0**attempt, _LONGEST_WAIT)
            try:
                response = self._client.post(self._url, json=payload)
            except httpx.HTTPError as error:
                failure = f"no connection ({type(error).__name__})"
            else:
                if response.status_code not in _RETRIED:
                    return response
                failure = f"status {response.status_code}"
                asked = response.headers.get("retry-after", "")
                if asked.replace(".", "", 1).isdigit():
                    wait = min(float(asked), _LONGEST_WAIT)
            if attempt < self._retries:
                self._sleep(wait)
        raise self._fail(f"gave up after {self._retries + 1} attempts: {failure}")

    def ask(
        self,
        prompt: str,
        *,
        temperature: float,
        k: int,
        logprobs: bool = True,
        max_tokens: int = 1,
    ) -> Answer:
        """Ask once, retrying where the server is busy.

        Raises:
            GaugeblockError: on a refusal, an answer that is not JSON, or no answer.
        """
        body = self._reply(self._payload(prompt, temperature, k, logprobs, max_tokens))
        return read_answer(body, self._api, self._public)

    def echo(self, text: str, *, k: int) -> Mapping[str, Any]:
        """Have a text scored by the completions form, and return the raw reply.

        One token more is asked for than nothing, which some servers refuse; see
        :func:`gaugeblock.logprobs.echo.read_echo`.

        Raises:
            GaugeblockError: see :meth:`ask`; or the source was opened with another form.
        """
        if self._api != "completions":
            raise self._fail("texts are scored by the completions form", "Use --api completions")
        asked = {"prompt": text, "max_tokens": 1, "echo": True, "logprobs": k, "temperature": 0.0}
        return self._reply({"model": self._model} | asked)

    def _reply(self, payload: dict[str, Any]) -> Mapping[str, Any]:
        response = self._post(payload)
        if response.status_code == 401 or response.status_code == 403:
            raise self._fail(
                f"refused the API key (status {response.status_code})",
                "Set the environment variable named by --key-env",
            )
        if response.status_code >= 400:
            said = " ".join(response.text.split())[:_SHOWN]
            if said.startswith("<"):
                said = "a page of HTML"
            raise self._fail(f"status {response.status_code}: {said}")
        return parse_body(response.text, self._public)
