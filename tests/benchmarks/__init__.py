"""Measured ratios: ``python -m tests.benchmarks [NAME …]``, by hand, on a quiet machine.

Every figure is a ratio of two things measured in one run, interleaved, by their medians: an
absolute time says more about the machine than about the code.
"""
