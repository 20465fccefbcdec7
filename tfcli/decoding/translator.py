"""Strings in, strings out, in order: protect, split, tokenize, sort, batch, decode, join, restore."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from tfcli.bundle import Bundle
from tfcli.config import PLACEHOLDERS
from tfcli.decoding.engines import choose_engine
from tfcli.decoding.hypothesis import Hypothesis
from tfcli.decoding.judge import Judge
from tfcli.decoding.search import Search
from tfcli.decoding.segments import Job, Reading, Segment, keeps_spans, split_around
from tfcli.decoding.translation import Part, Translation
from tfcli.errors import ResourceError, UsageError
from tfcli.settings import PROTECTED, Normalization, Protect
from tfcli.text.glossary import Found, Glossary
from tfcli.text.languages import find_language
from tfcli.text.normalize import NORMALIZATIONS
from tfcli.text.protect import Marked, mark
from tfcli.text.scripts import has_letters_of
from tfcli.text.split import split_to_fit
from tfcli.text.verify import Checks, Losses

PIECE_TOKENS = 128
"""Longer sentences are split, even where the model could take more: models are trained on sentences."""
COMFORTABLE_TOKENS = 45
"""Longer sentences are split where they pause: a small model translates their clauses better by themselves."""

_WINDOW_BATCHES = 32


class Translator:
    """A loaded model that translates texts.

    device, dtype, engine: names, "auto" chooses. threads: CPU threads, None leaves the library's choice.
    batch_tokens: padded source tokens at once, None suits the device; halved when memory runs out. split: translate
    sentence by sentence, and long ones clause by clause; else a text is cut after the tokens the model takes.
    normalize: a name in NORMALIZATIONS. protect: which spans come back as they were, see `text/protect.py`, and which
    names and numbers are looked for in the translation. glossary: terms and how they are translated. prefix: how each
    translation begins. flag_below: translations of less confidence are flagged as unsure; None: the model's own
    threshold. max_length, length_ratio: most target tokens of each piece, and per source token; 16 are always
    allowed. beam: partial translations that are kept at every step, 1 is greedy search. alternatives: so many
    translations are wanted of each text. length_penalty: see `Search.rank`.
    """

    def __init__(
        self,
        bundle: Bundle,
        device: str = "auto",
        dtype: str = "auto",
        threads: int | None = None,
        engine: str = "auto",
        batch_tokens: int | None = None,
        split: bool = True,
        normalize: Normalization = "none",
        protect: Collection[Protect] = PROTECTED,
        glossary: Glossary | None = None,
        max_length: int | None = None,
        length_ratio: float = 2.0,
        prefix: str = "",
        flag_below: float | None = None,
        beam: int = 1,
        alternatives: int = 1,
        length_penalty: float = 1.0,
    ):
        self.bundle = bundle
        self.tokenizer = bundle.tokenizer()
        most = bundle.config.model.max_length - 1  # one place is taken by BOS or EOS
        begin = self.tokenizer.encode_target(re.sub(f"[{PLACEHOLDERS}]", "", _mend(prefix)))
        longest = min(max_length or most, most)
        self.search = Search(longest, beam, alternatives, length_penalty, length_ratio, tuple(begin))
        if beam > bundle.config.model.vocab_size:
            raise UsageError(f"a beam of {beam} is wider than the vocabulary of {bundle.config.model.vocab_size}")
        self.choice = choose_engine(engine, bundle.config.model, self.search, device, dtype)
        self.engine = self.choice.engine(bundle, device, dtype, threads)
        self.batch_tokens = batch_tokens or self.engine.batch_tokens
        self.split = split
        self.normalize = NORMALIZATIONS[normalize]()
        self._source, self._target = find_language(bundle.config.source), find_language(bundle.config.target)
        self._kinds = frozenset(protect)
        self._checks = Checks(self._kinds, (self._source.code, self._target.code), glossary or Glossary())
        self._most_tokens = most
        self._encoded: tuple[str, list[int]] = "", []
        self.judge = Judge(self._source, self._target, bundle.config.confidence, flag_below, alternatives)

    def translate(self, texts: Sequence[str]) -> list[str]:
        """The translations of `texts`, one for each, in order."""
        return [result.translation for result in self.translate_detailed(texts)]

    def translate_detailed(self, texts: Sequence[str]) -> list[Translation]:
        """Translations of `texts` with scores and flags. A text with nothing of the source language in it comes back as
        it is; every translation is one line.

        A sentence that lost a term, a name or a number is translated again with it behind a placeholder, and flagged if
        that does not help; one that lost a protected span is translated around its spans.
        """
        if isinstance(texts, str):
            raise TypeError("texts must be a list of strings, not one string")
        return [self.judge.finish(job) for job in self._settle(texts)]

    def translate_stream(self, texts: Iterable[str], window: int | None = None) -> Iterator[Translation]:
        """Translations of any number of texts, in order and in constant memory. window: so many characters are read
        ahead and sorted by length together."""
        window = window or _WINDOW_BATCHES * self.batch_tokens
        waiting: list[str] = []
        size = 0
        for text in texts:
            waiting.append(text)
            size += len(text) + 1
            if size >= window:
                yield from self.translate_detailed(waiting)
                waiting, size = [], 0
        yield from self.translate_detailed(waiting)

    def translate_parts(self, text: str) -> tuple[Translation, list[Part]]:
        """The translation of one text, the same as from `translate_detailed`, and the ids it was made of."""
        (job,) = self._settle([text])
        parts = [Part(reading.ids, reading.hypothesis, reading.protected.spans) for reading in job.readings]
        return self.judge.finish(job), parts

    def _settle(self, texts: Sequence[str]) -> list[Job]:
        """The texts, each translated the way that loses least."""
        jobs = [self._prepare(text) for text in texts]
        segments = [(job, segment) for job in jobs for segment in job.segments if segment.reading]
        self._decode([segment.reading for _, segment in segments])
        for job, segment in segments:
            segment.losses = self._find_losses(job.marked, segment, segment.reading)
        if self.tokenizer.has_placeholders:
            self._try_again([(job.marked, segment) for job, segment in segments if segment.losses])
        lost = [(job, segment) for job, segment in segments if not keeps_spans(job.marked, segment, segment.reading)]
        for job, segment in lost:
            split_around(job.marked, segment, lambda part, job=job: self._read(job.marked, part))
        self._decode([reading for _, segment in lost for reading in segment.readings])
        return jobs

    def _try_again(self, lost: list[tuple[Marked, Segment]]) -> None:
        """Translates segments once more with what they lost behind placeholders, and keeps what lost less."""
        again = []
        for marked, segment in lost:
            reading = self._read(marked, segment.core, segment.losses.replacements())
            if reading and segment.losses.replacements():
                reading.prefixed = segment.reading.prefixed
                again.append((marked, segment, reading))
        self._decode([reading for _, _, reading in again])
        for marked, segment, reading in again:
            losses = self._find_losses(marked, segment, reading)
            if len(losses) < len(segment.losses) and keeps_spans(marked, segment, reading):
                segment.reading, segment.losses = reading, losses

    def _find_losses(self, marked: Marked, segment: Segment, reading: Reading) -> Losses:
        core, answer = marked.without_spans(segment.core), reading.masked
        for start, end, _ in reading.replaced:
            core = core[:start] + " " * (end - start) + core[end:]
        return self._checks.losses(core, re.sub(f"[{PLACEHOLDERS}]", " ", answer))

    def _prepare(self, text: str) -> Job:
        mended = _mend(text)
        marked = mark(mended, self._kinds)
        normal = self.normalize(marked.text)
        job = Job(text, marked, [], set())
        if not self._is_translatable(marked, normal):
            job.segments.append(Segment(marked.text, "", ""))
            return job
        pieces = [(normal, False)]
        if self.split:
            most = min(self._most_tokens, PIECE_TOKENS - 1)
            pieces = split_to_fit(normal, COMFORTABLE_TOKENS, most, lambda piece: self._length(marked, piece))
        is_prefixed = bool(self.search.prefix)
        for piece, is_hard in pieces:
            before, core, after = marked.edges(piece)
            closing = marked.closing(before) if job.segments else ""
            if closing:
                job.segments[-1].after += closing
            segment = Segment(before.removeprefix(closing), core, after, is_hard)
            if self._is_translatable(marked, core):
                segment.reading = self._read(marked, core)
                segment.reading.prefixed, is_prefixed = is_prefixed, False
            job.segments.append(segment)
        if len(job.readings) > 1:
            job.flags.add("split")
        if mended != text:
            job.flags.add("encoding")
        return job

    def _is_translatable(self, marked: Marked, piece: str) -> bool:
        return has_letters_of(marked.without_spans(piece), self._source.code)

    def _length(self, marked: Marked, piece: str) -> int:
        return len(self._encode(marked.protect(piece).text))

    def _encode(self, text: str) -> list[int]:
        """The ids of a text. What was measured last is most often what is read next, and is not encoded again."""
        known, ids = self._encoded
        if text != known:
            ids = self.tokenizer.encode(text)
            self._encoded = text, ids
        return ids

    def _read(self, marked: Marked, piece: str, others: Sequence[Found] = ()) -> Reading | None:
        """What the model is to read of a piece, `others` behind placeholders; None if there is nothing to translate."""
        if not self._is_translatable(marked, piece):
            return None
        protected = marked.protect(piece, others if self.tokenizer.has_placeholders else ())
        ids = self._encode(protected.text)
        most = min(self._most_tokens, PIECE_TOKENS - 1) if self.split else self._most_tokens
        return Reading(protected, ids[:most], tuple(others), self.tokenizer.count_unknown(ids), len(ids) > most)

    def _decode(self, readings: list[Reading]) -> None:
        """Gives each reading its hypothesis, in batches of readings of like length, the longest first."""
        readings = sorted(readings, key=lambda reading: (reading.prefixed, len(reading.ids)), reverse=True)
        start = 0
        while start < len(readings):
            prefixed, width = readings[start].prefixed, len(readings[start].ids) + 1
            batch = readings[start : start + max(1, self.batch_tokens // (width * self.search.beam_size))]
            batch = [reading for reading in batch if reading.prefixed == prefixed]
            search = self.search if prefixed else replace(self.search, prefix=())
            try:
                found = self.engine.translate([reading.ids for reading in batch], search)
            except MemoryError:
                if len(batch) == 1:
                    raise ResourceError(f"not enough memory to translate {width} tokens at once") from None
                self.batch_tokens = len(batch) * width * self.search.beam_size // 2
                continue
            for reading, hypotheses in zip(batch, found, strict=True):
                answers = [(found, self._text(found)) for found in hypotheses]
                (reading.hypothesis, reading.masked), *reading.others = answers
            start += len(batch)

    def _text(self, hypothesis: Hypothesis) -> str:
        return self._target.punctuate(self.tokenizer.decode(hypothesis.ids))


def _mend(text: str) -> str:
    """Lone surrogates, which are no text, become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
