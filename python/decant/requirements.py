"""What a recipe needs beside decant: its requirements.txt, checked before anything of it runs."""

from __future__ import annotations

import shlex
from importlib import metadata
from pathlib import Path
from typing import Optional

from packaging.requirements import InvalidRequirement, Requirement

from .errors import Error


def installed(name: str) -> Optional[str]:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def lines_of(file: Path) -> list[str]:
    lines = [line.split("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line]


def check(name: str, file: Path) -> None:
    """Raises Error(unavailable) with what is missing, as Hugging Face does, and how to get it."""
    missing = []
    for line in lines_of(file) if file.is_file() else []:
        try:
            wanted = Requirement(line)
        except InvalidRequirement as error:
            raise Error(f"{file}: '{line}' is no requirement: {error}", "data") from None
        if wanted.marker and not wanted.marker.evaluate():
            continue
        version = installed(wanted.name)
        if version is None or not wanted.specifier.contains(version, prereleases=True):
            missing.append((line, version))
    if not missing:
        return
    said = "".join(f"\n{line} (installed: {version})" for line, version in missing)
    command = "pip install " + " ".join(shlex.quote(line) for line, _ in missing)
    raise Error(f"Missing requirements for {name}:{said}\n{command}", "unavailable")
