"""Every way in which a command can end, as an error with a message, a hint and an exit code."""

import errno

import typer

from tfcli.errors import NotFoundError, ResourceError, TfcliError, UsageError
from tfcli.text.sanitize import redact


class NotMetError(TfcliError):
    """What the user demanded of the result (`--strict`, `--fail-under`) is not so."""

    exit_code = 1


class PermissionDeniedError(TfcliError):
    """The system does not let this user do it."""

    exit_code = 6


class Interrupted(TfcliError):
    """Ctrl-C."""

    exit_code = 130


_ERRNO: dict[int, tuple[type[TfcliError], str]] = {
    errno.ENOENT: (NotFoundError, "there is no such file or folder"),
    errno.ENOTDIR: (NotFoundError, "a part of the path is not a folder"),
    errno.EISDIR: (UsageError, "it is a folder, not a file"),
    errno.EEXIST: (UsageError, "it exists already"),
    errno.ENAMETOOLONG: (UsageError, "the name is too long"),
    errno.ELOOP: (UsageError, "its links lead in a circle"),
    errno.ENXIO: (UsageError, "it is no file, and nothing that can be opened"),
    errno.EMFILE: (ResourceError, "too many files are open"),
    errno.ENFILE: (ResourceError, "too many files are open"),
    errno.EACCES: (PermissionDeniedError, "permission denied"),
    errno.EPERM: (PermissionDeniedError, "permission denied"),
    errno.EROFS: (ResourceError, "the disk can only be read"),
    errno.ENOSPC: (ResourceError, "the disk is full"),
    errno.EDQUOT: (ResourceError, "your share of the disk is used up"),
    errno.EFBIG: (ResourceError, "the file would be larger than the system allows"),
    errno.EIO: (ResourceError, "the disk reports an error"),
    errno.ENOMEM: (ResourceError, "out of memory"),
}


def explain(error: BaseException) -> TfcliError:
    """The error for people that stands for any exception."""
    match error:
        case TfcliError():
            return error
        case KeyboardInterrupt():  # before or after the command itself
            return Interrupted("interrupted")
        case typer.TyperException():
            return _usage(error)
        case OSError(errno=number) if number in _ERRNO:
            kind, words = _ERRNO[number]
            what = f'"{error.filename}"' if error.filename else f"cannot {'write' if kind is ResourceError else 'read'}"
            return kind(f"{what}: {words}")
        case _ if _is_memory(error):
            return ResourceError("out of memory", "use a smaller --batch-tokens")
    words = " ".join(redact(str(error)).split())  # before it is cut: half a token would still be shown
    return TfcliError(f"unexpected {type(error).__name__}: {words[:300]}", "run again with -v for the traceback")


def _usage(error: typer.TyperException) -> UsageError:
    """A wrong command line, in our two parts."""
    context = getattr(error, "ctx", None)
    message, _, near = error.format_message().replace("Value error, ", "").partition(". Did you mean ")
    hint = f"see   {context.command_path if context else 'tfcli'} --help"
    if near:
        hint = f"did you mean {near}"
    elif hasattr(error, "possibilities"):  # an unknown option
        message = error.message
        if error.possibilities:
            hint = f"did you mean {' or '.join(error.possibilities)}?"
        elif context and "TEXT" in context.get_usage():
            hint = f'text that begins with "-" goes after --   {context.command_path} -- "-5 度"'
    message = message.removesuffix(".")
    return UsageError(message[:1].lower() + message[1:], hint)


def _is_memory(error: BaseException) -> bool:
    """Python's own, or PyTorch's on a GPU and on the CPU, told by name since PyTorch need not be there."""
    return (
        isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "allocate memory" in str(error)
    )
