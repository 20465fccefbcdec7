"""Pieces back into words: attention to a word is attention to all of its pieces.

Shapes: L layers, H heads, Q queries, M keys.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tfcli.attention_maps.attention_map import Array, Attention, AttentionMap
from tfcli.text.scripts import letters_without_spaces

SPACE = "▁"
"""How SentencePiece writes the space before a word."""

_CONTROL = {"<s>", "</s>"}
_BYTE = re.compile("<0x([0-9A-F]{2})>")
# Where words have no space between them, a piece of the tokenizer is the word.
_UNSPACED = re.compile(f"[{letters_without_spaces()}]")
_APOSTROPHES = "'’"


def merge_words(whole: AttentionMap) -> AttentionMap:
    """The map over words: weights are summed over the pieces of a key, as they share what a query has to give, and
    averaged over the pieces of a query. Scores and vectors cannot be merged and are left out."""
    source_words, target_words = group_words(whole.source_tokens), group_words(whole.target_tokens)
    logprobs = [float(whole.logprobs_T[group].sum()) for group in target_words]
    alignment_TS = whole.alignment_TS
    return replace(
        whole,
        source_tokens=names(whole.source_tokens),
        target_tokens=names(whole.target_tokens),
        logprobs_T=np.array(logprobs, dtype=np.float32),
        attentions={kind: _merge_attention(attention) for kind, attention in whole.attentions.items()},
        alignment_TS=None if alignment_TS is None else merge(alignment_TS, target_words, source_words),
    )


def _merge_attention(attention: Attention) -> Attention:
    weights_LHQM = merge(attention.weights_LHQM, group_words(attention.queries), group_words(attention.keys))
    return Attention(attention.kind, names(attention.queries), names(attention.keys), weights_LHQM)


def merge(weights_QM: Array, queries: Sequence[Sequence[int]], keys: Sequence[Sequence[int]]) -> Array:
    """Weights over groups of queries and of keys; further dimensions may come first."""
    weights_QM = np.stack([weights_QM[..., group].sum(-1) for group in keys], axis=-1)
    return np.stack([weights_QM[..., group, :].mean(-2) for group in queries], axis=-2)


def names(tokens: Sequence[str]) -> tuple[str, ...]:
    """The words of some pieces."""
    return tuple(_spell([tokens[i] for i in group]) for group in group_words(tokens))


def group_words(tokens: Sequence[str]) -> list[list[int]]:
    """Places of the pieces of each word, in order; every piece is in one word.

    A piece belongs to the word before it if both meet inside a word of a script that puts spaces between words, if it
    goes on with the bytes of one character, or if only a space is before it. Control tokens stay alone.
    """
    groups: list[list[int]] = []
    for i, token in enumerate(tokens):
        if groups and _continues([tokens[j] for j in groups[-1]], token):
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


def _continues(word: Sequence[str], token: str) -> bool:
    if token in _CONTROL or word[-1] in _CONTROL or token.startswith(SPACE):
        return False
    if word == [SPACE]:
        return True
    if _BYTE.fullmatch(token) and _BYTE.fullmatch(word[-1]):
        return "\ufffd" in _spell(word)
    return _is_inner(_spell(word)[-1:]) and _is_inner(_spell([token])[:1])


def _is_inner(char: str) -> bool:
    return (char.isalnum() or char in _APOSTROPHES) and bool(char) and not _UNSPACED.match(char)


def _spell(pieces: Sequence[str]) -> str:
    """The text of pieces, bytes as the characters they make."""
    raw = b"".join(bytes.fromhex(byte[1]) if (byte := _BYTE.fullmatch(piece)) else piece.encode() for piece in pieces)
    return raw.decode("utf-8", "replace").removeprefix(SPACE) or SPACE
