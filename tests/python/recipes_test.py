"""Recipes: both ways to write one, and what becomes of those that do wrong."""

import gc
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import decant

HERE = Path(__file__).parent / "recipes"
NOISE = {"temperature": 1.5, "max_new_tokens": 20, "ignore_eos": True, "seed": 4}


def greedy(run):
    tip = run.prompt
    while not run.finished():
        row = yield tip
        step = run.process(0, tip, row)
        tip = run.emit(0, step, step.argmax)


async def sampling(run):
    tip = run.prompt
    while not run.finished():
        row = await run.eval(tip)
        step = run.process(0, tip, row)
        tip = run.emit(0, step, run.sample(step))


def test_greedy_in_ten_lines(f32):
    options = {"max_new_tokens": 16, "repetition_penalty": 1.2}
    native = f32.generate("Name a colour.", trace=True, **options)
    own = f32.generate("Name a colour.", custom_generate=greedy, trace=True, **options)
    assert (own.ids, own.text, own.finish_reason) == (native.ids, native.text, native.finish_reason)
    assert own.logprobs == pytest.approx(native.logprobs, abs=1e-3)
    assert len(own.trace) == len(own.ids) and own.trace[0]["stages"][0]["name"] == native.trace[0]["stages"][0]["name"]


def test_draws_are_those_of_sampling(micro):
    assert micro.generate("a", custom_generate=sampling, **NOISE).ids == micro.generate("a", **NOISE).ids


def test_stop_rules_and_streams(micro):
    native = micro.generate("a", max_new_tokens=40, stop_strings="e")
    stream = micro.generate("a", max_new_tokens=40, stop_strings="e", recipe=greedy, stream=True)
    pieces = list(stream)
    assert "".join(pieces) == native.text == stream.result.text and stream.result.finish_reason == native.finish_reason


def test_several_nodes_states_and_texts(f32):
    seen = {}

    def look(run):
        children = [run.prompt.child(token) for token in (10, 20, 30)]
        rows = yield children
        seen["logits"] = np.stack([row.logits for row in rows])
        (whole,) = yield run.ask(run.prompt, logits=False, hidden=True, states=[3])
        seen["hidden"], seen["state"] = whole.hidden, whole.states[0]
        text = run.text(run.prompt_ids + [20])
        first, second = yield [run.ask([text]), run.ask(children[:2])]
        seen["same"] = np.allclose(first[0].logits, second[1].logits, atol=1e-3)
        assert text.length == children[1].length and text.token == 20

    result = f32.generate("The capital of France is", chat_template=False, custom_generate=look, max_new_tokens=3)
    assert result.ids == [] and result.finish_reason == "unfinished"
    ids = f32.tokenize("The capital of France is")
    assert np.allclose(seen["logits"][1], f32.logits(ids + [20], first=-1)[0], atol=1e-3)
    assert np.allclose(seen["hidden"], f32.hidden_states(ids)[-1], atol=1e-3)
    assert np.allclose(seen["state"], f32.hidden_states(ids, 3)[-1], atol=1e-3) and seen["same"]


def test_choices_are_written_later(f32):
    def late(run):
        tip, path = run.prompt, []
        for _ in range(6):
            row = yield tip
            choice = run.choose(run.process(0, tip, row), int(row.logits.argmax()))
            path.append(choice)
            tip = run.child(choice)
        for choice in path:
            run.emit(0, choice)

    options = {"max_new_tokens": 6, "no_repeat_ngram_size": 2}
    assert f32.generate("Name a colour.", recipe=late, **options).ids == f32.generate("Name a colour.", **options).ids


def arguments(run, depth, *, width=2):
    assert (depth, width) == (3, 2)
    yield run.prompt


def test_arguments(micro):
    micro.generate("a", custom_generate=arguments, depth=3, max_new_tokens=2)
    with pytest.raises(decant.UsageError, match="widht is neither an argument of the recipe arguments .it has depth, width. nor an option"):
        micro.generate("a", custom_generate=arguments, depth=3, widht=2)


def nonsense(run):
    yield 7


def nothing(run):
    yield []


def removed_step(run):
    row = yield run.prompt
    step = run.process(0, run.prompt, row)
    run.process(0, run.prompt, row)
    run.emit(0, step, 5)


def elsewhere(run):
    node = run.prompt.child(5)
    row = yield node
    run.emit(0, run.process(0, node, row), 6)


def no_token(run):
    row = yield run.prompt
    run.emit(0, run.process(0, run.prompt, row), 10**6)


def no_logits(run):
    (row,) = yield run.ask(run.prompt, logits=False, hidden=True)
    run.process(0, run.prompt, row)


def too_much(run):
    tip = run.prompt
    while True:
        row = yield tip
        tip = run.emit(0, run.process(0, tip, row), 5)


def other_sequence(run):
    row = yield run.prompt
    run.process(3, run.prompt, row)


@pytest.mark.parametrize("recipe, message", [
    (nonsense, "yields a node.* has yielded 7"), (nothing, "yields a node"), (removed_step, "this step is over"),
    (elsewhere, "does not end at this node"), (no_token, "there is no token 1000000"), (no_logits, "ask for logits"),
    (too_much, "has ended"), (other_sequence, "there is no sequence 3"),
])  # fmt: skip
def test_what_is_done_wrong_is_said(micro, recipe, message):
    with pytest.raises(decant.Error, match=message):
        micro.generate("a", custom_generate=recipe, max_new_tokens=4)
    assert micro.generate("a", max_new_tokens=2).finish_reason == "length"


