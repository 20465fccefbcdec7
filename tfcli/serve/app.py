"""The routes: LibreTranslate's API and the page. Texts are in no log, and no error tells more than what was wrong."""

import json
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tfcli.looking import Translator
from tfcli.serve.batching import Batcher, BusyError
from tfcli.serve.models import Models
from tfcli.serve.page import page_routes
from tfcli.serve.requests import ApiError, Limits, Order, check_texts, read_fields, read_order
from tfcli.serve.translating import translate_pages, translate_texts
from tfcli.text.languages import find_language

AUTO = "auto"
_log = logging.getLogger("tfcli.serve")


class Api:
    """What each route answers. api_key: without it nothing is translated; None: nobody needs one."""

    def __init__(self, models: Models, batcher: Batcher, limits: Limits, api_key: str | None):
        self.models, self.batcher, self.limits, self.api_key = models, batcher, limits, api_key

    async def translate(self, request: Request) -> dict[str, Any]:
        fields = await read_fields(request, self.limits)
        self._check_key(fields)
        order = read_order(fields, self.limits)
        detected, translators = self._find_translators(order)
        translate = translate_pages if order.is_html else translate_texts
        answers = await translate(self.batcher, order.texts, translators)
        translated = [text for text, _ in answers]
        answer: dict[str, Any] = {"translatedText": translated if order.is_list else translated[0]}
        if order.source == AUTO:
            languages = [{"confidence": share, "language": code} for code, share in detected]
            answer["detectedLanguage"] = languages if order.is_list else languages[0]
        if order.alternatives:
            others = [found[: order.alternatives] for _, found in answers]
            answer["alternatives"] = others if order.is_list else others[0]
        return answer

    async def detect(self, request: Request) -> list[dict[str, Any]]:
        fields = await read_fields(request, self.limits)
        self._check_key(fields)
        if "q" not in fields:
            raise ApiError(400, "Invalid request: missing q parameter")
        check_texts([fields["q"]], self.limits)
        found = self.models.detect(fields["q"])
        likely = [one for one in found if one[1]] or found[:1]
        return [{"confidence": share, "language": code} for code, share in likely]

    async def languages(self, request: Request) -> list[dict[str, Any]]:
        return self.models.languages()

    async def health(self, request: Request) -> dict[str, str]:
        return {"status": "ok"}

    async def settings(self, request: Request) -> dict[str, Any]:
        """What a page needs to know of the server."""
        source, target = self.models.directions[0]
        return {
            "apiKeys": bool(self.api_key),
            "keyRequired": bool(self.api_key),
            "charLimit": self.limits.characters,
            "batchLimit": self.limits.texts,
            "language": {"source": _row(source), "target": _row(target)},
            "suggestions": False,
            "supportedFilesFormat": [],
        }

    def _check_key(self, fields: dict[str, Any]) -> None:
        given = fields.get("api_key")
        if not self.api_key:
            return
        if not given:
            raise ApiError(401, "Please contact the server operator to get an API key")
        if not secrets.compare_digest(str(given).encode("utf-8", "replace"), self.api_key.encode()):
            raise ApiError(403, "Invalid API key")

    def _find_translators(self, order: Order) -> tuple[list[tuple[str, int]], list[Translator | None]]:
        """For each text its language with a share, see `Models.detect`, and who translates it; nobody where the text
        is in the language that was asked for."""
        target = self._code(order.target)
        if order.source == AUTO:
            sources = [self.models.detect(text, target)[0] for text in order.texts]
        else:
            sources = [(self._code(order.source), 100)] * len(order.texts)
        translators = []
        for source, _ in sources:
            translator = self.models.find(source, target)
            if translator is None and source != target:
                raise ApiError(400, f"{_name(target)} is not available as a target language from {_name(source)}")
            translators.append(translator)
        return sources, translators

    def _code(self, asked: str) -> str:
        code = find_language(asked).code
        if code not in self.models.codes:
            raise ApiError(400, f"{asked[:20]} is not supported")
        return code


def make_app(models: Models, limits: Limits, api_key: str | None = None, hosts: Sequence[str] = ("*",)) -> Starlette:
    """hosts: the names under which the server may be called. One for this machine only must not be reached by the page
    of a stranger whose name points to this machine."""
    batcher = Batcher()
    api = Api(models, batcher, limits, api_key)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        batcher.start()
        yield
        await run_in_threadpool(batcher.close)

    routes = [
        Route("/translate", _answers(api.translate), methods=["POST"]),
        Route("/detect", _answers(api.detect), methods=["POST"]),
        Route("/languages", _answers(api.languages)),
        Route("/frontend/settings", _answers(api.settings)),
        Route("/health", _answers(api.health)),
        *page_routes(),
    ]
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
        exception_handlers={HTTPException: _http_error},
    )


def _answers(ask: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that answers in JSON whatever happens."""

    async def endpoint(request: Request) -> Response:
        try:
            return _to_json(await ask(request))
        except ApiError as error:
            return _to_json({"error": error.message}, error.status)
        except BusyError:
            return _to_json({"error": "Slowdown: the server is busy"}, 503, {"Retry-After": "1"})
        except Exception as error:
            _log.error("unexpected %s", type(error).__name__)  # its message may quote a text
            return _to_json({"error": "Cannot translate text: unexpected error"}, 500)

    return endpoint


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _to_json({"error": error.detail}, error.status_code, dict(error.headers or {}))


def _to_json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    # All of it in ASCII: half a character, which JSON can say and UTF-8 cannot, is given back as it came.
    security = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return Response(json.dumps(value), status, security | (headers or {}), "application/json")


def _row(code: str) -> dict[str, str]:
    return {"code": code, "name": find_language(code).name}


def _name(code: str) -> str:
    return f"{find_language(code).name} ({code})"
