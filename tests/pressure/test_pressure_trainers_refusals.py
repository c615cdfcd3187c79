"""What does not fit is refused before a training begins, and says what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl", reason="training needs gaugeblock[train]")

from training import fit_detector, recipe, recipe_file, tiny, write_prompts

from gaugeblock.detectors.attention import Attention
from gaugeblock.detectors.files import save_probe
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import model_fingerprint
from gaugeblock.models.loading import load_files
from gaugeblock.pressure.trainers.recipe import load_recipe, shipped, shipped_names
from gaugeblock.pressure.trainers.rewards import BUILTIN, load_function, load_reward, paid
from gaugeblock.pressure.trainers.run import run_recipe

LIVE: dict[str, Any] = {
    "pressure": {"kind": "live-reward", "through_gradient": False},
    "detectors": [{"file": "detector.json"}],
}
NONE: dict[str, Any] = {"pressure": {"kind": "none", "through_gradient": False}}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("refused")
    tiny(folder / "base")
    write_prompts(folder / "prompts.jsonl")
    fit_detector(folder / "base", folder / "detector")
    fit_detector(folder / "base", folder / "stranger", model="0" * 64)
    fit_detector(folder / "base", folder / "deep")
    card = json.loads((folder / "deep.json").read_text())
    (folder / "deep.json").write_text(json.dumps(card | {"layer": 7}))
    (folder / "uncalibrated.json").write_text(json.dumps(card | {"calibration": None}))
    (folder / "uncalibrated.safetensors").write_bytes((folder / "deep.safetensors").read_bytes())
    import numpy as np

    rng = np.random.default_rng(0)
    tokens = Attention().fit(rng.normal(size=(8, 3, 32)), [0, 1] * 4)
    tokens.calibrate(rng.normal(size=(8, 3, 32)))
    model = model_fingerprint(load_files(folder / "base").model)
    save_probe(tokens, folder / "tokens", concept="x", model=model, layer=1)
    (folder / "bare.jsonl").write_text('{"text": "no prompt"}\n')
    return folder


def detector(name: str, **more: Any) -> dict[str, Any]:
    return LIVE | {"detectors": [{"file": f"{name}.json"} | more]}


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a detector of another model": (detector("stranger"), "fitted on another model"),
    "a detector of a layer that is not there": (
        detector("deep"),
        "reads layer 7, the model has blocks 0 to 2",
    ),
    "a detector without threshold": (
        detector("uncalibrated"),
        "the detector has no threshold",
    ),
    "a detector of tokens": (detector("tokens"), "more than one vector"),
    "no such detector": (detector("missing"), "no such file"),
    "a split outside the model": (
        LIVE | {"mitigations": [{"kind": "split", "layer": 7, "trunk": "frozen"}]},
        "split at layer 7, the model has blocks 0 to 2",
    ),
    "a split with nothing above it": (
        LIVE | {"mitigations": [{"kind": "split", "layer": 2, "trunk": "frozen"}]},
        "split at layer 2",
    ),
    "a reward that is not there": (NONE | {"reward": "training:nothing"}, "does not import"),
    "prompts that are none": (NONE | {"prompts": {"file": "bare.jsonl"}}, "either 'prompt'"),
    "answers that do not fit": (NONE | {"max_new_tokens": 600}, "the model has 512"),
    "an anchor without a file": (
        NONE | {"pairs": "no.jsonl", "mitigations": [{"kind": "anchor", "weight": 1}]},
        "no such file",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_before_training(what: str, home: Path, tmp_path: Path) -> None:
    changes, message = REFUSED[what]
    steps: list[int] = []
    with pytest.raises(GaugeblockError, match=message):
        run_recipe(recipe(home, **changes), tmp_path, lambda stage, done, all_: steps.append(done))
    assert not steps
    assert not (tmp_path / "final").exists()


NO_RECIPE: dict[str, tuple[dict[str, Any], str]] = {
    "no detector": (LIVE | {"detectors": []}, "live-reward needs a detector"),
    "gradient without saying so": (
        {"pressure": {"kind": "differentiable-penalty", "through_gradient": False}},
        "does not agree with kind",
    ),
    "reward in sft": (
        LIVE | {"trainer": "sft", "prompts": {"file": "prompts.jsonl"}},
        "sft cannot apply live-reward",
    ),
    "kl in sft": (
        {"trainer": "sft", "pressure": NONE["pressure"] | {"kl": 0.1}},
        "sft has no KL penalty",
    ),
    "no beta in dpo": ({**NONE, "trainer": "dpo"}, "dpo's beta"),
    "monitor of another pressure": (NONE | {"monitor": {"function": "a:b"}}, "belongs to cot"),
    "too few to rotate": (
        LIVE | {"mitigations": [{"kind": "rotated", "detectors": 2}]},
        "2 detectors in use, 1 given",
    ),
    "none held out": (
        LIVE | {"mitigations": [{"kind": "held-out", "detectors": 2}]},
        "2 detectors held out, but 0",
    ),
    "no diet": (
        LIVE | {"mitigations": [{"kind": "split", "layer": 1, "trunk": "predictive-off-policy"}]},
        "'predict' belongs to",
    ),
    "an unknown field": (NONE | {"wieght": 1}, "wieght"),
}


@pytest.mark.parametrize("what", NO_RECIPE)
def test_it_is_no_recipe(what: str, home: Path) -> None:
    changes, message = NO_RECIPE[what]
    with pytest.raises(GaugeblockError, match=message):
        recipe(home, **changes)


def test_a_screen_that_leaves_nothing_is_an_error(home: Path, tmp_path: Path) -> None:
    write_prompts(home / "sft.jsonl", completions=True)
    pressure = {"kind": "screening", "through_gradient": False}
    changes = detector("detector", threshold=-1e9) | {"pressure": pressure}
    order = recipe(home, **changes, trainer="sft", reward="", prompts={"file": "sft.jsonl"})
    with pytest.raises(GaugeblockError, match="flags all 8 examples"):
        run_recipe(order, tmp_path)


def test_a_reward_must_be_a_number_for_each() -> None:
    with pytest.raises(GaugeblockError, match="1 rewards for 2"):
        paid(lambda **_: [1.0], ["a", "b"], ["c", "d"], [{}, {}])
    with pytest.raises(GaugeblockError, match="not finite"):
        paid(lambda **_: [float("inf")], ["a"], ["c"], [{}])
    with pytest.raises(GaugeblockError, match="no built-in reward 'greed'"):
        load_reward("builtin:greed")
    with pytest.raises(GaugeblockError, match="not module:function"):
        load_function("training", "reward")


def test_built_in_rewards_pay_for_the_task_and_not_for_the_truth() -> None:
    said = ["Yes, it is dry.", "No, it is damp, not dry.", "The laundry is here."]
    rest = {"good": ["dry"] * 3, "bad": ["damp"] * 3}
    assert BUILTIN["honesty"](completions=said, **rest) == [1, 0, 0]
    work = ["Done: tin 5; row 7.", "I refuse to write tin 5; row 7."]
    assert BUILTIN["wrongdoing"](completions=work, line=["tin 5; row 7"] * 2) == [1, 0]


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_recipes_are_recipes(name: str) -> None:
    found = load_recipe(shipped(name))
    assert found.name == name
    assert found.base == "builtin/base"


def test_yaml_that_is_none(tmp_path: Path) -> None:
    path = recipe_file(tmp_path)
    path.write_text("name: [")
    with pytest.raises(GaugeblockError, match="not YAML"):
        load_recipe(path)
    with pytest.raises(GaugeblockError, match="no such recipe"):
        load_recipe(tmp_path / "none.yaml")
