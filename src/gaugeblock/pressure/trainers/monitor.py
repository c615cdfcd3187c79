"""The text detector of a chain-of-thought monitor, from examples or a function."""

from __future__ import annotations

from gaugeblock.detectors.text_only import TextOnly
from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.trainers.prompts import read_lines
from gaugeblock.pressure.trainers.push import TextScore
from gaugeblock.pressure.trainers.recipe import Monitor
from gaugeblock.pressure.trainers.rewards import load_function


def load_monitor(monitor: Monitor) -> TextScore:
    """Return the text detector of a recipe.

    Raises:
        GaugeblockError: no such file or function, or examples of one class only.
    """
    if monitor.function is not None:
        found: TextScore = load_function(monitor.function, "monitor")
        return found
    assert monitor.examples is not None
    rows = list(read_lines(monitor.examples))
    for number, row in rows:
        if not isinstance(row.get("text"), str) or row.get("label") not in (0, 1):
            raise GaugeblockError(
                "a line needs 'text' and 'label' (0 or 1)", where=f"{monitor.examples}:{number}"
            )
    fitted = TextOnly().fit([row["text"] for _, row in rows], [row["label"] for _, row in rows])
    return fitted.score
