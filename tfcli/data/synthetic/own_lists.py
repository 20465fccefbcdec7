"""A user's own names and places in the built-in frames: colleagues, products, streets that no list has."""

import difflib
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate

from tfcli.data.synthetic import SLOTS, names, places
from tfcli.data.synthetic.entities import with_article
from tfcli.data.synthetic.grammar import Frame, Slots, Texts, Value, fill, read_frames
from tfcli.data.synthetic.names import person_value
from tfcli.errors import DataError, NotFoundError

Entity = tuple[str, str, str]
KINDS = tuple(kind for kind in {**names.SLOTS, **places.SLOTS} if kind != "home")
"""What an entity can be: person, city, company, ...; not a city with its province, which is two."""


def read_entities(path: str) -> list[Entity]:
    """A user's list: lines of Chinese TAB English TAB kind, the kind one of KINDS.

    Raises NotFoundError for a missing file; DataError, with the line, for anything else, and for a file of no entity.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            rows = [line.rstrip("\r\n").split("\t") for line in file]
    except FileNotFoundError:
        raise NotFoundError(f'no list of entities at "{path}"') from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start + 1}: not UTF-8") from None
    entities = []
    for number, row in enumerate(rows, 1):
        if row == [""]:
            continue
        if len(row) != 3 or not all(cell.strip() for cell in row):
            raise DataError(f"{path}: line {number} is no entity", "a line is   周明<TAB>Zhou Ming<TAB>person")
        zh, en, kind = (cell.strip() for cell in row)
        if kind not in KINDS:
            near = difflib.get_close_matches(kind, KINDS, 1)
            hint = f'"{near[0]}" is one; all are:   ' if near else "they are:   "
            raise DataError(f'{path}: line {number}: there is no kind "{kind}"', hint + ", ".join(KINDS))
        entities.append((zh, en, kind))
    if not entities:
        raise DataError(f"{path} holds no entity", "a line is   周明<TAB>Zhou Ming<TAB>person")
    return entities


def with_entities(name: str, entities: Sequence[Entity]) -> Callable[[random.Random], Texts]:
    """A generator like SYNTHETIC[name], of the frames that ask for something of these kinds, filled from this list.

    Every pair holds one of the entities. Raises DataError if no frame of that name asks for any of the kinds.
    """
    by_kind: dict[str, list[Texts]] = defaultdict(list)
    for zh, en, kind in entities:
        by_kind[kind].append((zh, en))
    frames, weights = [], []
    previous = 0.0
    for frame, total in zip(*read_frames(name), strict=True):
        if any(slot.rstrip("0123456789") in by_kind for slot in frame.slots):
            frames.append(frame)
            weights.append(total - previous)
        previous = total
    if not frames:
        raise DataError(f'no sentence of "{name}" has room for {", ".join(by_kind)}')
    slots = {**SLOTS, **{kind: partial(_draw, list_) for kind, list_ in by_kind.items()}}
    return partial(_draw_pair, frames, list(accumulate(weights)), slots)


def _draw_pair(frames: list[Frame], weights: list[float], slots: Slots, rng: random.Random) -> Texts:
    return fill(rng.choices(frames, cum_weights=weights)[0], slots, rng)


def _draw(entities: list[Texts], rng: random.Random) -> Value:
    """One of the list, with every form that a frame may ask for."""
    zh, en = rng.choice(entities)
    person = person_value(zh, en, "", rng)
    return person._replace(forms={**person.forms, "the": (zh, with_article(en))})
