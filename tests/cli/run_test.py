"""`decant run` as its users meet it: run_test.py PROGRAM

Exit codes, both output streams, terminals, signals, and the numbers in the JSON. Most cases run on the microscopic
random model (its texts are noise, which is the point: bytes that are no UTF-8, control characters); the default model
appears where a text must make sense or take time. One thread everywhere, so that a busy machine only makes it slower.
"""

import json
import math
import os
import random
import re
import select
import signal
import socket
import subprocess
import time

import support
from support import (DATA, INTERNAL, IO, LONG_AGO, MICRO, NO_INPUT, ROOT, UNAVAILABLE, USAGE, Case, Result, Terminal,
                     about, as_screen, catches, decant, default, main, micro, raw, records, spawn, start, strict_json,
                     token_bytes, wait_until, wait_until_it_catches, wait_until_it_has_worked, without_controls)

MICRO_CONTEXT = 2048
NOISE = "--temperature", "3", "--top-k", "0", "-n", "400", "--seed", "10", "--ignore-eos"  # all kinds of bytes


class Front(Case):
    def test_the_program_says_what_it_is(self):
        for args in [], ["--help"], ["-h"], ["help"]:
            with self.subTest(args):
                result = self.assert_ok(decant(*args))
                self.assertRegex(result.text, r"(?m)^  run +\w")
        self.assertRegex(self.assert_ok(decant("--version")).text, r"\Adecant \d+\.\d+\.\d+\n\Z")

    def test_unknown_commands(self):
        self.assert_sentence(decant("rum", "x"), USAGE, "unknown command rum: did you mean run\\?")
        self.assert_sentence(decant("frobnicate"), USAGE, "unknown command frobnicate: decant --help lists them")

    def test_help_is_short_and_help_all_names_every_option(self):
        short = self.assert_ok(decant("run", "--help"))
        self.assertLess(len(short.text.splitlines()), 75)
        self.assertIn("--help-all", short.text)
        self.assertIn("--top-p", short.text)
        self.assertNotIn("--eta-cutoff", short.text)
        result = self.assert_ok(decant("run", "--help-all"))
        self.assertLessEqual(max(map(len, result.text.splitlines())), 120)
        options = micro("-n", "0", "--json", "x").json["options"]
        others = ("prompt file system no_chat_template show_prompt no_stream json jsonl stats quiet model threads "
                  "ctx_size cache_type flash_attn")
        for name in [*options, *others.split()]:
            self.assertIn("--" + name.replace("_", "-"), result.text)
        self.assertEqual(decant("run", "-h").out, short.out)
        self.assertEqual(decant("run", "x", "-n", "5", "--help").out, short.out)


class Prompts(Case):
    def test_every_way_to_give_one(self):
        prompt = "The lighthouse – 灯台"
        expected = self.assert_ok(raw("-n", "8", prompt)).out
        self.assertGreater(len(expected), 8)
        path = self.file("prompt", prompt.encode() + b"\n")
        windows = self.file("windows", prompt.encode() + b"\r\n")
        for args in ([prompt, "-n", "8"], ["-p", prompt], ["--prompt=" + prompt], ["-f", path], ["--file", windows],
                     ["--", prompt]):
            with self.subTest(args):
                self.assertEqual(self.assert_ok(raw("-n", "8", *args)).out, expected)
        for args in [], ["-"], ["-f", "-"]:
            with self.subTest(args):
                self.assertEqual(self.assert_ok(raw("-n", "8", *args, stdin=prompt.encode() + b"\n")).out, expected)

    def test_blanks_and_line_ends_belong_to_the_prompt(self):
        ids = lambda *args, **options: raw("-n", "0", "--json", *args, **options).json["prompt_ids"]
        self.assertEqual(ids("-p", " a \n"), ids("-f", self.file("two", b" a \n\n")))
        self.assertNotEqual(ids("-p", "a"), ids("-p", "a\n"))
        self.assertEqual(ids("- one\n- two"), ids("-p", "- one\n- two"))

    def test_two_prompts(self):
        path = self.file("prompt", b"c")
        for args in (["a", "-p", "b"], ["a", "-f", path], ["-p", "b", "-f", path], ["-", "-f", "-"],
                     ["a", "-p", "b", "-f", path]):
            with self.subTest(args):
                self.assert_sentence(micro(*args), USAGE, "more than one prompt: .*")
        self.assert_sentence(micro("a", "b"), USAGE, "unexpected argument 'b': put a text with blanks in quotes")

    def test_empty_prompts(self):
        empty = "the prompt is empty: there is nothing to continue"
        for args in ([""], ["-p", ""], ["-f", self.file("empty", b"")], ["-f", self.file("line", b"\n")], ["-f", "-"],
                     ["-"], []):
            with self.subTest(args):
                self.assert_sentence(micro(*args), USAGE, empty)

    def test_none_at_all(self):
        terminal = Terminal("run", "-m", MICRO, stdin=True, stdout=False)
        out, shown = terminal.finish()
        self.assertEqual(out, b"")
        self.assertRegex(shown, r"\Adecant: no prompt: give it .*\r\n\Z")
        self.assertEqual(terminal.process.returncode, USAGE)

    def test_one_typed_at_the_terminal(self):
        terminal = Terminal("run", "-m", MICRO, "-t", "1", "--no-chat-template", "-n", "5", "-", stdin=True,
                            stdout=False)
        terminal.type(b"Hello\n\x04")
        out, _ = terminal.finish()
        self.assertEqual((terminal.process.returncode, out), (0, raw("-n", "5", "Hello").out))

    def test_no_utf8(self):
        bad = r" is not UTF-8: byte 2 \(0xff\) is part of no character; convert it first"
        self.assert_sentence(micro(b"ab\xffcd"), DATA, "the prompt" + bad)
        self.assert_sentence(micro(stdin=b"ab\xffcd"), DATA, "the prompt" + bad)
        self.assert_sentence(micro("-p", b"ab\xffcd"), DATA, "the prompt" + bad)
        path = self.file("latin1", b"ab\xffcd")
        self.assert_sentence(micro("-f", path), DATA, re.escape(path) + bad)
        self.assert_sentence(micro("--system", b"ab\xff", "x"), DATA, "the system message" + bad)
        self.assert_sentence(micro("-p", b"abc\xe2\x82"), DATA, r"the prompt is not UTF-8: byte 3 \(0xe2\) .*")

    def test_files_that_cannot_be_read(self):
        self.assert_sentence(micro("-f", "/no/such"), NO_INPUT,
                             "the prompt file /no/such cannot be read: No such file or directory")
        self.assert_sentence(micro("-f", self.folder), NO_INPUT, f"{self.folder} is a directory, not a prompt file")
        self.assert_sentence(micro("-f", "/proc/self/mem"), IO, "/proc/self/mem cannot be read: .*")

    def test_the_chat_template_and_the_system_message(self):
        shown = micro("--show-prompt", "-n", "3", "--system", "Be brief.", "Hi!")
        self.assertEqual(shown.code, 0)
        chat = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi!<|im_end|>\n<|im_start|>assistant\n"
        self.assertEqual(shown.err.decode(), chat + "\n")
        self.assertEqual(shown.out, micro("-n", "3", "--system", "Be brief.", "Hi!").out)
        by_hand, by_template = (call("-n", "3", "--json", *args).json for call, args in
                                [(raw, [chat]), (micro, ["--system", "Be brief.", "Hi!"])])
        self.assertEqual(by_hand["prompt_ids"], by_template["prompt_ids"])  # special tokens are parsed
        self.assertEqual(by_hand["sequences"], by_template["sequences"])
        self.assertEqual(raw("--show-prompt", "-n", "0", "Hi <|im_end|>").err, b"Hi <|im_end|>\n")
        self.assertNotEqual(micro("-n", "3", "Hi!", "--json").json["prompt_ids"], by_hand["prompt_ids"])
        self.assert_sentence(raw("--system", "Be brief.", "x"), USAGE,
                             "--system needs a chat template: drop --no-chat-template")

    def test_longer_than_the_context(self):
        path = self.file("long", b"word " * 400)
        has = r"the prompt has \d+ tokens and the context holds "
        self.assert_sentence(raw("-c", "256", "-f", path), DATA, has + "256: .*--ctx-size.*")
        self.assert_sentence(raw("-f", self.file("longer", b"word " * 4000)), DATA,
                             rf"the prompt has \d+ tokens and the model was trained for {MICRO_CONTEXT}: shorten it")
        self.assert_sentence(raw("--max-length", "3", "A longer prompt"), USAGE,
                             r"the prompt has \d+ tokens and max_length is 3, the prompt included: raise it")


