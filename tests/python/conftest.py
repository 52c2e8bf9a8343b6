"""Models that all tests share, each loaded once. PYTHONPATH=build/release/python python -m pytest tests/python"""

import json
import os
import subprocess
from pathlib import Path

import pytest

import decant

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "build/models"
MICRO, F32 = MODELS / "micro.gguf", MODELS / "smollm2-f32.gguf"
PROGRAM = ROOT / "build/release/decant"


def opened(path, **options):
    return decant.Model(path, quiet=True, threads=1, **options)


@pytest.fixture(scope="session")
def micro():
    with opened(MICRO) as model:
        yield model


@pytest.fixture(scope="session")
def f32():
    with opened(F32, ctx_size=4096) as model:
        yield model


@pytest.fixture(scope="session")
def default():
    with decant.Model(quiet=True, threads=2) as model:
        yield model


def flags(options):
    """Keywords as the command line has them."""
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            for each in value:
                yield f"{flag}={each}"
        elif isinstance(value, list):
            yield f"{flag}={','.join(map(str, value))}"
        else:
            yield f"{flag}={str(value).lower() if isinstance(value, bool) else value}"


def program(model, prompt, *more, **options):
    """What `decant run --json` says."""
    arguments = [PROGRAM, "run", "-m", model, "-t", "1", "--quiet", "--json", *flags(options), *more, "--", prompt]
    done = subprocess.run(arguments, capture_output=True, env={**os.environ, "DECANT_NO_PROBE": "1"}, timeout=600)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)
