"""What can go wrong, as few kinds: each carries a message, a hint and the exit code of the command line."""


class TfcliError(Exception):
    """An error a person can act on.

    message: one sentence naming the thing that is wrong, without a trailing period.
    hint: what to do about it, one or more lines; empty if there is nothing to add.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(TfcliError):
    """A wrong option or a wrong combination of options."""

    exit_code = 2


class DataError(TfcliError):
    """Text or a corpus that cannot be used."""

    exit_code = 3


class ModelError(TfcliError):
    """A model, checkpoint, tokenizer or config that is damaged or does not fit."""

    exit_code = 4


class NotFoundError(TfcliError):
    """Something named by the user does not exist."""

    exit_code = 5


class AccessError(TfcliError):
    """The Hub does not let this user do it."""

    exit_code = 6


class NetworkError(TfcliError):
    """The Hub cannot be reached, is busy, answers nonsense, or is not to be asked."""

    exit_code = 7


class ConflictError(TfcliError):
    """Something changed on the Hub in the meantime."""

    exit_code = 8


class ResourceError(TfcliError):
    """Disk, memory or a lock on this machine."""

    exit_code = 9


class DivergedError(TfcliError):
    """Training produced numbers that are not finite."""

    exit_code = 10
