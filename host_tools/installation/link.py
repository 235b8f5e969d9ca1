"""Links the modules of the firmware more tightly than Python does, before they are compiled.

What a module takes from another costs an .mpy some six bytes a name and as many a module, and the
chip an entry in a dictionary, whether it is used once or always. So numbers (`NAME = const(n)`) are
put where they are used, what is used rarely is looked up in the other module instead, and texts
that never change are constants, which need no name at all.
"""

import ast
import copy
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

# From so many uses on a name of its own costs less than looking it up in its module each time.
_OFTEN = 3

Body = list[ast.stmt]


def numbers(tree: ast.Module) -> dict[str, int]:
    """The constants at the top of a module that are numbers; they may be made of each other."""
    known: dict[str, int] = {}
    for name, value in constants(tree).items():
        try:
            code = compile(ast.Expression(value), name, "eval")
            number = eval(code, {"__builtins__": {}}, dict(known))  # the firmware's own source
        except NameError:
            continue
        if isinstance(number, int):
            known[name] = number
    return known


def constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Names to what `NAME = const(...)` at the top of a module gives them."""
    found = {}
    for node in tree.body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="const"), args=[value])
            ):
                found[name] = value
    return found


def variables(tree: ast.AST) -> Counter[str]:
    """How often each name is given to something, or taken from it, wherever that is; but not by an
    import, and not to a method."""
    found: Counter[str] = Counter()
    methods = {
        each for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for each in node.body
    }
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                found[name] += 1
            case ast.ExceptHandler(name=str(name)):
                found[name] += 1
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if (
                node not in methods
            ):
                found[name] += 1
            case ast.ClassDef(name=name):
                found[name] += 1
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                found.update(names)
    return found


def _of_several_meanings(tree: ast.AST) -> set[str]:
    """Names that an import does not give alone, were all modules imported that it takes from."""
    meanings: defaultdict[str, set[str]] = defaultdict(set)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                meanings[alias.asname or alias.name].add(alias.name)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            meanings[module.rpartition(".")[2]].add(module)
            for alias in node.names:
                meanings[alias.asname or alias.name].add(f"{module}.{alias.name}")
    return set(variables(tree)) | {name for name, those in meanings.items() if len(those) > 1}


def link(tree: ast.Module, known: Mapping[str, Mapping[str, int]]) -> ast.Module:
    """The tree of a module, linked with others; `known`: all modules' numbers, by dotted name."""
    _Numbers(tree, known).visit(tree)
    _Imports(tree, known).visit(tree)
    _make_constants(tree)
    return tree


class _Numbers(ast.NodeTransformer):
    """Puts other modules' numbers where a module uses them, and drops their import."""

    def __init__(self, tree: ast.Module, known: Mapping[str, Mapping[str, int]]) -> None:
        self._known = known
        self._values: dict[str, int] = {}
        self._modules: dict[str, Mapping[str, int]] = {}
        # An argument or a variable of the same name is something else.
        self._ambiguous = _of_several_meanings(tree)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                name = alias.asname or alias.name
                if name not in self._ambiguous:
                    self._modules[name] = known.get(prefix + alias.name, {})
                    values = known.get(prefix[:-1], {})
                    if alias.name in values:
                        self._values[name] = values[alias.name]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt]:
        module = node.module or ""
        values = self._known.get(module, {})
        given = [
            ast.Assign([ast.Name(name, ast.Store())], ast.Constant(values[alias.name]))
            for alias in node.names
            if alias.name in values and (name := alias.asname or alias.name) in self._ambiguous
        ]
        # mpy-cross knows `const` by its name.
        unneeded = {"const"} if module == "micropython" else values
        node.names = [alias for alias in node.names if alias.name not in unneeded]
        return [*([node] if node.names else []), *given]

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(self._values[node.id]) if node.id in self._values else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name):
            values = self._modules.get(node.value.id, {})
            if node.attr in values:
                return ast.Constant(values[node.attr])
        return self.generic_visit(node)


