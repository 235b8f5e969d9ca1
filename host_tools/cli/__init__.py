"""The `fob` command."""


def main() -> None: ...
