"""Other names and places in real pairs: 汤姆去了波士顿 (Tom went to Boston) becomes 周明去了哈密 (Zhou Ming, Hami).

Names and places are what corpora have too few of, and the same few of. An entity is replaced only if it stands once
on each side and is no part of another one (纽约 in 纽约时报, Tom in Tom Hanks), and by one of the same kind and
gender, so that pronouns stay right.
"""

import random
import re
from collections import defaultdict
from functools import cache
from typing import NamedTuple

from tfcli.data.synthetic.entities import FILES, of_kind, read_list
from tfcli.data.synthetic.grammar import Texts, article
from tfcli.data.synthetic.names import chinese

_HAN = re.compile("[\u4e00-\u9fff]")
_CAPITALISED = re.compile(r"[A-Z][a-zé']+")
_JOINTS = "·•・-"
# Characters that go on with a foreign name more often than with a sentence: 汤姆森, 玛丽亚, 约翰逊.
_NAME_GOES_ON = frozenset("逊森斯娅亚妮莉娜尔特克德丽琳拉安顿利维奇诺夫曼伯格莱") | frozenset(_JOINTS)
_NAME_COMES_BEFORE = frozenset("圣大小阿老西南北东新·•・")
# What is also something else: a government, a prize, an industry, a word.
_AMBIGUOUS = frozenset(
    ("华盛顿", "剑桥", "牛津", "奥斯卡", "好莱坞", "特洛伊", "维多利亚", "马格努斯")
    + ("东方", "和田", "大庆", "安康", "永康", "平凉")
)


class _Entity(NamedTuple):
    """What can be replaced. kind: given-m, given-f or city; longer: names of other things that hold it."""

    zh: str
    en: str
    kind: str
    longer: tuple[str, ...]


def substitute(source: str, target: str, rng: random.Random) -> Texts:
    """The pair with every entity that stands once on each side replaced; either side may be the Chinese one."""
    zh, en = (source, target) if _HAN.search(source) else (target, source)
    for entity in _entities_in(zh, en):
        place = _place_in(zh, en, entity)
        if place:
            zh, en = _replace(zh, en, place, entity, rng)
    return (zh, en) if _HAN.search(source) else (en, zh)


def _entities_in(zh: str, en: str) -> list[_Entity]:
    """Those whose English name may stand in a text: looked up by their first word."""
    index = _index()
    words = index.keys() & _CAPITALISED.findall(en.replace("'s", ""))
    return [entity for word in sorted(words) for entity in index[word] if entity.zh in zh]


def _place_in(zh: str, en: str, entity: _Entity) -> tuple[int, re.Match[str]] | None:
    """Where the entity stands on both sides, if it is there once and is all that stands there."""
    found = list(re.finditer(rf"(?<![\w-]){re.escape(entity.en)}(?![\w])", en))
    if len(found) != 1 or zh.count(entity.zh) != 1:
        return None
    at, end = zh.index(entity.zh), zh.index(entity.zh) + len(entity.zh)
    if any(name in zh for name in entity.longer) or zh[end : end + 1] in _JOINTS and zh[end : end + 1]:
        return None
    is_person = entity.kind != "city"
    if is_person and zh[end : end + 1] in _NAME_GOES_ON or at and zh[at - 1] in _NAME_COMES_BEFORE:
        return None
    before, after = en[: found[0].start()], en[found[0].end() :]
    if re.match(r"(?:'s)? [A-Z](?!\b)|-[A-Z]|, [A-Z][a-z]+$|\.[A-Za-z]", after) or re.match(r", [A-Z]\w+[,.]", after):
        return None
    word = re.search(r"([\w'.]+)[ ]$", before)
    if word and word[1][0].isupper() and word[1].replace("'", "").lower() not in _beginnings():
        return None
    return at, found[0]


def _replace(zh: str, en: str, place: tuple[int, re.Match[str]], entity: _Entity, rng: random.Random) -> Texts:
    at, found = place
    for _ in range(5):
        new_zh, new_en = _other(entity.kind, rng)
        if new_zh not in zh and new_en not in en:
            break
    else:
        return zh, en
    before = article(en[: found.start()], new_en) if found.start() else ""
    return zh[:at] + new_zh + zh[at + len(entity.zh) :], before + new_en + en[found.end() :]


def _other(kind: str, rng: random.Random) -> Texts:
    """Another entity of the kind: people mostly Chinese, who can be men or women."""
    if kind == "city":
        return rng.choice(_cities())
    way = rng.random()
    if way < 0.5:
        return chinese(rng)[:2]
    first_zh, first = rng.choice(of_kind(kind))
    if way < 0.8:
        return first_zh, first
    last_zh, last = rng.choice(of_kind("family"))
    return f"{first_zh}·{last_zh}", f"{first} {last}"


@cache
def _beginnings() -> frozenset[str]:
    """Words that may begin a sentence before a name. Other words with a capital may belong to it: Uncle Tom."""
    return frozenset(word for (word,) in read_list("beginnings"))


@cache
def _cities() -> tuple[Texts, ...]:
    """Cities by their plain names."""
    return tuple((zh, en) for zh, en in of_kind("city") if not (zh.endswith("市") and len(zh) > 2))


@cache
def _index() -> dict[str, list[_Entity]]:
    """What can be replaced, by the first word of its English name."""
    listed = [zh for name in FILES for zh, *_ in read_list(name)]
    kinds: dict[str, set[str]] = defaultdict(set)
    for kind in ("given-m", "given-f", "city", "family", "country", "province"):
        for zh, _ in of_kind(kind):
            kinds[zh].add(kind)
    index: dict[str, list[_Entity]] = defaultdict(list)
    for kind in ("given-m", "given-f", "city"):
        for zh, en in _cities() if kind == "city" else of_kind(kind):
            if len(zh) > 1 and kinds[zh] == {kind} and zh not in _AMBIGUOUS:
                longer = tuple(name for name in listed if zh in name and name not in (zh, f"{zh}市"))
                index[re.split(r"[ -]", en)[0]].append(_Entity(zh, en, kind, longer))
    return dict(index)
