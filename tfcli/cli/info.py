"""`tfcli info`: what a model is, where its files lie, and how well it does."""

import hashlib
import json
from pathlib import Path
from typing import Any

from tfcli.cli import console, options
from tfcli.disk import open_regular
from tfcli.settings import resolve

_MOST = 8 << 30
"""Bytes of a file of a model."""


def info(model: options.ModelArgument = None, as_json: options.Json = False) -> None:
    """Tell what a model is: languages, licence, size, files with their hashes, scores.

    \b
    Examples:
      tfcli info
      tfcli info runs/zh-en --json
    """
    from tfcli.bundle import CARD, FILES, locate, read_bundle

    bundle = read_bundle(locate(resolve({"model": model}).settings.model))
    config, shape = bundle.config, bundle.config.model
    facts = {
        "name": bundle.folder.name,
        "source": config.source,
        "target": config.target,
        "license": config.license or None,
        "folder": str(bundle.folder),
        "kind": shape.kind,
        "layers": [shape.num_encoder_layers, shape.num_decoder_layers],
        "d_model": shape.d_model,
        "parameters": bundle.num_parameters(),
        "vocabulary": shape.vocab_size,
        "dtype": config.dtype,
        "made_with": f"tfcli {config.library_version}",
        "files": [_file(path) for path in map(bundle.folder.joinpath, sorted(FILES)) if path.is_file()],
        "metrics": bundle.metrics(),
    }
    if as_json:
        console.print_out(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        console.print_out(_show(facts, bundle.folder / CARD))


def _file(path: Path) -> dict[str, Any]:
    size = path.stat().st_size
    if size > _MOST:
        return {"name": path.name, "bytes": size, "sha256": None}
    with open_regular(path) as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"name": path.name, "bytes": size, "sha256": digest}


def _show(facts: dict[str, Any], card: Path) -> str:
    encoder, decoder = facts["layers"]
    rows = [
        ("licence", facts["license"] or "not stated"),
        ("model", f"{facts['kind']}, {encoder} + {decoder} layers of {facts['d_model']}, stored as {facts['dtype']}"),
        ("parameters", f"{facts['parameters']:,}"),
        ("vocabulary", f"{facts['vocabulary']:,} pieces"),
        ("made with", facts["made_with"]),
        ("folder", facts["folder"]),
        ("card", str(card) if card.exists() else "none"),
    ]
    rows += [
        (file["name"], f"{_size(file['bytes']):>9}  {file['sha256'] or 'too large for a file of a model'}")
        for file in facts["files"]
    ]
    rows += [(name, f"{value:,}" if isinstance(value, int) else str(value)) for name, value in _flat(facts["metrics"])]
    title = f"{facts['name']}: {facts['source']} → {facts['target']}"
    return "\n".join([title, *(f"  {line}" for line in console.align(rows))])


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def _flat(values: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Nested tables as dotted names."""
    rows: list[tuple[str, Any]] = []
    for name, value in values.items():
        rows += _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else [(prefix + name, value)]
    return rows
