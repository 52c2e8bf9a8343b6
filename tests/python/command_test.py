"""`decant run --custom-generate`: a recipe from the program."""

import json
import os
import subprocess
import sys

import pytest

from conftest import F32, MICRO, PROGRAM, ROOT
from recipes_test import HERE

RECIPE = "def generate(run, token=7, *, times: int = 2):\n    tip = run.prompt\n    for _ in range(times):\n        row = yield tip\n        tip = run.emit(0, run.process(0, tip, row), token)\n"


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "generate.py").write_text(RECIPE)
    return tmp_path


def run(*arguments, stdin=b"", python=sys.executable, model=MICRO):
    environment = {**os.environ, "DECANT_PYTHON": python, "DECANT_NO_PROBE": "1"}
    return subprocess.run([PROGRAM, "run", "-m", model, "-t1", *arguments], input=stdin, capture_output=True, env=environment, timeout=300)


def test_text_json_trace_and_report(recipe, tmp_path):
    text = run("--custom-generate", recipe, "--recipe-arg", "token=40", "--html", tmp_path / "report.html", "The sky is")
    assert text.returncode == 0 and text.stderr == b"", text.stderr
    report = json.loads(run("--custom-generate", recipe, "--recipe-arg=times=3", "-n5", "--json", stdin=b"The sky is").stdout)
    assert report["sequences"][0]["ids"] == [7, 7, 7] and report["options"]["max_new_tokens"] == 5
    lines = run("--recipe", recipe, "--jsonl", "x").stdout.splitlines()
    assert [json.loads(line)["token"]["id"] for line in lines] == [7, 7]
    assert '"schema"' in (tmp_path / "report.html").read_text()


def test_several_texts_are_shown_as_decant_run_shows_them():
    several = ["--temperature", "1", "--num-return-sequences", "2", "--seed", "1", "-n3", "x"]
    shown = run("--custom-generate", ROOT / "recipes/best_of_n", *several).stdout
    assert sorted(shown.split(b"\n")) == sorted(run(*several).stdout.split(b"\n")) and shown.count(b"--- 2 of 2 ---") == 1


def test_what_is_wrong(recipe):
    def fails(code, message, *arguments, **how):
        done = run(*arguments, **how)
        assert done.returncode == code and message in done.stderr.decode() and done.stdout == b"", (done.returncode, done.stderr)

    fails(64, "--recipe-arg does nothing without --custom-generate", "--recipe-arg", "a=1", "x")
    fails(64, "it must be NAME=VALUE", "--custom-generate", recipe, "--recipe-arg", "a", "x")
    fails(64, "--show knows nothing of recipes", "--custom-generate", recipe, "--show", "tree", "x")
    fails(64, "tokne is neither an argument of the recipe", "--custom-generate", recipe, "--recipe-arg", "tokne=1", "x")
    fails(66, "is no recipe", "--custom-generate", "/nowhere", "x")
    fails(69, "Missing requirements for", "--custom-generate", HERE / "bad_requirements", "x")
    fails(64, "trust_remote_code=True", "--custom-generate", "hf:a/b", "x")
    fails(69, "there is no /no/python", "--custom-generate", recipe, "x", python="/no/python")


def test_the_seeds_recipe():
    pytest.importorskip("torch")
    done = run("--no-chat-template", "--custom-generate", HERE / "left_padding", "--recipe-arg", "left_padding=5", "-n", "8", "--json", "The quick brown", model=F32)
    assert json.loads(done.stdout)["sequences"][0]["ids"][:5] == [2] * 5
