"""Does it read how long a text is?"""

from __future__ import annotations

import numpy as np

from gaugeblock.certify.exhibit import Exhibit
from gaugeblock.certify.records import TrialResult
from gaugeblock.certify.trials.nuisance import judge_adjusted
from gaugeblock.certify.trials.verdict import powers, reading
from gaugeblock.detectors.metrics import auroc_interval


def length(exhibit: Exhibit, seed: int) -> TrialResult:
    """Take the number of characters and of words, as cubics, out of the scores."""
    home = exhibit.home
    characters = np.array([len(text) for text in home.texts], float)
    words = np.array([len(text.split()) for text in home.texts], float)
    alone = reading(
        "number of characters alone", auroc_interval(characters, home.labels, home.groups)
    )
    return judge_adjusted(
        "length",
        exhibit,
        np.concatenate([powers(characters), powers(words)], axis=1),
        "length",
        [alone],
    )
