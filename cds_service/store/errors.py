"""What can go wrong with the store."""


class StoreError(Exception):
    """The store cannot be used; the message quotes neither its address nor what is stored.

    Attributes:
        passing: whether it may well go by itself, as when the database is being restarted.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing
