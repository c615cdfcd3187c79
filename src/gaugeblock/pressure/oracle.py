"""What is true of each sample, for the audit and the environment alone.

Nothing that a pressure or a detector runs on may lead here: they get ``seen.Seen``, and the modules
that make pressures import neither this one nor what does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

import numpy as np

from gaugeblock.detectors.arrays import Ints
from gaugeblock.errors import GaugeblockError


class Oracle:
    """Labels by opaque sample id; they cannot be listed, printed or pickled.

    Args:
        labels: sample id to 1 (misbehaved) or 0.
    """

    __slots__ = ("_labels",)

    def __init__(self, labels: Mapping[str, int]) -> None:
        self._labels = {str(key): int(value) for key, value in labels.items()}

    def __len__(self) -> int:
        return len(self._labels)

    def __repr__(self) -> str:
        return f"Oracle({len(self)} samples)"

    def __reduce__(self) -> NoReturn:
        raise GaugeblockError(
            "labels are not pickled", where="oracle", remedy="Join them after the samples come back"
        )

    def labels(self, ids: Sequence[str]) -> Ints:
        """Return the labels of samples, shape (n,).

        Raises:
            GaugeblockError: an unknown id.
        """
        unknown = [one for one in ids if one not in self._labels]
        if unknown:
            raise GaugeblockError(f"unknown sample {unknown[0]}", where="oracle")
        return np.array([self._labels[one] for one in ids], dtype=np.int64)
