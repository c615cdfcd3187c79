"""Run every trial and word what may be said: the certificate of one detector."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gaugeblock.certify.criteria import load_criteria
from gaugeblock.certify.exhibit import Exhibit
from gaugeblock.certify.ladder import climb
from gaugeblock.certify.records import Certificate, Identity, TrialResult
from gaugeblock.certify.trials import TRIALS
from gaugeblock.certify.wording import BELIEF, exists_claim, for_all_claim
from gaugeblock.seeds import derive_seed

NOT_MEASURED = "not measured: "
"""How the note of a reading begins that has no value."""


def certify(
    exhibit: Exhibit,
    identity: Identity,
    *,
    warnings: Sequence[str] = (),
    progress: Callable[[str], None] = lambda title: None,
) -> Certificate:
    """Return the certificate of a detector: every trial, none left out because one failed.

    Args:
        exhibit: the detector and what it is tried on.
        identity: what exactly is certified; its seed drives every random draw.
        warnings: leaks of the data, by name.
        progress: told the title of each trial before it runs.

    Raises:
        GaugeblockError: arrays that cannot be read, such as NaN or one class only.
    """
    results: list[TrialResult] = []
    for rung in load_criteria().rungs.values():
        for name, rule in rung.trials.items():
            progress(rule.title)
            seed = derive_seed("certify", identity.seed, name) % 2**31
            results.append(TRIALS[name](exhibit, seed))
    highest, stopped = climb(results)
    return Certificate(
        criteria=load_criteria().version,
        identity=identity,
        trials=tuple(results),
        highest=highest,
        stopped_by=stopped.id if stopped else None,
        stopped_because=stopped.finding if stopped else "",
        exists=exists_claim(exhibit, highest),
        for_all=for_all_claim(exhibit, results, highest),
        belief=BELIEF,
        not_measured=tuple(
            f"{trial.title}: {trial.finding}"
            for trial in results
            if trial.outcome == "not measured"
        )
        + tuple(
            f"{trial.title}, {reading.name}: {reading.note.removeprefix(NOT_MEASURED)}"
            for trial in results
            for reading in trial.readings
            if trial.outcome != "not measured" and reading.note.startswith(NOT_MEASURED)
        ),
        warnings=tuple(warnings),
    )