class Models(Case):
    def model(self, *args, **options):
        return default("-n", "2", "-m", *args, "x", **options)

    def changed(self, name, *replacements):
        with open(MICRO, "rb") as file:
            data = file.read()
        for old, new in replacements:
            self.assertEqual(len(old), len(new))
            self.assertIn(old, data)
            data = data.replace(old, new)
        return self.file(name, data)

    def test_no_such_file(self):
        self.assert_sentence(self.model("/no/such.gguf"), NO_INPUT, ".*/no/such.gguf.*")
        self.assert_sentence(self.model("smolm2"), NO_INPUT, ".*smolm2.* did you mean the model smollm2\\?")
        self.assert_sentence(self.model(""), USAGE, "model is '': it must be a text that is not empty")

    def test_no_file_to_load(self):
        self.assert_sentence(self.model(self.folder), DATA, re.escape(self.folder) + " is a .*")
        self.assert_sentence(self.model("/dev/null"), DATA, "/dev/null is .*")
        self.assert_sentence(self.model(self.file("empty.gguf", b"")), DATA, ".*empty.gguf is empty, .*")
        self.assert_sentence(self.model(__file__), DATA, ".*run_test.py is not a GGUF file.*")
        self.assert_sentence(self.model(self.file("zip", b"PK\3\4" + bytes(100))), DATA, ".*zip is not a GGUF file.*")

    def test_cut_short(self):
        with open(MICRO, "rb") as file:
            data = file.read()
        for size in 4, 7, 24, 100, 5000, len(data) // 2, len(data) - 1:
            with self.subTest(size):
                path = self.file("short.gguf", data[:size])
                for _ in range(2):  # no verdict on a bad file is remembered
                    self.assert_sentence(self.model(path), DATA, ".*short.gguf .*")

    def test_damaged(self):
        unknown = self.changed("arch.gguf", (b"\5\0\0\0\0\0\0\0llama", b"\5\0\0\0\0\0\0\0lhama"))
        self.assert_sentence(self.model(unknown), DATA, ".*arch.gguf.*")
        self.assert_sentence(self.model(self.changed("template.gguf", (b"{% for", b"{% fro"))), DATA,
                             ".*chat template .*--no-chat-template.*")
        with open(MICRO, "rb") as file:
            data = file.read()
        nan = self.file("nan.gguf", data[:-200_000] + b"\xff" * 200_000)
        result = self.model(nan)
        self.assertIn(result.code, (DATA, INTERNAL))
        self.assert_sentence(result, result.code, ".*(not a number|NaN).*")

    def test_without_a_chat_template(self):
        plain = self.changed("plain.gguf", (b"tokenizer.chat_template", b"tokenizer.chat_templato"))
        same = ("-n", "12", "--json", "The lighthouse")
        base, raw_json = default("-m", plain, *same).json, raw(*same).json
        self.assertEqual(base["model"], "plain")
        for key in "prompt_ids", "sequences":
            self.assertEqual(base[key], raw_json[key])
        self.assert_sentence(default("-m", plain, "--system", "s", "x"), USAGE,
                             "--system needs a chat template: this model's .*")

    def test_the_default_model_without_a_home(self):
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("HOME", "XDG_CACHE_HOME", "DECANT_CACHE")}
        self.assert_sentence(default("x", env=environment), UNAVAILABLE,
                             "there is no folder to keep models in: set DECANT_CACHE")
        self.assert_ok(micro("-n", "1", "x", env=environment))

    def test_a_new_file_is_probed_by_two_at_once(self):
        environment = os.environ | {"DECANT_CACHE": self.folder}
        arguments = "run", "-m", MICRO, "-t", "1", "-n", "40", "Two at once"
        both = [start(*arguments, env=environment) for _ in range(2)]
        results = [process.communicate(timeout=LONG_AGO) for process in both]
        self.assertEqual([process.returncode for process in both], [0, 0])
        self.assertEqual(results, [(micro("-n", "40", "Two at once").out, b"")] * 2)
        self.assertEqual(len(os.listdir(os.path.join(self.folder, "probes"))), 1)


