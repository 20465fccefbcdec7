"""Training on a CPU beside peers: JoeyNMT's model and step, and transformers' Marian in a plain loop.

    python -m tests.benchmarks.training_peers [--threads 1] [--rounds 4]

Wants joeynmt and transformers. Shapes, batches, dropout, label smoothing and AdamW are the same for all; JoeyNMT's
norms stand before the layers as tfcli's do, Marian's behind them. JoeyNMT itself trains in float32 on a CPU: its line
with bfloat16 is what it would gain.
"""

import argparse
from collections.abc import Callable
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.benchmarks.report import machine, table
from tests.benchmarks.side_by_side import Side, answer_questions, best, timed
from tests.benchmarks.training_sides import Task, TfcliTrainer
from tfcli.config import BOS, EOS, PAD, PRESETS, UNK
from tfcli.data.batch import Batch, make_batch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=PRESETS, default="small")
    parser.add_argument("--vocab-size", type=int, default=12_000)
    parser.add_argument("--batch-tokens", type=int, default=7168, help="padded tokens of the longer side")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--steps", type=int, default=3, help="steps, each another batch, of a round")
    parser.add_argument("--rounds", type=int, default=4, help="the best one counts")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    task = Task(options.preset, options.vocab_size, options.batch_tokens, options.dropout, options.steps)
    if options.side:
        train = SIDES[options.side](task)
        train()  # the first time is never like the others
        answer_questions({"time": lambda _: vars(timed(train))})
    else:
        _compare(task, options)


def _compare(task: Task, options: argparse.Namespace) -> None:
    arguments = [f"--{n.replace('_', '-')}={v}" for n, v in vars(options).items() if n not in ("side", "rounds")]
    sides = [Side("tests.benchmarks.training_peers", name, arguments) for name in SIDES]
    rounds = [[side.time("time") for side in sides] for _ in range(options.rounds)]
    pairs = task.pairs()
    labels = sum(int((make_batch(pairs, rows).labels_BT != PAD).sum()) for rows in task.plan(pairs))
    times = {side.name: best(column) for side, column in zip(sides, zip(*rounds, strict=True), strict=True)}
    for side in sides:
        side.close()
    print(f"{machine('torch', 'joeynmt', 'transformers')}; {options.threads} thread(s)")
    print(f"Target tokens a second, {task.steps} steps, best of {options.rounds} rounds in turns;")
    print("ratios: how many times as many tfcli trains by CPU time, as it comes in bfloat16\n")
    rows = []
    for name, time in times.items():
        fair = times["tfcli bfloat16" if name.endswith("bfloat16") else "tfcli float32"]
        ratios = [f"{time.cpu / other.cpu:.2f} x" for other in (fair, times["tfcli bfloat16"])]
        rows.append([name, f"{labels / time.wall:,.0f}", f"{labels / time.cpu:,.0f}", *ratios])
    print(table(["", "by wall", "by CPU", "same precision", "as it comes"], rows))


