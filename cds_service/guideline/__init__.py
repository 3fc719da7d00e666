"""The decision core: a guideline as data, and the logic that decides by it.

Pure: no I/O, no clock, no framework. It knows the facts' types and nothing else of the rest.
"""