class Options(Case):
    def test_unknown(self):
        for flag, meant in {"--temprature": "temperature", "--min_q": "min-p", "--max_new_token": "max-new-tokens",
                            "--jsn": "json", "--no-streem": "no-stream", "--flash-atn=on": "flash-attn"}.items():
            with self.subTest(flag):
                self.assert_sentence(micro(flag, "x"), USAGE,
                                     f"unknown option {flag.split('=')[0]}: did you mean --{meant}\\?")
        self.assert_sentence(micro("--frobnicate", "x"), USAGE, "unknown option --frobnicate: see --help, .*")
        self.assert_sentence(micro("x", "-n"), USAGE, "-n needs a value")
        self.assert_sentence(micro("--json=maybe", "x"), USAGE, "--json is 'maybe': it must be true or false")
        self.assert_sentence(micro("-p", "x", "-p", "y"), USAGE, "--prompt was given more than once")

    def test_contradicting(self):
        cases = {
            "do_sample false contradicts top_p 0.5: drop one of them": ["--do-sample", "false", "--top-p", "0.5"],
            "strategy greedy does not read min_p: drop it, .*": ["--strategy", "greedy", "--min-p", "0.1"],
            "strategy greedy contradicts do_sample true: drop one of them": ["--strategy", "greedy", "--do-sample"],
            "strategy sample contradicts do_sample false: drop one of them": ["--strategy=sample", "--do-sample=false"],
            "--json and --jsonl contradict each other: choose one": ["--json", "--jsonl"],
            "num_return_sequences is 2, but greedy decoding finds a .*": ["--num-return-sequences", "2"],
        }
        for sentence, args in cases.items():
            with self.subTest(args):
                self.assert_sentence(micro("x", *args), USAGE, sentence)

    def test_out_of_range(self):
        cases = {"num_return_sequences": "0 257 -1", "seed": "-1 9007199254740992 18446744073709551616", "repetition_penalty": "0 -1",
                 "trace_top": "0 201", "temperature": "-0.1", "top_k": "-1 2147483648", "top_p": "0 1.01 -1",
                 "min_p": "-0.1 1.1",
                 "max_new_tokens": "-1 2147483648", "max_length": "0", "max_time": "0 -1", "stop_token_ids": "-1 1,-2",
                 "eos_token_id": "-1", "threads": "-1 1025", "ctx_size": "-1", "prefill_chunk_size": "0",
                 "n_gpu_layers": "-2"}
        for name, values in cases.items():
            for value in values.split():
                with self.subTest(f"{name} {value}"):
                    text = "-2|1,-2" if value == "1,-2" else re.escape(value)
                    self.assert_sentence(micro("x", "--" + name.replace("_", "-"), value), USAGE,
                                         f"{name} is '?({text})'?: it must be (a|whole) .*")

    def test_no_numbers(self):
        names = "seed repetition_penalty temperature top_k top_p max_new_tokens max_time stop_token_ids threads"
        for name in names.split():
            for value in "many", "", "0x10", "nan", "inf", "1e999", "5x", " 5", "+5", "1_000", "--top-k":
                with self.subTest(f"{name} {value!r}"):
                    self.assert_sentence(micro("x", f"--{name}={value}"), USAGE,
                                         f"{name} is '?{re.escape(value)}'?: it must be .*")
        for name in "top_k", "seed", "max_new_tokens":
            self.assert_sentence(micro("x", f"--{name}", "1.5"), USAGE, f"{name} is 1.5: it must be a whole number .*")

    def test_no_such_word(self):
        self.assert_sentence(micro("x", "--strategy", "beem"), USAGE,
                             "strategy is 'beem': it must be one of greedy, sample.*")
        self.assert_sentence(micro("x", "--strategy", "sampel"), USAGE,
                             "strategy is 'sampel': .* \\(did you mean sample\\?\\)")
        self.assert_sentence(micro("x", "--cache-type", "fp16"), USAGE,
                             "cache_type is 'fp16': .* \\(did you mean f16\\?\\)")
        self.assert_sentence(micro("x", "--do-sample=maybe"), USAGE, "do_sample is 'maybe': it must be true or false")
        self.assert_sentence(micro("x", "--stop", ""), USAGE, "stop_strings is '': it must be a text that is not empty")

    def test_tokens_that_the_model_lacks(self):
        for name in "stop_token_ids", "eos_token_id":
            self.assert_sentence(micro("x", f"--{name}", "5,512"), USAGE,
                                 f"{name} has 512: this model's tokens are 0 to 511")

    def test_temperature_0_is_greedy_without_a_word(self):
        greedy = self.assert_ok(raw("-n", "20", "x")).out
        for args in [], ["--do-sample"], ["--strategy", "sample"], ["--top-p", "0.5", "--min-p", "0.1", "--seed", "3"]:
            with self.subTest(args):
                self.assertEqual(self.assert_ok(raw("-n", "20", "x", "--temperature", "0", *args)).out, greedy)

    def test_threads_cache_types_and_attention(self):
        expected = self.assert_ok(raw("-n", "10", "x")).out
        self.assertEqual(self.assert_ok(raw("-n", "10", "x", "-t", "2")).out, expected)
        self.assertEqual(self.assert_ok(raw("-n", "10", "x", "--cache-type", "f32", "--flash-attn", "off")).out,
                         expected)
        for cache in "f32", "f16", "q8_0", "auto":
            for attention in "on", "off", "auto":
                with self.subTest(f"{cache} {attention}"):
                    result = raw("-n", "10", "x", "--cache-type", cache, "--flash-attn", attention)
                    if result.code != 0:
                        self.assertEqual(cache, "q8_0")
                        self.assertNotEqual(attention, "on")
                        self.assert_sentence(result, USAGE, "a q8_0 cache needs flash attention: .*")
                    else:
                        self.assertGreater(len(result.out), 8)
                        self.assertNotEqual((cache, attention), ("q8_0", "off"))
        self.assert_ok(default("-n", "2", "Hi", "--cache-type", "q8_0"))

    def test_a_context_of_any_size(self):
        self.assertEqual(self.assert_ok(raw("-n", "5", "x", "-c", "2147483647")).out, raw("-n", "5", "x").out)


