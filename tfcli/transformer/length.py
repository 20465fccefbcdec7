"""How long a translation will be, before a word of it is written.

Shapes: B batch, S source, D d_model, C classes, N candidates.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from tfcli.config import ModelConfig
from tfcli.transformer.cross_attention import Memory

_SHORTEST, _LONGEST = -128, 127
_LEAST = 2  # one word and EOS


class LengthPredictor(nn.Module):
    """p(ΔL | X) = softmax(W · mean_s h_s + b), with ΔL = |Y| - |X| from -128 to 127, h the encoder's last states, EOS
    counted on both sides. Lee et al. 2018 (1802.06901) predict the length from the pooled encoder like this;
    Ghazvininejad et al. 2019 (1904.09324) from a token of its own."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.max_length = config.max_length
        self.classes = nn.Linear(config.d_model, _LONGEST - _SHORTEST + 1)

    def forward(self, memory: Memory) -> Tensor:
        """logits_BC of the differences in length."""
        real_BS1 = memory.mask.keys_BM[..., None]
        return self.classes((memory.states_BSD[-1] * real_BS1).sum(1) / real_BS1.sum(1)).float()

    def nll(self, memory: Memory, lengths_B: Tensor) -> Tensor:
        """-log p(|Y| = lengths | X), summed over the batch. A difference beyond the classes counts as the last one."""
        difference_B = lengths_B - memory.mask.keys_BM.sum(1)
        return F.cross_entropy(self(memory), difference_B.clamp(_SHORTEST, _LONGEST) - _SHORTEST, reduction="sum")

    def most_probable(self, memory: Memory, count: int) -> tuple[Tensor, Tensor]:
        """(lengths_BN, their log-probabilities_BN), the most probable first."""
        logprobs_BN, classes_BN = self(memory).log_softmax(-1).topk(count)
        lengths_BN = classes_BN + _SHORTEST + memory.mask.keys_BM.sum(1, keepdim=True)
        return lengths_BN.clamp(_LEAST, self.max_length), logprobs_BN
