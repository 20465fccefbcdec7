"""Teacher-forced loss of each target, with its own source and with a stranger's.

A source is encoded once and serves both its own target and another's. Shapes: B rows of a batch, S source, T target,
N target tokens without padding, D d_model, V vocabulary.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from tfcli.bundle import Bundle
from tfcli.config import BOS, EOS, PAD
from tfcli.errors import ModelError, ResourceError
from tfcli.hardware import choose_device, fast_precision, keep_freed_memory
from tfcli.scoring.score import Score
from tfcli.scoring.strangers import IdPair, by_length, choose_strangers

_BATCH_TOKENS = 2048
_BATCH_TOKENS_GPU = 65_536
_CHUNK = 512
"""Tokens whose logits exist at a time: as many as the cache of a processor holds."""
_CHARS_PER_TOKEN = 16
"""SentencePiece makes no longer pieces, so what is behind so many characters is never read."""


class Scorer:
    """A loaded model that judges pairs.

    device: a name, "auto" chooses. threads: CPU threads, None leaves the library's choice. dtype: a name in torch,
    "auto" is bfloat16 where the hardware multiplies it faster than float32. batch_tokens: padded tokens of one side at
    once, None suits the device; no score depends on it. ModelError if the model does not write word after word.
    """

    def __init__(
        self,
        bundle: Bundle,
        device: str = "auto",
        threads: int | None = None,
        dtype: str = "auto",
        batch_tokens: int | None = None,
    ):
        keep_freed_memory()
        if threads:
            torch.set_num_threads(threads)
        self.device = torch.device(choose_device(device))
        if dtype == "auto":
            dtype = str(fast_precision(self.device)).removeprefix("torch.")
        self.batch_tokens = batch_tokens or (_BATCH_TOKENS if self.device.type == "cpu" else _BATCH_TOKENS_GPU)
        self._tokenizer = bundle.tokenizer()
        self._model = bundle.load_model(dtype).to(self.device)
        self._most = bundle.config.model.max_length - 1  # one place is taken by BOS or EOS
        if self._model.decoding != "greedy":
            kind = bundle.config.model.kind
            raise ModelError(
                f'a model of the kind "{kind}" writes all words at once and cannot score pairs',
                "use a model of another kind, such as   zh-en",
            )

    def score(self, texts: Sequence[tuple[str, str]]) -> list[Score]:
        """The scores of pairs of texts, neither blank. The pairs are compared with one another, so a few hundred at
        once are judged more fairly than ten; a pair without a stranger has no `other`."""
        most = _CHARS_PER_TOKEN * self._most
        sources = self._tokenizer.encode_batch([source[:most] for source, _ in texts])
        targets = [self._tokenizer.encode_target(target[:most]) for _, target in texts]
        pairs = [(source[: self._most], target[: self._most]) for source, target in zip(sources, targets, strict=True)]
        losses_2P = self._losses(pairs).tolist()
        lengths = [len(target) + 1 for _, target in pairs]
        cut = [max(map(len, sides)) > self._most for sides in zip(sources, targets, strict=True)]
        return [Score(*values) for values in zip(*losses_2P, lengths, cut, strict=True)]

    @torch.inference_mode()
    def _losses(self, pairs: Sequence[IdPair]) -> np.ndarray:
        """Loss per token of P pairs, with the own source and with that of a stranger: losses_2P."""
        order = by_length(pairs)
        strangers = choose_strangers(pairs, order)
        losses_2P = np.full((2, len(pairs)), math.nan)
        for rows in self._batches(pairs, order):
            compared = [row for row in rows if strangers[row] is not None]
            sources = [*rows, *(strangers[row] for row in compared)]
            losses_B = self._teacher_forced(pairs, sources, [*rows, *compared])
            losses_2P[0, rows], losses_2P[1, compared] = losses_B[: len(rows)], losses_B[len(rows) :]
        return losses_2P

    def _batches(self, pairs: Sequence[IdPair], order: Sequence[int]) -> Iterator[list[int]]:
        """Rows of like length, the longest first: memory that does not suffice is missed at once."""
        batch, longest = [], 0
        for row in reversed(order):
            longest = max(longest, *(len(side) + 1 for side in pairs[row]))
            if batch and longest * (len(batch) + 1) > self.batch_tokens:
                yield batch
                batch, longest = [], max(len(side) + 1 for side in pairs[row])
            batch.append(row)
        if batch:
            yield batch

    def _teacher_forced(self, pairs: Sequence[IdPair], sources: Sequence[int], targets: Sequence[int]) -> np.ndarray:
        """losses_B: of each target of `targets`, per token, beside the source of `sources`."""
        try:
            encoded = list(dict.fromkeys(sources))  # each once
            place = {row: i for i, row in enumerate(encoded)}
            memory = self._model.encode(self._pad([[*pairs[row][0], EOS] for row in encoded]))
            memory = memory.select(torch.tensor([place[row] for row in sources], device=self.device))
            hidden_BTD = self._model.decode(self._pad([[BOS, *pairs[row][1]] for row in targets]), memory)
            labels_BT = self._pad([[*pairs[row][1], EOS] for row in targets])
            real_BT = labels_BT != PAD
            chunks = zip(hidden_BTD[real_BT].split(_CHUNK), labels_BT[real_BT].split(_CHUNK), strict=True)
            nll_N = torch.cat([self._nll(hidden_ND, labels_N) for hidden_ND, labels_N in chunks])
        except RuntimeError as error:
            if "out of memory" in str(error) or "allocate memory" in str(error):
                raise ResourceError(f"not enough memory to score {len(sources)} pairs at once") from error
            raise
        sums_B = torch.zeros(len(targets), device=self.device).index_add_(0, real_BT.nonzero()[:, 0], nll_N)
        return (sums_B / real_BT.sum(1)).cpu().numpy()

    def _nll(self, hidden_ND: Tensor, labels_N: Tensor) -> Tensor:
        logprobs_NV = self._model.logits(hidden_ND).log_softmax(-1, dtype=torch.float32)
        return -logprobs_NV.gather(1, labels_N[:, None])[:, 0]

    def _pad(self, rows: Sequence[Sequence[int]]) -> Tensor:
        longest = max(map(len, rows))
        return torch.tensor([[*row, *[PAD] * (longest - len(row))] for row in rows], device=self.device)
