"""The ideas of the Transformer, one page each, with numbers from a model at work on a sentence.

A page is a text in `pages/`, in two languages, and a function that computes the numbers it speaks of. Numbers are
never stored.
"""

TOPICS = (
    "embedding",
    "positions",
    "qkv",
    "scores",
    "scaling",
    "masks",
    "softmax",
    "attention",
    "heads",
    "cross-attention",
    "residual",
    "feed-forward",
    "training",
    "inference",
    "parallel",
    "efficient",
)
"""In the order in which one is best read after the other."""
