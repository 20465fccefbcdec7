"""Small Marian models as Helsinki-NLP publishes them, with random weights; and what such a model computes, written
down independently of tfcli."""

import io
import json
import math
from collections.abc import Sequence
from pathlib import Path

import sentencepiece
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from tfcli.config import CorpusConfig
from tfcli.data.corpus import read_pairs

PAIRS = [pair[1:] for pair in read_pairs(CorpusConfig("phrasebook")) if pair.number <= 150]
LOST = ["▁you", "你好"]
"""Pieces of the two models that are not in vocab.json."""
CONFIG = dict(model_type="marian", architectures=["MarianMTModel"], d_model=32, encoder_layers=2, decoder_layers=2)
CONFIG |= dict(encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=48, decoder_ffn_dim=48)
CONFIG |= dict(max_position_embeddings=64, activation_function="swish", scale_embedding=True, dropout=0.1)
CONFIG |= dict(static_position_embeddings=True, normalize_before=False, eos_token_id=0, num_beams=6)
LANGUAGES = {"source_lang": "zho", "target_lang": "eng"}
CARD = "---\nlanguage:\n- zh\n- en\nlicense: cc-by-4.0\n---\n\n### zho-eng\n\n* source group: Chinese\n"


def train_pieces(texts: list[str], vocab_size: int, **settings) -> bytes:
    """A SentencePiece model as Marian's are made: unigram, no bytes."""
    buffer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=buffer, vocab_size=vocab_size, minloglevel=2, **settings
    )
    return buffer.getvalue()


def make_vocabulary(*models: bytes, languages: Sequence[str] = ()) -> dict[str, int]:
    """vocab.json: the pieces of both models, </s> and <unk> first, <pad> last."""
    pieces = []
    for model in models:
        side = sentencepiece.SentencePieceProcessor(model_proto=model)
        pieces += [side.id_to_piece(i) for i in range(len(side)) if not side.is_control(i) and not side.is_unknown(i)]
    kept = [piece for piece in dict.fromkeys(pieces) if piece not in LOST]
    return {piece: i for i, piece in enumerate(["</s>", "<unk>", *sorted(kept), *languages, "<pad>"])}


def random_tensors(config: dict) -> dict[str, torch.Tensor]:
    """Weights under Marian's names, none of them zero or one."""
    D, V = config["d_model"], config["vocab_size"]
    shapes = {"final_logits_bias": (1, V), "model.shared.weight": (V, D)}
    for stack, attentions in (("encoder", ["self_attn"]), ("decoder", ["self_attn", "encoder_attn"])):
        width = config[f"{stack}_ffn_dim"]
        for i in range(config[f"{stack}_layers"]):
            layer = f"model.{stack}.layers.{i}"
            linear = {f"{a}.{p}_proj": (D, D) for a in attentions for p in ("q", "k", "v", "out")}
            linear |= {"fc1": (width, D), "fc2": (D, width)}
            for name, shape in linear.items():
                shapes |= {f"{layer}.{name}.weight": shape, f"{layer}.{name}.bias": shape[:1]}
            for name in [*(f"{a}_layer_norm" for a in attentions), "final_layer_norm"]:
                shapes |= {f"{layer}.{name}.weight": (D,), f"{layer}.{name}.bias": (D,)}
    tensors = {name: torch.randn(shape) * 0.2 for name, shape in shapes.items()}
    tensors = {name: tensor + ("norm.weight" in name) for name, tensor in tensors.items()}
    return make_talkative(tensors)


