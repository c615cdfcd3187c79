"""Recorded rows: what an API answered to a request for logprobs, one JSON object a line.

A line is ``{"prompt", "repeat", "temperature", "k", "top": [{"token", "bytes", "logprob"}]}``;
``chosen`` (the sampled token, same shape as an entry of ``top``) is optional, and so are lines
``{"greedy": {"prompt", "with_logprobs", "without_logprobs"}}`` with two greedy texts. A JSON array
of arrays of numbers is accepted too: bare logprobs without tokens, one inner array per row.
Numbers keep the text they were printed with, because parsing to float hides the number format.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaugeblock.errors import GaugeblockError


class PrintedNumber(float):
    """A float that remembers how it was printed."""

    text: str

    def __new__(cls, text: str) -> PrintedNumber:
        """Parse ``text`` and keep it."""
        number = super().__new__(cls, text)
        number.text = text
        return number


@dataclass(frozen=True)
class TopEntry:
    """One reported token.

    Attributes:
        token: the token as the API spelt it.
        key: the token's bytes where the API gave them, else the UTF-8 bytes of ``token``.
        logprob: natural logarithm of the reported probability; may be NaN or a sentinel.
        printed: the number as printed in the source.
        has_bytes: whether the API gave ``bytes``.
    """

    token: str
    key: bytes
    logprob: float
    printed: str
    has_bytes: bool


@dataclass(frozen=True)
class Row:
    """One answer of the channel to one request.

    Attributes:
        prompt: the prompt or its id; rows with equal prompts are repeats of one another.
        repeat: which repetition of the prompt this is, from 0.
        temperature: the sampling temperature asked for; None where it is not known.
        k: how many tokens were asked for.
        top: what was reported, in the order of the answer.
        chosen: the sampled token, where the answer has it.
    """

    prompt: str
    repeat: int
    temperature: float | None
    k: int
    top: tuple[TopEntry, ...]
    chosen: TopEntry | None = None


@dataclass(frozen=True)
class Greedy:
    """The greedy answers to one prompt with and without asking for logprobs."""

    prompt: str
    with_logprobs: str
    without_logprobs: str


@dataclass(frozen=True)
class Recording:
    """Everything a probe collected.

    Attributes:
        rows: answers with logprobs.
        greedy: pairs of texts.
    """

    rows: tuple[Row, ...]
    greedy: tuple[Greedy, ...] = ()


def _reject(problem: str, where: str, remedy: str | None = None) -> GaugeblockError:
    return GaugeblockError(problem, where=where, remedy=remedy)


def printed_number(value: object, where: str) -> PrintedNumber:
    """Return ``value`` as a number that knows its text; None and NaN become NaN.

    Raises:
        GaugeblockError: if ``value`` is not a number.
    """
    if isinstance(value, PrintedNumber):
        return value
    if value is None:
        return PrintedNumber("nan")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _reject(f"logprob is {type(value).__name__}, not a number", where)
    return PrintedNumber(repr(value))


def parse_entry(raw: object, where: str) -> TopEntry:
    """Read one entry of ``top``.

    Raises:
        GaugeblockError: if the entry is not an object with a token and a numeric logprob.
    """
    if not isinstance(raw, Mapping):
        raise _reject("an entry of top is not an object", where)
    if "logprob" not in raw:
        raise _reject("an entry of top has no field logprob", where)
    token, given = raw.get("token"), raw.get("bytes")
    if token is None and given is None:
        raise _reject("an entry of top has neither token nor bytes", where)
    if token is not None and not isinstance(token, str):
        raise _reject("token is not a string", where)
    if given is not None:
        try:
            key = bytes(given)
        except (TypeError, ValueError):
            raise _reject("bytes is not a list of integers from 0 to 255", where) from None
    else:
        key = str(token).encode("utf-8", "surrogatepass")
    number = printed_number(raw["logprob"], where)
    spelt = token if token is not None else key.decode("utf-8", "replace")
    return TopEntry(spelt, key, float(number), number.text, given is not None)


def _whole(value: object, name: str, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _reject(f"{name} is not a whole number of at least 0", where)
    return value


def parse_row(raw: object, where: str) -> Row:
    """Read one recorded row.

    Raises:
        GaugeblockError: naming the line and the field that is missing or has the wrong type.
    """
    if not isinstance(raw, Mapping):
        raise _reject("a row is not a JSON object", where)
    for name in ("prompt", "top"):
        if name not in raw:
            raise _reject(f"a row has no field {name}", where)
    if not isinstance(raw["top"], Sequence) or isinstance(raw["top"], str):
        raise _reject("top is not a list", where)
    top = tuple(parse_entry(entry, where) for entry in raw["top"])
    temperature = raw.get("temperature")
    if temperature is not None:
        if isinstance(temperature, bool) or not isinstance(temperature, int | float):
            raise _reject("temperature is not a number", where)
        if not math.isfinite(temperature) or temperature < 0:
            raise _reject("temperature is not a finite number of at least 0", where)
        temperature = float(temperature)
    chosen = raw.get("chosen")
    return Row(
        prompt=str(raw["prompt"]),
        repeat=_whole(raw.get("repeat", 0), "repeat", where),
        temperature=temperature,
        k=_whole(raw.get("k", len(top)), "k", where),
        top=top,
        chosen=None if chosen is None else parse_entry(chosen, where),
    )


def _bare_rows(table: Sequence[Any], where: str) -> list[Row]:
    rows = []
    for index, numbers in enumerate(table):
        place = f"{where}, row {index + 1}"
        if not isinstance(numbers, Sequence) or isinstance(numbers, str):
            raise _reject("expected an array of arrays of logprobs", place)
        entries = [{"token": f"rank {i}", "logprob": x} for i, x in enumerate(numbers)]
        # The source does not say which rows share a prompt, so nothing may be read as a repeat.
        raw = {"prompt": f"row {index}", "repeat": 0, "k": len(entries), "top": entries}
        rows.append(parse_row(raw, place))
    return rows


def loads_json(text: str) -> Any:
    """Parse JSON keeping the text of every non-integer number.

    Raises:
        json.JSONDecodeError: if ``text`` is not JSON.
    """
    return json.loads(text, parse_float=PrintedNumber)


def _parse_greedy(raw: object, where: str) -> Greedy:
    names = ("prompt", "with_logprobs", "without_logprobs")
    if not isinstance(raw, Mapping) or not all(isinstance(raw.get(n), str) for n in names):
        raise _reject("greedy needs the strings prompt, with_logprobs and without_logprobs", where)
    return Greedy(raw["prompt"], raw["with_logprobs"], raw["without_logprobs"])


def read_recording(path: Path) -> Recording:
    """Read JSON lines, or bare logprobs from one JSON array of arrays.

    Raises:
        GaugeblockError: naming the file, the line and the field at fault.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _reject(f"cannot be read as UTF-8 text ({error})", str(path)) from error
    if text.lstrip()[:1] == "[":
        try:
            return Recording(tuple(_bare_rows(loads_json(text), str(path))))
        except json.JSONDecodeError as error:
            raise _reject(f"not JSON ({error})", str(path)) from error
    rows: list[Row] = []
    greedy: list[Greedy] = []
    # Not splitlines: JSON strings may hold U+2028, which that takes for the end of a line.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            raw = loads_json(line)
        except json.JSONDecodeError as error:
            remedy = "A page of HTML was recorded" if line.lstrip().startswith("<") else None
            raise _reject(f"not a JSON object ({error.msg})", where, remedy) from error
        if isinstance(raw, Mapping) and "greedy" in raw:
            greedy.append(_parse_greedy(raw["greedy"], where))
        else:
            rows.append(parse_row(raw, where))
    if not rows:
        raise _reject("holds no rows", str(path), "Record at least three prompts")
    return Recording(tuple(rows), tuple(greedy))


def _number(entry: TopEntry) -> str:
    return entry.printed if math.isfinite(entry.logprob) else "null"


def _dump_entry(entry: TopEntry) -> str:
    given = json.dumps(list(entry.key)) if entry.has_bytes else "null"
    return f'{{"token": {json.dumps(entry.token)}, "bytes": {given}, "logprob": {_number(entry)}}}'


def dump_row(row: Row) -> str:
    """Return the row as one line of JSON, numbers as they were printed."""
    top = ", ".join(_dump_entry(entry) for entry in row.top)
    chosen = f', "chosen": {_dump_entry(row.chosen)}' if row.chosen else ""
    return (
        f'{{"prompt": {json.dumps(row.prompt)}, "repeat": {row.repeat}, '
        f'"temperature": {json.dumps(row.temperature)}, "k": {row.k}, "top": [{top}]{chosen}}}'
    )


def write_recording(path: Path, recording: Recording) -> None:
    """Write JSON lines that :func:`read_recording` reads back unchanged."""
    lines = [dump_row(row) for row in recording.rows]
    lines += [json.dumps({"greedy": vars(pair)}) for pair in recording.greedy]
    path.write_text("".join(line + "\n" for line in lines), "utf-8")
