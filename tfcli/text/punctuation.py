"""Punctuation as wide as the letters around it: tokenizers fold ， to a comma, and Chinese is not written with that."""

import re

_WIDE_LETTER = "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WIDE_MARK = "\u2018-\u201d\u3001-\u3003\u3008-\u3011\uff01-\uff60"
_BESIDE = f"[{_WIDE_LETTER}{_WIDE_MARK}]"
_MARKS = {",": "，", "?": "？", "!": "！", ":": "：", ";": "；", "(": "（", ")": "）"}
_DOTS = re.compile(rf"(?<={_BESIDE})\.{{3,}}|\.{{3,}}(?={_BESIDE})")
_RUN = r"\s*[,?!:;()][\s,?!:;()]*"
_NARROW = re.compile(rf"(?<={_BESIDE}){_RUN}|{_RUN}(?={_BESIDE})")
_LAST = re.compile(r"(?<![\s.])([.?!])(?=[\"')\]]*$)")
_HAS_LETTER = re.compile(f"[{_WIDE_LETTER}]")


def widen(text: str) -> str:
    """The text with full-width marks beside its wide letters: 好,谢谢! becomes 好，谢谢！, 1,000 and "a, b" stay."""
    if not _HAS_LETTER.search(text):
        return text
    text = _NARROW.sub(lambda found: "".join(_MARKS.get(char, "") for char in found[0]), _DOTS.sub("……", text))
    return _LAST.sub(lambda found: {".": "。"}.get(found[1]) or _MARKS[found[1]], text)
