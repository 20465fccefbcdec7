"""Names of people: Chinese ones by surname and given name, in pinyin, with titles and nicknames; foreign, famous."""

import random
from collections.abc import Callable
from itertools import accumulate

from tfcli.data.synthetic.entities import Name, of_kind, with_article
from tfcli.data.synthetic.grammar import Slots, Value

# Chinese title, English title, gender it tells, weight.
_TITLES = (
    ("先生", "Mr. {}", "m", 9),
    ("女士", "Ms. {}", "f", 7),
    ("小姐", "Miss {}", "f", 5),
    ("太太", "Mrs. {}", "f", 3),
    ("夫人", "Mrs. {}", "f", 1),
    ("教授", "Professor {}", "", 7),
    ("博士", "Dr. {}", "", 3),
    ("医生", "Dr. {}", "", 6),
    ("大夫", "Dr. {}", "", 3),
    ("老师", "Teacher {}", "", 8),
    ("总", "Mr. {}", "m", 6),
    ("经理", "Manager {}", "", 5),
    ("总经理", "General Manager {}", "", 1),
    ("主任", "Director {}", "", 4),
    ("局长", "Director {}", "", 2),
    ("校长", "Principal {}", "", 3),
    ("院长", "Dean {}", "", 1),
    ("律师", "Attorney {}", "", 2),
    ("警官", "Officer {}", "", 2),
    ("队长", "Captain {}", "", 2),
    ("教练", "Coach {}", "", 2),
    ("市长", "Mayor {}", "", 2),
    ("部长", "Minister {}", "", 2),
    ("书记", "Secretary {}", "", 2),
    ("秘书", "Secretary {}", "", 1),
    ("法官", "Judge {}", "", 1),
    ("导演", "Director {}", "", 1),
    ("护士", "Nurse {}", "", 1),
    ("师傅", "Master {}", "m", 3),
    ("阿姨", "Aunt {}", "f", 3),
    ("叔叔", "Uncle {}", "m", 3),
    ("大爷", "Uncle {}", "m", 1),
    ("大妈", "Aunt {}", "f", 1),
    ("奶奶", "Grandma {}", "f", 2),
    ("爷爷", "Grandpa {}", "m", 2),
)
_TITLE_WEIGHTS = list(accumulate(title[3] for title in _TITLES))
_PRONOUNS = {
    "m": {"he": ("他", "he"), "him": ("他", "him"), "his": ("他的", "his"), "self": ("他自己", "himself")},
    "f": {"he": ("她", "she"), "him": ("她", "her"), "his": ("她的", "her"), "self": ("她自己", "herself")},
}


def person_value(zh: str, en: str, gender: str, rng: random.Random) -> Value:
    """A person, with the pronouns that both sides use for them; an unknown gender is drawn."""
    return Value(zh, en, _PRONOUNS[gender or rng.choice("mf")])


def _by_rank(items: tuple[Name, ...], rng: random.Random, flat: float) -> Name:
    """The first ones of a list oftener. flat: 1 draws all alike, small numbers prefer the first strongly."""
    return items[int(len(items) * rng.random() ** (1 / flat))]


def surname(rng: random.Random) -> Name:
    """The common ones as often as among people, the rare ones often enough to be learned."""
    return _by_rank(of_kind("surname"), rng, 0.45)


def given_name(rng: random.Random) -> Name:
    """One or two characters, in pinyin: 建安 is Jian'an."""
    characters = [_by_rank(of_kind("given-char"), rng, 0.7) for _ in range(1 if rng.random() < 0.25 else 2)]
    if len(characters) == 2 and rng.random() < 0.05:
        characters[1] = characters[0]
    zh, syllables = "".join(zh for zh, _ in characters), [pinyin for _, pinyin in characters]
    joint = "'" if len(syllables) == 2 and syllables[1][0] in "aeo" else ""
    return zh, joint.join(syllables).capitalize()


def chinese(rng: random.Random) -> Value:
    """周明: Zhou Ming; 欧阳娜娜: Ouyang Nana."""
    (family_zh, family), (zh, given) = surname(rng), given_name(rng)
    return person_value(family_zh + zh, f"{family} {given}", "", rng)


def given_only(rng: random.Random) -> Value:
    """建国, 小燕: a given name of two characters without the surname, as friends and family say it."""
    zh, given = given_name(rng)
    while len(zh) == 1:
        zh, given = given_name(rng)
    return person_value(zh, given, "", rng)


def foreign_given(rng: random.Random) -> Value:
    """凯瑟琳: Catherine."""
    gender = rng.choice("mf")
    return person_value(*rng.choice(of_kind(f"given-{gender}")), gender, rng)


def foreign_full(rng: random.Random) -> Value:
    """安德鲁·威尔逊: Andrew Wilson."""
    gender = rng.choice("mf")
    (first_zh, first), (last_zh, last) = rng.choice(of_kind(f"given-{gender}")), rng.choice(of_kind("family"))
    return person_value(f"{first_zh}{rng.choice('···•.')}{last_zh}", f"{first} {last}", gender, rng)


def famous(rng: random.Random) -> Value:
    """Somebody whom readers know, living or not."""
    return person_value(*rng.choice(of_kind("chinese", "foreign")), "", rng)


def titled(rng: random.Random) -> Value:
    """王先生: Mr. Wang; 威尔逊教授: Professor Wilson."""
    title_zh, title, gender, _ = rng.choices(_TITLES, cum_weights=_TITLE_WEIGHTS)[0]
    if title_zh in ("先生", "女士", "教授", "博士", "小姐", "太太") and rng.random() < 0.25:
        zh, name = rng.choice(of_kind("family"))
    else:
        zh, name = surname(rng)
    return person_value(zh + title_zh, title.format(name), gender, rng)


def nickname(rng: random.Random) -> Value:
    """老王: Lao Wang; 小李: Xiao Li."""
    zh, name = surname(rng)
    while len(zh) > 1:
        zh, name = surname(rng)
    way = rng.choice((("老", "Lao"), ("小", "Xiao"), ("小", "Xiao")))
    return person_value(way[0] + zh, f"{way[1]} {name}", "", rng)


_PEOPLE = (chinese, foreign_given, foreign_full, given_only, titled, nickname)


def person(rng: random.Random) -> Value:
    """Anybody that a sentence can be about."""
    return rng.choices(_PEOPLE, (58, 13, 9, 5, 10, 5))[0](rng)


def full(rng: random.Random) -> Value:
    """A full name, Chinese or foreign."""
    return chinese(rng) if rng.random() < 0.75 else foreign_full(rng)


def listed(*kinds: str) -> Callable[[random.Random], Value]:
    """One of the listed entities; the form `the` is how it stands in an English sentence."""

    def draw(rng: random.Random) -> Value:
        zh, en = rng.choice(of_kind(*kinds))
        return Value(zh, en, {"the": (zh, with_article(en))})

    return draw


SLOTS: Slots = {
    "person": person,
    "full": full,
    "chinese": chinese,
    "given": given_only,
    "foreign": foreign_full,
    "first": foreign_given,
    "famous": famous,
    "titled": titled,
    "nick": nickname,
    "job": listed("job"),
    "company": listed("company"),
    "university": listed("university"),
    "book": listed("book"),
    "film": listed("film"),
    "language": listed("language"),
    "hero": listed("fictional"),
}
