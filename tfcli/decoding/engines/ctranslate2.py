"""CTranslate2, on a CPU: int8 by default, and without torch.

It searches as the torch engine does, and knows fewer rules: it can keep tokens from being said at all, not from being
said twice, and it does not see that a sentence repeats itself or has its own limit. So each batch is searched as it can
be, and the few sentences where a rule would have come in are searched again, one by one, with the rules watching.
"""

import importlib.util
import math
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tfcli.bundle import Bundle
from tfcli.config import EOS, ModelConfig
from tfcli.conversion.cache import load_converted
from tfcli.conversion.convert import MODEL, Quantization, small_files, token_names
from tfcli.conversion.switches import find_obstacle
from tfcli.decoding.hypothesis import Hypothesis
from tfcli.decoding.search import NUM_CONTROL, Candidate, Draft, Search, banned, choose, may_loop, repeated_placeholder
from tfcli.errors import ModelError
from tfcli.tokenizer import Tokenizer

if TYPE_CHECKING:
    from torch import nn

_DTYPES: tuple[Quantization, ...] = ("int8", "float32")
_BATCH_TOKENS = 1024
"""Padded source tokens of one batch: more do not fit a core's caches."""
_ALMOST_ALL = 1 - 1e-7  # probability
_CHECKED = 8  # so many tokens are translated to check an exported model
_BATCHES_AHEAD = 8
"""So many batches for each worker are handed over at once."""


