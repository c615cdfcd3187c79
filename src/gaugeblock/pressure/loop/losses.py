"""The losses through which a reward or a preference moves the policy."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

DPO_BETA = 0.1


def policy_gradient(chosen: Tensor, advantage: Tensor) -> Tensor:
    """Return the loss whose gradient is the policy gradient's.

    One step per batch of fresh samples, so no ratio and no clipping; advantages are not divided by
    their spread, which would hide how large a penalty is.

    Args:
        chosen: log probability of each sample, shape (n,), with gradient.
        advantage: shape (n,).

    Source: Williams 1992, Mach. Learn. 8:229; Shao et al. 2024, arXiv:2402.03300, for the group's
    mean as baseline; Liu et al. 2025, arXiv:2503.20783, for leaving out the division.
    """
    return -(chosen * advantage).mean()


def preference(
    chosen: Tensor, reference: Tensor, pairs: Sequence[tuple[int, int]], beta: float = DPO_BETA
) -> Tensor:
    """Return the loss of direct preference optimisation; 0 without a pair.

    Args:
        chosen: log probability of each sample under the policy, shape (n,), with gradient.
        reference: under the reference, shape (n,).
        pairs: (chosen, rejected) samples.
        beta: of the method.

    Source: Rafailov et al. 2023, arXiv:2305.18290, eq. (7).
    """
    if not pairs:
        return chosen.sum() * 0.0
    better, worse = torch.tensor(pairs, dtype=torch.int64).T
    gain = chosen - reference
    return -F.logsigmoid(beta * (gain[better] - gain[worse])).mean() / beta


def divergence(policy: Tensor, reference: Tensor) -> Tensor:
    """Return KL(policy || reference) of each sample per token, exact over the words, shape (n,).

    Args:
        policy: log probabilities, shape (n, tokens, words).
        reference: the same of the reference.
    """
    return (policy.exp() * (policy - reference)).sum(-1).mean(-1)
