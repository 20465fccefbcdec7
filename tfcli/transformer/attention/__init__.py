"""Attention: the projections around it (multihead.py) and the kernels that compute it, chosen by name."""

from tfcli.transformer.attention.blocked import Chunked, Local
from tfcli.transformer.attention.full import Full
from tfcli.transformer.attention.kernel import Kernel
from tfcli.transformer.attention.linear import Linear, Performer
from tfcli.transformer.attention.low_rank import LowRank
from tfcli.transformer.attention.lsh import LSH
from tfcli.transformer.attention.sparse import Sparse

KERNELS: dict[str, type[Kernel]] = {
    "full": Full,
    "local": Local,
    "sparse": Sparse,
    "low_rank": LowRank,
    "chunked": Chunked,
    "lsh": LSH,
    "linear": Linear,
    "performer": Performer,
}
