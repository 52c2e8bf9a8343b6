"""The recipes of recipes/, each against what it is to be."""

import json
import time

import numpy as np
import pytest

from conftest import ROOT

RECIPES = ROOT / "recipes"


def test_greedy(f32):
    options = {"max_new_tokens": 12, "repetition_penalty": 1.1}
    assert f32.generate("Name a colour.", custom_generate=RECIPES / "greedy", **options).ids == f32.generate("Name a colour.", **options).ids


def test_contrastive_search_is_the_native_one(default):
    for prompt in ["A cat is a cat is a", "My name"]:
        how = {"chat_template": False, "max_new_tokens": 64, "ignore_eos": True}
        times, ids = {}, {}
        for name, more in {"recipe": {"custom_generate": RECIPES / "contrastive_search"}, "native": {"penalty_alpha": 0.6, "top_k": 4}}.items():
            begin = time.monotonic()
            result = default.generate(prompt, **how, **more)
            times[name], ids[name] = time.monotonic() - begin, result.ids
        assert ids["recipe"] == ids["native"]
        print(prompt, times)


def test_think_longer(f32):
    plain = f32.generate("What is 17 times 23?", max_new_tokens=60)
    assert plain.finish_reason == "stop"
    words = " Wait, let me think again."
    thought = f32.generate("What is 17 times 23?", max_new_tokens=60, custom_generate=RECIPES / "think_longer", bits=0.0, most=1)
    assert thought.text.startswith(plain.text + words)
    assert f32.generate("What is 17 times 23?", max_new_tokens=60, custom_generate=RECIPES / "think_longer", bits=50.0).ids == plain.ids


def test_roll_back(f32):
    prompt, how = "I love you. I love you. I love", {"chat_template": False, "max_new_tokens": 60, "ignore_eos": True}
    from decant.recipes import function_in

    period = function_in(RECIPES / "roll_back/generate.py").__globals__["period"]

    def loops(ids):
        return any(period(ids[:end], 3, 40) for end in range(1, len(ids) + 1))

    plain = f32.generate(prompt, **how)
    assert loops(plain.ids)
    rolled = f32.generate(prompt, custom_generate=RECIPES / "roll_back", **how)
    assert not loops(rolled.ids) and len(rolled.ids) == 60
    same = next(i for i, (a, b) in enumerate(zip(plain.ids, rolled.ids)) if a != b)
    assert same >= 1  # up to the end of the first copy they are one text
    assert f32.generate("What is the capital of France?", max_new_tokens=10, custom_generate=RECIPES / "roll_back").ids == f32.generate("What is the capital of France?", max_new_tokens=10).ids


def test_best_of_n(f32):
    how = {"temperature": 1.0, "num_return_sequences": 4, "max_new_tokens": 12, "seed": 3}
    native = f32.generate("Name a colour.", **how)
    for by, key in [("logprob", lambda s: sum(s.logprobs) / len(s.ids)), (lambda text: -len(text), lambda s: -len(s.text))]:
        best = f32.generate("Name a colour.", custom_generate=RECIPES / "best_of_n", by=by, **how)
        assert sorted(each.ids for each in best.sequences) == sorted(each.ids for each in native.sequences)
        assert [key(each) for each in best.sequences] == pytest.approx(sorted([key(each) for each in native.sequences], reverse=True), abs=1e-3)
    agreeing = f32.generate("Name a colour.", custom_generate=RECIPES / "best_of_n", **how)
    assert sorted(each.ids for each in agreeing.sequences) == sorted(each.ids for each in native.sequences)


def test_stop_when_unsure(f32):
    how = {"chat_template": False, "max_new_tokens": 40, "ignore_eos": True}
    prompt = "The old wizard walked up to the"
    plain = f32.generate(prompt, **how)
    logits = f32.logits(plain.prompt_ids + plain.ids, first=len(plain.prompt_ids) - 1)[:-1]
    logits = logits.astype(np.float64)
    log_p = logits - logits.max(1, keepdims=True)
    log_p -= np.log(np.exp(log_p).sum(1, keepdims=True))
    confidence = -np.sort(log_p, axis=1)[:, -20:].mean(1)
    means = [confidence[i - 8 : i].mean() for i in range(8, 41)]
    threshold = sorted(means)[len(means) // 3]
    expected = 8 + next(i for i, mean in enumerate(means) if mean < threshold) - 1
    stopped = f32.generate(prompt, custom_generate=RECIPES / "stop_when_unsure", threshold=threshold, window=8, **how)
    assert stopped.ids == plain.ids[:expected] and stopped.finish_reason == "unfinished"


def test_banned_phrases(f32):
    how = {"max_new_tokens": 40}
    plain = f32.generate("Tell me a story about a cat.", **how)
    word = next(each for each in plain.text.split() if each.isalpha() and len(each) > 3)
    told = f32.generate("Tell me a story about a cat.", custom_generate=RECIPES / "banned_phrases", phrases=[word.upper()], **how)
    import re

    assert re.search(rf"\b{word}\b", plain.text) and not re.search(rf"(?i)\b{word}\b", told.text)
    assert f32.generate("Tell me a story about a cat.", custom_generate=RECIPES / "banned_phrases", phrases=[word[1:-1]], **how).ids == plain.ids  # no half words


def test_sled(f32):
    recorded = json.loads((ROOT / "tests/python/sled.json").read_text())  # by the definition in torch: hugging_face_test.py
    for prompt, ids in list(recorded.items())[:2]:
        how = {"chat_template": False, "max_new_tokens": len(ids), "ignore_eos": True}
        assert f32.generate(prompt, custom_generate=RECIPES / "sled", **how).ids == ids
        assert f32.generate(prompt, custom_generate=RECIPES / "sled", evolution_rate=0.0, **how).ids == f32.generate(prompt, **how).ids


@pytest.mark.parametrize("folder", sorted(path.parent.name for path in RECIPES.glob("*/generate.py")))
def test_each_has_its_page(folder):
    page = (RECIPES / folder / "README.md").read_text()
    assert page.startswith("# ") and f"recipes/{folder}" in page and "(trace.png)" in page and (RECIPES / folder / "trace.png").stat().st_size > 1000
