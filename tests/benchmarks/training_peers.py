"""Training on a CPU beside peers: JoeyNMT's model and step, and transformers' Marian in a plain loop.

    python -m tests.benchmarks.training_peers [--threads 1] [--rounds 4] [--batches own|same]

Wants joeynmt and transformers. Shapes, dropout, label smoothing and AdamW are the same for all; JoeyNMT's norms stand
before the layers as tfcli's do, Marian's behind them. JoeyNMT itself trains in float32 on a CPU: its line with bfloat16
is what it would gain. Each side makes batches of --batch-tokens of one corpus in its own way, JoeyNMT by its sampler,
the plain loop of pairs as they come, shuffled; with --batches=same, all train on those of tfcli.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.benchmarks.report import machine, table
from tests.benchmarks.side_by_side import Side, answer_questions, best, timed
from tests.benchmarks.training_sides import Task, TfcliTrainer
from tfcli.config import BOS, EOS, PAD, PRESETS, UNK
from tfcli.data.batch import Batch, make_batch
from tfcli.data.encoded import EncodedPairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=PRESETS, default="small")
    parser.add_argument("--vocab-size", type=int, default=12_000)
    parser.add_argument("--batch-tokens", type=int, default=7168, help="padded tokens of the longer side")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--batches", choices=("own", "same"), default="own", help="who makes them")
    parser.add_argument("--steps", type=int, default=3, help="steps, each another batch, of a round")
    parser.add_argument("--rounds", type=int, default=4, help="the best one counts")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    task = Task(options.preset, options.vocab_size, options.batch_tokens, options.dropout, options.steps)
    if options.side:
        _play(task, options)
    else:
        _compare(task, options)


def _play(task: Task, options: argparse.Namespace) -> None:
    name, dtype = SIDES[options.side]
    if name == "tfcli":
        train = TfcliTrainer(dtype).prepare(task)
    else:
        train = _train(task, *PEERS[name](task), _their_batches(task, options), dtype)
    train()  # the first time is never like the others
    answer_questions({"time": lambda _: vars(timed(train))})


def _compare(task: Task, options: argparse.Namespace) -> None:
    arguments = [f"--{n.replace('_', '-')}={v}" for n, v in vars(options).items() if n not in ("side", "rounds")]
    sides = [Side("tests.benchmarks.training_peers", name, arguments) for name in SIDES]
    rounds = [[side.time("time") for side in sides] for _ in range(options.rounds)]
    times = {side.name: best(column) for side, column in zip(sides, zip(*rounds, strict=True), strict=True)}
    for side in sides:
        side.close()
    pairs = task.pairs()
    ours = _Tokens.of([make_batch(pairs, rows) for rows in task.plan(pairs)])
    theirs = _Tokens.of(_their_batches(task, options))
    print(f"{machine('torch', 'joeynmt', 'transformers')}; {options.threads} thread(s)")
    print(f"Target tokens a second, {task.steps} steps, best of {options.rounds} rounds in turns; of the targets'")
    print(f"places in the batches, {ours.share:.0%} of tfcli's are tokens and {theirs.share:.0%} of the others'.")
    print("ratios: how many times as many tfcli trains by CPU time, as it comes in bfloat16\n")
    speeds = {name: (ours if name.startswith("tfcli") else theirs).real / time.cpu for name, time in times.items()}
    rows = []
    for name, speed in speeds.items():
        fair = speeds["tfcli bfloat16" if name.endswith("bfloat16") else "tfcli float32"]
        ratios = [f"{other / speed:.2f} x" for other in (fair, speeds["tfcli bfloat16"])]
        rows.append([name, f"{speed * times[name].cpu / times[name].wall:,.0f}", f"{speed:,.0f}", *ratios])
    print(table(["", "by wall", "by CPU", "same precision", "as it comes"], rows))


@dataclass(frozen=True)
class _Tokens:
    """Of the target sides of some batches: how many are real, and which share of all places that is."""

    real: int
    share: float

    @classmethod
    def of(cls, batches: list[Batch]) -> "_Tokens":
        masks = [batch.labels_BT != PAD for batch in batches]
        real = sum(int(mask.sum()) for mask in masks)
        return cls(real, real / sum(mask.numel() for mask in masks))


def _their_batches(task: Task, options: argparse.Namespace) -> list[Batch]:
    pairs = task.pairs()
    plan = _shuffled_plan(task, pairs) if options.batches == "own" else task.plan(pairs)
    return [_batch(pairs, rows) for rows in plan]


def _shuffled_plan(task: Task, pairs: EncodedPairs) -> list[np.ndarray]:
    """Batches as JoeyNMT makes them, by its own sampler: of pairs in random order, whatever their lengths."""
    from joeynmt.datasets import TokenBatchSampler
    from joeynmt.helpers_for_ddp import RandomSubsetSampler

    class Sentences:
        """A JoeyNMT dataset, as far as its samplers look. Its sentences do not have their EOS yet."""

        indices, random_subset = list(range(len(pairs))), -1

        def __len__(self) -> int:
            return len(pairs)

        def __getitem__(self, i: int) -> tuple[int, range, range]:
            return i, *(range(side.lengths[i] - 1) for side in (pairs.src, pairs.tgt))

    sampler = RandomSubsetSampler(Sentences(), shuffle=True, generator=torch.Generator())
    sampler.set_seed(1)
    batches = TokenBatchSampler(sampler, batch_size=task.batch_tokens, drop_last=False, seed=1)
    return [np.array(rows) for rows in islice(batches, task.steps)]


def _batch(pairs: EncodedPairs, rows: np.ndarray) -> Batch:
    """Padded to the longest, no further."""
    batch = make_batch(pairs, rows)
    src, tgt = (int(side.lengths[rows].max()) for side in (pairs.src, pairs.tgt))
    return Batch(batch.src_BS[:, :src], batch.tgt_BT[:, :tgt], batch.labels_BT[:, :tgt])


def _train(
    task: Task, model: nn.Module, loss: Callable[[Batch], Tensor], batches: list[Batch], dtype: torch.dtype
) -> Callable[[], None]:
    """A plain loop. loss: summed over the tokens."""
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


def _joeynmt(task: Task) -> tuple[nn.Module, Callable[[Batch], Tensor]]:
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

    return model, loss


def _marian(task: Task) -> tuple[nn.Module, Callable[[Batch], Tensor]]:
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

    return model, loss


PEERS = {"JoeyNMT": _joeynmt, "transformers Marian": _marian}
SIDES = {
    f"{name} {str(dtype).removeprefix('torch.')}": (name, dtype)
    for name in [*PEERS, "tfcli"]
    for dtype in (torch.float32, torch.bfloat16)
}


if __name__ == "__main__":
    main()
