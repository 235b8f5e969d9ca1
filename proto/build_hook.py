"""Build hook: generates the protobuf classes in host_tools/protocol/ from proto/.

The .proto files themselves travel in the wheel, beside the firmware and the boards.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grpc_tools import protoc
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "host_tools/protocol"


def generate(root: Path) -> None:
    """Write `*_pb2.py` and `*_pb2.pyi`; raises RuntimeError when protoc refuses a file."""
    sources = sorted(path.name for path in (root / "proto").glob("*.proto"))
    # The virtual path makes imports between the files resolve inside the package, and keeps
    # their names clear of other copies of the same messages in one process.
    status = protoc.main(
        [
            "protoc",
            f"--proto_path={PACKAGE}={root / 'proto'}",
            f"--python_out={root}",
            f"--pyi_out={root}",
            *(f"{PACKAGE}/{name}" for name in sources),
        ]
    )
    if status != 0:
        raise RuntimeError(f"protoc failed with status {status}")


class ProtocolBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before every wheel and editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        generate(root)
        if self.target_name == "wheel":
            for path in (root / "proto").glob("*.proto"):
                build_data["force_include"][str(path)] = f"host_tools/bundle/proto/{path.name}"
