"""What all tests share."""

import os

from hypothesis import settings

# No test leaves a database behind unless it asks for one.
os.environ["IORT_CDS_STORE"] = ""

# The same examples on every run, and no clock: a slow machine is no failure.
settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")
