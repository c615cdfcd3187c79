"""From rows to a channel card: a pure function, so that every path gives the same card."""

from __future__ import annotations

from collections.abc import Sequence

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.card import ChannelCard
from gaugeblock.logprobs.channel.change import Change, compare
from gaugeblock.logprobs.channel.grid import ENOUGH_BITS, GridVerdict, identify
from gaugeblock.logprobs.channel.hygiene import Hygiene, hygiene
from gaugeblock.logprobs.channel.number_format import NumberFormat, number_format
from gaugeblock.logprobs.channel.readings import Reading, readings
from gaugeblock.logprobs.channel.repeats import Repeats, repeats
from gaugeblock.logprobs.channel.sampling import sampling
from gaugeblock.logprobs.channel.temperature import Temperature, temperature
from gaugeblock.logprobs.rows import Recording, Row
from gaugeblock.logprobs.spec import ChannelSpec, Family

_GRIDS = {"step", "bf16", "fp16", "softcap", "float_logprob"}


def grid_rows(rows: Sequence[Row]) -> list[Row]:
    """Return the rows to read the grid from: temperature 1 or unknown, else the commonest one.

    At other temperatures some servers divide by the temperature, which moves the grid.
    """
    plain = [row for row in rows if row.temperature in (None, 1.0)]
    if plain or not rows:
        return plain
    heats = [row.temperature for row in rows]
    commonest = max(set(heats), key=heats.count)
    return [row for row in rows if row.temperature == commonest]


def _candidate(
    family: Family, verdict: GridVerdict, health: Hygiene, heat: Temperature, shown: NumberFormat
) -> ChannelSpec:
    codes = {finding.code for finding in health.findings}
    convention = heat.convention
    return ChannelSpec(
        family=family,
        step=verdict.step if family == "step" else None,
        step_of="logprob" if family == "step" and verdict.step_of == "logprob" else "logit",
        cap=verdict.cap if family == "softcap" else None,
        precision=8 if verdict.precision == 8 else 11 if verdict.precision == 11 else None,
        scale=verdict.scale if family in ("bf16", "fp16") and verdict.scale else 1.0,
        sd=verdict.sd if family == "noise" else None,
        k=max(health.k_effective, 1),
        sentinel=-9999.0 if "sentinel" in codes else None,
        temperature="unaffected" if convention in ("other", "not measured") else convention,
        renormalised="renormalised" in codes,
        string_keyed="lost_tokens" in codes,
        decimals=shown.decimals if shown.fixed_decimals else None,
        drops=("bytes",) if "no_bytes" in codes and "lost_tokens" not in codes else (),
    )


def _standing(verdict: GridVerdict) -> list[Family]:
    """Return the families that are less than ten bits behind the leading one."""
    best = max(verdict.evidence.values(), default=0.0)
    return [name for name, bits in verdict.evidence.items() if best - bits < ENOUGH_BITS]


def sentence(verdict: GridVerdict, spread: Repeats) -> str:
    """Return the verdict in one sentence of plain words."""
    tail = f" ({verdict.bits:.0f} bits ahead of the next explanation, from {verdict.rows} rows)"
    words: dict[str, str] = {
        "none": "No grid: the numbers are as fine as float32 prints them",
        "step": f"The numbers lie on a fixed step of {verdict.step:g} nats" if verdict.step else "",
        "bf16": "The logits were rounded to bf16 before the softmax; the step depends on the "
        "size of the logit",
        "fp16": "The logits were rounded to fp16 before the softmax; the step depends on the "
        "size of the logit",
        "softcap": f"Half-precision logits under a soft cap of {verdict.cap:g} nats"
        if verdict.cap
        else "",
        "noise": f"Each logprob carries continuous noise of sd {verdict.sd:.3g} nats"
        if verdict.sd
        else "Each logprob carries noise of unknown size",
        "float_logprob": "The logprobs themselves are half-precision numbers",
    }
    if verdict.family != "undecided":
        return words[verdict.family] + tail
    if verdict.numbers == 0:
        return "Undecided: no row has two usable logprobs"
    rivals = _standing(verdict)
    advice = "ask prompts with a wider range of logits and list more tokens"
    if set(rivals) <= {"none", "noise"}:
        missing = spread.kind == "not measured"
        advice = "repeat some prompts" if missing else "repeat them more often"
    names = " or ".join(rivals)
    if verdict.cap and verdict.other_caps:
        caps = sorted([verdict.cap, *verdict.other_caps])
        names = names.replace("softcap", "softcap " + " or ".join(f"{cap:.4g}" for cap in caps))
    return f"Undecided between {names} ({verdict.bits:.1f} bits, 10 are needed): {advice}"


def make_card(
    recording: Recording, source: str, *, before: Sequence[Row] | None = None
) -> ChannelCard:
    """Measure everything that a recording allows and state it as a card.

    Args:
        recording: rows, and texts with and without logprobs where they were asked for.
        source: where they came from, without secrets.
        before: rows of an earlier probe to compare with.

    Raises:
        GaugeblockError: if there is no row, or the earlier rows cannot be compared.
    """
    if not recording.rows:
        raise GaugeblockError("there are no rows to make a card from", where=source)
    usable: list[Reading] = readings(grid_rows(recording.rows))
    verdict = identify(usable)
    health = hygiene(recording.rows)
    shown = number_format(recording.rows)
    heat = temperature(recording.rows)
    spread = repeats(usable, on_grid=verdict.leading in _GRIDS)
    families = [verdict.family] if verdict.family != "undecided" else _standing(verdict)
    candidates = tuple(
        _candidate(family, verdict, health, heat, shown)
        for family in families
        if family != "noise" or verdict.sd is not None
    )
    if "softcap" in families:
        capped = _candidate("softcap", verdict, health, heat, shown)
        candidates += tuple(capped.model_copy(update={"cap": cap}) for cap in verdict.other_caps)
    undecided = ChannelSpec(family="undecided", k=max(health.k_effective, 1))
    change: Change | None = compare(before, recording.rows) if before is not None else None
    same = [pair.with_logprobs == pair.without_logprobs for pair in recording.greedy]
    return ChannelCard(
        source=source,
        calls=len(recording.rows) + 2 * len(recording.greedy),
        family=verdict.family,
        bits=verdict.bits,
        step=verdict.step if "step" in families else None,
        cap=verdict.cap if verdict.leading == "softcap" else None,
        sd=verdict.sd,
        sentence=sentence(verdict, spread),
        channel=undecided if verdict.family == "undecided" or not candidates else candidates[0],
        candidates=candidates,
        grid=verdict,
        hygiene=health,
        number_format=shown,
        repeats=spread,
        temperature=heat,
        sampling=sampling(recording.rows),
        text_unchanged=all(same) if same else None,
        change=change,
    )
