"""The simulated settings of benchmarks/interval_coverage.py."""
