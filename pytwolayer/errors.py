"""The errors this package raises on purpose."""


class PytwolayerError(Exception):
    """Base of every error of this package."""


class ArgumentError(PytwolayerError, ValueError):
    """An argument is not what was expected.

    Attributes
    ----------
    argument, expected, received : str
        The argument's name, what it must be, and what came instead.
    """

    def __init__(self, argument: str, expected: str, received: str) -> None:
        self.argument, self.expected, self.received = argument, expected, received
        super().__init__(argument, expected, received)

    def __str__(self) -> str:
        return f"`{self.argument}` must be {self.expected}, not {self.received}."


class DeviceError(ArgumentError):
    """The device asked for is unknown or is not in this machine."""
