"""Multiple choice by likelihood through Inspect: any provider with ``prompt_logprobs``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageUser,
    GenerateConfig,
    Model,
    get_model,
)
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState

from gaugeblock.errors import GaugeblockError
from gaugeblock.judging.bounded.inspect_asker import prompt_tokens
from gaugeblock.judging.bounded.likelihood import choose_by_likelihood
from gaugeblock.judging.bounded.scorers import Channel, channel_of, target_place
from gaugeblock.logprobs.bounds import Position
from gaugeblock.logprobs.bounds.choice import Norm

_METRICS: Any = {"value": [mean(), stderr()], "low": [mean()], "high": [mean()]}


class InspectTextScorer:
    """Scores a text as the assistant's turn after the question as the user's.

    Args:
        model: a model whose provider returns ``prompt_logprobs`` (vLLM's, and ``gaugeblock/``).
        top: how many tokens to list at each position.
    """

    def __init__(self, model: Model, *, top: int = 5) -> None:
        self._model, self._top = model, top

    async def positions(self, context: str, text: str) -> list[Position]:
        """See :class:`~gaugeblock.judging.bounded.likelihood.TextScorer`.

        Raises:
            GaugeblockError: the provider returns no prompt logprobs, or the text is not found in
                the prompt's tokens.
        """
        config = GenerateConfig(prompt_logprobs=self._top, max_tokens=1, temperature=1.0)
        turns: list[ChatMessage] = [
            ChatMessageUser(content=context),
            ChatMessageAssistant(content=text),
        ]
        output = await self._model.generate(turns, config=config)
        told = output.choices[0].prompt_logprobs if output.choices else None
        if told is None:
            raise GaugeblockError(
                "the model's provider returns no logprobs of the prompt",
                where=str(self._model),
                remedy="Use bounded_choice, or a provider with prompt_logprobs",
            )
        keys, positions = prompt_tokens(told, self._top)
        wanted = text.encode()
        start = b"".join(keys).rfind(wanted)
        if start < 0:
            raise GaugeblockError("the prompt's tokens do not spell the text", where=text)
        found, place = [], 0
        for key, position in zip(keys, positions, strict=True):
            begin, place = place, place + len(key)
            if key and place > start and begin < start + len(wanted):
                found.append(position)
        return found


@scorer(metrics=_METRICS)
def likelihood_choice(
    *,
    norm: Norm = "byte",
    channel: Channel = None,
    model: str | Model | None = None,
    top: int = 5,
) -> Scorer:
    """Score a sample's choices by their likelihood; 1 if the target is the likeliest.

    ``low`` is 1 where the channel leaves no choice but the target, ``high`` 0 where it rules the
    target out. The harness's ``acc`` is norm ``sum``, ``acc_norm`` is ``character``, ``acc_bytes``
    is ``byte`` and ``acc_mutual_info`` is ``mutual_information``. Needs no solver.

    Args:
        norm: what a choice's logprob is divided by.
        channel: channel card (or its path) of the model's API; None takes numbers as exact.
        model: the model; None for the model under test.
        top: how many tokens to list at each position.
    """

    async def score(state: TaskState, target: Target) -> Score:
        options = [choice.value for choice in state.choices]
        places = [str(choice.original_position) for choice in state.choices]
        wanted = int(target_place(target.text, options, places, state.sample_id))
        norms: Sequence[Norm] = (norm,)
        found = await choose_by_likelihood(
            InspectTextScorer(get_model(model), top=top),
            channel_of(channel),
            state.input_text,
            options,
            norms=norms,
            target=wanted,
        )
        result = found[norm]
        return Score(
            value={
                "value": float(result.choice == wanted),
                "low": float(result.not_excluded == (wanted,)),
                "high": float(wanted in result.not_excluded),
            },
            answer=options[result.choice],
            explanation=f"{len(result.not_excluded)} of {len(options)} choices not excluded",
            metadata={"result": result.model_dump(mode="json")},
        )

    return score
