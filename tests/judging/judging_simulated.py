"""A judge with known logits behind a stated channel: ground truth for verdicts."""

from __future__ import annotations

import numpy as np

from gaugeblock.judging.bounded.asking import Reply
from gaugeblock.logprobs.bounds import Position
from gaugeblock.logprobs.rows import TopEntry
from gaugeblock.logprobs.simulate import Channel
from gaugeblock.logprobs.spec import ChannelSpec


class SimulatedJudge:
    """Answers a prompt by the logits that ``logits`` gives for its tokens."""

    def __init__(self, logits, spec=None, seed=0):
        self.logits = logits
        self.channel = None if spec is None else Channel(spec)
        self.rng = np.random.default_rng(seed)
        self.asked = []

    async def ask(self, prompt, *, logprobs, temperature):
        self.asked.append((prompt, logprobs))
        tokens = self.logits(prompt)
        names, values = list(tokens), np.array(list(tokens.values()), float)
        channel = self.channel or Channel(ChannelSpec())
        reported = channel.apply(values, self.rng, temperature=temperature)
        said = names[int(self.rng.choice(len(names), p=reported.probabilities))]
        if not logprobs or self.channel is None:
            return Reply(said)
        top = tuple(
            TopEntry(names[i], names[i].encode(), float(x), repr(float(x)), True)
            for i, x in zip(reported.ids, reported.logprobs, strict=True)
        )
        return Reply(said, (Position(top, said.encode(), len(top)),))
