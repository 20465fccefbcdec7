"""Inline Markdown with the place of every mark: markdown-it-py says what stands in a line, but not where.

Its rules are wrapped, so that each token remembers where it was read; what lies between the tokens is text.
"""

import re
from copy import deepcopy
from functools import cache
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

_PLACE = "tfcli_place"
_WIDTHS = {"em_open": (0, 1), "em_close": (0, 1), "strong_open": (-1, 1), "strong_close": (0, 2)}
_WIDTHS |= {"s_open": (0, 2), "s_close": (0, 2)}
"""Where the delimiters of a token begin and end, seen from the place of the character it was made of."""


class Found(NamedTuple):
    """content[start:end]. kind: the type of the token, as markdown-it calls it."""

    kind: str
    start: int
    end: int


@cache
def parser() -> MarkdownIt:
    """CommonMark with the tables, strikethrough, footnotes, formulas and front matter that people use."""
    made = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    made.use(front_matter_plugin).use(footnote_plugin).use(dollarmath_plugin, allow_digits=False)
    for rule in list(made.inline.ruler.__rules__):
        wrapper = _remember_link if rule.name == "link" else _remember
        made.inline.ruler.at(rule.name, wrapper(rule.fn), {"alt": rule.alt})
    return made


def find_marks(content: str, env: dict) -> list[Found]:
    """The marks of the content of an inline token, from left to right. env: of the document, for its references."""
    token = parser().parseInline(content, deepcopy(env))[0]  # what follows it are the footnotes
    found: list[Found] = []
    for child in token.children or []:
        if child.type == "text" or _PLACE not in child.meta:
            continue
        start, end = child.meta[_PLACE]
        if child.type in _WIDTHS:
            left, right = _WIDTHS[child.type]
            start, end = start + left, start + right
        found.append(Found("autolink" if child.markup == "autolink" else child.type, start, end))
    return found


def _remember(rule):
    def remembering(state: StateInline, silent: bool) -> bool:
        start, known = state.pos, len(state.tokens)
        done = rule(state, silent)
        if done and not silent:
            fresh = [
                token for token in state.tokens[known:] if token.type != "text" or token.content in ("*", "_", "~~")
            ]
            fresh = [token for token in fresh if _PLACE not in token.meta]
            width = 1
            if fresh and all(token.content == "~~" for token in fresh):
                width, start = 2, start + (state.pos - start) % 2
            for i, token in enumerate(fresh):
                is_delimiter = token.type == "text"
                place = (start + i * width, start + i * width + width) if is_delimiter else (start, state.pos)
                token.meta = token.meta | {_PLACE: place}
        return done

    return remembering


def _remember_link(rule):
    def remembering(state: StateInline, silent: bool) -> bool:
        start, known = state.pos, len(state.tokens)
        label_end = -1 if silent or state.src[start] != "[" else state.md.helpers.parseLinkLabel(state, start, True)
        done = rule(state, silent)
        if done and not silent:
            opening = next(i for i in range(known, len(state.tokens)) if state.tokens[i].type == "link_open")
            state.tokens[opening].meta = {_PLACE: (start, start + 1)}
            state.tokens[-1].meta = {_PLACE: (label_end, state.pos)}
        return done

    return remembering


ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