class Json(Case):
    def check(self, result, prompt=None):
        """The schema: these keys, in this order, of these types."""
        number = (int, float)
        self.assertTrue(result.out.endswith(b"}\n") and result.out.count(b"\n") == 1)
        top = result.json
        shape = {"model": str, "strategy": str, "options": dict, "prompt_ids": list, "prompt_text": str,
                 "sequences": list, "stats": dict}
        stats = {"load_s": number, "prompt_tokens": int, "prefill_s": number, "decode_s": number, "new_tokens": int,
                 "evals": int, "rows": int}
        sequence = {"ids": list, "text": str, "finish_reason": str, "score": number}
        for value, keys in [(top, shape), (top["stats"], stats), *((each, sequence) for each in top["sequences"])]:
            self.assertEqual(list(value), list(keys))
            for key, kind in keys.items():
                self.assertIsInstance(value[key], kind, key)
        for ids in top["prompt_ids"], *(each["ids"] for each in top["sequences"]):
            self.assertTrue(all(type(token) is int and token >= 0 for token in ids))
        for value in top["stats"].values():
            self.assertGreaterEqual(value, 0)
        self.assertEqual(top["stats"]["prompt_tokens"], len(top["prompt_ids"]))
        self.assertEqual(top["stats"]["new_tokens"], sum(len(each["ids"]) for each in top["sequences"]))
        return top

    def assert_same(self, some, others):  # up to the rounding of another batch
        for a, b in zip(some, others, strict=True):
            self.assertAlmostEqual(a.pop("score"), b.pop("score"), places=3)
            self.assertEqual(a, b)

    def test_greedy(self):
        result = self.assert_ok(raw("--json", "-n", "20", "--seed", "7", "The lighthouse"))
        top = self.check(result)
        self.assertEqual((top["model"], top["strategy"], len(top["sequences"])), ("micro", "greedy", 1))
        sequence = top["sequences"][0]
        self.assertEqual((len(sequence["ids"]), sequence["finish_reason"]), (20, "length"))
        self.assertEqual((top["stats"]["evals"], top["stats"]["rows"]), (20, len(top["prompt_ids"]) + 19))
        self.assertLess(sequence["score"], 0)
        self.assertEqual(top["options"]["max_new_tokens"], 20)
        self.assertEqual(top["options"]["seed"], 7)

    def test_options_show_what_was_used(self):
        options = raw("--json", "-n", "1", "--stop", 'a"\n', "--stop", "ü", "--temperature", "0.5", "x").json["options"]
        expected = {"stop_strings": ['a"\n', "ü"], "temperature": 0.5, "top_k": 50, "top_p": 1, "do_sample": None,
                    "max_length": None, "repetition_penalty": 1, "num_return_sequences": 1, "ignore_eos": False}
        self.assertEqual({key: options[key] for key in expected}, expected)
        self.assertIsInstance(options["seed"], int)

    def test_the_reported_seed_gives_the_text_again(self):
        first = raw("--json", "-n", "20", "--do-sample", "x").json
        again = raw("--json", "-n", "20", "--do-sample", "x", "--seed", str(first["options"]["seed"])).json
        self.assertEqual(first["sequences"], again["sequences"])
        self.assertNotEqual(raw("--json", "-n", "20", "--do-sample", "x").json["sequences"], first["sequences"])

    def test_an_answer_that_ends_by_itself(self):
        result = default("--json", "-n", "60", "What is the capital of France? Answer briefly.")
        top = self.check(self.assert_ok(result))
        sequence = top["sequences"][0]
        self.assertEqual(sequence["finish_reason"], "stop")
        self.assertIn(sequence["ids"][-1], top["options"]["eos_token_id"])
        self.assertIn("Paris", sequence["text"])
        self.assertNotIn("<|", sequence["text"])

    def test_end_of_sequence_tokens(self):
        free = raw("--json", "-n", "12", "x").json["sequences"][0]
        at = next(i for i in range(3, 12) if free["ids"][i] not in free["ids"][:i])
        chosen, absent = str(free["ids"][at]), str(next(t for t in range(3, 512) if t not in free["ids"]))
        for args in (["--eos-token-id", chosen], ["--eos-token-id", f"{absent},{chosen}"],
                     ["--stop-token-ids", f"{chosen},{absent}"]):
            with self.subTest(args):
                top = self.check(raw("--json", "-n", "12", "x", *args))
                self.assertEqual(top["sequences"][0]["finish_reason"], "stop")
                self.assertEqual(top["sequences"][0]["ids"], free["ids"][:at + 1])
        for args in (["--eos-token-id", chosen, "--ignore-eos"], ["--eos-token-id", absent],
                     ["--stop-token-ids", absent]):
            with self.subTest(args):
                self.assertEqual(raw("--json", "-n", "12", "x", *args).json["sequences"][0], free)
        ignored = raw("--json", "-n", "12", "x", "--ignore-eos", "--stop-token-ids", chosen)  # these are asked for
        self.assertEqual(ignored.json["sequences"][0]["ids"], free["ids"][:at + 1])

    def test_lengths(self):
        prompt = len(raw("--json", "-n", "0", "x y z").json["prompt_ids"])
        length = lambda *args: raw("--json", "--ignore-eos", "x y z", *args).json["sequences"][0]
        for args, tokens, reason in [
            (["-n", "7"], 7, "length"),
            (["--max-length", str(prompt + 5)], 5, "length"),
            (["--max-length", str(prompt + 300)], 300, "length"),  # the default of max_new_tokens does not cut it
            (["--max-length", str(prompt + 5), "-n", "3"], 3, "length"),
            (["--max-length", str(prompt + 5), "-n", "300"], 5, "length"),
            (["-c", "256", "-n", "1000"], 256 - prompt + 1, "context"),  # the last token need not be read
            (["-n", "100000"], MICRO_CONTEXT - prompt + 1, "context"),
        ]:
            with self.subTest(args):
                sequence = length(*args)
                self.assertEqual((len(sequence["ids"]), sequence["finish_reason"]), (tokens, reason))

    def test_time(self):
        top = self.check(raw("--json", "--ignore-eos", "-n", "2000", "--max-time", "0.01", "x"))
        self.assertEqual(top["sequences"][0]["finish_reason"], "time")
        self.assertGreaterEqual(top["stats"]["prefill_s"] + top["stats"]["decode_s"], 0.01)

    def test_nothing_to_write(self):
        sequence = self.check(self.assert_ok(raw("--json", "-n", "0", "x")))["sequences"][0]
        self.assertEqual(sequence, {"ids": [], "text": "", "finish_reason": "length", "score": 0})
        for args in [], ["--no-stream"], ["--jsonl"]:
            self.assertEqual(self.assert_ok(raw("-n", "0", "x", *args)).out, b"")

    def test_several_sequences(self):
        args = "--do-sample", "--seed", "5", "-n", "40", "x"
        top = self.check(self.assert_ok(raw("--json", "--num-return-sequences", "5", *args)))
        self.assertEqual(len({tuple(each["ids"]) for each in top["sequences"]}), 5)
        self.assert_same(top["sequences"][:1], raw("--json", *args).json["sequences"])
        self.assertLessEqual(top["stats"]["rows"], len(top["prompt_ids"]) + 5 * 39)  # the prompt once
        text = self.assert_ok(raw("--num-return-sequences", "5", *args)).text
        parts = re.split(r"(?m)^--- \d of 5 ---\n", text)
        texts = [each["text"] for each in top["sequences"]]
        self.assertEqual(parts, ["", *(text if text.endswith("\n") else text + "\n" for text in texts)])

    def test_more_sequences_than_rows_in_a_chunk(self):
        args = "--json", "--num-return-sequences", "256", "--seed", "2", "--do-sample", "-n", "3", "x"
        small, large = (self.assert_ok(raw(*args, *more)).json for more in (["--prefill-chunk-size", "1"], []))
        self.assert_same(small["sequences"], large["sequences"])

    def test_more_sequences_than_fit(self):
        args = "--json", "--num-return-sequences", "12", "--seed", "2", "--do-sample", "--ignore-eos", "-n", "100", "x"
        small, large = (self.assert_ok(raw(*args, *more)).json for more in (["-c", "256"], []))
        self.assert_same(small["sequences"], large["sequences"])

    def test_seeds(self):
        text = lambda seed: self.assert_ok(raw("--do-sample", "-n", "30", "x", "--seed", str(seed))).out
        self.assertEqual(text(11), text(11))
        self.assertEqual(len({text(seed) for seed in (0, 1, 2, 2 ** 32, 2 ** 53 - 1)}), 5)
        self.assertEqual(raw("-n", "20", "x", "--seed", "1").out, raw("-n", "20", "x", "--seed", "2").out)  # greedy


