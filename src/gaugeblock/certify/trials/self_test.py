"""Does the path from text to activation give what it says it gives?"""

from __future__ import annotations

from gaugeblock.certify.exhibit import Check, Exhibit
from gaugeblock.certify.records import Reading, TrialResult
from gaugeblock.certify.trials.verdict import result

_CRITERION = "every check of the extraction path within its fixed tolerance"


def self_test(exhibit: Exhibit, seed: int) -> TrialResult:
    """Print the extraction path's own checks: padding, batch, BOS, recompute, steering by 0."""
    if exhibit.checks is None:
        return result(
            "self_test",
            "not applicable",
            _CRITERION,
            "The activations came as arrays, not from a "
            "model, so there is no extraction path to test.",
        )
    failed = [check.name for check in exhibit.checks if not check.passed]
    readings = [
        Reading(
            name=check.name,
            value=check.measured,
            n=1,
            unit="largest difference",
            note=_note(check),
        )
        for check in exhibit.checks
    ]
    finding = (
        f"Failed: {', '.join(failed)}; no number below can be believed."
        if failed
        else f"All {len(readings)} checks within tolerance."
    )
    return result("self_test", not failed, _CRITERION, finding, readings)


def _note(check: Check) -> str:
    if check.measured is None:
        return f"limit {check.limit:g}, no value: {check.detail or 'the check could not be run'}"
    return f"limit {check.limit:g}" + ("" if check.passed else ", exceeded")
