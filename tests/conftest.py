"""What all tests share."""

from hypothesis import settings

# The same examples on every run, and no clock: a slow machine is no failure.
settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")