class Trace(Case):
    KEYS = ["schema", "seq", "t", "token", "logit", "p_raw", "p", "rank", "race", "logsumexp", "tail_mass", "entropy",
            "entropy_raw", "kept", "finish", "stages", "top", "tail", "seconds"]
    TOKEN_KEYS = ["id", "bytes", "text", "piece"]

    def check(self, record, top):
        self.assertEqual([key for key in record if key != "base_logsumexp"], self.KEYS)
        self.assertEqual(record["schema"], 3)
        self.assertEqual(list(record["token"]), self.TOKEN_KEYS)
        self.assertEqual(len(record["top"]), top)
        lse, close = record["logsumexp"], lambda a, b: self.assertAlmostEqual(a, b, delta=1e-6)
        close(record["p_raw"], math.exp(record["logit"] - lse))
        close(sum(math.exp(each["logit"] - lse) for each in record["top"]) + record["tail_mass"], 1)
        self.assertTrue(0 <= record["tail_mass"] < 1)
        base = record.get("base_logsumexp", lse)
        listed = sum(math.exp(each.get("base", each["logit"]) - base) for each in record["top"])
        tail = zip(record["tail"]["logit"], record["tail"]["count"], strict=True)
        close(listed + sum(count * math.exp(logit - base) for logit, count in tail), 1)
        kept = [each for each in record["top"] if each["p"] > 0]
        gone = record["top"][len(kept):]
        for each in record["top"]:
            self.assertEqual([key for key in each if key != "base"],
                             self.TOKEN_KEYS + ["logit", "score", "p", "cut_by"])
            self.assertEqual(bytes.fromhex(each["bytes"]).decode(errors="replace"), each["text"])
        self.assertTrue(all(each["cut_by"] is None and each["score"] is not None for each in kept))
        names = [stage["name"] for stage in record["stages"]]
        self.assertTrue(all(each["p"] == 0 and each["score"] is None and each["cut_by"] in names for each in gone))
        self.assertEqual([each["p"] for each in kept], sorted((each["p"] for each in kept), reverse=True))
        self.assertEqual([each["logit"] for each in gone], sorted((each["logit"] for each in gone), reverse=True))
        self.assertEqual(len({each["id"] for each in record["top"]}), top)
        self.assertGreaterEqual(record["kept"], len(kept))
        if record["kept"] == len(kept):
            close(sum(each["p"] for each in kept), 1)
            close(record["entropy"], -sum(each["p"] * math.log2(each["p"]) for each in kept))
        if record["rank"] <= len(kept):
            place = record["top"][record["rank"] - 1]
            self.assertEqual((place["id"], place["p"]), (record["token"]["id"], record["p"]))
            self.assertEqual({key: place[key] for key in self.TOKEN_KEYS}, record["token"])
        return kept

    def test_greedy(self):
        trace = records("-n", "25", "--trace-top", "7", "The lighthouse")
        run = trace[0].pop("run")
        whole = raw("-n", "25", "--json", "--trace-top", "7", "The lighthouse").json
        self.assertEqual(list(run), ["model", "strategy", "options", "prompt_ids", "prompt_text"])
        for key in "model", "strategy", "prompt_ids":
            self.assertEqual(run[key], whole[key])
        self.assertEqual([record["token"]["id"] for record in trace], whole["sequences"][0]["ids"])
        self.assertEqual(b"".join(map(token_bytes, trace)).decode(errors="replace"), whole["sequences"][0]["text"])
        score = sum(math.log(record["p_raw"]) for record in trace)
        self.assertAlmostEqual(score, whole["sequences"][0]["score"], places=5)
        prompt = len(run["prompt_ids"])
        self.assertEqual([record["t"] for record in trace], list(range(prompt, prompt + 25)))
        self.assertEqual([record["finish"] for record in trace], [None] * 24 + ["length"])
        for record in trace:
            self.check(record, 7)
            self.assertEqual((record["seq"], record["rank"], record["race"], record["stages"], record["kept"]),
                             (0, 1, None, [], 512))
            self.assertAlmostEqual(record["entropy"], record["entropy_raw"], places=5)

    def test_the_tail_is_what_a_longer_list_shows(self):
        short, long = records("-n", "1", "--trace-top", "5", "x")[0], records("-n", "1", "--trace-top", "200", "x")[0]
        self.assertEqual(short["top"], long["top"][:5])
        shown = sum(math.exp(each["logit"] - long["logsumexp"]) for each in long["top"][5:])
        self.assertAlmostEqual(short["tail_mass"], long["tail_mass"] + shown, delta=1e-6)

    def test_every_token_wins_its_race(self):
        noises = set()
        for seed in range(1, 5):
            trace = records("-n", "30", "--top-k", "20", "--ignore-eos", "--seed", str(seed), "x")
            trace[0].pop("run")
            self.assertEqual(len(trace), 30)
            for record in trace:
                kept = {each["id"]: each["p"] for each in self.check(record, 50)}
                self.assertEqual((len(kept), record["kept"]), (20, 20))
                race = record["race"]
                self.assertEqual([list(each) for each in race], [self.TOKEN_KEYS + ["score", "noise"]] * 5)
                self.assertEqual({key: race[0][key] for key in self.TOKEN_KEYS}, record["token"])
                for each in race:
                    self.assertAlmostEqual(each["score"], math.log(kept[each["id"]]), delta=1e-6)
                    self.assertNotIn(each["noise"], noises)
                    noises.add(each["noise"])
                sums = [each["score"] + each["noise"] for each in race]
                self.assertEqual(sums, sorted(sums, reverse=True))
                self.assertTrue(all(each["cut_by"] == "top_k" for each in record["top"][20:]))

    def test_every_stage_recomputed(self):
        """From the raw logits, as docs/strategies/sampling.md defines them."""
        penalty, temperature, k, p, min_p = 1.3, 0.7, 20, 0.8, 0.2
        options = {"repetition-penalty": penalty, "temperature": temperature, "top-k": k, "top-p": p, "min-p": min_p}
        flags = [f"--{name}={value}" for name, value in options.items()]
        trace = records("-n", "25", *flags, "--seed", "9", "--trace-top", "80", "--ignore-eos", "x y")
        seen = set(trace[0].pop("run")["prompt_ids"])
        reasons = set()
        for record in trace:
            kept = self.check(record, 80)
            scores = {}
            for each in record["top"]:
                logit = each["logit"]
                if each["id"] in seen:
                    logit = logit / penalty if logit > 0 else logit * penalty
                scores[each["id"]] = logit / temperature
            ranked = sorted(scores, key=lambda token: -scores[token])
            unlisted = record["top"][-1]["logit"] / temperature  # at most
            self.assertGreater(scores[ranked[k - 1]], unlisted)
            cut_by = {token: "top_k" for token in ranked[k:]}
            alive = ranked[:k]
            for name, keep in [("top_p", lambda ps: [i for i in range(len(ps)) if sum(ps[:i]) < p]),
                               ("min_p", lambda ps: [i for i in range(len(ps)) if ps[i] >= min_p * ps[0]])]:
                weights = [math.exp(scores[token] - scores[alive[0]]) for token in alive]
                stays = keep([weight / sum(weights) for weight in weights])
                cut_by.update({token: name for i, token in enumerate(alive) if i not in stays})
                alive = [alive[i] for i in stays]
            self.assertEqual([each["id"] for each in kept], alive)
            weights = [math.exp(scores[token] - scores[alive[0]]) for token in alive]
            for each, weight in zip(kept, weights):
                self.assertAlmostEqual(each["p"], weight / sum(weights), places=5)
                self.assertAlmostEqual(each["score"], scores[each["id"]], places=4)
            for each in record["top"][len(kept):]:
                self.assertEqual(each["cut_by"], cut_by[each["id"]])
            self.assertEqual([stage["name"] for stage in record["stages"]],
                             ["repetition_penalty", "temperature", "top_k", "top_p", "min_p"])
            self.assertEqual([stage["kept"] for stage in record["stages"]][:3], [512, 512, k])
            self.assertEqual(record["stages"][-1]["kept"], len(alive))
            reasons |= set(cut_by.values())
            seen.add(record["token"]["id"])
        self.assertEqual(reasons, {"top_k", "top_p", "min_p"})

    def test_sequences_are_told_apart(self):
        args = "--num-return-sequences", "3", "--seed", "4", "--do-sample", "-n", "9", "x"
        trace, whole = records(*args), raw("--json", *args).json
        for number, sequence in enumerate(whole["sequences"]):
            self.assertEqual([r["token"]["id"] for r in trace if r["seq"] == number], sequence["ids"])
        self.assertEqual(sum("run" in record for record in trace), 1)


