"""Synthetic patients; what each shows stands in README.md."""
