"""Lists of people, places and things with their English names, built in, or a user's own beside them."""

import re
from functools import cache
from importlib import resources

Name = tuple[str, str]

FILES = (
    *("china-places", "world-places", "organisations", "works", "when"),
    *("foreign-names", "people", "surnames", "given-chars"),
)


@cache
def read_list(name: str) -> tuple[tuple[str, ...], ...]:
    """The lines of a built-in list, mostly (Chinese, English, kind)."""
    text = resources.files(__package__).joinpath(f"lists/{name}.tsv").read_text("utf-8")
    return tuple(tuple(line.split("\t")) for line in text.splitlines())


@cache
def of_kind(*kinds: str) -> tuple[Name, ...]:
    """Every entity of these kinds, in the order of the lists."""
    return tuple((zh, en) for name in FILES for zh, en, kind in read_list(name) if kind in kinds)


@cache
def _with_the() -> re.Pattern[str]:
    endings, beginnings = (
        "|".join(re.escape(word) for word, kind in read_list("with-the") if kind == wanted)
        for wanted in ("ending", "beginning")
    )
    return re.compile(rf"(?!Tower Bridge)(?:.* (?:{endings})|(?:{beginnings})(?: .*)?)")


@cache
def with_article(en: str) -> str:
    """In a sentence: the Yangtze River, the Netherlands, but Lake Tai, France."""
    return f"the {en}" if _with_the().fullmatch(en) else en
