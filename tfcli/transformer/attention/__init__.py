"""Attention: the projections around it (multihead.py) and the kernels that compute it, chosen by name."""

from tfcli.transformer.attention.full import Full
from tfcli.transformer.attention.kernel import Kernel

KERNELS: dict[str, type[Kernel]] = {"full": Full}
