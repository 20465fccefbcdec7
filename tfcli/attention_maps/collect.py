"""One teacher-forced pass over a sentence and its translation that keeps what every attention did.

The numbers are the model's own: its layers record them while they compute (`Look`), nothing is computed again here.

Shapes: B batch, S source, T target, L layers, H heads, Q queries, M keys, V vocabulary.
"""

from pathlib import Path

import torch
from torch import nn

from tfcli.attention_maps.alignment import read_alignment
from tfcli.attention_maps.attention_map import Array, Attention, AttentionMap, Sentence
from tfcli.bundle import Bundle
from tfcli.config import EOS, MapKind
from tfcli.errors import ModelError
from tfcli.transformer.attention.multihead import Record
from tfcli.transformer.decoder import DecoderRecord


@torch.inference_mode()
def collect(model: nn.Module, bundle: Bundle, sentence: Sentence) -> AttentionMap:
    """The attentions of `model`, the loaded model of `bundle`, over a sentence. ModelError if the model has no place of
    its own for each token of a translation."""
    device = next(model.parameters()).device
    src, expected = [*sentence.src, EOS], [*sentence.tgt, *[EOS] * sentence.finished]
    read = model.reads(expected)  # what the decoder has before it when it gives each expected token
    if read is None:
        raise ModelError(
            f'a model of the kind "{bundle.config.model.kind}" has no place for each word, so its attention belongs '
            "to none",
            "look at a model of another kind, such as   parallel   or   transformer",
        )
    encoder, decoder = [], DecoderRecord()
    memory = model.encode(torch.tensor([src], device=device), encoder)
    logits_BTV = model.logits(model.decode(torch.tensor([read], device=device), memory, record=decoder))
    logprobs_TV = logits_BTV[0].float().log_softmax(-1).cpu()
    source_tokens, target_tokens, read_tokens = (tuple(sentence.tokens(ids)) for ids in (src, expected, read))
    looks: dict[MapKind, tuple[Record, tuple[str, ...], tuple[str, ...]]] = {
        "encoder": (encoder, source_tokens, source_tokens),
        "decoder": (decoder.self_attention, read_tokens, read_tokens),
        "cross": (decoder.cross_attention, target_tokens, source_tokens),
    }
    attentions = {kind: _stack(kind, *look) for kind, look in looks.items() if _has_weights(look[0])}
    config, cross, num_cross = bundle.config, attentions.get("cross"), len(decoder.cross_attention)
    kernels = {"encoder": config.model.encoder_attention, "decoder": config.model.decoder_attention, "cross": "full"}
    return AttentionMap(
        source=sentence.source,
        target=sentence.target,
        source_tokens=source_tokens,
        target_tokens=target_tokens,
        logprobs_T=logprobs_TV[torch.arange(len(expected)), torch.tensor(expected)].numpy(),
        attentions=attentions,
        kernels={kind: kernel if looks[kind][0] else "" for kind, kernel in kernels.items()},
        view_layer=min(config.aligner.view or num_cross, num_cross),
        alignment_TS=read_alignment(cross.weights_LHQM, config.aligner) if cross else None,
        model=_name(bundle.folder),
        languages=(config.source, config.target),
    )


def _name(folder: Path) -> str:
    """A run keeps its model in a folder called "bundle"."""
    return folder.parent.name if folder.name == "bundle" else folder.name


def _has_weights(record: Record) -> bool:
    return bool(record) and all(look.weights is not None for look in record)


def _stack(kind: MapKind, record: Record, queries: tuple[str, ...], keys: tuple[str, ...]) -> Attention:
    """The looks of all layers, each of one sentence, as arrays."""

    def stack(tensors: list[torch.Tensor]) -> Array:
        return torch.cat(tensors).float().cpu().numpy()

    return Attention(
        kind,
        queries,
        keys,
        weights_LHQM=stack([look.weights.weights_BHQM for look in record]),
        scores_LHQM=stack([look.weights.scores_BHQM for look in record]),
        q_LHQK=stack([look.q_BHQK for look in record]),
        k_LHMK=stack([look.k_BHMK for look in record]),
        v_LHMK=stack([look.v_BHMK for look in record]),
        out_LHQK=stack([look.out_BHQK for look in record]),
    )