class CTranslate2Engine:
    """`threads` workers of one thread each that share the weights. dtype "auto" is int8 where the processor has it."""

    def __init__(self, bundle: Bundle, device: str = "auto", dtype: str = "auto", threads: int | None = None):
        library = import_library()
        self.device = "cpu"
        self.dtype = _fastest(library) if dtype == "auto" else dtype
        self.threads = threads or _count_cores()
        self.batch_tokens = _BATCH_TOKENS * _BATCHES_AHEAD * self.threads
        self.model: nn.Module | None = None
        converted = load_converted(bundle, self.dtype, library.__version__)
        self.notes, self.warnings = (list(filter(None, [text])) for text in (converted.note, converted.warning))
        self._names = token_names(bundle.config.model.vocab_size)
        self._ids = {name: i for i, name in enumerate(self._names)}
        self._translator = library.Translator(
            str(bundle.folder).encode("utf-8", "replace").decode(),  # a name only: the files are given
            compute_type=self.dtype,
            inter_threads=self.threads,
            intra_threads=1,
            max_queued_batches=-1,
            files=small_files(self._names) | {MODEL: converted.model},
        )

    @classmethod
    def refusal(cls, config: ModelConfig, search: Search, device: str, dtype: str) -> str:
        if not _is_installed():
            return "CTranslate2 is not installed"
        if device not in ("auto", "cpu"):
            return f'it computes on a CPU, not on "{device}"'
        if dtype not in ("auto", *_DTYPES):
            return f"it computes in {' or '.join(_DTYPES)}, not in {dtype}"
        if obstacle := find_obstacle(config):
            return f"it cannot express {obstacle}"
        if 2 * search.beam_size > config.vocab_size:
            return f"a beam of {search.beam_size} is too wide for {config.vocab_size} pieces"
        return ""

    def translate(self, src: Sequence[Sequence[int]], search: Search) -> list[list[Hypothesis]]:
        found: list[list[Hypothesis]] = [[]] * len(src)
        running = [
            (rows, self._start([src[row] for row in rows], search)) for rows in self._batches(src, search.beam_size)
        ]
        for rows, batch in running:
            for row, result in zip(rows, batch, strict=True):
                found[row] = self._read(src[row], search, result.result())
        return found

    def _batches(self, src: Sequence[Sequence[int]], beam_size: int) -> Iterator[list[int]]:
        """Rows that are translated together: alike in what they must not say, so many as suit a core, and not so many
        that a worker has nothing to do."""
        kinds: dict[tuple[int, ...], list[int]] = {}
        for row, ids in enumerate(src):
            kinds.setdefault(tuple(banned(ids)), []).append(row)
        share = sum(len(ids) + 1 for ids in src) // self.threads
        most = min(_BATCH_TOKENS, share) // beam_size
        for rows in kinds.values():
            while rows:
                count = max(1, most // (len(src[rows[0]]) + 1))
                yield rows[:count]
                rows = rows[count:]

    def _start(self, src: Sequence[Sequence[int]], search: Search, **options: Any) -> list[Any]:
        """Begins to translate one batch; one result for each sentence, to be waited for."""
        names = self._names
        settings = {
            "target_prefix": [[names[i] for i in search.prefix]] * len(src) if search.prefix else None,
            "max_decoding_length": max(search.limit(len(ids)) for ids in src) + 1,
            "beam_size": search.beam_size,
            "num_hypotheses": search.beam_size,
            "length_penalty": search.length_penalty if search.beam_size > 1 else 0.0,
            "suppress_sequences": [[names[i]] for i in banned(src[0])],
        }
        return self._translator.translate_batch(
            [[names[i] for i in ids] for ids in src],
            min_decoding_length=0,
            max_input_length=0,
            return_end_token=True,
            return_scores=True,
            asynchronous=True,
            **(settings | options),
        )

    def _read(self, src: Sequence[int], search: Search, result: Any) -> list[Hypothesis]:
        """The hypotheses of a sentence, searched again if it needed a rule that CTranslate2 does not know."""
        if search.beam_size == 1:
            hypothesis = self._read_greedy(src, search, result)
            return [hypothesis or self._search_watched(src, search)]
        longest = search.limit(len(src)) + 1
        if any(len(tokens) >= longest for tokens in result.hypotheses):
            (again,) = self._start([src], search, max_decoding_length=longest)
            result = again.result()
        found = [
            Candidate(self._tokens(tokens, search), score * len(tokens) ** search.length_penalty)
            for tokens, score in zip(result.hypotheses, result.scores, strict=True)
        ]
        return choose(src, search, found) or [self._search_watched(src, search)]

    def _tokens(self, names: Sequence[str], search: Search) -> list[int]:
        """The ids that were chosen, without the prefix."""
        return [self._ids[name] for name in names[len(search.prefix) :]]

    def _read_greedy(self, src: Sequence[int], search: Search, result: Any) -> Hypothesis | None:
        """The hypothesis that greedy search found; None if a rule would have changed it on the way."""
        tokens, limit = self._tokens(result.hypotheses[0], search), search.limit(len(src))
        if tokens[-1] == EOS and len(search.prefix) + len(tokens) <= limit + 1 and not may_loop(tokens):
            if repeated_placeholder(tokens) is not None:
                return None
            return Hypothesis([*search.prefix, *tokens[:-1]], result.scores[0] / len(tokens), True, False)
        if repeated_placeholder(tokens) is not None:
            return None
        draft = Draft(src, limit, search.prefix)
        for token in tokens:
            if draft.done:
                return None
            draft.add(token, 0.0)
        draft.total = result.scores[0]
        return draft.hypothesis() if draft.done else None

    def _search_watched(self, src: Sequence[int], search: Search) -> Hypothesis:
        """What greedy search finds if every rule is kept at every step.

        A placeholder that would be said again is kept from it for this one step. CTranslate2 then shares its
        probability out to the other tokens; `kept`, the log of what they had, takes that back.
        """
        draft = Draft(src, search.limit(len(src)), search.prefix)
        doubled: list[int] = []
        kept = 0.0

        def watch(step: Any) -> bool:
            nonlocal kept
            if step.step < begun:
                return False
            if repeated_placeholder([*draft.ids, step.token_id]) is not None:
                doubled.append(step.token_id)
                kept += math.log1p(-min(math.exp(step.log_prob), _ALMOST_ALL))
                return True
            draft.add(step.token_id, step.log_prob + kept)
            if not doubled:
                return draft.done
            doubled.clear()
            kept = 0.0
            return True

        while not draft.done:
            begun = len(draft.prefix) + len(draft.ids)
            (result,) = self._start(
                [src],
                search,
                beam_size=1,
                num_hypotheses=1,
                length_penalty=0.0,
                target_prefix=[[self._names[i] for i in (*draft.prefix, *draft.ids)]],
                suppress_sequences=[[self._names[i]] for i in (*banned(src), *doubled)],
                callback=watch,
            )
            result.result()
        return draft.hypothesis()


def import_library() -> ModuleType:
    """CTranslate2, without asyncio, which takes longer to import than all the rest of it and which only its generators
    of language models touch: they find a module that fetches each name when it is asked for."""
    if "asyncio" in sys.modules:
        import ctranslate2

        return ctranslate2
    sys.modules["asyncio"] = stand_in = ModuleType("asyncio")
    stand_in.__getattr__ = lambda name: getattr(importlib.import_module("asyncio"), name)
    try:
        import ctranslate2
    finally:
        del sys.modules["asyncio"]
    return ctranslate2


def has_gpu() -> bool:
    """Whether CTranslate2 sees a GPU, which needs no torch; False where it is not installed."""
    return _is_installed() and import_library().get_cuda_device_count() > 0


def check_folder(folder: Path, tokenizer: Tokenizer) -> None:
    """ModelError if CTranslate2 does not load an exported folder and translate with it."""
    library = import_library()
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        raise ModelError("CTranslate2 opens no folder whose name is not UTF-8", "give it another name") from None
    try:
        translator = library.Translator(str(folder), "cpu")
        source = [piece for piece in tokenizer.pieces(range(NUM_CONTROL, len(tokenizer)))[:_CHECKED]]
        (result,) = translator.translate_batch([source], beam_size=1, max_decoding_length=_CHECKED, return_scores=True)
    except (RuntimeError, ValueError) as error:
        raise ModelError(f'CTranslate2 cannot use "{folder}": {error}') from error
    if not math.isfinite(result.scores[0]):
        raise ModelError(f'CTranslate2 computes no numbers with "{folder}"')


def _is_installed() -> bool:
    return importlib.util.find_spec("ctranslate2") is not None


def _count_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _fastest(library: ModuleType) -> Quantization:
    return next(dtype for dtype in _DTYPES if dtype in library.get_supported_compute_types("cpu"))
