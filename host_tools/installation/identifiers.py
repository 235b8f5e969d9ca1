"""The names in a program: which a module gives, takes, asks for, and shares with others."""

import ast
from collections.abc import Iterable, Iterator, Mapping

# The attribute of a node that is a name; lists of names, and a second one, come besides.
NAME_FIELDS: dict[type[ast.AST], str] = {
    ast.AsyncFunctionDef: "name",
    ast.Attribute: "attr",
    ast.ClassDef: "name",
    ast.ExceptHandler: "name",
    ast.FunctionDef: "name",
    ast.Name: "id",
    ast.alias: "name",
    ast.arg: "arg",
    ast.keyword: "arg",
}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def names(node: ast.AST) -> Iterator[str]:
    """The names in a node itself."""
    if isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names
    for field in (NAME_FIELDS.get(type(node)), "asname"):
        name = getattr(node, field or "", None)
        if name:
            yield name


def met(tree: ast.AST) -> Iterator[str]:
    """All names in a program."""
    return (name for node in ast.walk(tree) for name in names(node))


def stored(tree: ast.AST) -> Iterator[str]:
    """Names that a program gives to something and an .mpy keeps: not those of a function's
    variables."""
    pending: list[tuple[ast.AST, bool]] = [(tree, False)]
    while pending:
        node, inside = pending.pop()
        match node:
            case ast.Name(id=name, ctx=ast.Store()) if not inside:
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.arg(arg=name) | ast.alias(asname=str(name)):
                yield name
            case ast.Global(names=several):
                yield from several
        inside = inside or isinstance(node, _FUNCTIONS)
        pending += ((child, inside) for child in ast.iter_child_nodes(node))


def given_to_others(tree: ast.AST) -> Iterator[str]:
    """Names of attributes given to objects that need not be of the program's own classes."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="self")):
                pass
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def families(trees: Mapping[str, ast.Module]) -> dict[str, str]:
    """Modules to the one that stands for all whose classes inherit from each other's."""
    classes = {
        node.name: module
        for module, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {module: module for module in trees}
    for module, tree in trees.items():
        for node in ast.walk(tree):
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                for name in names(base):
                    old, new = found[module], found[classes.get(name, module)]
                    found = {each: new if of == old else of for each, of in found.items()}
    return found


def from_outside(trees: Mapping[str, ast.Module]) -> Iterator[str]:
    """Names that a firmware does not choose: MicroPython's that it imports, those that it asks for
    in a string, and arguments that no call in it names."""
    packages = {module.partition(".")[0] for module in trees}
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    for node in nodes:
        match node:
            case ast.ImportFrom(module=str(module), names=aliases):
                if module.partition(".")[0] not in packages:
                    yield from (alias.name for alias in aliases)
            case ast.Call(func=ast.Name(id="getattr" | "hasattr" | "setattr"), args=arguments):
                texts = (each.value for each in arguments if isinstance(each, ast.Constant))
                yield from (text for text in texts if isinstance(text, str))
    yield from _arguments_from_outside(trees.values())


def _arguments_from_outside(trees: Iterable[ast.Module]) -> Iterator[str]:
    """Of table[name](**fields), where a laptop's JSON names the arguments.

    The functions stand beside their table; one that is called so without a table is not foreseen.
    """
    tables: set[str] = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and any(each.arg is None for each in node.keywords):
                if not isinstance(node.func, ast.Subscript):
                    raise ValueError(f"{ast.unparse(node)}: arguments of unknown names")
                tables.update(names(node.func.value))
    for tree in trees:
        called: set[str] = set()
        for node in tree.body:
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(values=values))
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict(values=values))
                ) if name in tables:
                    called.update(name for value in values for name in names(value))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in called:
                yield from (each.arg for each in node.args.args + node.args.kwonlyargs)
