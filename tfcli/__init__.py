"""tfcli: a small offline translator to use, train, look inside and share.

import tfcli
tfcli.load("zh-en").translate(["好久不见"])
tfcli.load("zh-en").attention("好久不见").save("map.html")
"""

import importlib
import os
import typing

__version__ = "0.1.0"
__all__ = ["AttentionMap", "Transformer", "Translator", "load"]

_HOMES = {
    "AttentionMap": "tfcli.attention_maps.attention_map",
    "Transformer": "tfcli.transformer.model",
    "Translator": "tfcli.looking",
}

if typing.TYPE_CHECKING:
    from tfcli.attention_maps.attention_map import AttentionMap
    from tfcli.looking import Translator
    from tfcli.transformer.model import Transformer


def load(name: str = "zh-en", **options: typing.Any) -> "Translator":
    """A translator from a model folder, a run folder or the name of a shipped model. options: those of Translator."""
    # Read when torch is imported: threads that spin while they wait make it crawl on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from tfcli.bundle import locate, read_bundle
    from tfcli.looking import Translator

    return Translator(read_bundle(locate(name)), **options)


def __getattr__(name: str) -> typing.Any:
    """The public classes, imported when they are first asked for: `import tfcli` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
