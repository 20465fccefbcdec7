"""Documents of each kind through a reader and back: `python -m tests.benchmarks.documents`.

Each kind has one document with what readers stumble over (tests/document_samples.py, tests/made_docx.py), in every line
end and encoding that it may have. Columns: the documents; their segments and marks; how many documents come back to the
byte when nothing is translated; how many segments are read again as they were written, their text and the places of
their marks, when each is longer and holds characters that mean something; how many marks a translator loses or makes up
that answers with the characters of each sentence in any order, links between any two words.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.document_samples import SAMPLES
from tests.made_docx import FILES, archive
from tfcli.documents import Document, DocumentFormat, open_document
from tfcli.documents.linking import WordLinks
from tfcli.documents.reading import Reading
from tfcli.documents.segment import Segment
from tfcli.documents.translating import translate_segments
from tfcli.documents.words import find_words

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "gb18030")
HOSTILE = " & <b> *x* _y_ # | \"q\", 'a'"
JOINED = {"srt", "vtt", "ass", "paragraphs"}
"""Kinds that cut or wrap a translation, so that it is not read again as one segment."""


def documents(kind: DocumentFormat) -> Iterator[tuple[bytes, Document]]:
    columns = {"csv": ("2",), "tsv": ("1", "2")}.get(kind, ())
    if kind == "docx":
        yield archive(FILES), open_document(kind, archive(FILES), Reading("x", columns=columns))
        return
    for line_end in ("\n", "\r\n"):
        for encoding in ENCODINGS:
            data = SAMPLES[kind].replace("\n", line_end).encode(encoding)
            asked = "gb18030" if encoding == "gb18030" else None
            yield data, open_document(kind, data, Reading("x", asked, columns))


def count_marks(segments: Sequence[Segment]) -> Counter[tuple[str, str]]:
    return Counter((mark.before, mark.after) for segment in segments for mark in segment.marks)


def shape(segment: Segment) -> tuple:
    return segment.text, tuple((mark.start, mark.end) for mark in segment.marks)


def shuffled(texts: Sequence[str]) -> list[str]:
    return ["".join(random.sample(text, len(text))) for text in texts]


def any_links(source: str, target: str) -> WordLinks:
    words, others = ([text[a:b] for a, b in find_words(text)] for text in (source, target))
    pairs = [(random.randrange(len(words)), random.randrange(len(others))) for _ in words] if words and others else []
    return WordLinks(words, others, pairs)


def main() -> None:
    print(
        f"{'kind':10} {'documents':>9} {'segments':>8} {'marks':>5} {'same bytes':>10} {'read again':>10} {'lost':>5}"
    )
    for kind in sorted([*SAMPLES, "docx"]):
        total, same, number, lost, again = 0, 0, 0, 0, 0
        for data, document in documents(kind):
            total, number = total + 1, number + len(document.segments)
            same += document.render(document.segments) == data
            changed = [replace(segment, text=segment.text + HOSTILE) for segment in document.segments]
            if kind not in JOINED and kind != "po":
                columns = {"csv": ("2",), "tsv": ("1", "2")}.get(kind, ())
                asked = Reading("x", "gb18030" if total % len(ENCODINGS) == 0 else None, columns)
                read = open_document(kind, document.render(changed), asked).segments
                again += sum(map(lambda one, other: shape(one) == shape(other), read, changed))
            for _ in range(50):
                moved = count_marks(translate_segments(document.segments, shuffled, any_links))
                own = count_marks(document.segments)
                lost += (own - moved).total() + (moved - own).total()
        marks = count_marks(document.segments).total()
        told = "-" if kind in JOINED or kind == "po" else f"{again}/{number}"
        print(f"{kind:10} {total:9} {number:8} {marks:5} {f'{same}/{total}':>10} {told:>10} {lost:5}")


if __name__ == "__main__":
    main()
