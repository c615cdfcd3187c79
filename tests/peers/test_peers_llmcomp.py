"""Ratings equal llmcomp's wherever llmcomp gives one."""

import json
import math
from pathlib import Path

import pytest

from gaugeblock.logprobs.bounds import Position, gather, make_answers
from gaugeblock.logprobs.rows import TopEntry

RECORD = json.loads((Path(__file__).parent / "llmcomp.json").read_text())
REFUSED = 0.75


@pytest.mark.parametrize("case", RECORD["cases"], ids=range(len(RECORD["cases"])))
def test_ratings_equal_llmcomps(case):
    scale = range(case["low"], case["high"] + 1)
    top = tuple(
        TopEntry(token, token.encode(), x, repr(x), True) for token, x in case["top"].items()
    )
    found = gather(
        None, [[Position(top)]], make_answers({str(n): str(n) for n in scale}), exact=True
    )
    rating = found.mean([float(name) for name in found.names])
    if case["rating"] is None:
        # llmcomp calls it a refusal; the same mass is reported here.
        assert rating.value is None or 1 - found.seen >= REFUSED
    else:
        assert rating.value == pytest.approx(case["rating"], abs=1e-6)
        assert rating.contains(case["rating"])
        assert 1 - found.seen < REFUSED


def test_the_fixture_has_ratings_and_refusals():
    given = [case["rating"] for case in RECORD["cases"]]
    assert sum(rating is not None for rating in given) >= 20
    assert sum(rating is None for rating in given) >= 20
    assert all(rating is None or math.isfinite(rating) for rating in given)
