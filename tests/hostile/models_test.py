#!/usr/bin/env python3
"""decant on tiny random models of the kinds that libllama treats apart: what cannot be run is refused in a sentence that
says why, what can is run to the end of its context."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))

import support
from support import DATA, NO_INPUT, UNAVAILABLE, Case, decant
from tiny_models import (Halves, baichuan, bert, command_r, deepseek2, exaone4, gemma, gguf, gpt2, idle, llama, minicpm3, phi3, smallthinker,
                         split, spm_vocabulary)

NOT_A_NUMBER = [float("nan")] * 1024


class Models(Case):
    def setUp(self):
        super().setUp()
        self.cache = {**os.environ, "DECANT_CACHE": os.path.join(self.folder, "cache")}

    def model(self, name, keys, tensors):
        return self.file(f"{name}.gguf", gguf(keys, tensors))

    def run_model(self, path, *args, prompt="the"):
        return decant("run", "-m", path, "-t", "1", "--no-chat-template", "--ignore-eos", "true", *args, prompt, env=self.cache)

    def sequences(self, path, *args, **options):
        return self.assert_ok(self.run_model(path, "--json", *args, **options)).json["sequences"]

    def test_contrastive_search_ends_with_the_context(self):
        contrast = ("--penalty-alpha", "0.6", "--top-k", "4")
        path = self.model("gpt2", *gpt2(context=24))
        for more in (), ("-c", "256"), ("--guidance-scale", "1.5", "--negative-prompt", "he"):
            with self.subTest(more):
                text = self.sequences(path, *contrast, "-n", "300", *more)[0]
                self.assertEqual(text["finish_reason"], "context")
        greedy = self.sequences(path, "-n", "300")[0]
        self.assertLessEqual(len(text["ids"]), len(greedy["ids"]))
        both = decant("compare", "-m", path, "-t", "1", "--no-chat-template", "--ignore-eos", "true", "--json", "--setting",
                      "c: penalty_alpha=0.6 top_k=4 max_new_tokens=40", "--setting", "g: max_new_tokens=40", "the", env=self.cache)
        self.assertEqual(len(self.assert_ok(both).json["prompts"][0]["texts"]), 2)

    def test_an_amateur_reads_no_further_than_it_can(self):
        expert, amateur = self.model("long", *llama(context=64)), self.model("short", *gpt2(context=24))
        rotary = self.model("rotary", *llama(context=24))
        for other in amateur, rotary:
            with self.subTest(other):
                self.assertEqual(self.sequences(expert, "--amateur", other, "-n", "60")[0]["finish_reason"], "context")
                self.assertEqual(self.sequences(expert, "--amateur", other, "-n", "60", "--num-beams", "3")[0]["finish_reason"], "context")
                self.assert_sentence(self.run_model(expert, "--amateur", other, "-n", "5", prompt="the" * 12), DATA,
                                     "the prompt has 26 tokens, .* at most 24 can be continued: shorten it")
                self.assertEqual(len(self.sequences(expert, "--amateur", other, "--amateur-context", "8", "-n", "40")[0]["ids"]), 40)

    def test_encoders_are_refused(self):
        path = self.model("m", *llama(**{"attention.causal": False}))
        self.assert_sentence(self.run_model(path), UNAVAILABLE, ".*m.gguf is an encoder, whose tokens see those behind them: .*")

    def test_encoders_that_do_not_say_so_are_refused(self):
        self.assert_sentence(self.run_model(self.model("m", *bert())), UNAVAILABLE, ".*m.gguf is an encoder, .*")
        self.assert_sentence(self.run_model(self.model("rank", *bert(pooling_type=4))), UNAVAILABLE, ".*rank.gguf is an encoder, .*")

    def test_what_writes_no_text_is_refused_by_its_architecture(self):
        encoder, draft, speech = "an encoder", "the draft of another model, .*", "a model of speech"
        for architecture, what in {"llama-embed": encoder, "gemma-embedding": encoder, "modern-bert": encoder, "eurobert": encoder,
                                   "jina-bert-v3": encoder, "t5encoder": encoder, "dflash": draft,
                                   "gemma4-assistant": draft, "qwen3tts": speech, "pockettts": speech, "wavtokenizer-dec": speech,
                                   "dream": "a diffusion model", "llada": "a diffusion model"}.items():
            with self.subTest(architecture):
                path = self.model("m", *llama(architecture))
                self.assert_sentence(self.run_model(path), UNAVAILABLE, f".*m.gguf is {what}.*: decant runs decoder-only transformers")
        self.assert_sentence(self.run_model(self.model("m", *llama("eagle3"))), UNAVAILABLE, f".*m.gguf is {draft} as --assistant-model")
        keys, tensors = llama("pangu-embedded")  # a decoder
        tensors["blk.0.attn_output.bias"] = ((32,), None)
        self.sequences(self.model("decoder", keys, tensors), "-n", "2")

    def test_a_bos_in_the_prompt_is_the_only_one(self):
        path = self.model("m", *llama())
        plain = self.assert_ok(self.run_model(path, "--json", "-n", "1", prompt="the")).json["prompt_ids"]
        again = self.run_model(path, "--json", "-n", "1", prompt="<s>the")
        self.assertEqual((again.code, again.json["prompt_ids"][:1]), (0, plain[:1]))
        self.assertEqual(again.json["prompt_ids"].count(1), 1)
        self.assertEqual(again.err, b"the prompt begins with <s>, which m puts before every text: it is there once\n")
        self.assert_ok(self.run_model(path, "-n", "1", "--quiet", prompt="<s>the"))
        without = spm_vocabulary() | {"tokenizer.ggml.add_bos_token": False}
        self.assert_ok(self.run_model(self.model("none", *llama(vocabulary=without)), "-n", "1", prompt="<s>the"))

    def test_a_draft_reads_no_further_than_it_can(self):
        path, draft = self.model("long", *llama(context=64)), self.model("short", *gpt2(context=24))
        plain = self.sequences(path, "-n", "300")[0]
        for more in (), ("--num-assistant-tokens-schedule", "constant"):
            drafted = self.sequences(path, "-n", "300", "--quiet", "--assistant-model", draft, *more)[0]
            self.assertEqual((drafted["ids"], drafted["finish_reason"]), (plain["ids"], "context"))

    def test_models_of_more_tokens_than_the_text_has_are_refused(self):
        path, large = self.model("m", *llama()), self.model("large", *llama(vocabulary=spm_vocabulary(size=320)))
        self.assert_sentence(self.run_model(path, "--amateur", large), DATA,
                             "m and large have different vocabularies: 300 tokens in the one and 320 in the other; .*")

    def test_a_draft_of_more_tokens_than_the_text_has_changes_nothing(self):
        path, large = self.model("m", *llama()), self.model("large", *llama(vocabulary=spm_vocabulary(size=320)))
        plain = self.sequences(path, "-n", "40")[0]
        for more in (), ("--num-assistant-tokens-schedule", "constant"):
            drafted = self.sequences(path, "-n", "40", "--quiet", "--assistant-model", large, *more)[0]
            self.assertEqual(drafted["ids"], plain["ids"])

    def test_a_decoder_that_is_pooled_elsewhere_hands_out_each_hidden_state(self):
        contrast = ("--penalty-alpha", "0.6", "--top-k", "4", "-n", "8")
        plain = self.sequences(self.model("plain", *llama()), *contrast)[0]["ids"]
        for pooling in 1, 2, 3, 4:
            with self.subTest(pooling):
                path = self.model(f"pooled{pooling}", *llama(**{"pooling_type": pooling}))
                self.assertEqual(self.sequences(path, *contrast)[0]["ids"], plain)

    def test_vocabularies(self):
        for kind in "none", "no_vocab":
            path = self.model(kind, *llama(vocabulary={"tokenizer.ggml.model": kind}))
            self.assert_sentence(self.run_model(path), UNAVAILABLE, ".* has no vocabulary: .*")
        unigram = spm_vocabulary(False) | {"tokenizer.ggml.model": "t5", "tokenizer.ggml.add_bos_token": True}
        for bos in None, 9999:
            broken = dict(unigram) | ({"tokenizer.ggml.bos_token_id": bos} if bos else {})
            if not bos:
                del broken["tokenizer.ggml.bos_token_id"]
            self.assert_sentence(self.run_model(self.model(f"bos{bos}", *llama(vocabulary=broken))), DATA,
                                 ".* a text is to begin with a BOS token, and the vocabulary has none; .*")

    def test_characters_without_a_token_are_the_unknown_token(self):
        path = self.model("m", *llama(vocabulary=spm_vocabulary(byte_tokens=False)))
        ids = {text: self.assert_ok(self.run_model(path, "--json", "-n", "1", prompt=text)).json["prompt_ids"]
               for text in ("the w", "the \U0001F680\U0001F680 w", "\U0001F680", "the\nw", "the w\u00e9")}
        space, w, e = ids["the w"][-2], ids["the w"][-1], ids["the w\u00e9"][-1]
        self.assertEqual(ids["the \U0001F680\U0001F680 w"], [*ids["the w"][:-2], space, 0, space, w])
        self.assertEqual(ids["\U0001F680"], [1, space, 0])
        self.assertEqual(ids["the\nw"], [*ids["the w"][:-2], 0, w])
        self.assertNotEqual(e, 0)

    def test_first_layers_are_computed_as_in_the_whole(self):
        """What libllama derives from the number of layers: with others that add nothing, the first five are the whole."""
        window = {"attention.sliding_window": 4}
        for name, model in {
                "gemma2, the scale of attention": gemma("gemma2", 46, **window), "gemma2, small": gemma("gemma2", 6, **window),
                "gemma3, the scale of attention": gemma("gemma3", 62, **window), "exaone4, windows": exaone4(64, **window),
                "exaone4, none": exaone4(6), "baichuan, positions": baichuan(32), "baichuan, ALiBi": baichuan(40),
                "minicpm, what a layer adds": llama("minicpm", 40),
                "smallthinker, none is": smallthinker(6), "command-r, small": command_r(6)}.items():
            with self.subTest(name):
                path = self.model("m", *idle(model, 5))
                result = self.run_model(path, "--amateur", "self:5", "--alpha", "0.001", "--jsonl", "-n", "1", prompt="the well that he fell in")
                record = next(each for each in map(support.strict_json, self.assert_ok(result).out.splitlines()) if "token" in each)
                candidates = record["contrastive_decoding"]["candidates"]
                self.assertGreater(len(candidates), 2)
                for each in candidates:
                    self.assertAlmostEqual(each["expert"], each["amateur"], places=4)

    def test_layers_that_are_no_model_by_themselves(self):
        for model, why in (
                (deepseek2(27), "libllama tells by their number, 26, 27 or 48, how queries are projected"),
                (command_r(64), "libllama reads the norms of queries and keys only where there are 64 or more"),
                (minicpm3(4), "what a layer adds is scaled by their number")):
            path = self.model("m", *model)
            self.assert_sentence(self.run_model(path, "--amateur", "self:3"), UNAVAILABLE,
                                 f"self:3: the first layers of m are no model by themselves: {why}; use a type .*, or another model")
        self.sequences(self.model("lite", *deepseek2(27)), "--amateur", "self:26", "-n", "4")

    def test_what_libllama_warns_of_is_passed_on(self):
        path = self.model("m", *phi3(**{"attention.sliding_window": 64}))
        result = self.run_model(path, "-n", "4")
        self.assertEqual(result.code, 0)
        self.assertRegex(result.err.decode(), r"\Adecant: libllama does not compute .*m\.gguf as it is meant: Phi SWA is .*\n\Z")
        self.assert_ok(self.run_model(path, "-n", "4", "--quiet"))
        self.assert_ok(self.run_model(self.model("plain", *phi3()), "-n", "4"))

    def test_the_parts_of_a_model_count_together(self):
        keys, tensors = llama(layers=4)
        tensors = {"token_embd.weight": tensors.pop("token_embd.weight"), "output.weight": ((32, 300), None), **tensors}
        whole = self.model("m", keys, tensors)
        first, second = split(keys, tensors, 2, self.folder)  # the first alone looks as if the embedding were the head
        dola = ("--dola-layers", "low", "--jsonl", "-n", "4", "--seed", "1")
        records = [[support.strict_json(line) for line in self.assert_ok(self.run_model(path, *dola)).out.splitlines()]
                   for path in (first, whole)]
        ours, theirs = ([(each["token"]["id"], each["dola"]) for each in all if "token" in each] for all in records)
        self.assertEqual(len(ours), 4)
        self.assertEqual(ours, theirs)
        os.unlink(second)
        self.assert_sentence(self.run_model(first), NO_INPUT, f"no such file: {second}")

    def test_the_types_of_all_parts_count(self):
        keys, tensors = llama(layers=4)
        for kind, cache in (list, "f32 cache .* plain attention"), (Halves, "f16 cache .* flash attention"):
            tensors["blk.3.ffn_down.weight"] = ((32, 32), kind([0.01] * 1024))
            path, _ = split(keys, tensors, 2, self.folder, kind.__name__)
            result = self.run_model(path, "-n", "1", "--stats")
            self.assertRegex((result.code, result.err.decode())[1], f"model .*: {cache}")

    def test_what_is_said_of_a_model_or_a_prompt_is_said_once(self):
        path = self.model("m", *phi3(**{"attention.sliding_window": 64}))
        prompts = self.file("prompts.txt", b"<s>the\n<s>he\n")
        settings = ("--setting", "a: max_new_tokens=2", "--setting", "b: max_new_tokens=2 amateur=self:q4_0")
        result = decant("compare", "-m", path, "-t", "1", "--no-chat-template", *settings, "--prompts", prompts, env=self.cache)
        self.assertEqual(result.code, 0)
        self.assertEqual([result.err.count(each) for each in (b"Phi SWA", b"begins with <s>")], [1, 1])

    def test_the_end_of_a_document_ends_a_text(self):
        vocabulary = spm_vocabulary()
        for name, token in ("<|im_end|>", 298), ("<|endoftext|>", 299):
            vocabulary["tokenizer.ggml.tokens"][token] = name
            vocabulary["tokenizer.ggml.token_type"][token] = 3
        vocabulary |= {"tokenizer.ggml.eos_token_id": 298, "tokenizer.ggml.padding_token_id": 299,
                       "tokenizer.chat_template": "{{ messages[0].content }}<|im_end|>"}
        path = self.model("m", *llama(vocabulary=vocabulary))
        for more in (), ("--no-chat-template",):
            result = decant("run", "-m", path, "-t", "1", "--logit-bias", "299=1000", "--json", "-n", "9", *more, "the", env=self.cache)
            text = self.assert_ok(result).json["sequences"][0]
            self.assertEqual((text["ids"], text["finish_reason"]), ([299], "stop"))

    def test_weights_that_are_no_numbers_are_the_files_fault(self):
        keys, tensors = llama(layers=2)
        for name in "blk.1.ffn_up.weight", "blk.0.attn_q.weight":
            path = self.model("m", keys, tensors | {name: ((32, 32), NOT_A_NUMBER)})
            for more in (), ("--penalty-alpha", "0.6", "--top-k", "4"), ("--num-beams", "3"), ("--dola-layers", "1"):
                with self.subTest(name, more=more):
                    result = self.run_model(path, *more)
                    self.assert_sentence(result, DATA, f".*: the file of m has such numbers in its tensor {name}; download or .*")

    def test_the_advice_fits(self):
        path = self.model("m", *llama())
        self.assert_sentence(self.run_model(path, "--cache-type", "q8_0"), UNAVAILABLE, ".* does not divide .*: try another --cache-type")


if __name__ == "__main__":
    support.main()
