"""One self-contained page: pickers, heat map, lines, grid of all heads; nothing is fetched.

Text stays text: tokens stand in a JSON block whose `<`, `>` and `&` are escaped, the script puts them on the page as
text nodes, and the policy of the page runs and fetches nothing but its own script and style, told by their hashes.
"""

import base64
import hashlib
import html
import json
from importlib import resources
from itertools import chain
from string import Template
from typing import Any

from tfcli.attention_maps.attention_map import AttentionMap
from tfcli.attention_maps.habits import summarize
from tfcli.attention_maps.terminal import show
from tfcli.attention_maps.text import document
from tfcli.attention_maps.view import ALL, View

_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def write_html(whole: AttentionMap, view: View) -> bytes:
    """All kinds, layers, heads and stages; the view says what is shown first."""
    style, script = _read("page.css"), _read("page.js")
    policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'"
    page = Template(_read("page.html")).substitute(
        policy=f"{policy}; form-action 'none'",
        title=html.escape(show(f"{whole.source} → {whole.target}")),
        style=style,
        script=script,
        map=json.dumps(_content(whole, view), ensure_ascii=False, allow_nan=False).translate(_ESCAPES),
    )
    return page.encode()


def _content(whole: AttentionMap, view: View) -> dict[str, Any]:
    has_scores = all(attention.scores_LHQM is not None for attention in whole.attentions.values())
    full = [View("all", stage, ALL, ALL).sheets(whole) for stage in ("weights", "scores")[: 1 + has_scores]]
    first = view.sheets(whole)[0]
    initial = {
        "kind": first.kind,
        "stage": first.stage,
        "layer": first.layers[0],
        "head": first.heads[0],
        "view": "heat" if first.is_single else "grid",
    }
    habits = [vars(habit) for habit in summarize(whole)]
    return document(whole, list(chain(*full))) | {"initial": initial, "habits": habits}


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return resources.files("tfcli.attention_maps").joinpath(name).read_text(encoding="utf-8")
