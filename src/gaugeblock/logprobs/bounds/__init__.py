"""Values read from logprobs, each with the interval that the channel allows.

Every function returns a :class:`BoundedValue`. Under a channel that rounds, the interval is
guaranteed: the real-valued model behind the rounding has its value inside, whatever the rounding
did. Under noise it is a 95 % interval and says so. Both are only as good as the channel card.
"""

from gaugeblock.logprobs.bounds.box import Box, box_of, envelope_box, statistical_box
from gaugeblock.logprobs.bounds.choice import ChoiceResult, Continuation, multiple_choice
from gaugeblock.logprobs.bounds.rank import Ordering, order_by_log_odds, order_by_value, swapped
from gaugeblock.logprobs.bounds.score import answer_log_odds, expected_score
from gaugeblock.logprobs.bounds.text import text_logprob, token_logprob
from gaugeblock.logprobs.bounds.value import BoundedValue

__all__ = [
    "BoundedValue",
    "Box",
    "ChoiceResult",
    "Continuation",
    "Ordering",
    "answer_log_odds",
    "box_of",
    "envelope_box",
    "expected_score",
    "multiple_choice",
    "order_by_log_odds",
    "order_by_value",
    "statistical_box",
    "swapped",
    "text_logprob",
    "token_logprob",
]
