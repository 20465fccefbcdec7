"""What a client asks for: the fields of its body, checked. What is wrong is said in LibreTranslate's words."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

_MOST_FIELDS = 5000
_MOST_BYTES_OF_A_CHARACTER = 12  # an emoji as \ud83d\ude00 in JSON, or %F0%9F%98%80 in a form
_ROOM = 1 << 16


class ApiError(Exception):
    """An answer other than a translation. status: of HTTP."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Limits:
    """characters: of all texts of a request. texts: in a request."""

    characters: int = 20_000
    texts: int = 500


@dataclass(frozen=True)
class Order:
    """texts: to translate. is_list: whether they came as an array. alternatives: so many more were asked for."""

    texts: list[str]
    is_list: bool
    source: str
    target: str
    is_html: bool
    alternatives: int


async def read_fields(request: Request, limits: Limits) -> dict[str, Any]:
    """The fields of a body in JSON or as a form. Raises ApiError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/x-www-form-urlencoded"):
        raise ApiError(415, "Invalid request: send application/json or application/x-www-form-urlencoded")
    body = await _read(request, _MOST_BYTES_OF_A_CHARACTER * limits.characters + _ROOM)
    try:
        if kind == "application/json":
            fields = json.loads(body)
        else:
            fields = _from_form(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except (ValueError, RecursionError):
        what = "JSON" if kind == "application/json" else "form"
        raise ApiError(400, f"Invalid request: the body is not a {what}") from None
    if not isinstance(fields, dict):
        raise ApiError(400, "Invalid request: the body is not a JSON object")
    return fields


def read_order(fields: dict[str, Any], limits: Limits) -> Order:
    """What is to be translated. Raises ApiError."""
    for name in ("q", "source", "target"):
        if not fields.get(name) and fields.get(name) != "":
            raise ApiError(400, f"Invalid request: missing {name} parameter")
    for name in ("source", "target", "format"):
        if not isinstance(fields.get(name) or "", str):
            raise ApiError(400, f"Invalid request: {name} is not a string")
    if (form := fields.get("format") or "text") not in ("text", "html"):
        raise ApiError(400, f"{form[:20]} format is not supported")
    q = fields["q"]
    texts = q if isinstance(q, list) else [q]
    check_texts(texts, limits)
    alternatives = _to_count(fields.get("alternatives") or 0)
    return Order(texts, isinstance(q, list), fields["source"], fields["target"], form == "html", alternatives)


def check_texts(texts: list[Any], limits: Limits) -> None:
    """Raises ApiError if they are not strings, or too many."""
    if not all(isinstance(text, str) for text in texts):
        raise ApiError(400, "Invalid request: q is not a string or an array of strings")
    if len(texts) > limits.texts:
        raise ApiError(400, f"Invalid request: request ({len(texts)}) exceeds batch limit ({limits.texts})")
    if (size := sum(map(len, texts))) > limits.characters:
        raise ApiError(400, f"Invalid request: request ({size}) exceeds text limit ({limits.characters})")


async def _read(request: Request, most: int) -> bytes:
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise ApiError(413, f"Invalid request: the body is larger than {most} bytes")
    except ClientDisconnect:
        raise ApiError(400, "Invalid request: the body is not complete") from None
    return body


def _from_form(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Of a field that stands there twice the first counts, but several q are an array."""
    fields: dict[str, Any] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    texts = [value for name, value in pairs if name == "q"]
    return fields | ({"q": texts} if len(texts) > 1 else {})


def _to_count(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 5:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ApiError(400, "Invalid request: alternatives is not a number")
    return value
