"""The stand-ins offer what the ESP32 port offers, under the same names, and nothing else."""

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PORT = ROOT / "host_tools" / "simulator" / "port"
STUBS = ROOT / ".venv" / "typings"
MODULES = sorted(path.stem for path in PORT.glob("*.py") if (STUBS / f"{path.stem}.pyi").exists())


@dataclass
class Signature:
    """A callable's parameters; `open` when it takes anything."""

    names: list[str]
    keyword_only: set[str]
    required: int
    open: bool


def signature(function: ast.FunctionDef) -> Signature:
    arguments = function.args
    positional = [argument.arg for argument in arguments.posonlyargs + arguments.args]
    bound = 1 if positional[:1] in (["self"], ["cls"]) else 0
    return Signature(
        names=positional[bound:],
        keyword_only={argument.arg for argument in arguments.kwonlyargs},
        required=len(positional) - bound - len(arguments.defaults),
        open=arguments.vararg is not None or arguments.kwarg is not None,
    )


def public(name: str) -> bool:
    return not name.startswith("_") or name == "__init__" or name == "__call__"


def surface(tree: ast.Module) -> tuple[dict[str, object], dict[str, list[Signature]]]:
    """Dotted names to constant values (None where not literal), and to signatures."""
    values: dict[str, object] = {}
    callables: dict[str, list[Signature]] = {}

    def walk(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef) and public(node.name):
                values[prefix + node.name] = None
                walk(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.FunctionDef) and public(node.name):
                callables.setdefault(prefix + node.name, []).append(signature(node))
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for name in (n for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)):
                    if public(name.id):
                        values[prefix + name.id] = literal(node.value)

    walk(tree.body, "")
    return values, callables


def literal(node: ast.expr | None) -> object:
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "const":
        node = node.args[0]
    try:
        return ast.literal_eval(node) if node is not None else None
    except ValueError:
        return None


def load(path: Path) -> tuple[dict[str, object], dict[str, list[Signature]]]:
    return surface(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("module", MODULES)
def test_every_name_of_a_stand_in_is_one_of_the_esp32s(module: str) -> None:
    ours = load(PORT / f"{module}.py")
    theirs = load(STUBS / f"{module}.pyi")
    known = theirs[0].keys() | theirs[1].keys()
    # A class without an __init__ in the stub inherits one.
    inherited = {f"{name}.__init__" for name in theirs[0]}
    assert (ours[0].keys() | ours[1].keys()) - known - inherited == set()


@pytest.mark.parametrize("module", MODULES)
def test_every_constant_of_a_stand_in_has_the_esp32s_value(module: str) -> None:
    ours, theirs = load(PORT / f"{module}.py")[0], load(STUBS / f"{module}.pyi")[0]
    known = {name: value for name, value in theirs.items() if isinstance(value, int)}
    for name, value in ours.items():
        if name in known and value is not None:
            assert (name, value) == (name, known[name])


@pytest.mark.parametrize("module", MODULES)
def test_every_function_of_a_stand_in_takes_what_the_esp32s_takes(module: str) -> None:
    ours, theirs = load(PORT / f"{module}.py")[1], load(STUBS / f"{module}.pyi")[1]
    for name, ways in ours.items():
        documented = theirs.get(name, [])
        if not documented or any(way.open for way in documented):
            continue
        names = {parameter for way in documented for parameter in (*way.names, *way.keyword_only)}
        most = max(len(way.names) for way in documented)
        fewest = min(way.required for way in documented)
        for way in ways:
            if way.open:
                continue
            assert {*way.names, *way.keyword_only} <= names, name
            assert way.required <= fewest, name
            assert len(way.names) <= most, name