class _Imports(ast.NodeTransformer):
    """Imports modules instead of what is in them."""

    def __init__(self, tree: ast.Module, known: Mapping[str, Mapping[str, int]]) -> None:
        self._packages = {module.partition(".")[0] for module in known if "." in module}
        self._ambiguous = _of_several_meanings(tree)
        self._given: set[ast.stmt] = set()

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self._scope(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._scope(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._scope(node)

    def _scope(self, scope: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        self.generic_visit(scope)
        taken: dict[str, ast.Attribute] = {}
        uses = Counter(each.id for each in ast.walk(scope) if isinstance(each, ast.Name))
        for body in _bodies(scope):
            for node in list(body):
                if isinstance(node, ast.ImportFrom) and node.module not in self._packages:
                    at = body.index(node)
                    # A function that uses the module of the whole program must not hide it.
                    hidden = set() if isinstance(scope, ast.Module) else set(uses)
                    body[at : at + 1] = self._imported(node, uses, taken, self._ambiguous | hidden)
            self._merge(body)
        if taken:
            _LookedUp(taken).visit(scope)
        return scope

    def _imported(
        self,
        node: ast.ImportFrom,
        uses: Counter[str],
        taken: dict[str, ast.Attribute],
        others: set[str],
    ) -> Iterator[ast.stmt]:
        """What stands for an import; `taken` gains the names to look up, and where.

        `others` are names that are, or may be, something else.
        """
        package, _, module = (node.module or "").rpartition(".")
        here = (node.module or "").replace(".", "_") + "_module" if module in others else module
        alias = ast.alias(module, here if here != module else None)
        yield ast.ImportFrom(package, [alias], 0) if package else ast.Import([alias])
        for alias in node.names:
            name = alias.asname or alias.name
            there = ast.Attribute(ast.Name(here, ast.Load()), alias.name, ast.Load())
            if uses[name] < _OFTEN and name not in self._ambiguous:
                taken[name] = there
            else:
                assigned = ast.Assign([ast.Name(name, ast.Store())], there)
                self._given.add(assigned)
                yield assigned

    def _merge(self, body: Body) -> None:
        """Have imports of one package that follow each other be one."""
        first: dict[str | None, ast.ImportFrom] = {}
        for node in list(body):
            if not isinstance(node, ast.Import | ast.ImportFrom) and node not in self._given:
                first.clear()
            elif isinstance(node, ast.ImportFrom) and node.module in self._packages:
                if node.module in first:
                    first[node.module].names += node.names
                    body.remove(node)
                else:
                    first[node.module] = node


class _LookedUp(ast.NodeTransformer):
    """Looks names up in the module that they are from."""

    def __init__(self, taken: Mapping[str, ast.Attribute]) -> None:
        self._taken = taken

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copy.deepcopy(self._taken.get(node.id, node))


def _bodies(scope: ast.AST) -> Iterator[Body]:
    """Every list of statements in a scope that is not a scope's within it, nor tries an import."""
    pending = [scope]
    while pending:
        node = pending.pop()
        tried = node.body if isinstance(node, ast.Try) and _expects_no_import(node) else []
        for _, value in ast.iter_fields(node):
            body = isinstance(value, list) and value and isinstance(value[0], ast.stmt)
            if body and value is not tried:
                yield value
        pending += (
            child
            for child in ast.iter_child_nodes(node)
            if child not in tried
            and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        )


def _expects_no_import(node: ast.Try) -> bool:
    return any(
        isinstance(each, ast.Name) and each.id == "ImportError"
        for handler in node.handlers
        for each in ast.walk(handler.type or handler)
    )


def _make_constants(tree: ast.Module) -> None:
    """Have private names of texts and numbers at the top of a module be constants."""
    given = variables(tree)
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() as value):
                if name.startswith("_") and given[name] == 1:
                    node.value = ast.Call(ast.Name("const", ast.Load()), [value], [])
