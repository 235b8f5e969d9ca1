"""Where passphrases come from, and where they do not go."""

import os
import sys
from pathlib import Path

import pytest

from host_tools import cli
from host_tools.cli import passphrase


def test_no_program_that_is_run_inherits_the_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(passphrase.VARIABLE, "correct horse")
    monkeypatch.setattr(passphrase, "_withheld", None)
    monkeypatch.setattr(sys, "argv", ["fob", "--version"])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit):
        cli.main()
    assert passphrase.VARIABLE not in os.environ
    assert passphrase.existing_passphrase(Path("fob.pem"), None)() == "correct horse"
