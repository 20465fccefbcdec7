"""`tfcli export`: a model for another runtime."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from tfcli.cli import console, options
from tfcli.errors import UsageError
from tfcli.settings import resolve

Runtime = Literal["ctranslate2"]
Quantization = Literal["int8", "int16", "float32"]


def export(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="The folder to write.")],
    model: options.ModelArgument = None,
    to: Annotated[Runtime, typer.Option("--to", help="What is to run it.")] = "ctranslate2",
    quantization: Annotated[Quantization, typer.Option("--quantization", help="How its matrices are stored.")] = "int8",
    force: Annotated[bool, typer.Option("--force", help="Replace a folder that is there.")] = False,
) -> None:
    """Write a model as another runtime reads it, and check that it does. Prints the folder.

    \b
    Examples:
      tfcli export zh-en --to ctranslate2 -o zh-en-ct2
      tfcli export runs/zh-en --to ctranslate2 --quantization float32 -o exported

    The tokenizer lies beside it: CTranslate2 wants the pieces of a text and gives pieces back.
    """
    from tfcli.bundle import locate, read_bundle
    from tfcli.conversion.export import export, is_export
    from tfcli.conversion.switches import find_obstacle
    from tfcli.decoding.engines.ctranslate2 import check_folder

    bundle = read_bundle(locate(resolve({"model": model}).settings.model))
    if obstacle := find_obstacle(bundle.config.model):
        raise UsageError(f"CTranslate2 cannot express {obstacle}", "only   --engine torch   runs this model")
    if output.exists() and any(output.iterdir() if output.is_dir() else [output]):
        if not force:
            raise UsageError(f'"{output}" exists already', "replace it with   --force")
        if not is_export(output):
            raise UsageError(f'"{output}" is in the way: it exists and holds no exported model')
    export(bundle, quantization, output.resolve())
    check_folder(output, bundle.tokenizer())
    console.print_path(output)
