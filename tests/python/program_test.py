"""What Python gets is what the program writes, for every strategy."""

import math

import pytest

from conftest import F32, MICRO, ROOT, program

import decant

DRAWN = {"temperature": 0.9, "seed": 5}
CASES = {
    "nothing": {},
    "greedy": {"do_sample": False},
    "greedy_penalty": {"repetition_penalty": 1.3},
    "greedy_bans": {"no_repeat_ngram_size": 2, "bad_words": ["a", "the"]},
    "greedy_ids": {"suppress_tokens": [5, 9, 20], "begin_suppress_tokens": [7]},
    "greedy_bias": {"logit_bias": ["7=3.5", "9=-2"], "sequence_bias": ["[1,2]=4"]},
    "greedy_length": {"min_new_tokens": 10, "exponential_decay_length_penalty": [3, 1.1]},
    "greedy_forced": {"forced_eos_token_id": [2]},
    "greedy_guided": {"guidance_scale": 1.5, "negative_prompt": "no"},
    "greedy_dry": {"dry_multiplier": 0.8},
    "greedy_frequency": {"frequency_penalty": 0.4, "presence_penalty": 0.3},
    "greedy_stop": {"stop_strings": ["e", "x"], "include_stop_str_in_output": False},
    "greedy_stop_ids": {"stop_token_ids": [11, 12], "ignore_eos": True},
    "greedy_grammar": {"grammar": 'root ::= "yes" | "no" [a-z]+'},
    "greedy_schema": {"json_schema": '{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}', "max_new_tokens": 60},
    "greedy_invalid": {"remove_invalid_values": True, "renormalize_logits": True},
    "greedy_encoder": {"encoder_repetition_penalty": 1.2, "encoder_no_repeat_ngram_size": 3},
    "greedy_healing": {"token_healing": True},
    "greedy_exact_length": {"max_length": 80},
    "sample": DRAWN,
    "sample_several": {**DRAWN, "num_return_sequences": 4},
    "sample_top_k": {**DRAWN, "top_k": 7},
    "sample_top_p": {**DRAWN, "top_p": 0.7},
    "sample_min_p": {**DRAWN, "min_p": 0.1},
    "sample_typical": {**DRAWN, "typical_p": 0.6},
    "sample_epsilon": {**DRAWN, "epsilon_cutoff": 0.001},
    "sample_eta": {**DRAWN, "eta_cutoff": 0.001},
    "sample_sigma": {**DRAWN, "top_n_sigma": 1.5},
    "sample_top_h": {**DRAWN, "top_h": 0.5},
    "sample_xtc": {**DRAWN, "xtc_probability": 0.5, "xtc_threshold": 0.02},
    "sample_mirostat": {"mirostat": 2, "seed": 3},
    "sample_mirostat_1": {"mirostat": 1, "seed": 3},
    "sample_adaptive": {"adaptive_target": 0.3, "seed": 3},
    "sample_dynamic": {"temperature": 1.0, "dynatemp_range": 0.5, "seed": 8},
    "sample_order": {**DRAWN, "top_k": 20, "min_p": 0.02, "sampler_order": "min_p;top_k;temperature"},
    "sample_watermark": {**DRAWN, "watermark": True},
    "sample_all": {"temperature": 0.8, "top_k": 50, "top_p": 0.9, "min_p": 0.05, "seed": 1},
    "beam": {"num_beams": 4},
    "beam_several": {"num_beams": 4, "num_return_sequences": 3},
    "beam_early": {"num_beams": 3, "early_stopping": True, "length_penalty": 0.5},
    "beam_never": {"num_beams": 3, "early_stopping": "never"},
    "beam_normalize": {"num_beams": 3, "normalize": "prompt"},
    "beam_penalty": {"num_beams": 3, "repetition_penalty": 1.2},
    "beam_sample": {"num_beams": 3, "do_sample": True, "seed": 4, "temperature": 1.2},
    "diverse": {"num_beams": 6, "num_beam_groups": 3, "diversity_penalty": 1.0, "num_return_sequences": 3},
    "constrained": {"num_beams": 4, "force_words": ["[30,31]"]},
    "constrained_either": {"num_beams": 4, "force_words": ["[[30],[31,32]]"]},
    "contrastive": {"penalty_alpha": 0.6, "top_k": 4},
    "contrastive_one": {"penalty_alpha": 0.9, "top_k": 8},
    "decoding": {"amateur": "self:1"},
    "decoding_logits": {"amateur": "self:1", "beta": 0.5},
    "decoding_beams": {"amateur": "self:1", "num_beams": 3},
    "decoding_drawn": {"amateur": "self:1", "do_sample": True, "seed": 2},
    "dola": {"dola_layers": "low"},
    "dola_penalty": {"dola_layers": "low", "repetition_penalty": 1.2},
    "dola_drawn": {"dola_layers": "low", "do_sample": True, "seed": 9},
    "lookup": {"prompt_lookup_num_tokens": 5},
    "lookup_drawn": {"prompt_lookup_num_tokens": 5, **DRAWN},
    "assistant": {"assistant_model": "self:1", "num_assistant_tokens": 4},
    "early_exit": {"assistant_early_exit": 1},
}


