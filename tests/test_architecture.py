"""The plan of the house, read from the source: who may import whom, which library lives where, what is never used."""

import ast
import os
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import TINY

from tfcli import config, settings
from tfcli.cli import formats, records
from tfcli.cli.commands import make_app
from tfcli.cli.data import app as data_app
from tfcli.cli.tokenizer import app as tokenizer_app

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "tfcli").rglob("*.py"))
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}

# Imports go down this list, or stay in the room. The first name of a room stands for the others.
LEVELS: list[tuple[tuple[str, ...], ...]] = [
    (("config", "errors", "schema", "settings", "recipe", "disk", "bounds", "combinations", "pulled", "pieces"),),
    (("text",), ("launch",)),
    (("tokenizer",), ("evaluation",), ("challenge",), ("data",), ("transformer",)),
    (("baselines",),),  # they share the transformer's interface and its small parts
    (("bundle", "locating", "metrics", "weights", "build", "hardware", "card"),),
    (("conversion",),),
    (("documents",),),
    (("decoding",), ("attention_maps",), ("hub",), ("scoring",)),
    (("training",), ("looking",)),
    (("explain",), ("serve",)),
    (("cli", "__main__"),),
]
ROOMS = {name: (level, room[0]) for level, rooms in enumerate(LEVELS) for room in rooms for name in room}

HOMES = {
    "typer": ("cli",),
    "rich": ("cli", "training/progress.py", "attention_maps"),
    "huggingface_hub": ("hub",),
    "httpx2": ("hub",),
    "starlette": ("serve",),
    "uvicorn": ("serve",),
    "yaml": ("card.py",),
    "sentencepiece": ("tokenizer.py",),
    "opencc": ("tokenizer.py", "text/normalize.py"),
    "sacrebleu": ("evaluation.py",),
    "platformdirs": ("settings.py", "hub"),
    "ctranslate2": ("decoding/engines/ctranslate2.py",),
    "matplotlib": ("attention_maps/png.py",),
    "tensorboard": ("training",),
    "zstandard": ("disk/compression.py", "documents/unpacking.py"),
    "lxml": ("documents/docx.py", "documents/docx_items.py", "documents/docx_paragraph.py"),
    "markdown_it": ("documents/markdown.py", "documents/markdown_inline.py"),
    "mdit_py_plugins": ("documents/markdown_inline.py",),
    "polib": ("documents/po.py",),
    "charset_normalizer": ("documents/encoding.py",),
}
NEVER = {"pickle", "cPickle", "marshal", "shelve", "dill", "click", "joblib", "cloudpickle"}
NEVER_CALLED = {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}
NEVER_CALLED |= {"torch.load", "torch.hub.load", "torch.jit.load", "torch.package.PackageImporter", "yaml.load"}
WITHOUT_TORCH = ("cli", "text", *LEVELS[0][0], "tokenizer", "evaluation", "bundle", "weights", "conversion")
WITHOUT_TORCH += ("challenge", "serve")
WITHOUT_TORCH += ("looking", "decoding/search", "decoding/loops", "decoding/translator", "decoding/engines/__init__")
WITHOUT_TORCH += ("documents", "decoding/engines/torch", "decoding/engines/ctranslate2")

# Choices between a few lines of code, not between classes.
PLAIN = {"Precision", "Metric", "TokenizerKind", "MapKind", "Stage"}
CHOICES = [name for name, value in vars(config).items() if typing.get_origin(value) is typing.Literal]


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere below, with what is taken from it: `from a.b import c` is a.b.c."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def at_import_time(tree: ast.Module) -> ast.Module:
    """The statements that run when the module is imported: no function bodies, nothing under TYPE_CHECKING."""

    class Pruner(ast.NodeTransformer):
        def visit_FunctionDef(self, node):
            return None

        visit_AsyncFunctionDef = visit_FunctionDef

        def visit_If(self, node):
            return None if "TYPE_CHECKING" in ast.unparse(node.test) else self.generic_visit(node)

    return Pruner().visit(tree)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def is_in(path: Path, homes: tuple[str, ...]) -> bool:
    inside = path.relative_to(ROOT / "tfcli").as_posix()
    return any(inside == home or inside == f"{home}.py" or inside.startswith(f"{home}/") for home in homes)


def arrows() -> Iterator[tuple[str, str]]:
    """(importing module, imported module) inside the package; the package's own __init__ only loads others lazily."""
    for module, path in MODULES.items():
        for name in imports(parse(path)):
            if module != "tfcli" and name.startswith("tfcli."):
                yield module, name


