"""Where inputs are kept: corpus/<target>/ has seeds and past findings, named by what they show."""

import hashlib
from pathlib import Path

from tests.fuzz.target import Finding, Target

CORPUS = Path(__file__).with_name("corpus")


def kept(target: str, corpus: Path = CORPUS) -> list[Path]:
    """The files of a target, in the order of their names."""
    return sorted(path for path in (corpus / target).glob("*") if path.is_file())


def starting_inputs(target: Target, corpus: Path = CORPUS) -> list[bytes]:
    """The target's own seeds and the files of its corpus, each once."""
    files = [path.read_bytes() for path in kept(target.name, corpus)]
    return list(dict.fromkeys([*target.seeds(), *files]))


def file_of(target: str, finding: Finding, corpus: Path = CORPUS) -> Path:
    """Where a finding is kept: crash-<hash>."""
    return corpus / target / f"crash-{hashlib.sha256(finding.data).hexdigest()[:12]}"


def keep(target: str, finding: Finding, corpus: Path = CORPUS) -> Path:
    """Save a finding."""
    path = file_of(target, finding, corpus)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(finding.data)
    return path