def same(result, report):
    assert result.prompt_ids == report["prompt_ids"]
    assert result.strategy == report["strategy"]
    assert {**result.options, "seed": 0} == {**report["options"], "seed": 0}
    assert len(result.sequences) == len(report["sequences"])
    for its, of in zip(result.sequences, report["sequences"]):
        assert (its.ids, its.text, its.finish_reason) == (of["ids"], of["text"], of["finish_reason"])
        assert its.score == pytest.approx(of["score"], abs=1e-3)
        assert its.beam_score == pytest.approx(of.get("beam_score"), abs=1e-3)
        assert its.score == pytest.approx(math.fsum(its.logprobs), abs=1e-6) and len(its.logprobs) == len(its.ids)


@pytest.mark.parametrize("name", CASES)
def test_micro(micro, name):
    options = {"max_new_tokens": 24, **CASES[name]} if "max_length" not in CASES[name] else CASES[name]
    same(micro.generate("The sky is", **options), program(MICRO, "The sky is", **options))


@pytest.mark.parametrize("name", ["greedy", "sample_all", "beam", "contrastive"])
def test_default_chat(f32, name):
    options = {"max_new_tokens": 12, **CASES[name]}
    same(f32.generate("What is the capital of France?", **options), program(F32, "What is the capital of France?", **options))


def test_raw_and_system(f32):
    raw = f32.generate("2 + 2 = ", chat_template=False, max_new_tokens=6)
    same(raw, program(F32, "2 + 2 = ", "--no-chat-template", max_new_tokens=6))
    told = f32.generate("Hello", system="You are a pirate.", max_new_tokens=6)
    same(told, program(F32, "Hello", "--system", "You are a pirate.", max_new_tokens=6))
    messages = [{"role": "system", "content": "You are a pirate."}, {"role": "user", "content": "Hello"}]
    assert f32.generate(messages, max_new_tokens=6).ids == told.ids
    assert f32.generate(told.prompt_ids, max_new_tokens=6, eos_token_id=told.options["eos_token_id"]).ids == told.ids


def test_trace_is_the_programs(micro):
    import json
    import subprocess

    from conftest import PROGRAM

    result = micro.generate("The sky is", num_beams=3, max_new_tokens=5, seed=1, trace=True)
    done = subprocess.run([PROGRAM, "run", "-m", MICRO, "-t1", "--quiet", "--jsonl", "--num-beams=3", "-n5", "--seed=1", "The sky is"], capture_output=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]

    def timeless(record):
        if isinstance(record, dict):
            return {key: timeless(value) for key, value in record.items() if key not in ("seconds", "load_s")}
        if isinstance(record, list):
            return [timeless(each) for each in record]
        return pytest.approx(record, rel=1e-3, abs=1e-4) if isinstance(record, float) else record

    assert timeless(result.trace) == lines or [timeless(each) for each in result.trace] == [timeless(each) for each in lines]