def test_every_file_belongs_to_a_room():
    assert {module.split(".")[1] for module in MODULES if "." in module} <= set(ROOMS)


def test_imports_go_down_or_stay_in_their_room():
    wrong = []
    for module, name in arrows():
        (level, room), (other_level, other_room) = ROOMS[module.split(".")[1]], ROOMS.get(name.split(".")[1], (0, ""))
        if not (other_level < level or other_room == room):
            wrong.append(f"{module} imports {name}")
    assert not wrong and len(list(arrows())) > 50


def test_a_library_is_imported_in_its_room_only():
    found = [(name.split(".")[0], path) for path in FILES for name in imports(parse(path))]
    assert not [(library, path) for library, path in found if library in HOMES and not is_in(path, HOMES[library])]
    assert {"typer", "sentencepiece", "sacrebleu"} <= {library for library, _ in found}


def test_torch_comes_late():
    for path in FILES:
        if is_in(path, WITHOUT_TORCH) or path.name == "__init__.py" and path.parent.name == "tfcli":
            assert not [name for name in imports(at_import_time(parse(path))) if name.split(".")[0] == "torch"], path


def test_only_the_public_typer():
    names = [name for path in FILES for name in imports(parse(path)) if name.split(".")[0] == "typer"]
    assert set(names) == {"typer"}


def test_nothing_that_runs_code_from_a_file():
    for path in FILES:
        tree = parse(path)
        assert not [name for name in imports(tree) if name.split(".")[0] in NEVER], path
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in NEVER_CALLED, (path, node.lineno)
                assert not {k.arg for k in node.keywords} & {"trust_remote_code", "allow_pickle", "shell"}, path


def registries() -> Iterator[set[object]]:
    """The keys of every dictionary that a module writes out under a name in capitals."""
    for path in FILES:
        for node in parse(path).body:
            names = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if isinstance(getattr(node, "value", None), ast.Dict) and ast.unparse(names[0]).isupper():
                yield {getattr(key, "value", None) for key in node.value.keys}


@pytest.mark.parametrize("choice", [name for name in CHOICES if name not in PLAIN])
def test_a_registry_has_exactly_what_the_config_offers(choice):
    assert set(typing.get_args(getattr(config, choice))) in list(registries())


def test_choices_that_stand_in_two_places_are_the_same():
    assert typing.get_args(settings.EngineChoice) == ("auto", *typing.get_args(config.Engine))
    assert tuple(formats.FORMATS) == typing.get_args(formats.OutputFormat)
    assert set(typing.get_args(records.InputFormat)) < set(formats.FORMATS)


def test_files_are_small_and_their_names_say_something():
    for path in FILES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 250, path
        assert not {"utils", "util", "helpers", "helper", "common", "misc"} & set(path.with_suffix("").parts), path
        assert ast.get_docstring(parse(path)), f"{path} does not say what it is"


def commands() -> list[list[str]]:
    """Every command of the command line, as typed."""
    groups = [["tokenizer", command.callback.__name__] for command in tokenizer_app.registered_commands]
    groups += [["data", command.name] for command in data_app.registered_commands]
    return [[], ["tokenizer"], ["data"], *([command.name] for command in make_app().registered_commands), *groups]


LIGHT = [["--version"], ["info"], ["list"], ["config"], ["tokenizer", "encode", "你好"], ["tokenizer", "info"]]


@pytest.mark.parametrize(
    "arguments", [*([*command, "--help"] for command in commands()), *LIGHT], ids=lambda arguments: " ".join(arguments)
)
def test_light_commands_do_without_torch(arguments, tmp_path):
    program = (
        "import sys; from tfcli.cli.app import main; sys.exit(main(sys.argv[1:]) or ('torch' in sys.modules) * 99)"
    )
    ended = subprocess.run([sys.executable, "-c", program, *arguments], env=environment(), capture_output=True)
    assert ended.returncode == 0, ended.stderr
    if "--help" in arguments and arguments not in (["tokenizer", "--help"], ["data", "--help"]):
        assert b"Examples:" in ended.stdout


def test_completion_does_without_torch():
    program = (
        "import atexit, os, sys\n"
        "atexit.register(lambda: 'torch' in sys.modules and os._exit(99))\n"
        "from tfcli.cli.app import main\n"
        "sys.exit(main([]))"
    )
    completing = {"_TFCLI_COMPLETE": "complete_bash", "COMP_WORDS": "tfcli tr", "COMP_CWORD": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment() | completing, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout.split()) == (0, ["translate", "train"])


def environment() -> dict[str, str]:
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return os.environ | {"TFCLI_MODEL": str(TINY), "PYTHONPATH": paths, "TERM": "dumb"}
