"""PyTorch, on whatever device it knows."""

from collections.abc import Sequence

from tfcli.bundle import Bundle
from tfcli.config import ModelConfig
from tfcli.config.combinations import PARALLEL_KINDS
from tfcli.decoding.hypothesis import Hypothesis
from tfcli.decoding.search import Search


class TorchEngine:
    """The model as it was trained, with every switch. dtype "auto" is float32."""

    notes = warnings = ()

    def __init__(self, bundle: Bundle, device: str = "auto", dtype: str = "auto", threads: int | None = None):
        import torch

        from tfcli.decoding.engines.packed import pack
        from tfcli.hardware import choose_device

        if threads:
            torch.set_num_threads(threads)
        self.threads = torch.get_num_threads()
        self.device = choose_device(device)
        self.dtype = "float32" if dtype == "auto" else dtype
        self.batch_tokens = 2048 if self.device == "cpu" else 32768
        self.model = bundle.load_model(self.dtype).to(self.device)
        if self.device == "cpu":
            pack(self.model)

    @classmethod
    def refusal(cls, config: ModelConfig, search: Search, device: str, dtype: str) -> str:
        if dtype == "int8":
            return "it computes in float32 or bfloat16, not in int8"
        if config.kind not in PARALLEL_KINDS:
            return ""
        if search.beam_size > 1:
            return f'a model of the kind "{config.kind}" writes all words at once, so there is no beam to search with'
        if search.prefix:
            return f'a model of the kind "{config.kind}" writes all words at once, so it cannot be told how to begin'
        return ""

    def translate(self, src: Sequence[Sequence[int]], search: Search) -> list[list[Hypothesis]]:
        from tfcli.decoding.decoders import decode

        try:
            return decode(self.model, src, search, self.device)
        except RuntimeError as error:
            if "out of memory" in str(error) or "allocate memory" in str(error):
                raise MemoryError(str(error)) from error
            raise
