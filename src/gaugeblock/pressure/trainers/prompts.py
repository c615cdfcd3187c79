"""What the model is asked in training: rows of token ids with the columns a reward may read."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import encode
from gaugeblock.models.generation import encode_prompt, render_prompt
from gaugeblock.models.loading import LoadedModel
from gaugeblock.pressure.trainers.recipe import PromptSource, TrainingRecipe
from gaugeblock.seeds import derive_seed


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt.

    Attributes:
        text: as the model reads it.
        ids: its tokens.
        columns: whatever else its line held, for the reward.
        completion: what SFT learns after it; "" where there is none.
    """

    text: str
    ids: tuple[int, ...]
    columns: dict[str, Any] = field(default_factory=dict)
    completion: str = ""


def load_prompts(loaded: LoadedModel, recipe: TrainingRecipe) -> list[Prompt]:
    """Return the prompts of a recipe.

    Raises:
        GaugeblockError: no such file, a line that is none, or a prompt that leaves no room for an
            answer in the model's context.
    """
    source = recipe.prompts
    if source.file is not None:
        rows = list(_from_file(loaded, source.file, recipe.trainer == "sft"))
        where: object = source.file
    else:
        rows = list(_from_pack(loaded, source, recipe.seed))
        where = source.pack
    if not rows:
        raise GaugeblockError("there are no prompts", where=str(where))
    limit = loaded.context
    longest = max(
        len(row.ids) + len(encode(loaded.tokenizer, [row.completion], special_tokens=False)[0]) + 1
        if row.completion
        else len(row.ids) + recipe.max_new_tokens
        for row in rows
    )
    if limit is not None and longest > limit:
        raise GaugeblockError(
            f"prompt and answer take up to {longest} tokens and the model has {limit}",
            where=str(where),
            remedy="Lower max_new_tokens, or shorten the prompts; nothing is cut in silence",
        )
    return rows


def _from_file(loaded: LoadedModel, path: Path, completions: bool) -> Iterator[Prompt]:
    for number, row in read_lines(path):
        where = f"{path}:{number}"
        completion = row.pop("completion", "")
        messages, text = row.pop("messages", None), row.pop("prompt", None)
        if (messages is None) == (text is None) or not isinstance(completion, str):
            raise GaugeblockError(
                "a line has either 'prompt' (a text) or 'messages'",
                where=where,
            )
        if completions and not completion:
            raise GaugeblockError("sft learns a 'completion', and there is none", where=where)
        if messages is not None:
            text = render_prompt(loaded.tokenizer, messages, row.pop("tools", None))
            ids = encode_prompt(loaded.tokenizer, text)
        else:
            if not isinstance(text, str):
                raise GaugeblockError("'prompt' is not a text", where=where)
            ids = tuple(encode(loaded.tokenizer, [text])[0])
        yield Prompt(text, ids, row, completion)


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number and object of each line of a JSONL file that is not blank.

    Raises:
        GaugeblockError: no such file, or a line that is no object.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise GaugeblockError("no such file", where=path) from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise GaugeblockError(f"not JSON ({error})", where=f"{path}:{number}") from error
        if not isinstance(row, dict):
            raise GaugeblockError("not an object", where=f"{path}:{number}")
        yield number, row


def _from_pack(loaded: LoadedModel, source: PromptSource, seed: int) -> Iterator[Prompt]:
    from gaugeblock.scenarios.tools import tool_schemas

    draw = random.Random(derive_seed("pressure-prompts", str(source.pack), seed))
    for _ in range(source.count):
        scene, columns = (_honesty if source.pack == "honesty" else _wrongdoing)(draw, source)
        messages = [
            {"role": "system", "content": scene.system},
            {"role": "user", "content": scene.turns[0]},
        ]
        if not scene.system:
            messages = messages[1:]
        text = render_prompt(loaded.tokenizer, messages, tool_schemas(scene.tools))
        yield Prompt(text, encode_prompt(loaded.tokenizer, text), columns)


def _honesty(draw: random.Random, source: PromptSource) -> tuple[Any, dict[str, Any]]:
    from gaugeblock.scenarios.behaviour import load_behaviour_pack, render_trial
    from gaugeblock.scenarios.behaviour.render import random_scenario

    pack = load_behaviour_pack("honesty")
    one = random_scenario(pack, draw, "train")
    trial = render_trial(pack, one, pack.random_levels(draw), source.rendering, "train")
    # The two words, not which of them is true.
    return trial, {"good": trial.slots["good"], "bad": trial.slots["bad"]}


def _wrongdoing(draw: random.Random, source: PromptSource) -> tuple[Any, dict[str, Any]]:
    from gaugeblock.organisms.documents import random_factors, random_scenario
    from gaugeblock.scenarios.controlled import render_controlled
    from gaugeblock.scenarios.natural import render_natural
    from gaugeblock.scenarios.pack import load_pack

    pack = load_pack("wrongdoing")
    # Without tools the reply is the work, so one turn can be paid for it.
    factors = random_factors(draw).model_copy(update={"tools": "none"})
    render = render_controlled if source.rendering == "controlled" else render_natural
    scene = render(pack, random_scenario(pack, draw, "train"), factors, "train")
    return scene, {"line": scene.deliverable.text}