class Stops(Case):
    """Against the rule itself: the first token with which a stop string that overlaps it is complete ends the text."""

    PROMPT = "The lighthouse"
    ARGS = ("-n", "40", "--seed", "3", "--do-sample", "--ignore-eos", PROMPT)

    def expected(self, trace, stops, keep):
        text, ids = b"", []
        prompt = self.PROMPT.encode()
        for record in trace:
            before, text = len(prompt + text), text + token_bytes(record)
            ids.append(record["token"]["id"])
            starts = [(prompt + text).find(stop, max(0, before + 1 - len(stop))) for stop in stops]
            if starts := [start for start in starts if start >= 0]:
                return ids, text if keep else text[:max(0, min(starts) - len(prompt))], "stop"
        return ids, text, "length"

    def check(self, trace, stops):
        flags = [flag for stop in stops for flag in ("--stop", stop)]
        for keep in True, False:
            args = self.ARGS + tuple(flags) + (("--include-stop-str-in-output", "false") if not keep else ())
            with self.subTest(stops=stops, keep=keep):
                ids, text, reason = self.expected(trace, stops, keep)
                sequence = self.assert_ok(raw("--json", *args)).json["sequences"][0]
                shown = text.decode(errors="replace")
                self.assertEqual((sequence["ids"], sequence["text"], sequence["finish_reason"]), (ids, shown, reason))
                line_end = "" if shown.endswith("\n") or not shown else "\n"
                self.assertEqual(self.assert_ok(raw(*args)).text, shown + line_end)
                self.assertEqual(self.assert_ok(raw("--no-stream", *args)).text, shown + line_end)

    def test_stop_strings_anywhere(self):
        trace = records(*self.ARGS)
        self.assertEqual(len(trace), 40)
        pieces = [token_bytes(record) for record in trace]
        text, borders = b"".join(pieces), [0]
        for piece in pieces:
            borders.append(borders[-1] + len(piece))
        dice = random.Random(1)
        for _ in range(10):
            border = dice.choice(borders[2:-2])
            begin, end = max(0, border - dice.randint(1, 4)), min(len(text), border + dice.randint(1, 5))
            if b"\0" not in text[begin:end]:
                self.check(trace, [text[begin:end]])
        self.check(trace, [text[borders[5]:borders[6]], text[borders[5] - 1:borders[7]], b"not there"])
        self.check(trace, [b"zzzzzzzz", text[borders[-2]:] + b"z"])

    def test_one_that_begins_in_the_prompt(self):
        trace = records(*self.ARGS)
        first = token_bytes(trace[0]) + token_bytes(trace[1])
        self.assertNotIn(b"\0", first)
        self.check(trace, [b"house" + first])
        self.check(trace, [b"house" + first[:1]])
        self.check(trace, [b"house" + first + b"z"])
        self.check(trace, [b"light"])


