"""Changes to a text before a model reads it, by name. Each is made when it is asked for: it may need an extra."""

from collections.abc import Callable

from tfcli.errors import NotFoundError
from tfcli.settings import Normalization


def _simplifier() -> Callable[[str], str]:
    """Traditional Chinese to simplified, phrase by phrase (OpenCC), so that 乾 becomes 干 but 乾坤 stays."""
    try:
        import opencc
    except ImportError:
        raise NotFoundError("--normalize t2s needs OpenCC", "install it with   pip install 'tfcli[zh]'") from None
    return opencc.OpenCC("t2s").convert


NORMALIZATIONS: dict[Normalization, Callable[[], Callable[[str], str]]] = {
    "none": lambda: str,
    "t2s": _simplifier,
}
"""Makes the function that changes a text."""
