"""Strings in, strings out, in order: protect, split, tokenize, sort, batch, decode, join, restore."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from tfcli.bundle import Bundle
from tfcli.config import PLACEHOLDERS
from tfcli.decoding.engines import choose_engine
from tfcli.decoding.hypothesis import Hypothesis
from tfcli.decoding.search import Search
from tfcli.decoding.translation import FLAGS, Flag, Part, Translation
from tfcli.errors import ResourceError
from tfcli.settings import Normalization
from tfcli.text.languages import find_language
from tfcli.text.lines import one_line
from tfcli.text.normalize import NORMALIZATIONS
from tfcli.text.numbers import has_lost_number
from tfcli.text.protect import Kind, Protected, protect
from tfcli.text.split import split_to_fit

PIECE_TOKENS = 128
"""Longer texts are split, even where the model could take more: models are trained on sentences."""

_WINDOW_BATCHES = 32


@dataclass(slots=True)
class _Piece:
    """A part of a text that the model reads at once; prefixed: its translation begins with the forced prefix."""

    ids: list[int]
    prefixed: bool
    hypothesis: Hypothesis | None = None


@dataclass(slots=True)
class _Job:
    """A text on its way. No pieces: there is nothing in it to translate."""

    source: str
    protected: Protected
    pieces: list[_Piece] = field(default_factory=list)
    flags: set[Flag] = field(default_factory=set)
    unknown_tokens: int = 0


class Translator:
    """A loaded model that translates texts.

    device, dtype, engine: names, "auto" chooses. threads: CPU threads, None leaves the library's choice.
    batch_tokens: padded source tokens at once, None suits the device; halved when memory runs out. split: cut texts
    that are too long at sentence ends, else after the tokens the model takes. normalize: a name in NORMALIZATIONS.
    protect: which spans come back as they were, if the model knows placeholders. prefix: how each translation begins.
    max_length, length_ratio: see `Search`; of each piece, 16 tokens more than the ratio are always allowed.
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
        protect: Collection[Kind] = ("url", "email", "placeholder"),
        max_length: int | None = None,
        length_ratio: float = 2.0,
        prefix: str = "",
    ):
        self.bundle = bundle
        self.tokenizer = bundle.tokenizer()
        most = bundle.config.model.max_length - 1  # one place is taken by BOS or EOS
        begin = self.tokenizer.encode_target(re.sub(f"[{PLACEHOLDERS}]", "", _mend(prefix)))
        self.search = Search(max_length=min(max_length or most, most), length_ratio=length_ratio, prefix=tuple(begin))
        self.choice = choose_engine(engine, bundle.config.model, self.search, device, dtype)
        self.engine = self.choice.engine(bundle, device, dtype, threads)
        self.batch_tokens = batch_tokens or self.engine.batch_tokens
        self.split = split
        self.protect = protect if self.tokenizer.has_placeholders else ()
        self.normalize = NORMALIZATIONS[normalize]()
        self._most_tokens = most
        self._space = find_language(bundle.config.target).space

    def translate(self, texts: Sequence[str]) -> list[str]:
        """The translations of `texts`, one for each, in order."""
        return [result.translation for result in self.translate_detailed(texts)]

    def translate_detailed(self, texts: Sequence[str]) -> list[Translation]:
        """Translations of `texts` with scores and flags. A blank text comes back as it is; every other translation is
        one line. A text that lost a protected span is translated again with its spans in plain sight, and flagged. One
        that lost a long number is translated again with its numbers protected, and flagged if that does not help."""
        if isinstance(texts, str):
            raise TypeError("texts must be a list of strings, not one string")
        return [result for _, result in self._settle(texts)]

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
        ((job, result),) = self._settle([text])
        return result, [Part(piece.ids, piece.hypothesis, job.protected.spans) for piece in job.pieces]

    def _settle(self, texts: Sequence[str]) -> list[tuple[_Job, Translation]]:
        """The way each text was translated in the end, and what it became."""
        settled = self._translate(texts, self.protect)
        lost = [i for i, (_, result) in enumerate(settled) if "placeholder" in result.flags]
        for i, (job, result) in zip(lost, self._translate([texts[i] for i in lost], ()), strict=True):
            settled[i] = job, replace(result, flags=_in_order({*result.flags, "placeholder"}))
        if not self.tokenizer.has_placeholders:
            return settled
        lost = [i for i, (_, result) in enumerate(settled) if "number" in result.flags]
        again = self._translate([texts[i] for i in lost], {*self.protect, "number"})
        for i, (job, result) in zip(lost, again, strict=True):
            if {*result.flags} < {*settled[i][1].flags}:
                settled[i] = job, result
        return settled

    def _translate(self, texts: Sequence[str], kinds: Collection[Kind]) -> list[tuple[_Job, Translation]]:
        jobs = [self._prepare(text, kinds) for text in texts]
        self._decode([piece for job in jobs for piece in job.pieces])
        return [(job, self._finish(job)) for job in jobs]

    def _prepare(self, text: str, kinds: Collection[Kind]) -> _Job:
        mended = _mend(text)
        job = _Job(text, protect(mended, kinds))
        if not text.strip():
            return job
        limit = min(self._most_tokens, PIECE_TOKENS - 1) if self.split else self._most_tokens
        normal = self.normalize(job.protected.text)
        parts = [(normal, False)]
        if self.split:
            parts = split_to_fit(normal, limit, lambda part: len(self.tokenizer.encode(part)))
        for ids in self.tokenizer.encode_batch([part for part, _ in parts]):
            if ids:
                job.pieces.append(_Piece(ids[:limit], prefixed=bool(self.search.prefix) and not job.pieces))
            if len(ids) > limit:
                job.flags.add("cut")
            job.unknown_tokens += self.tokenizer.count_unknown(ids)
        if job.unknown_tokens:
            job.flags.add("unknown")
        if len(parts) > 1:
            job.flags.add("split")
        if any(hard for _, hard in parts):
            job.flags.add("cut")
        if mended != text:
            job.flags.add("encoding")
        return job

    def _decode(self, pieces: list[_Piece]) -> None:
        """Gives each piece its hypothesis, in batches of pieces of like length, the longest first."""
        pieces = sorted(pieces, key=lambda piece: (piece.prefixed, len(piece.ids)), reverse=True)
        start = 0
        while start < len(pieces):
            prefixed, width = pieces[start].prefixed, len(pieces[start].ids) + 1
            batch = [p for p in pieces[start : start + max(1, self.batch_tokens // width)] if p.prefixed == prefixed]
            search = self.search if prefixed else replace(self.search, prefix=())
            try:
                found = self.engine.translate([piece.ids for piece in batch], search)
            except MemoryError:
                if len(batch) == 1:
                    raise ResourceError(f"not enough memory to translate {width} tokens at once") from None
                self.batch_tokens = len(batch) * width // 2
                continue
            for piece, hypotheses in zip(batch, found, strict=True):
                piece.hypothesis = hypotheses[0]
            start += len(batch)

    def _finish(self, job: _Job) -> Translation:
        if not job.source.strip():
            return Translation(job.source, job.source)
        hypotheses = [piece.hypothesis for piece in job.pieces]
        parts = [self.tokenizer.decode(hypothesis.ids).strip() for hypothesis in hypotheses]
        masked = self._space.join(filter(None, parts))
        text, complete = job.protected.restore(masked)
        text = one_line(text).strip()
        flags = job.flags
        if any(hypothesis.looped for hypothesis in hypotheses):
            flags.add("loop")
        if not all(hypothesis.finished or hypothesis.looped for hypothesis in hypotheses):
            flags.add("cut")
        if not text:
            flags.add("empty")
        if not complete:
            flags.add("placeholder")
        if has_lost_number(job.protected.text, masked):
            flags.add("number")
        lengths = [len(hypothesis.ids) + 1 for hypothesis in hypotheses]
        total = sum(h.score * length for h, length in zip(hypotheses, lengths, strict=True))
        return Translation(
            job.source,
            text,
            total / max(sum(lengths), 1),
            sum(len(piece.ids) for piece in job.pieces),
            sum(len(hypothesis.ids) for hypothesis in hypotheses),
            _in_order(flags),
            job.unknown_tokens,
        )


def _mend(text: str) -> str:
    """Lone surrogates, which are no text, become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _in_order(flags: Collection[Flag]) -> tuple[Flag, ...]:
    return tuple(flag for flag in FLAGS if flag in flags)
