"""Exact, clustered, judge-corrected and sequential intervals, on numpy and scipy alone.

Zero hits always give an upper bound, trials that share a scenario are never counted as
independent unless asked, and each method's measured coverage is in docs/statistics.md.
"""

from gaugeblock.stats.binomial import exact_rate
from gaugeblock.stats.clustered import clustered_rate
from gaugeblock.stats.clusters import design_effect, effective_n, icc
from gaugeblock.stats.difference import clustered_difference, paired_difference
from gaugeblock.stats.interval import Interval, Sides
from gaugeblock.stats.jeffreys import jeffreys_rate
from gaugeblock.stats.judge import judge_corrected_clustered_rate, judge_corrected_rate
from gaugeblock.stats.judge_sweep import SweepRow, sensitivity_sweep, zero_hit_bound
from gaugeblock.stats.multiplicity import benjamini_hochberg, holm
from gaugeblock.stats.paired_tests import TestResult, cluster_permutation_test, mcnemar_exact
from gaugeblock.stats.planning import detectable_rate, upper_bound_if_zero
from gaugeblock.stats.sequential import RateEProcess
from gaugeblock.stats.wilson import wilson_rate
from gaugeblock.stats.worst_case import WorstCase, clustered_worst_case_bounds, worst_case_bounds

__all__ = [
    "Interval",
    "RateEProcess",
    "Sides",
    "SweepRow",
    "TestResult",
    "WorstCase",
    "benjamini_hochberg",
    "cluster_permutation_test",
    "clustered_difference",
    "clustered_rate",
    "clustered_worst_case_bounds",
    "design_effect",
    "detectable_rate",
    "effective_n",
    "exact_rate",
    "holm",
    "icc",
    "jeffreys_rate",
    "judge_corrected_clustered_rate",
    "judge_corrected_rate",
    "mcnemar_exact",
    "paired_difference",
    "sensitivity_sweep",
    "upper_bound_if_zero",
    "wilson_rate",
    "worst_case_bounds",
    "zero_hit_bound",
]
