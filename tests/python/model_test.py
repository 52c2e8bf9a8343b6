"""What a model can be asked, and how many can ask it at once."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from conftest import MICRO, opened

import decant

NOISE = {"temperature": 1.5, "max_new_tokens": 30, "ignore_eos": True}


def test_a_list_is_decoded_together(micro):
    prompts = [f"Number {i}" for i in range(12)]
    together = micro.generate(prompts, seed=3, **NOISE)
    assert [each.ids for each in together] == [micro.generate(each, seed=3, **NOISE).ids for each in prompts]
    ids = [each.prompt_ids for each in together]
    eos = together[0].options["eos_token_id"]
    assert [each.ids for each in micro.generate(ids, seed=3, eos_token_id=eos, **NOISE)] == [each.ids for each in together]


def test_more_than_the_engine_takes_at_once_and_traces(micro):
    results = micro.generate(["a"] * 600, max_new_tokens=2)
    assert len(results) == 600 and len({tuple(each.ids) for each in results}) == 1
    long = micro.generate(["a", "b", "c"], max_new_tokens=400, ignore_eos=True, trace=True)  # more events than a mailbox has
    assert [len(each.trace) for each in long] == [400] * 3


def test_stream(micro):
    whole = micro.generate("The sky", seed=2, **NOISE)
    stream = micro.generate("The sky", seed=2, stream=True, **NOISE)
    pieces = list(stream)
    assert "".join(pieces) == whole.text == stream.result.text
    assert [each.token for each in pieces if each.token is not None] == whole.ids
    assert pieces[-1].finish_reason == "length"


def test_a_stream_that_is_dropped_ends_its_request(micro):
    stream = micro.generate("The sky", stream=True, max_new_tokens=1500, ignore_eos=True)
    next(stream)
    assert micro.load["live"] == 1
    del stream
    gc.collect()
    for _ in range(100):
        if micro.load["live"] == 0:
            break
        time.sleep(0.02)
    assert micro.load["live"] == 0


def test_threads_and_tasks_get_what_each_gets_alone(micro):
    prompts = [f"Text {i}" for i in range(32)]
    alone = [micro.generate(each, seed=i, **NOISE).ids for i, each in enumerate(prompts)]
    with ThreadPoolExecutor(32) as pool:
        threads = list(pool.map(lambda i: micro.generate(prompts[i], seed=i, **NOISE).ids, range(32)))
    assert threads == alone

    async def one(i):
        stream = micro.generate(prompts[i], seed=i, stream=True, **NOISE)
        return [piece.token async for piece in stream if piece.token is not None]

    async def all_of_them():
        return await asyncio.gather(*(one(i) for i in range(32)), *(micro.generate_async(prompts[i], seed=i, **NOISE) for i in range(32)))

    tasks = asyncio.run(all_of_them())
    assert tasks[:32] == alone and [each.ids for each in tasks[32:]] == alone


def test_arrays(f32):
    prompt = "The capital of France is"
    logits = f32.logits(prompt, chat_template=False)
    ids = f32.tokenize(prompt, bos=True)
    assert logits.shape == (len(ids), f32.n_vocab) and logits.dtype == np.float32
    assert np.allclose(f32.logits(prompt, chat_template=False, first=-1)[0], logits[-1], atol=1e-3)
    assert f32.generate(prompt, chat_template=False, max_new_tokens=1).ids == [int(logits[-1].argmax())]
    states = f32.hidden_states(prompt, [0, 5, -1], chat_template=False)
    assert [each.shape for each in states] == [(len(ids), f32.n_embd)] * 3
    assert np.allclose(f32.hidden_states(prompt, chat_template=False), states[2], atol=1e-3)
    kept = f32.logits("a", chat_template=False)
    copy = kept.copy()
    f32.logits("something else", chat_template=False)
    gc.collect()
    assert np.array_equal(kept, copy)  # an array is its reader's
    with pytest.raises(decant.UsageError, match="there is no hidden state 99"):
        f32.hidden_states("a", 99)


def test_score(f32):
    told = f32.score("The capital of France is", " Paris")
    logits = f32.logits("The capital of France is", chat_template=False, first=-1)[0].astype(np.float64)
    expected = logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
    assert told.logprobs[0] == pytest.approx(expected[told.ids[0]], abs=1e-3)
    written = f32.generate("The capital of France is", chat_template=False, max_new_tokens=5)
    again = f32.score(written.prompt_ids, written.ids)
    assert again.is_greedy and again.logprob == pytest.approx(written.score, abs=1e-3)
    assert not f32.score("The capital of France is", " xylophone").is_greedy


def test_texts(f32):
    assert f32.detokenize(f32.tokenize("Zwölf – 灯台")) == "Zwölf – 灯台"
    assert f32.detokenize(f32.eos_token_ids[:1], special=True).startswith("<|")
    assert f32.detokenize(f32.eos_token_ids[:1]) == ""
    with pytest.raises(decant.UsageError, match="there is no token 99999999"):
        f32.detokenize([99999999])


def test_chat_goes_on_where_it_was(f32):
    chat = f32.chat("Answer in one word.", max_new_tokens=8)
    chat.send("Name a colour.")
    second = chat.send("Another one.")
    assert second.ids == f32.generate(chat.messages[:-1], max_new_tokens=8).ids
    other = chat.branch()
    other.undo()
    assert len(other.messages) == 3 and len(chat.messages) == 5
    assert other.send("Another one.").ids == second.ids


def test_results_show_themselves(micro, tmp_path):
    result = micro.generate("x", max_new_tokens=4, seed=1, trace=True)
    assert result._repr_html_().startswith("<iframe srcdoc=") and "<script" not in result._repr_html_()
    result.report(tmp_path / "report.html")
    assert "<script" in (tmp_path / "report.html").read_text() and '"schema"' in (tmp_path / "report.html").read_text()
    plain = micro.generate("x", max_new_tokens=4)
    assert "trace=True" in plain._repr_html_() and str(plain) == plain.text
    with pytest.raises(decant.Error, match="trace=True"):
        plain.to_html()


def test_prompts_that_are_none(micro):
    for prompt, message in [("", "the prompt is empty"), ([], "the prompt is empty"), (None, "the prompt is empty"), ([{"role": "user"}], "a message has no 'content'"),
                            (["a", ""], "the prompt is empty"), ([10**9], "there is no token 1000000000")]:  # fmt: skip
        with pytest.raises(decant.UsageError, match=message):
            micro.generate(prompt, max_new_tokens=1)
    assert micro.generate(np.array([[5, 6], [7, 8]]), max_new_tokens=1)[1].prompt_ids == [7, 8]
    assert len(repr(micro.generate("a", max_new_tokens=3))) < 200


def test_dataframe(micro):
    pandas = pytest.importorskip("pandas")
    frame = micro.generate("x", max_new_tokens=4, num_return_sequences=2, do_sample=True, seed=1, trace=True).to_dataframe()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == 8 and frame["p"].between(0, 1).all()


def test_closed(micro):
    with opened(MICRO) as model:
        model.generate("a", max_new_tokens=1)
    with pytest.raises(decant.Error, match="has been closed"):
        model.generate("a")


def test_control_c():
    program = (
        "import decant, sys\n"
        f"model = decant.Model({str(MICRO)!r}, quiet=True, threads=1)\n"
        "print('go', flush=True)\n"
        "try:\n"
        "    while True: model.generate('a', max_new_tokens=2000, ignore_eos=True)\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped', model.generate('a', max_new_tokens=1).finish_reason)\n"
    )
    hears = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # also where the tests run in the background
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=os.environ, preexec_fn=hears)
    assert child.stdout.readline() == "go\n"
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=60)
    assert out == "stopped length\n" and child.returncode == 0


def test_an_engine_that_is_busy_at_the_end_of_the_program():
    program = (
        "import decant\n"
        f"model = decant.Model({str(MICRO)!r}, quiet=True, threads=1)\n"
        "stream = model.generate('a', stream=True, max_new_tokens=2000, ignore_eos=True, logits_processor=lambda ids, scores: scores)\n"
        "print(len(next(stream)) >= 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


def test_short_calls_leave_nothing_behind(micro):
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    for _ in range(300):
        micro.generate("a", max_new_tokens=2)
    before = resident()
    for i in range(1500):
        micro.generate("a", max_new_tokens=2, seed=i, do_sample=True, logits_processor=lambda ids, scores: scores)
    assert resident() - before < 8 << 20


def test_waiting_lets_other_threads_run(micro):
    counted = 0
    stop = threading.Event()

    def count():
        nonlocal counted
        while not stop.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    begin = time.monotonic()
    micro.generate("a", max_new_tokens=1500, ignore_eos=True)
    seconds = time.monotonic() - begin
    stop.set()
    thread.join()
    assert counted > 100 * seconds
