"""What the firmware has to leave out, so that it stays the same program once its names are short.

Each rule names what would change the meaning of a program: see host_tools.installation.shorten.
"""

import ast
from collections.abc import Iterator

from host_tools.resources import resource_folder

FOLDER = resource_folder("firmware")
TREES = {
    ".".join(path.relative_to(FOLDER).with_suffix("").parts): ast.parse(path.read_bytes())
    for path in FOLDER.rglob("*.py")
}
PACKAGES = {module.partition(".")[0] for module in TREES}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            yield f"{module}:{getattr(node, 'lineno', 0)}", node


def given(tree: ast.Module) -> set[str]:
    """Names that a module itself gives to something at its top."""
    found: set[str] = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
            case ast.Assign(targets=targets):
                for each in (name for target in targets for name in ast.walk(target)):
                    if isinstance(each, ast.Name):
                        found.add(each.id)
    return found


def modules_of(tree: ast.Module) -> dict[str, str]:
    """What modules of the firmware are called in a program, to their names."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                if prefix + alias.name in TREES:
                    found[alias.asname or alias.name] = prefix + alias.name
    return found


def test_modules_are_imported_from_their_packages_by_name() -> None:
    for place, node in nodes():
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, place
            assert all(alias.name != "*" for alias in node.names), place
        elif isinstance(node, ast.Import):
            assert not any(alias.name.partition(".")[2] for alias in node.names), place


def test_nobody_takes_from_a_module_what_that_has_from_another() -> None:
    for place, node in nodes():
        if isinstance(node, ast.ImportFrom) and node.module in TREES:
            for alias in node.names:
                assert alias.name in given(TREES[node.module]), f"{place}: {alias.name}"


def test_nobody_changes_what_a_module_has() -> None:
    for module, tree in TREES.items():
        local = modules_of(tree)
        arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                    assert name not in local.keys() - arguments, f"{module}:{node.lineno}"


def test_a_constant_stands_before_what_uses_it() -> None:
    for module, tree in TREES.items():
        first = {}
        for statement in tree.body:
            match statement:
                case ast.Assign(
                    targets=[ast.Name(id=name)],
                    value=ast.Constant() | ast.Call(func=ast.Name(id="const")),
                ):
                    first[name] = statement.lineno
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                assert node.lineno >= first.get(node.id, 0), f"{module}:{node.lineno} {node.id}"


def test_no_name_of_an_argument_becomes_a_text() -> None:
    for place, node in nodes():
        match node:
            case ast.arguments(kwarg=named):
                assert named is None, place
            case ast.Call(func=ast.Name(id="dict") | ast.Attribute(attr="format")):
                assert not node.keywords, place


def test_no_attribute_is_asked_for_or_made_by_a_text_that_is_put_together() -> None:
    for place, node in nodes():
        match node:
            case ast.Name(id="namedtuple" | "globals" | "locals" | "eval" | "exec"):
                raise AssertionError(place)
            # A chip's own functions and modules keep their names.
            case ast.Call(func=ast.Name(id="getattr" | "hasattr" | "setattr"), args=[of, name, *_]):
                foreign = isinstance(of, ast.Name) and of.id == "esp32"
                assert foreign or isinstance(name, ast.Constant), place


def test_a_class_inherits_from_one_that_is_named() -> None:
    classes = {node.name for _, node in nodes() if isinstance(node, ast.ClassDef)}
    for place, node in nodes():
        for base in node.bases if isinstance(node, ast.ClassDef) else ():
            assert isinstance(base, ast.Name | ast.Attribute), place
            name = base.id if isinstance(base, ast.Name) else base.attr
            assert name in classes or name.endswith(("Error", "Exception")), f"{place}: {name}"


def test_self_is_the_object_of_a_method() -> None:
    methods = {each for _, node in nodes() if isinstance(node, ast.ClassDef) for each in node.body}
    for place, node in nodes():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node not in methods:
            assert all(argument.arg != "self" for argument in node.args.args), place
