"""`tfcli serve`: translations for browsers, and for programs that speak to LibreTranslate."""

import contextlib
import errno
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tfcli.cli import console, options
from tfcli.cli.errors import PermissionDeniedError
from tfcli.cli.model import load_translator
from tfcli.errors import NotFoundError, ResourceError, UsageError
from tfcli.settings import Settings, resolve

if TYPE_CHECKING:
    from tfcli.serve.models import Models

_CHARACTERS, _TEXTS = 20_000, 500


def serve(
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0: one that is free.")] = 5000,
    api_key: Annotated[
        str | None,
        typer.Option("--api-key", metavar="KEY", help="What clients must send; @FILE reads it.", show_default=False),
    ] = None,
    model: Annotated[
        list[str] | None,
        options.setting("-m", "--model", metavar="MODEL", default="those that came with tfcli", help="Repeatable."),
    ] = None,
    char_limit: Annotated[
        int, typer.Option("--char-limit", metavar="N", min=1, help="Most characters of a request.")
    ] = _CHARACTERS,
    batch_limit: Annotated[int, typer.Option("--batch-limit", metavar="N", min=1, help="Most texts of one.")] = _TEXTS,
    alternatives: Annotated[
        int, typer.Option("--alternatives", metavar="K", min=0, help="Others that may be asked for, by a wider beam.")
    ] = 0,
    beam: options.Beam = None,
    length_penalty: options.LengthPenalty = None,
    normalize: options.Normalize = None,
    split: options.SplitOption = None,
    protect: options.Protect = None,
    glossary: options.Glossary = None,
    device: options.Device = None,
    dtype: options.Dtype = None,
    engine: options.Engine = None,
    threads: options.Threads = None,
    batch_tokens: options.BatchTokens = None,
) -> None:
    """Serve a page for the browser and LibreTranslate's API, to this machine only.

    \b
    Models are those named by -m first, then those that came with tfcli; of several for one direction the first
    translates. Another address than this machine's needs --api-key. Ctrl-C stops when all requests are answered.

    \b
    Examples:
      tfcli serve
      curl -d 'q=好久不见' -d source=auto -d target=en http://127.0.0.1:5000/translate
      tfcli serve --alternatives 3
      tfcli serve --host 0.0.0.0 --api-key @key.txt
    """
    try:
        from tfcli.serve.app import make_app
        from tfcli.serve.requests import Limits
        from tfcli.serve.server import LOCAL_NAMES, is_local, make_server
    except ImportError as error:
        raise NotFoundError(f"serving needs {error.name}", "install it with   pip install 'tfcli[serve]'") from None
    key = _read_key(api_key)
    resolved = resolve(
        dict(device=device, dtype=dtype, engine=engine, threads=threads, batch_tokens=batch_tokens)
        | dict(normalize=normalize, split=split, protect=protect, glossary=glossary)
        | dict(beam=beam, length_penalty=length_penalty)
    )
    settings = replace(resolved.settings, beam=max(resolved.settings.beam, alternatives + 1))
    with _listening(host, port) as listening:
        is_private = is_local(listening)
        if not is_private and key is None:
            raise UsageError(
                f"{host} can be reached by other machines, and there is no key",
                "choose one   --api-key KEY\nor stay on this machine   --host 127.0.0.1",
            )
        models = _load(model or [settings.model], settings, alternatives)
        app = make_app(models, Limits(char_limit, batch_limit), key, (*LOCAL_NAMES, host) if is_private else ("*",))
        directions = ", ".join(f"{source} → {target}" for source, target in models.directions)
        console.note(f"{directions} at {_url(listening)}   Ctrl-C stops")
        server = make_server(app)
        # It has stopped in good order when it sends itself the signal again that stopped it.
        with contextlib.suppress(KeyboardInterrupt, SystemExit):
            server.run(sockets=[listening])
    if not server.started:
        raise ResourceError("the server could not start")
    console.note("stopped")


def _load(named: list[str], settings: Settings, alternatives: int) -> "Models":
    from tfcli.bundle import locate, shipped
    from tfcli.looking import Translator
    from tfcli.serve.models import Models

    folders = dict.fromkeys([*(locate(name) for name in named), *shipped()])
    return Models(
        load_translator(replace(settings, model=str(folder)), alternatives=alternatives + 1, kind=Translator)
        for folder in folders
    )


def _read_key(given: str | None) -> str | None:
    """A key, or the one in a file, where the list of processes does not show it."""
    key = given
    if given and given.startswith("@"):
        key = Path(given[1:]).read_text(encoding="utf-8", errors="replace").strip()
    if key == "":
        raise UsageError("the key of --api-key is empty")
    return key


def _listening(host: str, port: int) -> socket.socket:
    from tfcli.serve.server import listen

    try:
        return listen(host, port)
    except socket.gaierror:
        raise UsageError(f'"{host}" is not an address', "stay on this machine   --host 127.0.0.1") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ResourceError(f"port {port} of {host} is in use", f"take another   --port {port + 1}") from None
        if error.errno == errno.EACCES:
            raise PermissionDeniedError(
                f"you may not listen on port {port}", "take one above 1023   --port 5000"
            ) from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise UsageError(f"{host} is not an address of this machine", "use   --host 127.0.0.1") from None
        raise


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
