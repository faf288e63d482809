"""Benchmarks beside peers; each prints ratios from one run."""
