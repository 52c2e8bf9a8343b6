"""The stubs and the keywords' types are those of the module that is tested: DECANT_UPDATE_DOCS=1 writes them anew."""

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from conftest import ROOT

import decant

PACKAGE = ROOT / "python/decant"


def same(path, text):
    if os.environ.get("DECANT_UPDATE_DOCS"):
        path.write_text(text)
    assert path.read_text() == text, f"{path} is out of date: DECANT_UPDATE_DOCS=1"


def test_stubs():
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the golden file is that of Python 3.11")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "_core.pyi"
        subprocess.run([sys.executable, "-m", "nanobind.stubgen", "-q", "-m", "decant._core", "-o", out], check=True)
        same(PACKAGE / "_core.pyi", out.read_text())


def test_keywords():
    spec = importlib.util.spec_from_file_location("python_options", ROOT / "tools/python_options.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    same(PACKAGE / "options.py", tool.text())


def test_mypy():
    pytest.importorskip("mypy")
    user = ROOT / "tests/python/user.py"

    def run(*files):
        return subprocess.run([sys.executable, "-m", "mypy", *files], capture_output=True, text=True, cwd=ROOT, env={**os.environ, "MYPYPATH": "python"})

    done = run(PACKAGE, user)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_version_is_the_programs():
    said = subprocess.run([ROOT / "build/release/decant", "--version"], capture_output=True, text=True).stdout
    assert said == f"decant {decant.__version__}\n"
