"""Values read from logprobs, each with the interval that the channel allows.

Every function returns a :class:`BoundedValue`. Under a channel that rounds, the interval is
guaranteed: the real-valued model behind the rounding has its value inside, whatever the rounding
did. Under noise it is a 95 % interval and says so. Both are only as good as the channel card.
"""

from gaugeblock.logprobs.bounds.answers import Answer, make_answers, read_beginning, spell
from gaugeblock.logprobs.bounds.box import Box, box_of, envelope_box, statistical_box
from gaugeblock.logprobs.bounds.choice import ChoiceResult, Continuation, multiple_choice
from gaugeblock.logprobs.bounds.combine import any_of, average, through_logistic, weighted_sum
from gaugeblock.logprobs.bounds.continuation import continuation, logprob_of
from gaugeblock.logprobs.bounds.gather import Gathered, spelling_tokens
from gaugeblock.logprobs.bounds.judgement import Judgement, candidates_of, gather
from gaugeblock.logprobs.bounds.leaves import Position
from gaugeblock.logprobs.bounds.rank import Ordering, order_by_log_odds, order_by_value, swapped
from gaugeblock.logprobs.bounds.sampled import Sampled
from gaugeblock.logprobs.bounds.score import answer_log_odds, expected_score
from gaugeblock.logprobs.bounds.text import text_logprob, token_logprob
from gaugeblock.logprobs.bounds.value import BoundedValue

__all__ = [
    "Answer",
    "BoundedValue",
    "Box",
    "ChoiceResult",
    "Continuation",
    "Gathered",
    "Judgement",
    "Ordering",
    "Position",
    "Sampled",
    "answer_log_odds",
    "any_of",
    "average",
    "box_of",
    "candidates_of",
    "continuation",
    "envelope_box",
    "expected_score",
    "gather",
    "logprob_of",
    "make_answers",
    "multiple_choice",
    "order_by_log_odds",
    "order_by_value",
    "read_beginning",
    "spell",
    "spelling_tokens",
    "statistical_box",
    "swapped",
    "text_logprob",
    "through_logistic",
    "token_logprob",
    "weighted_sum",
]
