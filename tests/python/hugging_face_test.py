"""Against Hugging Face's own run of the same on the same weights in F32: needs torch and transformers 4.55.4, and is skipped without.

    PYTHONPATH=build/release/python build/goldens/bin/python -m pytest tests/python/hugging_face_test.py
"""

import json

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers", minversion="4.55.4")

from conftest import F32, ROOT  # noqa: E402
from recipes_test import HERE  # noqa: E402

from decant.recipes import function_in  # noqa: E402

PROMPTS = ["The quick brown", "2 + 2 = ", "The capital of France is", "My name is", "def fib(n):"]


@pytest.fixture(scope="module")
def theirs():
    model = transformers.AutoModelForCausalLM.from_pretrained(F32.parent, gguf_file=F32.name, torch_dtype=torch.float32, attn_implementation="eager")
    return model.eval()


def generated(theirs, ids, **how):
    with torch.no_grad():
        return theirs.generate(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), pad_token_id=2, eos_token_id=2, **how)[0, len(ids) :].tolist()


class Alternating(transformers.LogitsProcessor):
    """Every second token comes from the upper half of the vocabulary, and no token of the text so far comes again."""

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        scores = scores.clone()
        if input_ids.shape[1] % 2:
            scores[:, : scores.shape[1] // 2] -= 4.0
        return scores.scatter(1, input_ids, -float("inf"))


class Enough(transformers.StoppingCriteria):
    def __call__(self, input_ids, scores, **kwargs):
        return torch.tensor([int(row.sum()) % 7 == 0 for row in input_ids])


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_processor_of_theirs(f32, theirs, prompt):
    ids = f32.tokenize(prompt)
    expected = generated(theirs, ids, max_new_tokens=24, do_sample=False, logits_processor=transformers.LogitsProcessorList([Alternating()]))
    ours = f32.generate(prompt, chat_template=False, max_new_tokens=24, logits_processor=transformers.LogitsProcessorList([Alternating()]))
    assert ours.ids == expected


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_criterion_of_theirs(f32, theirs, prompt):
    ids = f32.tokenize(prompt)
    expected = generated(theirs, ids, max_new_tokens=40, do_sample=False, stopping_criteria=transformers.StoppingCriteriaList([Enough()]))
    assert f32.generate(prompt, chat_template=False, max_new_tokens=40, stopping_criteria=transformers.StoppingCriteriaList([Enough()])).ids == expected


@pytest.mark.parametrize("options", [
    {"do_sample": False}, {"num_beams": 3, "do_sample": False, "early_stopping": True}, {"repetition_penalty": 1.3, "do_sample": False},
    {"bad_words_ids": [[7042], [260]], "do_sample": False}, {"num_beams": 3, "force_words_ids": [[1000]], "do_sample": False},  # with hf_compat
])  # fmt: skip
def test_keywords_of_theirs(f32, theirs, options):
    for prompt in PROMPTS[:3]:
        ids = f32.tokenize(prompt)
        assert f32.generate(prompt, chat_template=False, max_new_tokens=16, hf_compat="force_words_ids" in options or None, **options).ids == generated(theirs, ids, max_new_tokens=16, **options)


def test_a_generation_config_of_theirs(f32):
    config = transformers.GenerationConfig(num_beams=3, max_new_tokens=9, length_penalty=0.5, pad_token_id=2)
    assert f32.generate("My name", generation_config=config).ids == f32.generate("My name", num_beams=3, max_new_tokens=9, length_penalty=0.5).ids


@pytest.mark.parametrize("left_padding", [None, 5])
def test_the_seeds_recipe_equals_their_run_of_it(f32, theirs, left_padding):
    recipe = HERE / "left_padding"
    for prompt in PROMPTS:
        ids = f32.tokenize(prompt)
        config = transformers.GenerationConfig(max_length=20, pad_token_id=2)
        with torch.no_grad():
            expected = function_in(recipe / "generate.py")(theirs, torch.tensor([ids]), config, left_padding=left_padding)
        ours = f32.generate(prompt, chat_template=False, custom_generate=recipe, max_length=20, pad_token_id=2, left_padding=left_padding)
        assert ours.output.tolist() == expected.tolist()


def test_hidden_states_and_logits(f32, theirs):
    ids = f32.tokenize("The capital of France is")
    with torch.no_grad():
        said = theirs(torch.tensor([ids]), output_hidden_states=True)
    assert torch.allclose(torch.from_dlpack(f32.logits(ids)), said.logits[0], atol=2e-3)
    for layer in (0, 3, 29, 30):
        assert torch.allclose(torch.from_numpy(f32.hidden_states(ids, layer)), said.hidden_states[layer][0], atol=2e-2, rtol=1e-3), layer


def cached(model, input_ids, generation_config, logits_processor, stopping_criteria, **kwargs):
    """A loop as recipes have it: a cache, processors, criteria."""
    past, new = None, input_ids
    while True:
        out = model(new, past_key_values=past, use_cache=True)
        past = out.past_key_values
        scores = logits_processor(input_ids, out.logits[:, -1, :])
        new = scores.argmax(-1)[:, None]
        input_ids = torch.cat([input_ids, new], dim=-1)
        if stopping_criteria(input_ids, None).all():
            return input_ids


def test_a_recipe_with_a_cache_and_prepared_arguments(f32):
    options = {"max_new_tokens": 20, "repetition_penalty": 1.3}
    for prompt in PROMPTS:
        assert f32.generate(prompt, chat_template=False, custom_generate=cached, **options).ids == f32.generate(prompt, chat_template=False, **options).ids


def sled(theirs, ids, n, rate, k):
    """Self logits evolution as its paper has it, on transformers' own states: every candidate's gradient p_n - e_i is made, in full."""
    ids, logits = list(ids), []
    for _ in range(n):
        with torch.no_grad():
            states = theirs(torch.tensor([ids]), output_hidden_states=True).hidden_states
            early = theirs.lm_head(torch.stack([state[0, -1] for state in states[:-1]])).double()
            last = theirs.lm_head(states[-1][0, -1]).double()
        top = last.topk(k).indices
        truth = torch.zeros(k, len(last), dtype=torch.double).scatter_(1, top[:, None], 1.0)
        said = torch.stack([torch.cosine_similarity(layer.softmax(0) - truth, (layer - last).expand(k, -1)).clamp(min=0) ** 2 for layer in early])
        latent = (said / said.sum(1, keepdim=True).clamp(min=1e-30) * said.sum(1, keepdim=True) / said.sum()).sum(0)
        evolved = last[top] - rate * (last.softmax(0)[top] - latent)
        ids.append(int(top[evolved.argmax()]))
        logits.append(dict(zip(top.tolist(), evolved.tolist())))
    return ids[-n:], logits


def test_sled_is_that_of_its_paper(f32, theirs):
    recorded = json.loads((ROOT / "tests/python/sled.json").read_text())  # what examples_test.py compares where torch is missing
    for prompt, ids in recorded.items():
        expected, logits = sled(theirs, f32.tokenize(prompt), len(ids), 2.0, 10)
        assert ids == expected
        ours = f32.generate(prompt, chat_template=False, custom_generate=ROOT / "recipes/sled", max_new_tokens=len(ids), ignore_eos=True, trace=True)
        assert ours.ids == expected
        for record, evolved in zip(ours.trace, logits):
            told = {each["id"]: each["logit"] for each in record["top"]}
            assert all(told[token] == pytest.approx(evolved[token], abs=2e-3) for token in told if token in evolved) and len(told.keys() & evolved.keys()) > 5