def make_talkative(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Random weights say one word again and again, unless what comes out looks unlike what went in, and no word is
    more likely than others in general."""
    last = max(name for name in tensors if "decoder" in name and "final_layer_norm.weight" in name)
    tensors[last].normal_()
    for name in ("final_logits_bias", last.replace("weight", "bias")):
        tensors[name] /= 10
    tensors["model.shared.weight"] /= tensors["model.shared.weight"].norm(dim=1, keepdim=True)
    return tensors


def write_marian(
    folder: Path,
    dtype: torch.dtype = torch.float32,
    target_lang: str = "eng",
    languages: Sequence[str] = (),
    **changes,
) -> Path:
    """A repository in a folder. languages: entries that ask for one of several. changes: of the config."""
    folder.mkdir(parents=True)
    sides = [train_pieces([pair[side] for pair in PAIRS], size) for side, size in ((0, 340), (1, 260))]
    ids = make_vocabulary(*sides, languages=languages)
    pad = ids["<pad>"]
    config = CONFIG | dict(vocab_size=len(ids), pad_token_id=pad, decoder_start_token_id=pad) | changes
    texts = {
        "config.json": config,
        "vocab.json": ids,
        "tokenizer_config.json": {**LANGUAGES, "target_lang": target_lang, "model_max_length": 512},
        "generation_config.json": {"bad_words_ids": [[pad]], "decoder_start_token_id": pad, "eos_token_id": 0},
    }
    for name, values in texts.items():
        (folder / name).write_text(json.dumps(values), encoding="utf-8")
    (folder / "source.spm").write_bytes(sides[0])
    (folder / "target.spm").write_bytes(sides[1])
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    tensors = {name: tensor.to(dtype) for name, tensor in random_tensors(config).items()}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return folder


class Marian:
    """What a Marian model computes for one sentence: Junczys-Dowmunt et al. 2018 (1804.00344), as its files have it."""

    def __init__(self, tensors: dict[str, torch.Tensor], config: dict):
        self.tensors = {name: tensor.float() for name, tensor in tensors.items()}
        self.config = config

    def logits(self, src: list[int], tgt: list[int]) -> torch.Tensor:
        """logits_TV for the token after each target token."""
        memory = self._stack("encoder", self._embed(src), None)
        hidden = self._stack("decoder", self._embed(tgt), memory)
        return hidden @ self.tensors["model.shared.weight"].T + self.tensors["final_logits_bias"][0]

    def _embed(self, ids: list[int]) -> torch.Tensor:
        D = self.config["d_model"]
        rates = 10000.0 ** (-torch.arange(0, D, 2) / D)
        angles = torch.arange(len(ids))[:, None] * rates
        return self.tensors["model.shared.weight"][ids] * math.sqrt(D) + torch.cat([angles.sin(), angles.cos()], -1)

    def _stack(self, stack: str, x: torch.Tensor, memory: torch.Tensor | None) -> torch.Tensor:
        for i in range(self.config[f"{stack}_layers"]):
            at = f"model.{stack}.layers.{i}"
            x = self._norm(f"{at}.self_attn_layer_norm", x + self._attend(f"{at}.self_attn", x, x, memory is not None))
            if memory is not None:
                x = self._norm(f"{at}.encoder_attn_layer_norm", x + self._attend(f"{at}.encoder_attn", x, memory))
            inner = F.silu(self._linear(f"{at}.fc1", x))
            x = self._norm(f"{at}.final_layer_norm", x + self._linear(f"{at}.fc2", inner))
        return x

    def _attend(self, name: str, x: torch.Tensor, memory: torch.Tensor, causal: bool = False) -> torch.Tensor:
        heads = self.config["encoder_attention_heads"]
        q, k, v = (
            self._linear(f"{name}.{part}_proj", y).unflatten(-1, (heads, -1)).transpose(0, 1)
            for part, y in (("q", x), ("k", memory), ("v", memory))
        )
        scores = q @ k.mT / math.sqrt(q.size(-1))
        if causal:
            scores = scores + torch.full(scores.shape[1:], -math.inf).triu(1)
        return self._linear(f"{name}.out_proj", (scores.softmax(-1) @ v).transpose(0, 1).flatten(1))

    def _linear(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"])

    def _norm(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return F.layer_norm(x, x.shape[-1:], self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"])