def test_errors_are_the_tables(micro):
    with pytest.raises(decant.Error, match="did you mean temperature") as error:
        micro.generate("x", temprature=1)
    assert error.value.kind == "usage" and error.value.exit_code == 64 and isinstance(error.value, ValueError)
    with pytest.raises(decant.UsageError, match="top_p is 3"):
        micro.generate("x", top_p=3)
    with pytest.raises(decant.UsageError, match="num_beams is 2.5"):
        micro.generate("x", num_beams=2.5)
    with pytest.raises(decant.UsageError, match="length_penalty does nothing without num_beams"):
        micro.generate("x", length_penalty=2.0)
    with pytest.raises(decant.Error) as error:
        decant.Model("/no/such/file.gguf", quiet=True)
    assert error.value.kind == "no_input"


ZOO = ROOT / "tests/zoo"
DRAFTS = {  # models, and what drafts for them with what they say themselves
    "mtp": ("heads/glm4moe_head.gguf", {"drafter": ["mtp"]}),
    "mtp_drawn": ("heads/glm4moe_head.gguf", {"drafter": ["mtp"], "temperature": 1.0, "seed": 3}),
    "mtp_right": ("heads/glm4moe_copy.gguf", {"drafter": ["mtp"]}),
    "mtp_found": ("heads/glm4moe_copy.gguf", {"speculate": "auto"}),
    "eagle": ("llama.gguf", {"assistant_model": str(ZOO / "heads/eagle3_llama.gguf")}),
    "divided": ("llama.gguf", {"assistant_early_exit": 1}),
}


@pytest.mark.parametrize("name", DRAFTS)
def test_drafts_of_what_the_model_says(name):
    path, options = DRAFTS[name]
    options = {"max_new_tokens": 24, "ignore_eos": True, **options}
    if "speculate" not in options:
        options["num_assistant_tokens_schedule"] = "constant"
    with decant.Model(ZOO / path, quiet=True, threads=1) as model:
        result, report = model.generate("The sky is", **options), program(ZOO / path, "The sky is", **options)
        same(result, report)
        its, of = ({each["name"]: (each["drafted"], each["kept"]) for each in stats["speculation"]["drafters"]} for stats in (result.stats, report["stats"]))
        assert its.keys() == of.keys() and (its == of or "speculate" in options)  # which goes by the clock
        drawn = {key: value for key, value in options.items() if key in ("temperature", "seed", "max_new_tokens", "ignore_eos")}
        assert result.ids == model.generate("The sky is", **drawn).ids  # and the model itself is there as before
        together = model.generate(["The sky is", "The sea"] * 4, **options)
        assert [each.ids for each in together[:2] * 4] == [each.ids for each in together] and together[0].ids == result.ids


def test_a_chat_goes_on_with_and_without_a_draft():
    with decant.Model(ZOO / "llama.gguf", quiet=True, threads=1) as model:
        more = {"max_new_tokens": 6, "ignore_eos": True}
        first = model.generate("The sky", bookmarks=True, **more)
        drafted = model.generate("The sky", bookmark=first.bookmarks[0].first(1), assistant_early_exit=1, **more)
        assert drafted.ids == first.ids


def test_drafts_that_are_none():
    eagle = str(ZOO / "heads/eagle3_llama.gguf")
    with decant.Model(ZOO / "llama.gguf", quiet=True, threads=1) as model:
        with pytest.raises(decant.Error, match="has nothing for the drafter mtp") as error:
            model.generate("a", drafter=["mtp"], max_new_tokens=2)
        assert error.value.kind == "unavailable"
        with pytest.raises(decant.Error):
            model.generate("a", amateur=eagle, max_new_tokens=2)
        assert len(model.generate("a", max_new_tokens=2, ignore_eos=True).ids) == 2
    with decant.Model(ZOO / "heads/glm4moe_head.gguf", quiet=True, threads=1) as model:
        with pytest.raises(decant.Error, match="cannot draft for|vocabular"):
            model.generate("a", assistant_model=eagle, max_new_tokens=2)
    with pytest.raises(decant.Error, match="is the draft of another model"):
        decant.Model(eagle, quiet=True)
