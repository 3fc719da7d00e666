"""Benchmarks: ratios, side by side, in one run. Run them all with ``python -m benchmarks``."""
