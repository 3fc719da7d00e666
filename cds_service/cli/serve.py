"""``iort-cds serve``."""


def serve() -> None:
    """Serve."""
