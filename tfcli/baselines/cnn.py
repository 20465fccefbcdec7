"""Convolutional sequence to sequence: all positions at once, each layer seeing a little farther.

Shapes: B batch, S source, T target, Q queries, M keys, D d_model.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.config import PAD, ModelConfig
from tfcli.transformer.attention.kernel import Weights
from tfcli.transformer.attention.multihead import Look, Record
from tfcli.transformer.cache import Cache
from tfcli.transformer.decoder import DecoderRecord
from tfcli.transformer.dropout import Dropout
from tfcli.transformer.masks import Mask
from tfcli.transformer.seq2seq import Seq2Seq

_WIDTH = 3  # tokens a convolution sees; odd
_HALF = 0.5**0.5
"""A sum of two independent values times √½ has the variance of one."""


@dataclass(frozen=True)
class CnnMemory:
    """keys_BSD: the encoder's output z. values_BSD: z with its input e, which still knows the word itself."""

    keys_BSD: Tensor
    values_BSD: Tensor
    mask: Mask

    def select(self, rows: Tensor) -> "CnnMemory":
        """The memory of some sentences of the batch."""
        return CnnMemory(self.keys_BSD[rows], self.values_BSD[rows], self.mask.select(rows))


class Positioned(nn.Module):
    """A learned vector for each position, added to the word's."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.positions = nn.Embedding(config.max_length, config.d_model)
        self.dropout = Dropout(config.dropout)

    def forward(self, x_BTD: Tensor, start: int = 0) -> Tensor:
        positions_TD = self.positions(torch.arange(start, start + x_BTD.size(1), device=x_BTD.device))
        return self.dropout((x_BTD + positions_TD) * _HALF)


class GatedConvolution(nn.Module):
    """v = a ⊙ σ(b), where [a; b] = W x_{t-k+1..t}: half of the features decide how much of the other half passes.
    Dauphin et al. 2017 (1612.08083)."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.dropout = Dropout(config.dropout)
        self.convolution = nn.Conv1d(config.d_model, 2 * config.d_model, _WIDTH)
        # The gate halves what passes: section 3.5 of Gehring et al. 2017 keeps the variance by this.
        nn.init.normal_(self.convolution.weight, std=(4 * (1 - config.dropout) / (_WIDTH * config.d_model)) ** 0.5)
        nn.init.zeros_(self.convolution.bias)

    def forward(self, x_BWD: Tensor) -> Tensor:
        """out_BTD of T windows in W = T + width - 1 tokens."""
        return F.glu(self.convolution(self.dropout(x_BWD).transpose(1, 2)), dim=1).transpose(1, 2)


class CnnEncoder(nn.Module):
    """z^l = (v(z^{l-1}) + z^{l-1}) √½, windows around each token; beyond the ends of a sentence there are zeros."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.input = Positioned(config)
        self.layers = nn.ModuleList(GatedConvolution(config) for _ in range(config.num_encoder_layers))

    def forward(self, x_BSD: Tensor, real_BS: Tensor) -> CnnMemory:
        e_BSD = z_BSD = self.input(x_BSD)
        side = _WIDTH // 2
        for layer in self.layers:
            window_BWD = F.pad(z_BSD.masked_fill(~real_BS[..., None], 0.0), (0, 0, side, side))
            z_BSD = (layer(window_BWD) + z_BSD) * _HALF
        return CnnMemory(z_BSD, (z_BSD + e_BSD) * _HALF, Mask(real_BS))


class StepAttention(nn.Module):
    """d_i = W h_i + b + g_i, a_ij = softmax_j(d_i·z_j), c_i = √m Σ_j a_ij (z_j + e_j); g_i is the word just read, m the
    length of the source, so that a mean over many words is no fainter than a word. Departure: the products are scaled
    by 1/√D (Vaswani et al. 2017), because our embeddings are not small."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.query = nn.Linear(config.d_model, config.d_model)
        self.out = nn.Linear(config.d_model, config.d_model)

    def forward(self, h_BTD: Tensor, g_BTD: Tensor, memory: CnnMemory, record: Record | None) -> Tensor:
        d_BTD = (self.query(h_BTD) + g_BTD) * _HALF
        real_BM = memory.mask.keys_BM
        scores_BQM = d_BTD @ memory.keys_BSD.transpose(1, 2) * d_BTD.size(-1) ** -0.5
        weights_BQM = scores_BQM.masked_fill(~real_BM[:, None], torch.finfo(scores_BQM.dtype).min).softmax(-1)
        c_BTD = weights_BQM @ memory.values_BSD
        if record is not None:
            seen = (d_BTD, memory.keys_BSD, memory.values_BSD, scores_BQM, weights_BQM, c_BTD)
            q, k, v, scores, weights, out = (tensor[:, None] for tensor in seen)  # one head
            record.append(Look(q, k, v, Weights(scores, weights), out))
        return self.out(c_BTD * real_BM.sum(1)[:, None, None] ** 0.5)


class CnnDecoderLayer(nn.Module):
    """h^l = ((v + c(v)) √½ + h^{l-1}) √½, v from windows that end at their token. store: the last inputs, for the
    windows of the next call."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.convolution = GatedConvolution(config)
        self.attention = StepAttention(config)

    def forward(
        self, h_BTD: Tensor, g_BTD: Tensor, memory: CnnMemory, store: dict[str, Tensor], record: Record | None
    ) -> Tensor:
        B, T, D = h_BTD.shape
        window_BWD = torch.cat([store.get("inputs", h_BTD.new_zeros(B, _WIDTH - 1, D)), h_BTD], dim=1)
        store["inputs"] = window_BWD[:, T:]
        v_BTD = self.convolution(window_BWD)
        v_BTD = (v_BTD + self.attention(v_BTD, g_BTD, memory, record)) * _HALF
        return (v_BTD + h_BTD) * _HALF


class CnnDecoder(nn.Module):
    def __init__(self, config: ModelConfig):
        super().__init__()
        self.input = Positioned(config)
        self.layers = nn.ModuleList(CnnDecoderLayer(config) for _ in range(config.num_decoder_layers))
        self.readout = nn.Linear(config.d_model, config.d_model)
        self.dropout = Dropout(config.dropout)

    def forward(self, x_BTD: Tensor, memory: CnnMemory, cache: Cache, record: Record | None) -> Tensor:
        g_BTD = h_BTD = self.input(x_BTD, cache.length)
        for layer, store in zip(self.layers, cache.layers, strict=True):
            h_BTD = layer(h_BTD, g_BTD, memory, store.tensors, record)
        cache.length += x_BTD.size(1)
        return self.readout(self.dropout(h_BTD))


class Cnn(Seq2Seq):
    """Gated convolutions with residuals, and attention in every layer of the decoder. Gehring et al. 2017 (1705.03122).
    Departures: no weight normalization, one width, and the output matrix is that of the embedding."""

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.encoder = CnnEncoder(config)
        self.decoder = CnnDecoder(config)
        self._reset_parameters()

    def encode(self, src_BS: Tensor, record: Record | None = None) -> CnnMemory:
        return self.encoder(self.embed(src_BS), src_BS != PAD)

    def decode(
        self, tgt_BT: Tensor, memory: CnnMemory, cache: Cache | None = None, record: DecoderRecord | None = None
    ) -> Tensor:
        cross = record.cross_attention if record else None
        return self.decoder(self.embed(tgt_BT), memory, cache or self.new_cache(), cross)
