"""Counts the products in the field that a key agreement takes: really, in a copy that tells.

In the copy every `*`, `**` and `%` of the source is a call of what timing.py puts in its place.
Inversions are counted apart, and so is what they multiply and reduce.
"""

import ast
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import OURS, copy_package
from tests.interpreter import FIRMWARE, Interpreter

_CALLS: dict[type[ast.operator], str] = {
    ast.Mult: "counted_product",
    ast.Mod: "counted_remainder",
    ast.Pow: "counted_power",
}


@dataclass(frozen=True)
class Work:
    """One key agreement, counted: products of two numbers of 200 bits and more, how many of them
    are squares, and remainders of what is longer than the prime."""

    program: str
    products: int
    squares: int
    reductions: int
    inversions: int


@dataclass(frozen=True)
class _Program:
    name: str
    function: str
    """Dotted name: what is called."""
    source: str
    """What is counted in, below the folder that is imported from."""
    inverts: str
    """Its function that inverts once; and whether it does nothing else."""
    nothing_else: bool


_PROGRAMS = (
    _Program(OURS, "fob.p256.shared_secret", "fob/p256.py", "_affine", False),
    _Program("utinyec", "timing.agree_with_utinyec", "utinyec/ec.py", "mod_inv", True),
)


def count_work(private: bytes, peer: bytes) -> list[Work]:
    """The same agreement by each program, on MicroPython."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(FIRMWARE / "fob", folder / "fob")
        copy_package("utinyec", folder)
        for program in _PROGRAMS:
            path = folder / program.source
            path.write_text(_counting(path.read_text("utf-8"), program), "utf-8")
        with Interpreter(heap="8M", path=[folder, Path(__file__).parent]) as interpreter:
            interpreter.exec("import timing")
            return [
                Work(
                    program.name, *interpreter.call("timing.work", program.function, private, peer)
                )
                for program in _PROGRAMS
            ]


def _counting(source: str, program: _Program) -> str:
    tree = _Counting(program).visit(ast.parse(source))
    return ast.unparse(ast.fix_missing_locations(tree))


class _Counting(ast.NodeTransformer):
    def __init__(self, program: _Program) -> None:
        self._program = program
        self._found = False

    def visit_Module(self, node: ast.Module) -> ast.AST:
        self.generic_visit(node)
        if not self._found:
            raise LookupError(f"no function {self._program.inverts} to count inversions by")
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        name = _CALLS.get(type(node.op))
        if name is None:
            return node
        return ast.Call(ast.Name(name, ast.Load()), [node.left, node.right], [])

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        if node.name == self._program.inverts:
            self._found = True
            around = ast.parse(f"with counted_inversion({self._program.nothing_else}): pass").body[
                0
            ]
            assert isinstance(around, ast.With)
            around.body = node.body
            node.body = [around]
        return node
