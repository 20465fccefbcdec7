"""The walk of one query as text: a table of what happens to the scores, a table of what happens to the values.

Shapes: K d_head.
"""

import math
from collections.abc import Iterator, Sequence

from tfcli.attention_maps.attention_map import Array, AttentionMap
from tfcli.attention_maps.habits import summarize
from tfcli.attention_maps.terminal import fit, headline, show, width_of
from tfcli.attention_maps.view import NAMES
from tfcli.attention_maps.walk import Walk

_LABEL = 16
_SHOWN = 5
_NUMBER = 9


def write_walk(whole: AttentionMap, walk: Walk) -> str:
    """The five steps of scaled dot-product attention, numbers of one head and one query."""
    return "\n".join([headline(whole).plain, "", *_lines(walk)])


def write_summary(whole: AttentionMap) -> str:
    """The habits of all heads as a table."""
    rows = [f"{'kind':8}{'layer':>6}{'head':>6}{'entropy':>9}{'distance':>10}{'alignment':>11}  habit"]
    for habit in summarize(whole):
        alignment = "" if habit.alignment is None else f"{habit.alignment:.2f}"
        numbers = f"{habit.layer:6}{habit.head:6}{habit.entropy:9.2f}{habit.distance:10.2f}{alignment:>11}"
        rows.append(f"{habit.kind:8}{numbers}  {habit.habit}")
    return "\n".join([headline(whole).plain, "entropy in bits, distance in tokens, alignment as a share", "", *rows])


def _lines(walk: Walk) -> Iterator[str]:
    width, asker = len(walk.q_K), show(walk.queries[walk.query])
    label = min(max(map(width_of, map(show, walk.keys))), _LABEL)
    moved = not _same(walk.scaled_M, walk.given_M)
    yield f"{NAMES[walk.kind]} · layer {walk.layer} · head {walk.head} · query {walk.query} {asker}"
    yield f"vectors have {width} numbers, the first {min(_SHOWN, width)} are shown"
    yield ""
    yield f"q of {asker} = {_vector(walk.q_K)}"
    yield "k of each key:"
    for key, k_K in zip(walk.keys, walk.k_MK, strict=True):
        yield f"{fit(show(key), label)}  {_vector(k_K)}"
    yield ""
    yield "1  q·k: how well the query and each key go together"
    then = ", then the positions" * moved
    yield f"2  divided by √{width} = {math.sqrt(width):.3g}, or it would grow with the width{then}"
    hidden = int((~walk.allowed_M).sum())
    yield f"3  mask: {hidden or 'no'} key{'s' * (hidden != 1)} hidden from this query"
    yield f"4  softmax: e^(score - greatest), divided by their sum {walk.exps_M.sum():.4f}"
    yield ""
    columns = ["q·k", f"/√{width}", *["positions"] * moved, "masked", "e^", "weight"]
    yield " ".join([" " * label, *(name.rjust(_NUMBER) for name in columns)])
    for m, key in enumerate(walk.keys):
        score = walk.given_M[m]
        numbers = [walk.dots_M[m], walk.scaled_M[m], *[score] * moved, score if walk.allowed_M[m] else -math.inf]
        numbers += [walk.exps_M[m], walk.weights_M[m]]
        yield " ".join([fit(show(key), label), *(_number(number) for number in numbers)])
    yield ""
    yield "5  the values, each times its weight, summed"
    yield ""
    for key, weight, v_K in zip(walk.keys, walk.weights_M, walk.v_MK, strict=True):
        yield f"{fit(show(key), label)} {weight:.4f} × {_vector(v_K)}"
    yield from _ends(walk, label + 7)


def _ends(walk: Walk, label: int) -> Iterator[str]:
    yield f"{fit('sum', label)} = {_vector(walk.sum_K)}"
    yield f"{fit('model', label)} = {_vector(walk.out_K)}"
    yield f"largest difference over all {len(walk.out_K)} numbers: {walk.difference:.1e}"


def _vector(x_K: Sequence[float] | Array) -> str:
    more = " …" * (len(x_K) > _SHOWN)
    return f"[{' '.join(f'{x:7.3f}' for x in x_K[:_SHOWN])}{more} ]"


def _number(number: float) -> str:
    return ("-∞" if number == -math.inf else f"{number:.4f}").rjust(_NUMBER)


def _same(a_M: Array, b_M: Array) -> bool:
    return bool(abs(a_M - b_M).max() <= 1e-4 * max(1.0, abs(a_M).max()))
