"""Splits that keep twins together: every row of a group lies on the same side."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from gaugeblock.detectors.arrays import Ints, check_groups, check_labels
from gaugeblock.errors import GaugeblockError


def grouped_folds(
    labels: ArrayLike, groups: ArrayLike | None, folds: int = 5, seed: int = 0
) -> Iterator[tuple[Ints, Ints]]:
    """Yield (train rows, test rows) per fold with no group on both sides.

    Groups are dealt to the fold that is shortest in their rarer class so far, largest group
    first, ties in an order drawn from ``seed``; so the folds are near equal in both classes.

    Args:
        labels: 0 or 1, shape (n,).
        groups: one key per row; None makes every row its own group (a random split).
        folds: number of folds, at least 2.
        seed: of the order of equal groups.

    Raises:
        GaugeblockError: fewer than 2 folds, fewer groups than folds, or one class only.
    """
    y = np.asarray(labels)
    y = check_labels(y, len(y))
    g = check_groups(groups, len(y))
    count = int(g.max()) + 1
    if folds < 2:
        raise GaugeblockError(f"{folds} folds", where="folds", remedy="Ask for 2 or more")
    if count < folds:
        raise GaugeblockError(
            f"{count} groups cannot fill {folds} folds",
            where="groups",
            remedy=f"Give more groups or ask for at most {count} folds",
        )
    per_group = np.zeros((count, 2))
    np.add.at(per_group, (g, y), 1)
    order = np.random.default_rng(seed).permutation(count)
    order = order[np.argsort(-per_group[order].sum(axis=1), kind="stable")]
    load = np.zeros((folds, 2))
    fold_of = np.empty(count, dtype=np.int64)
    for group in order:
        after = load + per_group[group]
        spread = (after**2).sum(axis=1) - (load**2).sum(axis=1)
        fold_of[group] = int(np.argmin(spread))
        load[fold_of[group]] += per_group[group]
    of_row = fold_of[g]
    for fold in range(folds):
        yield np.flatnonzero(of_row != fold), np.flatnonzero(of_row == fold)


def grouped_halves(
    labels: ArrayLike, groups: ArrayLike | None, share: float = 0.5, seed: int = 0
) -> tuple[Ints, Ints]:
    """Return (train rows, test rows) with about ``share`` of the groups in train.

    Raises:
        GaugeblockError: as ``grouped_folds``; a share outside (0, 1).
    """
    if not 0 < share < 1:
        raise GaugeblockError(f"{share} is not between 0 and 1", where="share")
    y = np.asarray(labels)
    g = check_groups(groups, len(y))
    count = int(g.max()) + 1
    if count < 2:
        raise GaugeblockError(
            "fewer than 2 groups cannot be split in two", where="groups", remedy="Give more groups"
        )
    folds = min(20, count)
    tests = [test for _, test in grouped_folds(y, g, folds, seed)]
    cut = min(max(round(folds * share), 1), folds - 1)
    return np.sort(np.concatenate(tests[:cut])), np.sort(np.concatenate(tests[cut:]))