def test_nodes_of_other_runs_and_of_runs_that_have_ended(micro):
    kept = []

    def keeps(run):
        kept.extend([run, run.prompt, (yield run.prompt)])

    def takes(run):
        yield kept[1]

    micro.generate("a", custom_generate=keeps, max_new_tokens=1)
    with pytest.raises(decant.UsageError, match="this node is another run's"):
        micro.generate("a", custom_generate=takes, max_new_tokens=1)
    with pytest.raises(decant.Error, match="has ended"):
        kept[0].process(0, kept[1], kept[2])
    assert kept[2].logits.shape == (micro.n_vocab,)  # a row is its reader's
    assert kept[1].child(5).length == kept[1].length + 1


def test_an_error_of_one_leaves_the_others_running(micro):
    expected = micro.generate("b", **NOISE).ids

    def fails(run):
        yield run.prompt
        raise ZeroDivisionError("mine")

    def processor(ids, scores):
        raise KeyError("also mine")

    results = {}
    others = [threading.Thread(target=lambda i=i: results.update({i: micro.generate("b", **NOISE).ids})) for i in range(4)]
    for each in others:
        each.start()
    for _ in range(5):
        with pytest.raises(ZeroDivisionError, match="mine"):
            micro.generate("a", custom_generate=fails, max_new_tokens=3)
        with pytest.raises(KeyError, match="also mine"):
            micro.generate("a", logits_processor=processor, max_new_tokens=3)
    for each in others:
        each.join()
    assert list(results.values()) == [expected] * 4


def test_one_that_never_yields_keeps_nobody_waiting(micro):
    release = threading.Event()

    def stuck(run):
        release.wait()
        yield run.prompt

    thread = threading.Thread(target=lambda: micro.generate("a", custom_generate=stuck, max_new_tokens=3))
    thread.start()
    time.sleep(0.1)
    begin = time.monotonic()
    micro.generate("b", max_new_tokens=50)
    assert time.monotonic() - begin < 5
    release.set()
    thread.join()


def test_one_that_is_dropped_halfway(micro):
    stream = micro.generate("a", custom_generate=greedy, stream=True, max_new_tokens=1000, ignore_eos=True)
    next(stream)
    assert micro.load["live"] == 1
    del stream
    gc.collect()
    for _ in range(100):
        if micro.load["live"] == 0:
            break
        time.sleep(0.02)
    assert micro.load["live"] == 0


def test_recipes_share_the_batch(micro):
    alone = [micro.generate(f"Text {i}", custom_generate=sampling, **NOISE).ids for i in range(8)]
    results = {}

    def one(i):
        results[i] = micro.generate(f"Text {i}", custom_generate=sampling, **NOISE).ids

    threads = [threading.Thread(target=one, args=(i,)) for i in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [results[i] for i in range(8)] == alone


def test_requirements_come_first():
    with pytest.raises(decant.Error) as error:
        decant.recipes.load(HERE / "bad_requirements")
    lines = str(error.value).splitlines()
    torch = decant.requirements.installed("torch")
    assert lines[0] == f"Missing requirements for {HERE / 'bad_requirements'}:"
    assert lines[1:4] == ["foo (installed: None)", "bar==0.0.0 (installed: None)", f"torch>=99.0 (installed: {torch})"]
    assert lines[4] == "pip install foo bar==0.0.0 'torch>=99.0'"


def test_code_of_others_is_asked_for(micro, tmp_path, monkeypatch):
    with pytest.raises(decant.UsageError, match="trust_remote_code=True"):
        micro.generate("a", custom_generate="hf:somebody/recipe")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(decant.Error, match="is not in the Hugging Face cache"):
        micro.generate("a", custom_generate="hf:somebody/recipe", trust_remote_code=True)
    home = tmp_path / "models--somebody--recipe"
    (home / "refs").mkdir(parents=True)
    (home / "refs/main").write_text("abc")
    folder = home / "snapshots/abc/custom_generate"
    folder.mkdir(parents=True)
    (folder / "other.py").write_text("TOKEN = 7\n")
    (folder / "generate.py").write_text("from .other import TOKEN\ndef generate(run):\n    row = yield run.prompt\n    run.emit(0, run.process(0, run.prompt, row), TOKEN)\n")
    assert micro.generate("a", custom_generate="hf:somebody/recipe", trust_remote_code=True, max_new_tokens=3).ids == [7]
    with pytest.raises(decant.Error, match="neither generate.py nor"):
        micro.generate("a", custom_generate=str(tmp_path))


def test_the_seeds_recipe(f32):
    pytest.importorskip("torch")
    prompt = "The quick brown"
    plain = f32.generate(prompt, chat_template=False, custom_generate=HERE / "left_padding", max_new_tokens=8)
    assert plain.ids == f32.generate(prompt, chat_template=False, max_new_tokens=8).ids
    padded = f32.generate(prompt, chat_template=False, recipe=HERE / "left_padding", left_padding=5, max_new_tokens=20, pad_token=2)
    row = padded.output[0].tolist()
    ids = f32.tokenize(prompt)
    assert row[:5] == [2] * 5 and row[5 : 5 + len(ids)] == ids and len(row) == len(ids) + 20
    assert row[5 + len(ids) :] == f32.generate([2] * 5 + ids, max_new_tokens=15, ignore_eos=True).ids
    with pytest.raises(ValueError, match="left_padding must be an integer"):
        f32.generate(prompt, custom_generate=HERE / "left_padding", left_padding=-1)
