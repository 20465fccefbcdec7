"""How good the model is right now: loss, BLEU and chrF on pairs it is not trained on."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from tfcli import evaluation
from tfcli.config import Metric
from tfcli.data.batch import count_labels, make_batch
from tfcli.data.corpus import Pair
from tfcli.data.encoded import EncodedPairs
from tfcli.decoding.decoders import decode
from tfcli.decoding.search import Search
from tfcli.text.languages import find_language
from tfcli.tokenizer import Tokenizer
from tfcli.training.objectives.objective import Objective

_BATCH = 64


@dataclass(frozen=True)
class Validation:
    """The held-out pairs, as text and as ids; number i of both is the same pair."""

    pairs: list[Pair]
    encoded: EncodedPairs
    tokenizer: Tokenizer
    target_language: str

    @torch.no_grad()
    def loss(self, objective: Objective, device: torch.device) -> float:
        """Negative log-likelihood per target token."""
        order = np.argsort(self.encoded.tgt.lengths, kind="stable")
        total = labels = 0.0
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            total += objective(make_batch(self.encoded, rows).to(device))[1].item()
            labels += count_labels(self.encoded, rows)
        return total / labels

    def translate(self, model: nn.Module, device: torch.device) -> list[str]:
        """Translations of the held-out sources, in order."""
        lengths = self.encoded.src.lengths
        order = np.argsort(lengths, kind="stable")
        output = [""] * len(order)
        language = find_language(self.target_language)
        search = Search(max_length=model.config.max_length - 1)
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            src = [self.encoded.src.sequence(i)[:-1].tolist() for i in rows]
            for i, (hypothesis,) in zip(rows, decode(model, src, search, device), strict=True):
                output[i] = language.punctuate(self.tokenizer.decode(hypothesis.ids))
        return output

    def samples(self, translations: list[str]) -> list[tuple[str, str, str]]:
        """(source, reference, translation) of a few pairs, to be looked at."""
        shown = range(0, len(self.pairs), max(len(self.pairs) // 3, 1))[:3]
        return [(self.pairs[i].source, self.pairs[i].target, translations[i]) for i in shown]

    def run(self, objective: Objective, device: torch.device) -> tuple[dict[str, float], list[str]]:
        """(scores by name, translations) of the objective's model as it is, in evaluation mode."""
        was_training = objective.training
        objective.eval()
        translations = self.translate(objective.model, device)
        references = [pair.target for pair in self.pairs]
        scores = {
            "loss": self.loss(objective, device),
            "bleu": evaluation.bleu(translations, references, self.target_language).value,
            "chrf": evaluation.chrf(translations, references).value,
        }
        objective.train(was_training)
        return scores, translations


def goodness(scores: dict[str, float], metric: Metric) -> float:
    """More is better, whatever the metric."""
    return -scores["loss"] if metric == "loss" else scores[metric]
