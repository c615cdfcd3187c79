"""Texts as a chat model meets them: in its own template, up to where its reply begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gaugeblock.detectors.frame import Frame
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.generation import render_prompt

_PLACE = "gaugeblock-text"


def chat_frame(tokenizer: Any, reply: str = "") -> Frame:
    """Return the frame in which a text is a user's message.

    Args:
        tokenizer: brings the chat template.
        reply: how the model's reply begins.

    Raises:
        GaugeblockError: there is no chat template, or it rewrites messages.
    """
    rendered = render_prompt(tokenizer, [{"role": "user", "content": _PLACE}])
    return cut(rendered, _PLACE, _PLACE, reply)[1]


def chat_text(
    tokenizer: Any,
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Mapping[str, Any]],
    reply: str = "",
) -> tuple[str, Frame]:
    """Return the words of a conversation from its first message to its last, and the frame.

    Raises:
        GaugeblockError: as ``chat_frame``.
    """
    rendered = render_prompt(tokenizer, messages, tools)
    return cut(rendered, messages[0]["content"], messages[-1]["content"], reply)


def cut(rendered: str, first: str, last: str, reply: str) -> tuple[str, Frame]:
    """Return what lies between the beginning of ``first`` and the end of ``last``, and the rest.

    Raises:
        GaugeblockError: one of them is not in the rendered conversation.
    """
    begin = rendered.find(first)
    end = rendered.rfind(last)
    if begin < 0 or end < begin:
        raise GaugeblockError(
            "it does not give messages back as they were written",
            where="chat template",
            remedy="Certify without the chat, on texts that are rendered already",
        )
    end += len(last)
    return rendered[begin:end], Frame(before=rendered[:begin], after=rendered[end:] + reply)
