"""Recurrent models: one token after another through a gated unit, with and without attention.

Shapes: B batch, S source, T target, D d_model, L decoder layers, Q queries (one), M keys.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tfcli.config import PAD, ModelConfig
from tfcli.transformer.attention.kernel import Weights
from tfcli.transformer.attention.multihead import Look, Record
from tfcli.transformer.cache import Cache
from tfcli.transformer.decoder import DecoderRecord
from tfcli.transformer.dropout import Dropout
from tfcli.transformer.masks import Mask
from tfcli.transformer.seq2seq import Seq2Seq


@dataclass(frozen=True)
class RnnMemory:
    """states_BSD: what the encoder holds at each source token. keys_BSD: what an attention compares them by.
    summary_BD: both directions at their ends."""

    states_BSD: Tensor
    keys_BSD: Tensor
    summary_BD: Tensor
    mask: Mask

    def select(self, rows: Tensor) -> "RnnMemory":
        """The memory of some sentences of the batch."""
        return RnnMemory(self.states_BSD[rows], self.keys_BSD[rows], self.summary_BD[rows], self.mask.select(rows))


class AdditiveAttention(nn.Module):
    """e_ij = vᵀ tanh(W s_{i-1} + U h_j), α_i = softmax(e_i), c_i = Σ_j α_ij h_j: each step looks at the source anew.
    Bahdanau et al. 2015 (1409.0473), section 3.1. U h_j is computed once per sentence."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.query = nn.Linear(config.d_model, config.d_model)
        self.key = nn.Linear(config.d_model, config.d_model)
        self.score = nn.Linear(config.d_model, 1)

    def keys(self, states_BSD: Tensor) -> Tensor:
        return self.key(states_BSD)

    def forward(self, state_BD: Tensor, memory: RnnMemory) -> tuple[Tensor, Look | None]:
        """(context_BD, how it came about)."""
        q_B1D = self.query(state_BD)[:, None]
        scores_BQM = self.score(torch.tanh(q_B1D + memory.keys_BSD)).transpose(1, 2)
        masked_BQM = scores_BQM.masked_fill(~memory.mask.keys_BM[:, None], torch.finfo(scores_BQM.dtype).min)
        weights_BQM = masked_BQM.softmax(-1)
        context_B1D = weights_BQM @ memory.states_BSD
        seen = (q_B1D, memory.keys_BSD, memory.states_BSD, scores_BQM, weights_BQM, context_B1D)
        q, k, v, scores, weights, out = (tensor[:, None] for tensor in seen)  # one head
        return context_B1D[:, 0], Look(q, k, v, Weights(scores, weights), out)


class FinalState(nn.Module):
    """c_i = c, the last state of the encoder: a sentence of any length in one vector. Sutskever et al. 2014 (1409.3215)
    begin the decoder with it; here, as in Cho et al. 2014 (1406.1078), every step reads it too."""

    def __init__(self, config: ModelConfig):
        super().__init__()

    def keys(self, states_BSD: Tensor) -> Tensor:
        return states_BSD

    def forward(self, state_BD: Tensor, memory: RnnMemory) -> tuple[Tensor, Look | None]:
        return memory.summary_BD, None


class BothDirections(nn.Module):
    """h_j = [→h_j; ←h_j]: a gated unit (Cho et al. 2014) reads the sentence, another one reads it backwards. Backwards
    begins at the last real token: sentences are turned round by themselves, their padding stays where it is."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.forth = nn.GRU(config.d_model, config.d_model // 2, batch_first=True)
        self.back = nn.GRU(config.d_model, config.d_model // 2, batch_first=True)

    def forward(self, x_BSD: Tensor, real_BS: Tensor) -> tuple[Tensor, Tensor]:
        """(states_BSD, summary_BD): what was held at each token, and by each direction at its end."""
        places_S = torch.arange(x_BSD.size(1), device=x_BSD.device)
        last_B1 = real_BS.sum(1, keepdim=True) - 1
        turned_BS1 = torch.where(real_BS, last_B1 - places_S, places_S)[..., None]
        forth_BSD = self.forth(x_BSD)[0]
        back_BSD = self.back(x_BSD.gather(1, turned_BS1.expand_as(x_BSD)))[0]
        ends_BSD = torch.cat([forth_BSD, back_BSD], dim=-1)
        summary_BD = ends_BSD.gather(1, last_B1[..., None].expand(-1, 1, ends_BSD.size(-1)))[:, 0]
        return torch.cat([forth_BSD, back_BSD.gather(1, turned_BS1.expand_as(back_BSD))], dim=-1), summary_BD


class RnnEncoder(nn.Module):
    """Layers of both directions, joined by residuals as in Wu et al. 2016 (1609.08144)."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.dropout = Dropout(config.dropout)
        self.layers = nn.ModuleList(BothDirections(config) for _ in range(config.num_encoder_layers))

    def forward(self, x_BSD: Tensor, real_BS: Tensor) -> tuple[Tensor, Tensor]:
        """(states_BSD, summary_BD), the second of the last layer."""
        x_BSD = self.dropout(x_BSD)
        for layer in self.layers:
            out_BSD, summary_BD = layer(x_BSD, real_BS)
            x_BSD = x_BSD + self.dropout(out_BSD)
        return x_BSD, summary_BD


