"""Where translating and looking meet: what a translator read and wrote goes through its model once more, watched.

`decoding` and `attention_maps` do not know each other; this is the one place that knows both.
"""

import re
import typing
from collections.abc import Callable, Sequence

from tfcli.attention_maps.alignment import Link, links
from tfcli.attention_maps.attention_map import AttentionMap, Sentence
from tfcli.attention_maps.words import merge_words
from tfcli.config import PLACEHOLDERS
from tfcli.decoding import translator as decoding
from tfcli.decoding.translation import Part
from tfcli.errors import DataError, ModelError

if typing.TYPE_CHECKING:
    from torch import nn


class Translator(decoding.Translator):
    """Translates, and shows what it looked at."""

    _model: "nn.Module | None" = None

    def attention(self, text: str, target: str | None = None, max_tokens: int | None = None) -> AttentionMap:
        """What the model looks at while it translates `text`, or while it is made to say `target`.

        Raises DataError if there is no text, if it is so long that it is translated in parts, or if one side has more
        than max_tokens tokens.
        """
        sentence = self._own(text) if target is None else self._given(text, target)
        longest = max(len(sentence.src), len(sentence.tgt))
        if max_tokens is not None and longest > max_tokens:
            raise DataError(
                f"the sentence has {longest} tokens, more than --max-tokens {max_tokens}",
                f"look at it all the same   --max-tokens {longest}",
            )
        return self._look(sentence)

    def attention_parts(self, text: str) -> list[AttentionMap]:
        """One map for each part that a text of any length is translated in; none if there is nothing to translate."""
        decode = self.tokenizer.decode
        return [
            self._look(self._sentence(decode(part.src), decode(part.hypothesis.ids), part))
            for part in self.translate_parts(text)[1]
        ]

    def word_links(self, text: str, target: str) -> tuple[list[str], list[str], list[Link]]:
        """The words of a text and of its translation, and which source word each target word was made from; none of a
        model that has no place of its own for each word."""
        try:
            try:
                maps = [self._look(self._given(text, target))]
            except DataError:  # it is translated in parts: they are the same when it is translated again
                maps = self.attention_parts(text)
        except ModelError:
            return [], [], []
        sources: list[str] = []
        targets: list[str] = []
        found: list[Link] = []
        for seen in map(merge_words, maps):
            if seen.alignment_TS is not None:
                own = links(seen.alignment_TS, seen.source_tokens, seen.target_tokens)
                found += [(source + len(sources), target + len(targets)) for source, target in own]
            sources += seen.source_tokens
            targets += seen.target_tokens
        return sources, targets, found

    def _own(self, text: str) -> Sentence:
        translation, parts = self.translate_parts(text)
        _check_single(len(parts))
        return self._sentence(text, translation.translation, parts[0])

    def _given(self, text: str, target: str) -> Sentence:
        readings = self._prepare(text).readings
        _check_single(len(readings))
        spans = readings[0].protected.spans
        wanted = re.sub(f"[{PLACEHOLDERS}]", "", target)
        for placeholder, span in zip(PLACEHOLDERS, spans, strict=False):
            wanted = wanted.replace(span, placeholder, 1)
        tgt, most = self.tokenizer.encode_target(wanted), self.bundle.config.model.max_length - 1
        if len(tgt) > most:
            raise DataError(f"the target has {len(tgt)} tokens; this model holds {most}")
        return Sentence(text, target, readings[0].ids, tgt, True, self._names(spans))

    def _sentence(self, text: str, translation: str, part: Part) -> Sentence:
        hypothesis = part.hypothesis
        return Sentence(text, translation, part.src, hypothesis.ids, hypothesis.finished, self._names(part.spans))

    def _names(self, spans: Sequence[str]) -> Callable[[Sequence[int]], list[str]]:
        """Tokens as people know them: a placeholder is the span it stands for."""
        known = dict(zip(PLACEHOLDERS, spans, strict=False))
        return lambda ids: [known.get(piece, piece) for piece in self.tokenizer.pieces(ids)]

    def _look(self, sentence: Sentence) -> AttentionMap:
        from tfcli.attention_maps.collect import collect  # not before it is needed: it imports torch

        # Whoever translated, the model itself looks at what was written, with all its digits.
        if self._model is None:
            exact = self.engine.model is not None and self.engine.dtype == "float32"
            self._model = self.engine.model if exact else self.bundle.load_model()
        return collect(self._model, self.bundle, sentence)


def _check_single(parts: int) -> None:
    if not parts:
        raise DataError("there is no text to look at")
    if parts > 1:
        raise DataError(f"the text is translated in {parts} parts, attention is looked at in one", "give one sentence")
