"""A sentence and its translation, on their way through a Transformer.

Shapes: S source, T target, D d_model.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from tfcli.build import build_model
from tfcli.config import EOS
from tfcli.errors import ModelError
from tfcli.looking import Translator
from tfcli.transformer.model import Transformer


class Lesson:
    """What the pages look at. src: ids the encoder reads; reads, says: ids the decoder reads, and what it is to say
    after each. map: its attentions."""

    def __init__(self, translator: Translator, text: str):
        """ModelError if the model is no Transformer, DataError if the text is not one sentence."""
        kind = translator.bundle.config.model.kind
        if kind != "transformer":
            raise ModelError(
                f'the pages follow a Transformer, and this model is of the kind "{kind}"',
                "take another   -m MODEL   or leave out -m",
            )
        self.map = translator.attention(text)
        (part,) = translator.translate_parts(text)[1]
        self.tokenizer = translator.tokenizer
        self.model: Transformer = translator.bundle.load_model()  # an engine may have packed its own
        self.src = [*part.src, EOS]
        self.says = [*part.hypothesis.ids, *[EOS] * part.hypothesis.finished]
        self.reads = self.model.reads(self.says)

    def tokens(self, ids: Sequence[int]) -> list[str]:
        return list(self.tokenizer.pieces(ids))

    def encode(self, model: Transformer | None = None, src: Sequence[int] | None = None) -> Tensor:
        """The states_SD the encoder ends with."""
        src_BS = torch.tensor([src or self.src])
        return (model or self.model).encode(src_BS).states_BSD[-1][0]

    def logprobs(self, reads: Sequence[int]) -> Tensor:
        """logprobs_TV of the token after each that is read."""
        return self.model(torch.tensor([self.src]), torch.tensor([reads]))[0].log_softmax(-1)

    def rebuilt(self, **switches: object) -> Transformer:
        """The same weights in a model with other switches."""
        other = build_model(replace(self.model.config, **switches))
        other.load_state_dict(self.model.state_dict(), strict=False)
        return other.eval()
