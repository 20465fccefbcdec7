"""The Transformer (Vaswani et al. 2017, 1706.03762), one file per part."""