class Streams(Case):
    def test_streaming_changes_nothing(self):
        for seed in range(1, 9):
            args = "--temperature", "1.5", "--top-k", "0", "-n", "60", "--seed", str(seed), "x"
            shown = self.assert_ok(raw(*args)).text
            self.assertEqual(self.assert_ok(raw("--no-stream", *args)).text, shown)
            text = raw("--json", *args).json["sequences"][0]["text"]
            self.assertEqual(shown, text + "\n" * (not text.endswith("\n")))

    def writes(self, *args):
        """Each write of the program: a socket of packets keeps them apart."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, spawn(*args, stdout=theirs) as process:
            theirs.close()
            pieces = []
            while piece := ours.recv(1 << 20):
                pieces.append(piece)
            self.assertEqual(process.wait(LONG_AGO), 0)
        return pieces

    def test_every_write_is_whole_characters(self):
        arguments = "run", "-t", "1", "--no-chat-template", "-n", "14", "🌊🌊🌊🌊🌊🌊🌊🌊"
        pieces = self.writes(*arguments)
        text = "".join(piece.decode() for piece in pieces)
        self.assertIn("🌊🌊", text)
        self.assertNotIn("\N{REPLACEMENT CHARACTER}", text[:-2])  # the last character may be cut by -n
        self.assertGreater(len(pieces), 3)
        self.assertLess(len(pieces), 14)  # some tokens are no characters
        arguments = "run", "-m", MICRO, "-t", "1", *NOISE, "x"
        pieces = self.writes(*arguments)
        self.assertEqual(b"".join(pieces), decant(*arguments).out)
        for piece in pieces:
            piece.decode()
        self.assertGreater(len(pieces), 200)

    def test_text_comes_as_it_is_made(self):
        process = start("run", "-t", "1", "--ignore-eos", "-n", "100000", "Tell me a long story.")
        self.assertTrue(select.select([process.stdout], [], [], LONG_AGO)[0])
        self.assertGreater(len(os.read(process.stdout.fileno(), 1 << 16)), 0)
        self.assertIsNone(process.poll())
        process.kill()
        process.communicate()

    def test_stats_go_to_standard_error(self):
        plain, stats = raw("-n", "9", "x"), raw("-n", "9", "--stats", "x")
        self.assertEqual((plain.out, plain.err), (stats.out, b""))
        self.assertRegex(stats.err.decode(),
                         r"\Amodel .*\nstrategy .*\n(.+\n)*text +9 tokens in [\d.]+ s, .*\n(.+\n)*\Z")
        self.assertEqual(raw("--json", "-n", "9", "--stats", "x").json["sequences"],
                         raw("--json", "-n", "9", "x").json["sequences"])

    def test_a_full_disk(self):
        run = ["run", "-t", "1", "-m", MICRO, "-n", "5", "x"]
        flags = [[], ["--json"], ["--jsonl"], ["--no-stream"]]
        for args in ["run", "--help"], ["--version"], *(run + flag for flag in flags):
            with self.subTest(args), open("/dev/full", "wb") as full:
                done = subprocess.run([support.PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=full,
                                      stderr=subprocess.PIPE)
                self.assert_sentence(Result(done.returncode, b"", done.stderr), IO,
                                     "standard output cannot be written: No space left on device")

    def test_closed_streams(self):
        self.assert_sentence(raw("-n", "2", "x", preexec_fn=lambda: os.close(1)), IO,
                             "standard output cannot be written: .*")
        expected = raw("-n", "2", "x").out
        for close in lambda: os.close(2), lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), 2):
            told = raw("-n", "2", "--stats", "--show-prompt", "x", preexec_fn=close)
            self.assertEqual((told.code, told.out), (0, expected))
            self.assertEqual(raw("--frobnicate", preexec_fn=close).code, USAGE)
        closed = micro(preexec_fn=lambda: os.close(0))
        self.assertNotEqual(closed.code, 0)
        self.assertRegex(closed.err.decode(), r"\Adecant: [^\n]+\n\Z")

    def test_a_reader_that_has_seen_enough(self):
        for args in [], ["--jsonl"]:
            process = start("run", "-t", "1", "--ignore-eos", "-n", "100000", "Tell me a story.", *args)
            self.assertEqual(len(process.stdout.read(10)), 10)
            process.stdout.close()
            self.assertEqual(process.stderr.read(), b"")
            process.stderr.close()
            self.assertEqual(process.wait(LONG_AGO), IO)

    def test_a_slow_reader_of_a_non_blocking_pipe(self):
        ours, theirs = os.pipe()
        os.set_blocking(theirs, False)
        with spawn("run", "-m", MICRO, "--jsonl", "-n", "30", "--trace-top", "200", "x", stdout=theirs) as process:
            os.close(theirs)
            time.sleep(0.3)  # the pipe is full long before
            with open(ours, "rb") as pipe:
                lines = pipe.read().splitlines()
            self.assertEqual((process.wait(LONG_AGO), len(lines)), (0, 30))


class Terminals(Case):
    def test_no_control_character_reaches_it(self):
        piped = self.assert_ok(micro(*NOISE, "x")).text
        self.assertIn("\x1b", piped)
        self.assertIn("\x07", piped)
        for more in [], ["--no-stream"]:
            terminal = Terminal("run", "-m", MICRO, "-t", "1", *NOISE, "x", *more)
            self.assertEqual(terminal.finish()[1], without_controls(piped))
            self.assertEqual(terminal.process.returncode, 0)

    def test_not_on_standard_error_either(self):
        evil = "\x1b[31mred\x07\x9b2J"
        for args in (["--show-prompt", "-n", "1", evil], ["--strategy", evil, "x"], ["-m", evil, "x"], ["-f", evil],
                     ["--" + evil, "x"]):
            with self.subTest(args):
                terminal = Terminal("run", "-m", MICRO, *args, stdout=False)
                _, shown = terminal.finish()
                self.assertIn("red", shown)
                self.assertEqual(shown, without_controls(shown))

    def test_progress_leaves_no_trace(self):
        prompt = self.file("prompt", " ".join(f"word{i}" for i in range(70)).encode())
        args = "-f", prompt, "-n", "6", "--prefill-chunk-size", "16"
        piped = self.assert_ok(default(*args)).text
        terminal = Terminal("run", "-t", "1", "--stats", *args)
        _, written = terminal.finish()
        text, stats = as_screen(written).split("model ", 1)
        if float(re.search(r"(?m)^prompt .* in ([\d.]+) s", stats)[1]) > 2:
            self.assertIn("reading the prompt", written)
        self.assertEqual(text, piped)
        quiet = Terminal("run", "-t", "1", "--quiet", *args)
        self.assertEqual(quiet.finish()[1], piped)


class Signals(Case):
    STORY = "run", "-t", "1", "--ignore-eos", "-n", "100000"

    def end(self, process, which):
        process.send_signal(which)
        return process.communicate()

    def test_an_interrupt_ends_the_text_cleanly(self):
        for which in signal.SIGINT, signal.SIGTERM:
            process = start(*self.STORY, "Tell me a long story.")
            first = process.stdout.read(20)
            rest, err = self.end(process, which)
            text = (first + rest).decode()
            self.assertTrue(text.endswith("\n") and not text.endswith("\n\n"))
            self.assertEqual((process.returncode, err), (128 + which, b""))

    def test_an_interrupted_object_is_whole(self):
        process = start(*self.STORY, "--json", "--stats", "Tell me a long story.")
        wait_until_it_catches(process)
        wait_until_it_has_worked(process, 1)
        out, err = self.end(process, signal.SIGINT)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(strict_json(out)["sequences"][0]["finish_reason"], "unfinished")
        self.assertRegex(err.decode(), r"\Amodel ")

    def test_interrupts_while_a_long_prompt_is_read(self):
        prompt = self.file("prompt", b"All work and no play makes a dull text. " * 600)  # six thousand tokens
        process = start(*self.STORY, "-f", prompt)
        wait_until_it_catches(process)
        wait_until_it_has_worked(process, 1)
        self.assertEqual(self.end(process, signal.SIGINT), (b"", b""))  # nothing of the text, so nowhere near its end
        self.assertEqual(process.returncode, 130)

        process = start(*self.STORY, "--prefill-chunk-size", "6000", "-f", prompt)
        wait_until_it_catches(process)
        wait_until_it_has_worked(process, 1)
        process.send_signal(signal.SIGINT)
        wait_until(process, lambda: not catches(process))  # it waits for the chunk
        self.end(process, signal.SIGINT)  # the second one does not
        self.assertEqual(process.returncode, -signal.SIGINT)  # 130 to a shell

    def test_an_interrupt_before_there_is_anything_to_lose(self):
        process = start("run", "-m", MICRO, "-", stdin=subprocess.PIPE)
        wait_until(process, lambda: ") S " in about(process, "stat"))  # it sleeps: waits for the prompt
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(LONG_AGO), -signal.SIGINT)
        process.communicate()

    def test_control_c_at_the_terminal(self):
        terminal = Terminal(*self.STORY, "Tell me a long story.", stdin=True)
        wait_until_it_catches(terminal.process)
        shown = os.read(terminal.mine, 5)
        terminal.type(b"\x03")
        _, rest = terminal.finish()
        self.assertEqual(terminal.process.returncode, 130)
        self.assertTrue((shown.decode() + rest).endswith("\n"))


class Speculation(Case):
    PROMPT = "one two three one two three one two three one two"
    FEW = "-n", "40", "--ignore-eos", "--allowed-token-ids", "60,70,80,90"  # a text that repeats itself
    GUESSES = "--prompt-lookup-num-tokens", "4", "--num-assistant-tokens-schedule", "constant"

    def run_with(self, *args):
        return raw(*self.FEW, *self.GUESSES, *args, self.PROMPT)

    def test_what_guessing_was_worth(self):
        told = self.assert_ok(self.run_with("--json")).json
        plain = raw(*self.FEW, "--json", self.PROMPT).json
        self.assertEqual(*([each["ids"] for each in some["sequences"]] for some in (told, plain)))
        self.assertNotIn("speculation", plain["stats"])
        stats = told["stats"]["speculation"]
        self.assertEqual((stats["tokens"], stats["saved"]), (40, 40 - stats["rounds"]))
        self.assertIn(stats["with_prompt"], range(1, 12))  # the prompt's own next token, and guesses behind it
        (its,) = stats["drafters"]
        self.assertEqual((its["name"], its["idle"]), ("prompt_lookup", 0))
        self.assertEqual(its["kept"], sum(each["kept"] for each in its["by_depth"]))
        self.assertGreater(its["drafted"], its["kept"])
        lines = self.run_with("--stats").err.decode()
        self.assertIn(f"prompt_lookup in {its['rounds']} of {stats['rounds']} rounds: {its['drafted']} drafted, "
                      f"{its['kept']} kept", lines)
        self.assertIn(f"saved     {stats['saved']} evaluations: 40 tokens in {stats['rounds']} rounds\n", lines)
        self.assertNotIn("guesses", raw("-n", "4", "--stats", "x").err.decode())

    def test_rounds(self):
        stats = self.run_with("--json").json["stats"]["speculation"]
        shown = self.assert_ok(self.run_with("--show", "rounds")).out.decode().splitlines()
        shown = shown[:[line.startswith("+ guessed") for line in shown].index(True) + 1]  # the text follows
        rounds = [line.split()[:3] for line in shown[1:-1] if line[:5].strip()]
        self.assertEqual([int(number) for number, _, _ in rounds], list(range(1, stats["rounds"] + 1)))
        self.assertEqual(sum(int(guessed) for _, guessed, _ in rounds), stats["drafters"][0]["drafted"])
        self.assertEqual(sum(int(kept) for _, _, kept in rounds), stats["drafters"][0]["kept"])
        self.assertTrue(all(len(line) <= 80 for line in shown))
        self.assertNotIn(b"\033", self.run_with("--show", "rounds", "--color", "never").out)
        self.assertIn(b"\033[32m+", self.run_with("--show", "rounds", "--color", "always").out)
        self.assert_sentence(raw("-n", "4", "--show", "rounds", "x"), USAGE, "--show rounds: nobody guesses.*")

    def test_trace(self):
        records = [json.loads(line) for line in self.assert_ok(self.run_with("--jsonl")).out.decode().splitlines()]
        ids = records[0]["run"]["prompt_ids"] + [each["token"]["id"] for each in records]
        self.assertEqual([each["id"] for each in records[0]["run"]["prompt_tokens"]], records[0]["run"]["prompt_ids"])
        guessed = [each for each in records if "speculative" in each]
        for each in guessed:
            trace = each["speculative"]
            self.assertIn(trace["guesses"], range(1, 5))
            if trace["source"] is not None:
                self.assertEqual((trace["verdict"], ids[trace["source"]]), ("accepted", each["token"]["id"]))
        self.assertTrue(any(each["speculative"]["source"] is not None for each in guessed))


class Heads(Case):
    """Drafts that read what the model says: a head that the file carries, and EAGLE-3."""

    FOLDER = os.path.join(ROOT, "tests/zoo/heads")
    DRAWN = (), ("--temperature", "0.8", "--seed", "3")

    def write(self, model, *args):
        told = self.assert_ok(default("-m", os.path.join(ROOT, "tests/zoo", model), "--no-chat-template", "--json", "-n", "40",
                                      "--ignore-eos", "true", *args, "a cup of tea")).json
        return told["sequences"][0]["ids"], told["stats"].get("speculation")

    def test_the_texts_are_those_without(self):
        constant = "--num-assistant-tokens-schedule", "constant"
        draft = os.path.join(self.FOLDER, "eagle3_llama.gguf")
        for model, drafter in (("heads/glm4moe_head.gguf", ("--drafter", "mtp")), ("heads/glm4moe_copy.gguf", ("--drafter", "mtp")),
                               ("heads/glm4moe_copy.gguf", ("--assistant-model", "self:mtp")), ("llama.gguf", ("--assistant-model", draft))):
            for drawn in self.DRAWN:
                with self.subTest(model, drawn=drawn):
                    plain, _ = self.write(model, *drawn)
                    ids, stats = self.write(model, *drawn, *drafter, *constant)
                    self.assertEqual(ids, plain)
                    (its,) = stats["drafters"]
                    self.assertEqual(its["name"], "mtp" if model.startswith("heads") else "eagle3")
                    self.assertGreater(its["drafted"], 20)
                    if "copy" in model:
                        self.assertEqual(its["kept"], its["drafted"])

    def test_auto_takes_the_head_that_is_there(self):
        _, stats = self.write("heads/glm4moe_copy.gguf", "--speculate", "auto")
        self.assertIn("mtp", [each["name"] for each in stats["drafters"]])
        _, stats = self.write("llama.gguf", "--speculate", "auto")
        self.assertNotIn("mtp", [each["name"] for each in stats["drafters"]])

    def test_refusals(self):
        def sentence(model, *args):
            return default("-m", os.path.join(ROOT, "tests/zoo", model), "--no-chat-template", "-n", "4", *args, "a")

        self.assert_sentence(sentence("llama.gguf", "--drafter", "mtp"), UNAVAILABLE,
                             ".* has nothing for the drafter mtp: the file carries no head for further tokens")
        draft = os.path.join(self.FOLDER, "eagle3_llama.gguf")
        self.assert_sentence(sentence("heads/eagle3_llama.gguf"), UNAVAILABLE,
                             ".* is the draft of another model, which it cannot do without: give it to that model as --assistant-model")
        self.assert_sentence(sentence("qwen3.gguf", "--assistant-model", draft), DATA, ".* have different vocabularies.*")


class Kernels(Case):
    def described(self, *args, **environment):
        done = micro("--stats", "-n", "2", "--no-chat-template", *args, "a", env={**os.environ, **environment})
        self.assertEqual(done.code, 0, done.err)
        return done.err.decode().splitlines()[0]

    def test_stats_say_which_compute_and_what_is_left_to_ggml(self):
        self.assertIn(", plain C++ kernels; ggml computes MUL_MAT of f32, SOFT_MAX", self.described(DECANT_ISA="plain"))
        self.assertTrue(self.described("--flash-attn", "on", DECANT_ISA="plain").endswith(", plain C++ kernels"))
        self.assertTrue(self.described("--kernels", "off").endswith(", ggml's kernels"))

    def test_a_cpu_without_an_instruction_set_for_them_runs_ggmls(self):
        self.assertTrue(self.described(DECANT_ISA="none").endswith(", ggml's kernels"))
        self.assertIn("plain C++ kernels", self.described("--kernels", "on", DECANT_ISA="none"))

    def test_exact_or_a_refusal(self):
        self.assertIn("flash attention, 1 threads, plain C++ kernels", self.described("--exact", DECANT_ISA="plain"))
        self.assert_sentence(micro("--exact", "--kernels", "off", "a"), USAGE, "--exact .* drop --kernels off, or --exact")
        self.assert_sentence(micro("--exact", "--flash-attn", "off", "a"), USAGE, "--exact .* drop --flash-attn off, or --exact")
        self.assert_sentence(micro("--exact", "a", env={**os.environ, "DECANT_ISA": "none"}), UNAVAILABLE, "--exact .*: add --kernels on .*")
        self.assert_sentence(micro("a", env={**os.environ, "DECANT_ISA": "sse"}), USAGE, "DECANT_ISA is \"sse\".* plain.*")


if __name__ == "__main__":
    main()
