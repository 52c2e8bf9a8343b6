"""The command line program that came with the package."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    program = Path(__file__).parent / "decant"
    os.environ.setdefault("DECANT_PYTHON", sys.executable)
    os.execv(program, ["decant", *sys.argv[1:]])
