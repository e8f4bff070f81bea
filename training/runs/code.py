"""Which state of the program did something."""

from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import training


@cache
def code_version() -> str:
    """Return the package's version, and what tells one state of its code from another."""
    code = sha256()
    for source in sorted(Path(training.__file__).parent.rglob("*.py")):
        code.update(source.read_bytes())
    try:
        released = version("sarah")
    except PackageNotFoundError:
        released = "0"
    return f"{released}+{code.hexdigest()[:8]}"
