"""A converted model against transformers' own MarianMTModel and MarianTokenizer, where transformers is installed."""

import json
import random

import pytest
import torch
from marian_models import LANGUAGES, PAIRS, write_marian

from tfcli.bundle import read_bundle
from tfcli.decoding.greedy import greedy
from tfcli.decoding.search import Search
from tfcli.hub.marian.config import read_config
from tfcli.hub.marian.convert import convert
from tfcli.hub.marian.vocabulary import read_vocabulary
from tfcli.pulled import HubName

transformers = pytest.importorskip("transformers")

LENGTH = 40
TEXTS = [text for pair in PAIRS for text in pair] + ["Hello é 中𝟘", "你好el你好", " 　你好\t吗 ", "１２３ ①"]


@pytest.fixture(scope="module", params=["swish", "relu", "gelu"])
def both(request, tmp_path_factory):
    """(their model, their tokenizer, our bundle, theirs -> ours)."""
    torch.manual_seed(1)
    written = write_marian(tmp_path_factory.mktemp("marian") / "written", activation_function=request.param)
    model, folder = transformers.MarianMTModel.from_pretrained(written).eval(), written.with_name("saved")
    model.save_pretrained(folder)  # as the library writes it today
    transformers.MarianTokenizer.from_pretrained(written).save_pretrained(folder)
    bundle = read_bundle(convert(folder, folder.parent / "ours", HubName("a/b")))
    files = [(folder / name).read_bytes() for name in ("source.spm", "target.spm")]
    settings, ids = (json.loads((folder / name).read_text()) for name in ("config.json", "vocab.json"))
    generation = json.loads((folder / "generation_config.json").read_text())
    vocabulary = read_vocabulary(*files, ids, read_config(settings, generation, LANGUAGES))
    ours = {row: i for i, row in enumerate(vocabulary.rows) if i not in vocabulary.never}
    return model, transformers.MarianTokenizer.from_pretrained(folder), bundle, ours


def test_text_is_cut_alike(both):
    _, tokenizer, bundle, ours = both
    mine = bundle.tokenizer()
    back = {i: row for row, i in ours.items()}
    for text in TEXTS:
        source, target = tokenizer(text).input_ids, tokenizer(text_target=text).input_ids
        assert [back.get(i, tokenizer.unk_token_id) for i in mine.encode(text)] + [0] == source
        assert [back.get(i, tokenizer.unk_token_id) for i in mine.encode_target(text)] + [0] == target
        known = [i for i in source if i > 1]
        assert mine.decode([ours[i] for i in known]).strip() == tokenizer.decode(known)


@torch.inference_mode()
def test_the_same_logits(both):
    model, tokenizer, bundle, ours = both
    mine, pad = bundle.load_model(), tokenizer.pad_token_id
    columns = [ours[i] for i in range(len(ours))]
    sources = tokenizer(TEXTS, return_tensors="pt", padding=True)
    theirs_BS, mask_BS = sources.input_ids, sources.attention_mask
    tgt_BT = torch.randint(2, pad, (len(TEXTS), 12))
    tgt_BT[:, 0] = pad
    expected = model(input_ids=theirs_BS, attention_mask=mask_BS, decoder_input_ids=tgt_BT).logits
    mapped = torch.tensor(columns)
    src_BS, mapped_tgt_BT = mapped[theirs_BS], mapped[tgt_BT]
    mapped_tgt_BT[:, 0] = 2
    found = mine(src_BS, mapped_tgt_BT)[..., columns]
    assert (found - expected).abs().max() < 1e-4 < expected.std()


def test_the_same_greedy_output(both):
    """Marian's own decoder never writes <unk>, nor do we; ours stops where a translation runs in circles."""
    model, tokenizer, bundle, ours = both
    texts = random.sample(TEXTS, 40)
    inputs = tokenizer(texts, return_tensors="pt", padding=True)
    never = [[tokenizer.pad_token_id], [tokenizer.unk_token_id]]
    generated = model.generate(
        **inputs, num_beams=1, do_sample=False, max_length=LENGTH + 1, bad_words_ids=never, forced_eos_token_id=None
    )
    encode = bundle.tokenizer().encode
    found = greedy(bundle.load_model(), [encode(text) for text in texts], Search(LENGTH, length_ratio=LENGTH))
    whole = 0
    for row, hypothesis in zip(generated.tolist(), found, strict=True):
        row = row[1:]
        expected = [ours[i] for i in (row[: row.index(0)] if 0 in row else row)]
        assert hypothesis.ids == expected[: len(hypothesis.ids)]
        assert hypothesis.looped or hypothesis.ids == expected
        whole += len(set(hypothesis.ids)) > 3
    assert whole > 3, "the models say too little to compare them"
