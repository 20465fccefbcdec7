"""The texts of a request by way of the queue: line by line, or the sentences between the tags of HTML."""

import asyncio
import importlib
import re
from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool

from tfcli.documents.encoding import Decoded
from tfcli.documents.html import find_slots
from tfcli.documents.linking import WordLinks
from tfcli.documents.splice import Spliced
from tfcli.documents.translating import translate_segments
from tfcli.looking import Translator
from tfcli.serve.batching import Batcher

_LINE_END = re.compile("(\r\n|\n|\r)")


Answer = tuple[str, list[str]]
"""A translation, and others of the same text, the best first."""


async def translate_texts(
    batcher: Batcher, texts: Sequence[str], translators: Sequence[Translator | None]
) -> list[Answer]:
    """The translations of texts, in order, with their line ends; one without a translator stays as it is. Only a text
    of one line has others."""
    split = [_LINE_END.split(text) for text in texts]  # lines at even places, their ends at odd ones
    places = [
        (lines, i, translator)
        for lines, translator in zip(split, translators, strict=True)
        for i in range(0, len(lines), 2)
        if translator and lines[i].strip()
    ]
    answers = await asyncio.wrap_future(batcher.submit([(translator, lines[i]) for lines, i, translator in places]))
    others: dict[int, list[str]] = {}
    for (lines, i, _), answer in zip(places, answers, strict=True):
        lines[i] = answer.translation
        if len(lines) == 1:
            others[id(lines)] = [other.translation for other in answer.alternatives[1:]]
    return [("".join(lines), others.get(id(lines), [])) for lines in split]


async def translate_pages(
    batcher: Batcher, pages: Sequence[str], translators: Sequence[Translator | None]
) -> list[Answer]:
    """HTML, its tags where the words went that they were around; a page without a translator stays as it is. None has
    others."""
    jobs = [
        run_in_threadpool(_translate_page, batcher, page, translator) if translator else _unchanged(page)
        for page, translator in zip(pages, translators, strict=True)
    ]
    return [(page, []) for page in await asyncio.gather(*jobs)]


async def _unchanged(page: str) -> str:
    return page


def _translate_page(batcher: Batcher, page: str, translator: Translator) -> str:
    def translate(sentences: Sequence[str]) -> list[str]:
        answers = batcher.submit([(translator, sentence) for sentence in sentences]).result()
        return [answer.translation for answer in answers]

    def align(source: str, target: str) -> WordLinks:
        # Imports torch, which takes seconds: here, where nobody else waits for it.
        importlib.import_module("tfcli.attention_maps.collect")
        return WordLinks(*batcher.call(lambda: translator.word_links(source, target)).result())

    document = Spliced(Decoded(page), find_slots(page))
    return document.render(translate_segments(document.segments, translate, align)).decode()