def _train(task: Task, model: nn.Module, loss: Callable[[Batch], Tensor], dtype: torch.dtype) -> Callable[[], None]:
    """A plain loop over the batches of the task. loss: summed over the tokens."""
    pairs = task.pairs()
    batches = [make_batch(pairs, rows) for rows in task.plan(pairs)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def train() -> None:
        for batch in batches:
            with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
                total = loss(batch)
            optimizer.zero_grad()
            (total / (batch.labels_BT != PAD).sum()).backward()
            nn.utils.clip_grad_norm_(model.parameters(), task.training.clip_norm)
            optimizer.step()

    return train


def _joeynmt(dtype: torch.dtype) -> Callable[[Task], Callable[[], None]]:
    def prepare(task: Task) -> Callable[[], None]:
        from joeynmt.model import build_model
        from joeynmt.vocabulary import Vocabulary

        shape, smoothing = task.model, task.training.label_smoothing
        unknown, padding = 0, 1  # where JoeyNMT wants them: the other way round
        specials = dict(unk_id=unknown, pad_id=padding, bos_id=BOS, eos_id=EOS, sep_token=None, lang_tags=[])
        names = dict(unk_token="<unk>", pad_token="<pad>", bos_token="<s>", eos_token="</s>")
        words = Vocabulary([f"w{i}" for i in range(EOS + 1, shape.vocab_size)], SimpleNamespace(**specials, **names))

        def stack(layers: int) -> dict:
            return {
                "type": "transformer",
                "num_layers": layers,
                "num_heads": shape.num_heads,
                "hidden_size": shape.d_model,
                "ff_size": shape.d_ff,
                "dropout": shape.dropout,
                "layer_norm": "pre",
                "embeddings": {"embedding_dim": shape.d_model, "scale": True, "dropout": shape.dropout},
            }

        config = {
            "encoder": stack(shape.num_encoder_layers),
            "decoder": stack(shape.num_decoder_layers),
            "tied_embeddings": True,
            "tied_softmax": True,
        }
        model = build_model(config, words, words).train()
        model.loss_function = ("crossentropy", smoothing)

        def renumbered(ids: Tensor) -> Tensor:
            return torch.where(ids == PAD, padding, torch.where(ids == UNK, unknown, ids))

        def loss(batch: Batch) -> Tensor:
            src, trg_input, trg = map(renumbered, (batch.src_BS, batch.tgt_BT, batch.labels_BT))
            return model(
                return_type="loss",
                src=src,
                src_length=(src != padding).sum(1),
                src_mask=(src != padding)[:, None],
                trg_input=trg_input,
                trg=trg,
                trg_mask=(trg != padding)[:, None],
            )[0]

        return _train(task, model, loss, dtype)

    return prepare


def _marian(dtype: torch.dtype) -> Callable[[Task], Callable[[], None]]:
    def prepare(task: Task) -> Callable[[], None]:
        from transformers import MarianConfig, MarianMTModel

        shape, smoothing = task.model, task.training.label_smoothing
        config = MarianConfig(
            vocab_size=shape.vocab_size,
            d_model=shape.d_model,
            encoder_layers=shape.num_encoder_layers,
            decoder_layers=shape.num_decoder_layers,
            encoder_attention_heads=shape.num_heads,
            decoder_attention_heads=shape.num_heads,
            encoder_ffn_dim=shape.d_ff,
            decoder_ffn_dim=shape.d_ff,
            activation_function=shape.activation,
            max_position_embeddings=shape.max_length,
            dropout=shape.dropout,
            scale_embedding=True,
            use_cache=False,
            pad_token_id=PAD,
            eos_token_id=EOS,
            decoder_start_token_id=BOS,
        )
        model = MarianMTModel(config).train()

        def loss(batch: Batch) -> Tensor:
            mask_BS, tgt_BT = batch.src_BS != PAD, batch.tgt_BT
            logits_BTV = model(input_ids=batch.src_BS, attention_mask=mask_BS, decoder_input_ids=tgt_BT).logits
            logits_NV, labels_N = logits_BTV.float().flatten(0, 1), batch.labels_BT.flatten()
            return F.cross_entropy(logits_NV, labels_N, ignore_index=PAD, label_smoothing=smoothing, reduction="sum")

        return _train(task, model, loss, dtype)

    return prepare


def _tfcli(dtype: torch.dtype) -> Callable[[Task], Callable[[], None]]:
    return lambda task: TfcliTrainer(dtype).prepare(task)


_PEERS = {"JoeyNMT": _joeynmt, "transformers Marian": _marian, "tfcli": _tfcli}
SIDES = {
    f"{name} {str(dtype).removeprefix('torch.')}": peer(dtype)
    for name, peer in _PEERS.items()
    for dtype in (torch.float32, torch.bfloat16)
}


if __name__ == "__main__":
    main()
