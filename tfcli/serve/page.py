"""The page at /: three files of the package, which fetch nothing from elsewhere."""

from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FILES = {"/": ("page.html", "text/html"), "/page.css": ("page.css", "text/css")}
_FILES |= {"/page.js": ("page.js", "text/javascript")}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def page_routes() -> list[Route]:
    return [Route(path, _sender(*file)) for path, file in _FILES.items()]


def _sender(name: str, kind: str):
    data = resources.files("tfcli.serve").joinpath(name).read_bytes()

    async def send(request: Request) -> Response:
        return Response(data, headers=_HEADERS, media_type=kind)

    return send
