"""From a config to its model: with fresh parameters, or with shapes only, to look at or to load weights into."""

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tfcli.baselines.cnn import Cnn
from tfcli.baselines.rnn import Rnn, RnnNoAttention
from tfcli.config import ModelConfig
from tfcli.transformer.model import Transformer
from tfcli.transformer.non_autoregressive.crf import Crf
from tfcli.transformer.non_autoregressive.ctc import Ctc
from tfcli.transformer.non_autoregressive.fertility import Fertility
from tfcli.transformer.non_autoregressive.lengths import ManyBegin, Parallel
from tfcli.transformer.non_autoregressive.mask_predict import MaskPredict
from tfcli.transformer.seq2seq import Seq2Seq

MODELS: dict[str, type[Seq2Seq]] = {
    "transformer": Transformer,
    "rnn": Rnn,
    "rnn_no_attention": RnnNoAttention,
    "cnn": Cnn,
    "parallel": Parallel,
    "many_begin": ManyBegin,
    "fertility": Fertility,
    "mask_predict": MaskPredict,
    "ctc": Ctc,
    "crf": Crf,
}


def build_model(config: ModelConfig) -> Seq2Seq:
    """The model a config describes, with fresh parameters."""
    return MODELS[config.kind](config)


def empty_model(config: ModelConfig) -> Seq2Seq:
    """The model of a config with parameters on the meta device and buffers in memory. It becomes a real one by
    `load_state_dict(state, assign=True)`."""
    with _ParametersOnMeta():
        return build_model(config)


class _ParametersOnMeta(TorchFunctionMode):
    """Parameters take no memory, whatever the config asks for, and are not filled: drawing numbers that are overwritten
    at once costs more than reading the file. So it is with buffers that are saved, if torch.empty makes them; others,
    such as tables of positions, are made as always."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is torch.empty:  # what the layers of torch.nn make their parameters of
            return func(*args, **{**kwargs, "device": "meta"})
        target = args[0] if args else kwargs.get("tensor")
        # Not left to the meta device, where normal_ imports some 800 modules first.
        if func in (nn.init.normal_, Tensor.normal_) and target.is_meta:
            return target
        return func(*args, **kwargs)
