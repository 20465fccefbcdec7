"""Changes to a text before a model reads it, by name. Each is made when it is asked for: it may need an extra."""

import re
from collections.abc import Callable
from functools import partial

from tfcli.errors import NotFoundError
from tfcli.settings import Normalization

_TAIWANESE = re.compile(
    "軟體|硬體|捷運|滑鼠|網路|網際|資訊|資料夾|資料庫|影片|螢幕|計程車|腳踏車|機車|公車|程式|記憶體|印表機|隨身碟|光碟"
    "|行動電話|簡訊|部落格|連結|預設|伺服器|品質|雷射|數位|原子筆|鳳梨|番茄|洋芋|泡麵|優格|起司|冷氣|幼稚園|紐西蘭|雪梨市|義大利"
)
"""Words of Taiwan that are others on the mainland, in traditional characters."""


def looks_taiwanese(text: str) -> bool:
    """Whether a text has words of Taiwan, so that `tw2sp` would help."""
    return _TAIWANESE.search(text) is not None


def _opencc(name: Normalization) -> Callable[[str], str]:
    """A conversion of OpenCC, phrase by phrase, so that 乾 becomes 干 but 乾坤 stays."""
    try:
        import opencc
    except ImportError:
        raise NotFoundError(f"--normalize {name} needs OpenCC", "install it with   pip install 'tfcli[zh]'") from None
    return opencc.OpenCC(name).convert


NORMALIZATIONS: dict[Normalization, Callable[[], Callable[[str], str]]] = {
    "none": lambda: str,
    "t2s": partial(_opencc, "t2s"),  # traditional characters to simplified
    "tw2sp": partial(_opencc, "tw2sp"),  # the same, and words of Taiwan to those of the mainland: 軟體 to 软件
}
"""Makes the function that changes a text."""
