"""Every interval method contains the truth as often as it says, less one point, in 4,000 runs."""

import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from interval_coverage import closed_form_cells  # noqa: E402

# About 15 s of CPU, which a machine busy with training may take long to grant.
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def cells():
    return list(closed_form_cells(seed=7, repetitions=4000))


def test_every_closed_form_method_covers(cells) -> None:
    below = [cell for cell in cells if cell.coverage < cell.required]
    assert not below
    settings = {(c.method, c.n, c.rate, c.icc) for c in cells}
    for n in (20, 100, 1000):
        for rate in (0.0, 0.01, 0.3):
            assert ("clopper-pearson", n, rate, 0.0) in settings
            for icc in (0.0, 0.3):
                assert ("clustered-clopper-pearson", n, rate, icc) in settings
                assert ("judge-corrected-clustered-lee", n, rate, icc) in settings


def test_the_default_interval_is_not_needlessly_wide(cells) -> None:
    own = [c for c in cells if c.method == "clustered-clopper-pearson"]
    assert all(c.relative_width == 1.0 for c in own if c.setting == "size 1")
    settled = [c for c in own if c.n == 1000 and c.rate == 0.3 and c.setting == "size 5"]
    # sqrt(design effect) is the least an honest interval can widen: 1 and 1.48.
    widths = {c.icc: c.relative_width for c in settled}
    assert widths[0.0] < 1.2
    assert widths[0.3] < 1.25 * 2.2**0.5


def test_the_committed_table_is_of_4000_repetitions_and_holds_every_method(cells) -> None:
    record = json.loads((BENCHMARKS / "results" / "interval_coverage.json").read_text("utf-8"))
    assert record["repetitions"] == 4000
    recorded = {cell["method"] for cell in record["cells"]}
    assert recorded == {cell.method for cell in cells} | {"judge-corrected-bayes"}
    assert all(cell["coverage"] >= cell["level"] - 0.01 for cell in record["cells"])
