"""One training step, from a straightforward loop to tfcli's, a change at a time; same model, same batches.

Shapes: B batch, T target, V vocabulary.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tfcli.build import build_model
from tfcli.config import EOS, PAD, PLACEHOLDERS, PRESETS, ModelConfig, StageConfig, TrainingConfig
from tfcli.data.batch import Batch, make_batch
from tfcli.data.bucketing import plan_epoch
from tfcli.data.encoded import EncodedPairs, Side
from tfcli.hardware import fast_precision, keep_freed_memory
from tfcli.training.distributed import World
from tfcli.training.identity import Identity
from tfcli.training.learner import Learner
from tfcli.training.loader import BatchLoader, Repeated
from tfcli.training.objectives import OBJECTIVES
from tfcli.training.progress import Reporter
from tfcli.training.trainer import Trainer
from tfcli.transformer.attention import KERNELS
from tfcli.transformer.attention.kernel import Kernel

_FIRST_WORD = EOS + 1 + len(PLACEHOLDERS)
_NUM_PAIRS = 20_000
_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Task:
    """What every side trains on: `steps` batches of random pairs whose lengths are like those of short sentences."""

    preset: str
    vocab_size: int
    batch_tokens: int
    dropout: float
    steps: int

    @property
    def model(self) -> ModelConfig:
        return ModelConfig(vocab_size=self.vocab_size, dropout=self.dropout, **PRESETS[self.preset])

    @property
    def training(self) -> TrainingConfig:
        return TrainingConfig(batch_tokens=self.batch_tokens)

    def pairs(self) -> EncodedPairs:
        """Log-normal lengths, half of them under 12 tokens; the target between half and twice as long as the source."""
        rng = np.random.default_rng(1)
        src = rng.lognormal(2.5, 0.6, _NUM_PAIRS)
        tgt = src * rng.lognormal(0.0, 0.3, _NUM_PAIRS)
        return EncodedPairs(*(self._side(rng, lengths) for lengths in (src, tgt)), dropped={})

    def _side(self, rng: np.random.Generator, lengths: np.ndarray) -> Side:
        offsets = np.concatenate([[0], np.cumsum(lengths.astype(int).clip(2, 120))])
        tokens = rng.integers(_FIRST_WORD, self.vocab_size, offsets[-1], dtype=np.int32)
        tokens[offsets[1:] - 1] = EOS
        return Side(tokens, offsets)

    def plan(self, pairs: EncodedPairs) -> list[np.ndarray]:
        lengths = pairs.src.lengths, pairs.tgt.lengths
        return plan_epoch(*lengths, self.batch_tokens, seed=1, epoch=0)[: self.steps]


@dataclass(frozen=True)
class Loop:
    """A straightforward training loop, and what can be changed in it one by one."""

    bfloat16: bool = False
    keep_memory: bool = False
    explicit_attention: bool = False
    chunked_loss: bool = False

    def prepare(self, task: Task) -> Callable[[], None]:
        """A function that trains on all batches of the task once."""
        if self.keep_memory:
            keep_freed_memory()
        if not self.explicit_attention:
            KERNELS["full"] = FusedAttention
        pairs = task.pairs()
        batches = [make_batch(pairs, rows) for rows in task.plan(pairs)]
        objective_class = OBJECTIVES["teacher_forcing"] if self.chunked_loss else FullCrossEntropy
        objective = objective_class(build_model(task.model), task.training).train()
        optimizer = torch.optim.AdamW(objective.parameters(), lr=1e-3)

        def train() -> None:
            for batch in batches:
                with torch.autocast("cpu", torch.bfloat16) if self.bfloat16 else nullcontext():
                    loss, _ = objective(batch)
                optimizer.zero_grad()
                (loss / (batch.labels_BT != PAD).sum()).backward()
                nn.utils.clip_grad_norm_(objective.parameters(), task.training.clip_norm)
                optimizer.step()

        return train


class FusedAttention(Kernel):
    """PyTorch's fused attention, in training too."""

    def forward(self, q_BHQK, k_BHMK, v_BHMK, mask, scores, need_weights):
        allowed_BHQM = mask.allowed(q_BHQK.size(2), k_BHMK.size(2), q_BHQK.device)
        return F.scaled_dot_product_attention(q_BHQK, k_BHMK, v_BHMK, attn_mask=allowed_BHQM), None


class FullCrossEntropy(nn.Module):
    """All logits at once, their float32 log-softmax, PyTorch's cross-entropy."""

    def __init__(self, model: nn.Module, config: TrainingConfig):
        super().__init__()
        self.model, self.config = model, config

    def forward(self, batch: Batch) -> tuple[torch.Tensor, None]:
        logits_NV = self.model(batch.src_BS, batch.tgt_BT).float().flatten(0, 1)
        smoothing = self.config.label_smoothing
        return F.cross_entropy(
            logits_NV, batch.labels_BT.flatten(), ignore_index=PAD, label_smoothing=smoothing, reduction="sum"
        ), None


@dataclass(frozen=True)
class TfcliTrainer:
    """The step of `tfcli train` itself, batches made and moving average included. precision: None for what it takes by
    itself."""

    precision: torch.dtype | None = None

    def prepare(self, task: Task) -> Callable[[], None]:
        keep_freed_memory()
        trainer = self.trainer(task, Path())

        def train() -> None:
            step = trainer.loader.fetch(0, 0)
            for _ in range(task.steps):
                trainer.update(trainer.learner.objective, step)
                step = trainer.loader.fetch(step.epoch, step.position)

        return train

    def trainer(self, task: Task, checkpoints: Path) -> Trainer:
        objective = OBJECTIVES[task.training.objective](build_model(task.model), task.training).train()
        world = World(rank=0, size=1, device=_CPU)
        return Trainer(
            Learner(objective, StageConfig("benchmark", training=task.training), 0, world),
            BatchLoader(Repeated(task.pairs()), task.training, world),
            None,
            task.training,
            Identity("", "", 1),
            self.precision or fast_precision(_CPU),
            checkpoints,
            Reporter(quiet=True),
            lambda weights, scores: None,
        )


SIDES = {
    "straightforward loop": Loop(),
    "+ bfloat16 autocast": Loop(True),
    "+ freed memory kept": Loop(True, True),
    "+ explicit attention": Loop(True, True, True),
    "+ loss in chunks": Loop(True, True, True, True),
    "tfcli train": TfcliTrainer(),
}
"""Each line adds to the one before; the last has fused AdamW and a moving average of the weights besides."""
