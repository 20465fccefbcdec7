"""Who decodes: tfcli's engines, transformers' Marian, CTranslate2. Source ids in, target ids out, a batch at a time."""

from collections.abc import Callable, Sequence

from tfcli.bundle import Bundle
from tfcli.config import BOS, EOS, PAD
from tfcli.conversion.convert import MODEL, Quantization, convert, small_files, token_names
from tfcli.decoding.engines import ENGINES
from tfcli.decoding.search import Search

Ids = list[list[int]]
Decode = Callable[[Ids, Sequence[int]], Ids]
"""Source ids without EOS, and how many tokens each target has with EOS; target ids without it. Only Marian needs the
lengths: the others know when a sentence is over."""


def tfcli(name: str, dtype: str) -> Callable[[Bundle, int], Decode]:
    def prepare(bundle: Bundle, threads: int) -> Decode:
        engine = ENGINES[name](bundle, "cpu", dtype, threads)
        search = Search(bundle.config.model.max_length - 1)

        def decode(src: Ids, lengths: Sequence[int]) -> Ids:
            return [hypothesis.ids for (hypothesis,) in engine.translate(src, search)]

        return decode

    return prepare


def marian(bundle: Bundle, threads: int) -> Decode:
    """Shapes of the bundle, random weights. Random sentences would never end, so it is told how many steps to take:
    those of the longest sentence of the batch, as `generate` does by itself, since it keeps finished rows to the end.
    """
    import torch
    from transformers import MarianConfig, MarianMTModel

    torch.set_num_threads(threads)
    shape = bundle.config.model
    heads, layers = shape.num_heads, (shape.num_encoder_layers, shape.num_decoder_layers)
    config = MarianConfig(
        vocab_size=shape.vocab_size,
        d_model=shape.d_model,
        encoder_layers=layers[0],
        decoder_layers=layers[1],
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=shape.d_ff,
        decoder_ffn_dim=shape.d_ff,
        activation_function=shape.activation,
        max_position_embeddings=shape.max_length,
        scale_embedding=True,
        pad_token_id=PAD,
        decoder_start_token_id=BOS,
        eos_token_id=None,
        forced_eos_token_id=None,
    )
    model = MarianMTModel(config).eval()

    def decode(src: Ids, lengths: Sequence[int]) -> Ids:
        longest = max(map(len, src)) + 1
        rows = [[*ids, EOS, *[PAD] * (longest - 1 - len(ids))] for ids in src]
        input_ids = torch.tensor(rows)
        output = model.generate(
            input_ids=input_ids,
            attention_mask=(input_ids != PAD).long(),
            num_beams=1,
            do_sample=False,
            max_new_tokens=max(lengths),
        )
        return output[:, 1:].tolist()

    return decode


def ctranslate2(dtype: Quantization) -> Callable[[Bundle, int], Decode]:
    """The weights of the bundle."""

    def prepare(bundle: Bundle, threads: int) -> Decode:
        from ctranslate2 import Translator

        names = token_names(bundle.config.model.vocab_size)
        files = small_files(names) | {MODEL: convert(bundle, dtype)}
        translator = Translator(
            "bundle", "cpu", compute_type=dtype, inter_threads=1, intra_threads=threads, files=files
        )
        ids_of = {name: i for i, name in enumerate(names)}
        most = bundle.config.model.max_length - 1

        def decode(src: Ids, lengths: Sequence[int]) -> Ids:
            results = translator.translate_batch(
                [[names[i] for i in ids] for ids in src],
                beam_size=1,
                max_batch_size=len(src),
                max_decoding_length=min(2 * max(map(len, src)) + 16, most),
            )
            return [[ids_of[name] for name in result.hypotheses[0]] for result in results]

        return decode

    return prepare


SIDES: dict[str, tuple[str, Callable[[Bundle, int], Decode]]] = {
    "tfcli int8": ("ctranslate2", tfcli("ctranslate2", "int8")),
    "tfcli torch float32": ("torch", tfcli("torch", "float32")),
    "tfcli torch bfloat16": ("torch", tfcli("torch", "bfloat16")),
    "transformers Marian float32": ("transformers", marian),
    "CTranslate2 float32": ("ctranslate2", ctranslate2("float32")),
    "CTranslate2 int8": ("ctranslate2", ctranslate2("int8")),
}
"""For each side, the package it needs, and what makes its Decode of a bundle and a number of threads."""
