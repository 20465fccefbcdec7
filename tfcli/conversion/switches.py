"""Which models CTranslate2 can run, and what is in the way of the others. Neither torch nor CTranslate2 here."""

from tfcli.config import ModelConfig

SUPPORTED: dict[str, tuple[str, ...]] = {
    "kind": ("transformer",),
    "positions": ("none", "sinusoidal", "learned", "relative", "shaw", "rotary"),
    "norm": ("layer", "rms"),
    "residual": ("pre", "post"),
    "encoder_attention": ("full",),
    "decoder_attention": ("full",),
    "cross_attention": ("last",),
}
"""By switch, the choices that CTranslate2's layers can express exactly; of all other switches it takes every value."""
_EXACT_BUCKETS = 8
"""Nearer keys have a bucket of relative positions each; CTranslate2 takes for granted that some are farther."""


def find_obstacle(model: ModelConfig) -> str | None:
    """The first switch, with its value, that CTranslate2 cannot express; None if it can run the model."""
    for name, choices in SUPPORTED.items():
        if (value := getattr(model, name)) not in choices:
            return f'model.{name} = "{value}"'
    if model.positions == "relative" and model.max_distance <= _EXACT_BUCKETS:
        return f'model.positions = "relative" with model.max_distance = {model.max_distance}'
    return None
