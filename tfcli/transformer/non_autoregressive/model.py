"""What all models share that write every word of a translation at once.

Shapes: B batch, S source, T target, N tokens (padding left out), D d_model, V vocabulary.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tfcli.config import BOS, EOS, PAD, ModelConfig
from tfcli.transformer.cache import Cache
from tfcli.transformer.cross_attention import Memory
from tfcli.transformer.decoder import DecoderRecord
from tfcli.transformer.model import Transformer
from tfcli.transformer.positions import Positions, Sinusoidal

CrossEntropy = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""(hidden_ND, labels_N) -> (loss, -log p), summed: how the objective scores the words of a model."""


@dataclass(frozen=True)
class Canvas:
    """The places of translations not yet written. x_BTD: what the decoder reads there. real_BT: False behind the end.
    logprobs_B: how probable it is that the translations end there, if that was asked."""

    x_BTD: Tensor
    real_BT: Tensor
    logprobs_B: Tensor | None = None


class NonAutoregressiveTransformer(Transformer):
    """P(Y | X) = Π_t p(y_t | X, t): without y_<t in the condition, all words are written in one pass. Gu et al. 2018
    (1711.02281).

    A subclass says where a translation may stand (`canvases`), what it is trained for (`losses`) and how its places are
    read (`restrict`, `choose`, `transcribe`). As it stands here, a canvas ends where its translation does: its last
    place is EOS, and no other.
    """

    causal = False
    decoding = "parallel"
    rounds = 1
    """How often a translation is gone over; see `decoding.parallel`."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        # With relative positions alone, places that all read the same token could not be told apart.
        told_apart = type(self.decoder.positions).embed is not Positions.embed
        self.places = Positions(config) if told_apart else Sinusoidal(config)

    def read(self, canvas: Canvas, memory: Memory, record: DecoderRecord | None = None) -> Tensor:
        """Hidden states_BTD of the places; each has seen all the others."""
        return self.decoder(self.places.embed(canvas.x_BTD), memory, record=record, keys_BM=canvas.real_BT)

    def decode(
        self, tgt_BT: Tensor, memory: Memory, cache: Cache | None = None, record: DecoderRecord | None = None
    ) -> Tensor:
        """A translation in part, BOS where a word is missing, to hidden states_BTD of the same places."""
        return self.read(self.canvas(tgt_BT), memory, record)

    def canvas(self, tgt_BT: Tensor) -> Canvas:
        """The places of a translation in part, BOS where a word is missing."""
        return Canvas(self.embed(tgt_BT), tgt_BT != PAD)

    def reads(self, ids: Sequence[int]) -> list[int] | None:
        return None

    def canvases(self, src_BS: Tensor, memory: Memory, count: int) -> list[Canvas]:
        """Up to `count` guesses at the places of the translations, the best first."""
        raise NotImplementedError

    def losses(self, src_BS: Tensor, labels_BT: Tensor, cross_entropy: CrossEntropy) -> tuple[Tensor, Tensor]:
        """(loss, a bound on -log P(Y | X)), summed over the batch. labels_BT: target ids, EOS last."""
        raise NotImplementedError

    def restrict(self, logits_BTV: Tensor, real_BT: Tensor) -> None:
        """Takes away, in place, what may not stand at a place."""
        last_BT = is_last(real_BT)
        end_BT = logits_BTV[..., EOS].masked_fill(~last_BT, -torch.inf)
        logits_BTV.masked_fill_(last_BT[..., None], -torch.inf)
        logits_BTV[..., EOS] = end_BT

    def choose(self, logits_BTV: Tensor, real_BT: Tensor) -> tuple[Tensor, Tensor]:
        """(tokens_BT, their log-probabilities_BT)."""
        scores_BT, tokens_BT = logits_BTV.log_softmax(-1).max(-1)
        return tokens_BT, scores_BT

    def transcribe(self, tokens: list[int], scores: list[float]) -> tuple[list[int], float, bool]:
        """(ids, score, finished) from the places of one translation; finished: the model saw an end."""
        return tokens[:-1], sum(scores) / len(scores), True


def begin(lengths_B: Tensor) -> Tensor:
    """Empty translations_BT: BOS at each place, PAD behind the last."""
    return torch.where(number_places(lengths_B) < lengths_B[:, None], BOS, PAD)


def number_places(lengths: Tensor) -> Tensor:
    """0, 1, 2, ... for all places of the longest translation; a process without a row has one place all the same."""
    return torch.arange(max(lengths.flatten().tolist(), default=1), device=lengths.device)


def is_last(real_BT: Tensor) -> Tensor:
    """True at the last real place of each row."""
    return torch.arange(real_BT.size(1), device=real_BT.device) == real_BT.sum(1, keepdim=True) - 1


def copy_source(x_BSD: Tensor, sources_BT: Tensor) -> Tensor:
    """x_BTD whose place t is that of the source token with number sources_BT."""
    return x_BSD.gather(1, sources_BT[..., None].expand(-1, -1, x_BSD.size(-1)))
