"""One thread that owns a model and batches whatever is asked of it at the same time."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.generation import check_request, decoding_engine, generate_alone
from gaugeblock.models.loading import LoadedModel
from gaugeblock.models.requests import Generation, GenerationRequest, TokenLogprob
from gaugeblock.models.sampling import LogprobReporter, report_exact
from gaugeblock.models.scoring import score

_Item = tuple["Future[Generation]", GenerationRequest]
Scores = tuple[TokenLogprob, ...]
_Scoring = tuple["Future[Scores]", GenerationRequest, int]


class BatchWorker:
    """Takes requests from any thread and generates them together.

    An idle worker waits until the batch is full or nothing new came for ``quiet_ms``; a busy one
    lets newcomers join the running batch, a group at a time because joining copies the cache.

    Args:
        loaded: the model; nobody else may run it meanwhile.
        max_batch: most rows at a time.
        quiet_ms: how long an idle worker waits for company after each arrival.
        report: what is said about logprobs.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        *,
        max_batch: int = 64,
        quiet_ms: float = 3.0,
        report: LogprobReporter = report_exact,
    ) -> None:
        if max_batch < 1:
            raise GaugeblockError("must be at least 1", where="max_batch")
        self.loaded = loaded
        self.max_batch = max_batch
        self._quiet = quiet_ms / 1000
        self._report = report
        self._engine = decoding_engine(loaded, report)
        self._incoming: queue.SimpleQueue[_Item | _Scoring | None] = queue.SimpleQueue()
        self._waiting: deque[_Item] = deque()
        self._to_score: deque[_Scoring] = deque()
        self._passed_over = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="gaugeblock-batch", daemon=True)
        self._thread.start()

    def submit(self, request: GenerationRequest) -> Future[Generation]:
        """Queue a request.

        Raises:
            GaugeblockError: the request is out of range or the worker is closed.
        """
        check_request(self.loaded, request)
        if self._closing:
            raise GaugeblockError("the model has been closed", where=self.loaded.subject)
        future: Future[Generation] = Future()
        self._incoming.put((future, request))
        return future

    def submit_score(self, tokens: tuple[int, ...], top_logprobs: int = 0) -> Future[Scores]:
        """Queue a text whose tokens' log-probabilities are wanted, see ``scoring.score``.

        Raises:
            GaugeblockError: the text does not fit the model or the worker is closed.
        """
        request = GenerationRequest(tokens, top_logprobs=top_logprobs)
        check_request(self.loaded, request)
        if self._closing:
            raise GaugeblockError("the model has been closed", where=self.loaded.subject)
        future: Future[Scores] = Future()
        self._incoming.put((future, request, top_logprobs))
        return future

    def close(self) -> None:
        """Stop the thread; requests that are still waiting are cancelled."""
        if not self._closing:
            self._closing = True
            self._incoming.put(None)
            self._thread.join()

    def _run(self) -> None:
        while not self._closing:
            self._gather()
            self._score()
            if self._engine is None:
                self._generate_alone()
            else:
                self._advance(self._engine)
        while not self._incoming.empty():
            self._take(self._incoming.get())
        left = [item[0] for item in (*self._waiting, *self._to_score)]
        running = self._engine.drop() if self._engine is not None else []
        for future in (*left, *running):
            # A running future cannot be cancelled, so it is told instead.
            if not future.cancel():
                future.set_exception(GaugeblockError("the model was closed"))

    def _gather(self) -> None:
        live = self._engine.live if self._engine is not None else 0
        if not live and not self._waiting:
            self._take(self._incoming.get())
            until = time.monotonic() + self._quiet
            while len(self._waiting) + len(self._to_score) < self.max_batch and not self._closing:
                try:
                    self._take(self._incoming.get(timeout=max(0.0, until - time.monotonic())))
                except queue.Empty:
                    return
                until = time.monotonic() + self._quiet
        else:
            while not self._incoming.empty():
                self._take(self._incoming.get())

    def _take(self, item: _Item | _Scoring | None) -> None:
        if item is None:
            return
        if len(item) == 3:
            self._to_score.append(item)
        else:
            self._waiting.append(item)

    def _score(self) -> None:
        items = [item for item in self._to_score if item[0].set_running_or_notify_cancel()]
        self._to_score.clear()
        if not items:
            return
        most = max(k for _, _, k in items)
        try:
            found = score(
                self.loaded,
                [request.prompt for _, request, _ in items],
                top_logprobs=most,
                report=self._report,
            )
        except Exception as error:
            for future, _, _ in items:
                future.set_exception(error)
            return
        for (future, _, k), scores in zip(items, found, strict=True):
            future.set_result(tuple(replace(item, top=item.top[:k]) for item in scores))

    def _advance(self, engine: Any) -> None:
        live = engine.live
        room = min(self.max_batch - live, len(self._waiting))
        if room and (room * 4 >= live or self._passed_over >= 8):
            batch = [self._waiting.popleft() for _ in range(room)]
            # From here on a caller can no longer withdraw; rows of those who have are not made.
            batch = [item for item in batch if item[0].set_running_or_notify_cancel()]
            self._passed_over = 0
            self._deliver(engine, lambda: engine.admit(batch), [future for future, _ in batch])
        elif self._waiting:
            self._passed_over += 1
        if engine.live:
            self._deliver(engine, engine.step, [])

    def _deliver(self, engine: Any, work: Any, joining: list[Future[Generation]]) -> None:
        try:
            done = work()
        except Exception as error:
            # The batch's state is lost with the failed pass: every row fails with the reason,
            # and the thread lives on for the next ones.
            for future in {*joining, *engine.drop()}:
                if not future.done():
                    future.set_exception(error)
            return
        for future, result in done:
            future.set_result(result)

    def _generate_alone(self) -> None:
        if not self._waiting:
            return
        future, request = self._waiting.popleft()
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(generate_alone(self.loaded, request, self._report))
        except Exception as error:
            future.set_exception(error)
