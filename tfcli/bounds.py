"""Between which values each number of a config must be: a recipe is refused before hours of training, and a config.json
from elsewhere cannot ask for a petabyte."""

from tfcli.errors import ModelError

_MANY = 1_000_000_000
BOUNDS: dict[str, tuple[tuple[str, float, float], ...]] = {
    "model": (
        ("vocab_size", 0, 1_000_000),
        ("d_model", 2, 8192),
        ("d_ff", 1, 65536),
        ("num_heads", 1, 256),
        ("num_encoder_layers", 1, 96),
        ("num_decoder_layers", 1, 96),
        ("dropout", 0.0, 0.9),
        ("max_length", 4, 65536),
        ("max_distance", 1, 4096),
        ("window", 1, 4096),
        ("num_global", 0, 256),
        ("num_random", 0, 64),
        ("rank", 1, 4096),
        ("chunk", 1, 4096),
        ("num_hashes", 1, 16),
        ("num_features", 1, 4096),
    ),
    "tokenizer": (
        ("vocab_size", 1, 1_000_000),
        ("character_coverage", 0.98, 1.0),  # what SentencePiece takes
        ("sample", 1, _MANY),
    ),
    "data": (("valid_pairs", 1, _MANY), ("max_length", 2, _MANY), ("max_ratio", 1, 1e9)),
    "data.train": (("weight", 0, 1000),),
    "data.noise": tuple(
        (name, 0, 1) for name in ("drop_final_punctuation", "spaces_for_commas", "placeholders", "join")
    ),
    "training.sampling": (
        *((name, 0, 1) for name in ("probability", "start", "end")),
        ("temperature", 0, 10),
        ("passes", 1, 1024),
    ),
    "training.reward": (
        *((name, 0, 1) for name in ("start", "end")),
        ("candidates", 1, 1024),
        ("sharpness", 1e-6, 1),
    ),
    "training": (
        *((name, 0, 1) for name in ("label_smoothing", "decay_fraction", "ema_decay")),
        *((name, 0, 100) for name in ("learning_rate", "weight_decay")),
        *((name, 0, _MANY) for name in ("warmup_steps", "average", "patience")),
        *((name, 1, _MANY) for name in ("steps", "batch_tokens", "grad_accum", "valid_every", "save_every", "keep")),
        ("clip_norm", 1e-9, 1e9),
        ("max_time", 0.001, 1e9),
        ("seed", 0, 2**63 - 1),
    ),
}


def check_bounds(section: str, config: object) -> None:
    """Raises ModelError for the first number of `config` that is out of bounds; None is none. section: a table of the
    recipe."""
    for name, low, high in BOUNDS[section]:
        value = getattr(config, name)
        if value is not None and not low <= value <= high:
            raise ModelError(f"{section}.{name} is {value}; it must be between {low:,} and {high:,}")
