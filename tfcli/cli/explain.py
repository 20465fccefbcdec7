"""`tfcli explain`: the ideas of the Transformer, with numbers from a model at work."""

import difflib
import json
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfcli.cli import console, options
from tfcli.cli.model import load_translator
from tfcli.errors import UsageError
from tfcli.explain import TOPICS
from tfcli.explain.page import Language, body, following, title
from tfcli.settings import resolve
from tfcli.text.languages import find_language

if TYPE_CHECKING:
    from tfcli.explain.facts import Facts
    from tfcli.explain.lesson import Lesson

_CODE = {"en": "In the code:", "zh": "代码："}
_NEXT = {"en": "Next:", "zh": "下一页："}


def explain(
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", help="One of the pages; none lists them.", show_default=False)
    ] = None,
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help="The sentence the numbers are taken from.", show_default=False),
    ] = None,
    lang: Annotated[Language, typer.Option("--lang", help="Of the page.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
    model: options.Model = None,
) -> None:
    """Explain an idea of the Transformer, with the model's own numbers on your sentence.

    \b
    Examples:
      tfcli explain
      tfcli explain attention "好久不见"
      tfcli explain masks --lang zh
    """
    if topic is None:
        rows = [(name, title(name, lang)) for name in TOPICS]
        console.print_out("\n".join([*console.align(rows), "", f"tfcli explain {TOPICS[0]}"]))
        return
    if topic not in TOPICS:
        near = difflib.get_close_matches(topic, TOPICS, 1)
        hint = f"did you mean   tfcli explain {near[0]}" if near else "the pages are listed by   tfcli explain"
        raise UsageError(f'there is no page on "{topic}"', hint)
    from tfcli.explain.lesson import Lesson
    from tfcli.explain.topics import find_facts
    from tfcli.looking import Translator

    given = dict(model=model, device="cpu", engine="torch", dtype="float32", beam=1)
    translator = load_translator(resolve(given).settings, kind=Translator)
    example = find_language(translator.bundle.config.source).example
    lesson = Lesson(translator, example if text is None else text)
    facts = find_facts(topic, lesson)
    console.print_out(_to_json(topic, lang, lesson, facts) if as_json else _to_page(topic, lang, lesson, facts))


def _to_page(topic: str, lang: Language, lesson: "Lesson", facts: "Facts") -> str:
    from tfcli.attention_maps.terminal import headline
    from tfcli.explain.facts import place_of, write_numbers

    heading = title(topic, lang)
    code = [(name, f"{file}:{line}") for name, file, line in map(place_of, facts.code)]
    parts = [heading, headline(lesson.map).plain, write_numbers(body(topic, lang), facts.numbers)]
    parts.append("\n".join([_CODE[lang], *(f"  {line}" for line in console.align(code))]))
    if after := following(topic):
        parts.append(f"{_NEXT[lang]} tfcli explain {after}")
    return "\n\n".join(parts)


def _to_json(topic: str, lang: Language, lesson: "Lesson", facts: "Facts") -> str:
    from tfcli.explain.facts import place_of

    code = [dict(zip(("name", "file", "line"), place_of(code), strict=True)) for code in facts.code]
    whole = {"topic": topic, "title": title(topic, lang), "source": lesson.map.source, "translation": lesson.map.target}
    return json.dumps({**whole, "numbers": _plain(facts.numbers), "code": code}, ensure_ascii=False, indent=2)


def _plain(numbers: dict[str, Any]) -> dict[str, Any]:
    return {name: asdict(value) if is_dataclass(value) else value for name, value in numbers.items()}