class RnnDecoder(nn.Module):
    """s_i = GRU(s_{i-1}, [y_{i-1}; c_i]), more such units above it, and out of the last one and c_i what is said.
    context: where c_i comes from."""

    def __init__(self, config: ModelConfig, context: type[nn.Module]):
        super().__init__()
        D, num_layers = config.d_model, config.num_decoder_layers
        self.begin = nn.Linear(D, num_layers * D)
        self.context = context(config)
        self.cell = nn.GRUCell(2 * D, D)
        self.layers = nn.ModuleList(nn.GRU(D, D, batch_first=True) for _ in range(num_layers - 1))
        self.readout = nn.Linear(2 * D, D)
        self.dropout = Dropout(config.dropout)

    def forward(self, x_BTD: Tensor, memory: RnnMemory, cache: Cache, record: DecoderRecord | None) -> Tensor:
        state_BD, *states_BD = self._states(memory, cache)
        seen, contexts, looks = [], [], []
        for x_BD in self.dropout(x_BTD).unbind(1):
            context_BD, look = self.context(state_BD, memory)
            state_BD = self.cell(torch.cat([x_BD, context_BD], dim=-1), state_BD)
            seen.append(state_BD)
            contexts.append(context_BD)
            looks.append(look)
        cache.layers[0].tensors["state"] = state_BD
        y_BTD = torch.stack(seen, dim=1)
        for layer, start_BD, store in zip(self.layers, states_BD, cache.layers[1:], strict=True):
            out_BTD, end_1BD = layer(self.dropout(y_BTD), start_BD[None].contiguous())
            y_BTD = y_BTD + out_BTD
            store.tensors["state"] = end_1BD[0]
        cache.length += x_BTD.size(1)
        if record is not None and looks[0]:
            record.cross_attention.append(_join(looks))
        return self.readout(self.dropout(torch.cat([y_BTD, torch.stack(contexts, dim=1)], dim=-1)))

    def _states(self, memory: RnnMemory, cache: Cache) -> list[Tensor]:
        """state_BD of each layer before the next token: s_0 = tanh(W summary), or where the last call ended."""
        if cache.length:
            return [layer.tensors["state"] for layer in cache.layers]
        return list(torch.tanh(self.begin(memory.summary_BD)).chunk(len(cache.layers), dim=-1))


def _join(looks: list[Look]) -> Look:
    """The looks of single queries as one of them all."""
    q, out, scores, weights = (
        torch.cat(parts, dim=2)
        for parts in zip(*((look.q_BHQK, look.out_BHQK, *look.weights) for look in looks), strict=True)
    )
    return Look(q, looks[0].k_BHMK, looks[0].v_BHMK, Weights(scores, weights), out)


class Rnn(Seq2Seq):
    """Encoder and decoder of gated recurrent units with attention. Bahdanau et al. 2015 (1409.0473).
    Departures: residual layers, and the readout is linear, for the output matrix is that of the embedding."""

    context: type[nn.Module] = AdditiveAttention

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.encoder = RnnEncoder(config)
        self.decoder = RnnDecoder(config, self.context)
        self._reset_parameters()

    def encode(self, src_BS: Tensor, record: Record | None = None) -> RnnMemory:
        real_BS = src_BS != PAD
        states_BSD, summary_BD = self.encoder(self.embed(src_BS), real_BS)
        return RnnMemory(states_BSD, self.decoder.context.keys(states_BSD), summary_BD, Mask(real_BS))

    def decode(
        self, tgt_BT: Tensor, memory: RnnMemory, cache: Cache | None = None, record: DecoderRecord | None = None
    ) -> Tensor:
        return self.decoder(self.embed(tgt_BT), memory, cache or self.new_cache(), record)


class RnnNoAttention(Rnn):
    """The same without attention: see `FinalState`."""

    context = FinalState
