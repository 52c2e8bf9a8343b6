"""decant for `llm` and for lm-eval, where these are installed."""

import math

import numpy as np
import pytest

from conftest import F32


def test_llm(monkeypatch, f32):
    llm = pytest.importorskip("llm")
    monkeypatch.setenv("DECANT_LLM_MODELS", str(F32))
    from decant import llm_plugin

    found = {}
    llm_plugin.register_models(lambda model: found.update({model.model_id: model}))
    assert set(found) == {"decant/smollm2", f"decant/{F32}"}
    model = found[f"decant/{F32}"]
    monkeypatch.setitem(llm_plugin._models, str(F32), f32)
    response = model.prompt("Name a colour.", num_beams=3, max_new_tokens=8)
    assert response.text() == f32.generate("Name a colour.", num_beams=3, max_new_tokens=8).text
    assert "".join(model.prompt("Name a colour.", system="Be brief.", max_new_tokens=8)) == f32.generate("Name a colour.", system="Be brief.", max_new_tokens=8).text
    talk = model.conversation()
    first = talk.prompt("Name a colour.", max_new_tokens=8).text()
    messages = [{"role": "user", "content": "Name a colour."}, {"role": "assistant", "content": first}, {"role": "user", "content": "Another."}]
    assert talk.prompt("Another.", max_new_tokens=8).text() == f32.generate(messages, max_new_tokens=8).text


class Request:
    def __init__(self, *args):
        self.args = args


def test_lm_eval(f32):
    pytest.importorskip("lm_eval")
    from decant.lm_eval import DecantLM

    lm = DecantLM(model=f32, batch=4)
    pairs = [("The capital of France is", " Paris"), ("2 + 2 =", " 4"), ("", "Hello there"), ("The sky is", " made of cheese and ham")]
    answers = lm.loglikelihood([Request(*each) for each in pairs])
    for (context, continuation), (logprob, greedy) in zip(pairs, answers):
        before = f32.tokenize(context) or [lm.prefix_token_id]
        after = f32.tokenize(context + continuation)[len(f32.tokenize(context)) :]
        logits = f32.logits(before + after, first=len(before) - 1)[:-1].astype(np.float64)
        log_p = logits - logits.max(1, keepdims=True)
        log_p -= np.log(np.exp(log_p).sum(1, keepdims=True))
        assert logprob == pytest.approx(sum(row[token] for row, token in zip(log_p, after)), abs=1e-3)
        assert greedy == all(int(row.argmax()) == token for row, token in zip(log_p, after))
    (rolling,) = lm.loglikelihood_rolling([Request("The capital of France is Paris.")])
    assert rolling == pytest.approx(f32.score([lm.prefix_token_id], f32.tokenize("The capital of France is Paris.")).logprob, abs=1e-3) and math.isfinite(rolling)
    (text,) = lm.generate_until([Request("The capital of France is", {"until": ["."], "max_gen_toks": 20, "do_sample": False, "temperature": 0.0})])
    expected = f32.generate("The capital of France is", chat_template=False, max_new_tokens=20).text.split(".")[0]
    assert text == expected
