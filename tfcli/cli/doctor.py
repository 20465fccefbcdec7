"""`tfcli doctor`: what a bug report needs to say about this machine. Secrets are named, never shown."""

import json
import os
import platform
import sys
from importlib import metadata
from pathlib import Path

import tfcli
from tfcli.cli import console, options
from tfcli.settings import FOLDER_FILE, PREFIX, resolve, user_file

_PACKAGES = ("torch", "ctranslate2", "numpy", "sentencepiece", "safetensors", "typer", "rich", "sacrebleu")
_PACKAGES += ("huggingface-hub",)
_EXTRAS = ("opencc", "matplotlib", "tensorboard", "zstandard")


def doctor(as_json: options.Json = False) -> None:
    """Print versions, devices, models, folders and the source of the Hub token, ready to paste into a report.

    \b
    Examples:
      tfcli doctor
      tfcli doctor --json
    """
    facts = {
        "tfcli": f"{tfcli.__version__} in {Path(tfcli.__file__).parent}",
        "python": f"{platform.python_version()} in {sys.prefix}",
        "system": platform.platform(),
        **{name: _version(name) or "MISSING" for name in _PACKAGES},
        **{name: _version(name) or "not installed (optional)" for name in _EXTRAS},
        **_devices(),
        "engine": _engine(),
        **_places(),
    }
    if as_json:
        console.print_out(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        console.print_out("\n".join(console.align(list(facts.items()))))


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _devices() -> dict[str, str]:
    try:
        import torch
    except Exception as error:  # a broken installation is what a doctor is called for
        return {"devices": f"torch cannot be imported: {error}"}
    found = [
        f"cpu ({os.cpu_count()} cores, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()})"
    ]
    found += [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return {"devices": ", ".join(found)}


def _engine() -> str:
    """What would translate with the settings in force, and why."""
    from tfcli.bundle import locate, read_bundle
    from tfcli.decoding.engines import choose_engine
    from tfcli.decoding.search import Search

    try:
        settings = resolve().settings
        model = read_bundle(locate(settings.model)).config.model
        search = Search(max_length=model.max_length - 1)
        choice = choose_engine(settings.engine, model, search, settings.device, settings.dtype)
    except Exception as error:  # as above
        return f"none: {error}"
    return f"{choice.name} for {settings.model}: {choice.reason}"


def _converted() -> str:
    from tfcli.conversion.cache import entries, folder

    found = entries()
    return f"{folder()} ({console.count(len(found), 'file')}, {sum(entry.size for entry in found) / 1e6:,.1f} MB)"


def _places() -> dict[str, str]:
    from tfcli.bundle import shipped
    from tfcli.pulled import hub_cache

    files = [str(path) for path in (Path(FOLDER_FILE), user_file()) if path.exists()]
    variables = sorted(name for name in os.environ if name.startswith((PREFIX, "HF_", "OMP_", "CUDA_VISIBLE")))
    return {
        "shipped models": ", ".join(str(folder) for folder in shipped()) or "none",
        "config files": ", ".join(files) or "none",
        "variables set": ", ".join(variables) or "none",
        "converted models": _converted(),
        "Hub cache": _folder(hub_cache()),
        "Hub token": _token(),
        "stdout": f"{sys.stdout.encoding}, {'a' if console.is_terminal(sys.stdout) else 'not a'} terminal",
    }


def _folder(path: Path) -> str:
    if not path.is_dir():
        return f"{path} (does not exist)"
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file() and not file.is_symlink())
    return f"{path} ({size / 1e6:,.1f} MB)"


def _token() -> str:
    """Where a token would come from; never any part of it."""
    from tfcli.pulled import hub_home

    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if os.environ.get(name):
            return f"set, from {name}"
    path = Path(os.environ.get("HF_TOKEN_PATH") or hub_home() / "token")
    return f"set, from {path}" if path.is_file() else "none"
