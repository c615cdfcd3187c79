"""Whatever is written as YAML for the pressures is refused in one way."""

from __future__ import annotations

from pathlib import Path

import pytest

from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.grids.grid_file import load_plan
from gaugeblock.pressure.outcome_spec import load_outcome_spec
from gaugeblock.pressure.trainers.recipe import load_recipe


def test_another_encoding_is_said_and_not_taken_for_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("id: p\xe9ch\xe9\n".encode("latin-1"))
    for load in (load_outcome_spec, load_plan, load_recipe):
        with pytest.raises(GaugeblockError, match="not UTF-8") as caught:
            load(path)
        assert caught.value.where == str(path)
