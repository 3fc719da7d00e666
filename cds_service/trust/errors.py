"""Errors in a trust registry."""


class RegistryError(ValueError):
    """A trust registry that cannot be used.

    The message names file, line and member, one problem a line, and never a value.
    """
