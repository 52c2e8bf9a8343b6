"""`decant models` as its users meet it: models_test.py PROGRAM

What is shown of a file is compared with the file, read here by itself, and with what happens when the model runs.
"""

import os
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "hostile"))

import support
from damaged_model import Reader
from support import DATA, MICRO, NO_INPUT, ROOT, UNAVAILABLE, USAGE, Case, Terminal, decant, main
from tiny_models import bert, gguf, llama, split, spm_vocabulary

ZOO = "tests/zoo"
SOME = ("llama", "gpt2", "gemma2", "qwen2moe", "deepseek2", "falcon40", "olmo2", "phi3", "llamanobyte")
ELEMENT_BYTES = {0: 4, 1: 2}  # F32, F16: no others in the zoo
TYPE_NAMES = {0: "f32", 1: "f16"}


def zoo(name):
    return f"{ZOO}/{name}.gguf"


def show(*args, **options):
    return decant("models", "show", *args, cwd=ROOT, **options)


def tensors_of(path):
    """By type: how many tensors, elements and bytes."""
    with open(os.path.join(ROOT, path), "rb") as file:
        data = file.read()
    reader = Reader(data)
    _, n_tensors, n_values = reader.take("IQQ")
    for _ in range(n_values):
        reader.text()
        reader.skip(reader.take("I"))
    found = {}
    for _ in range(n_tensors):
        reader.text()
        count = 1
        for _ in range(reader.take("I")):
            count *= reader.take("Q")
        kind, _ = reader.take("IQ")
        tensors, parameters = found.get(TYPE_NAMES[kind], (0, 0))
        found[TYPE_NAMES[kind]] = (tensors + 1, parameters + count)
    sizes = {name: ELEMENT_BYTES[kind] for kind, name in TYPE_NAMES.items()}
    return {name: (tensors, parameters, parameters * sizes[name]) for name, (tensors, parameters) in found.items()}


class Show(Case):
    def setUp(self):
        super().setUp()
        self.cache = {**os.environ, "DECANT_CACHE": os.path.join(self.folder, "cache")}

    def json(self, *args):
        return self.assert_ok(show("--json", "-t", "1", *args, env=self.cache)).json

    def text(self, *args):
        return self.assert_ok(show("-t", "1", *args, env=self.cache)).text

    def model(self, name, keys, tensors):
        return self.file(f"{name}.gguf", gguf(keys, tensors))

    def test_sizes_are_those_of_the_file(self):
        for name in SOME:
            with self.subTest(name):
                size = self.json(zoo(name))["size"]
                expected = tensors_of(zoo(name))
                self.assertEqual({each["type"]: (each["tensors"], each["parameters"], each["bytes"]) for each in size["types"]}, expected)
                self.assertEqual(size["parameters"], sum(parameters for _, parameters, _ in expected.values()))
                self.assertEqual(size["bytes"], sum(found for _, _, found in expected.values()))

    def test_what_a_small_llama_is(self):
        found = self.json("--kernels", "off", zoo("llama"))
        self.assertEqual((found["file"], found["name"], found["architecture"], found["refusal"]),
                         ("tests/zoo/llama.gguf", "llama", "llama", None))
        self.assertEqual(found["context"]["window"], 0)
        self.assertIsNone(found["context"]["rewind"])
        self.assertEqual({each["name"] for each in found["strategies"] if each["works"]},
                         {"greedy", "sample", "beam", "beam_sample", "diverse_beam", "constrained_beam", "contrastive_search",
                          "contrastive_decoding", "dola"})
        self.assertTrue({"suffix", "prompt_lookup", "grammar", "draft_model", "early_exit", "universal"}
                        <= {each["name"] for each in found["drafters"] if each["works"]})
        self.assertIsNone(found["kernels"]["isa"])
        self.assertEqual([(each["type"], each["ours_bytes"]) for each in found["kernels"]["products"]], [("f32", 0)])
        self.assertEqual(found["kernels"]["attention"], "ggml")

    def test_memory_of_the_cache(self):
        """Keys and values of all layers, by hand."""
        found = self.json(MICRO)
        keys = self.json("--cache-type", "f16", MICRO)
        heads, width = found["heads"], found["embedding"]
        by_hand = 2 * found["layers"] * width // heads * found["kv_heads"] * 4
        self.assertEqual(found["memory"]["cache_per_token"], by_hand)
        self.assertEqual(keys["memory"]["cache_per_token"] * 2, by_hand)
        memory, context = found["memory"], found["context"]
        self.assertEqual(memory["default_cache"], by_hand * context["default"])
        self.assertEqual(memory["trained_cache"], by_hand * context["trained"])
        self.assertEqual(memory["state_per_text"], 0)
        shorter = self.json("-c", "256", MICRO)
        self.assertEqual((shorter["context"]["default"], shorter["memory"]["default_cache"]), (256, by_hand * 256))
        self.assertEqual(shorter["memory"]["trained_cache"], memory["trained_cache"])

    def test_a_verdict_is_what_happens(self):
        """Strategies and drafters: what is said not to work is refused with that sentence, and what works runs."""
        run = {"dola": ("--dola-layers", "high"), "contrastive_search": ("--penalty-alpha", "0.6", "--top-k", "4"),
               "beam": ("--num-beams", "3"), "greedy": (), "constrained_beam": ("--num-beams", "3", "--force-words", " a"),
               "early_exit": ("--assistant-early-exit",), "suffix": ("--drafter", "suffix"), "mtp": ("--drafter", "mtp")}
        paths = [zoo(name) for name in (*SOME, "heads/glm4moe_head", "mamba2", "lfm2", "jamba")] + split(*llama(layers=2), 2, self.folder)[:1]
        refused = 0
        for path in paths:
            found = self.json(path)
            half = found["lower_layers"]["name"].removeprefix("self:")
            for verdict in found["strategies"] + found["drafters"]:
                if verdict["name"] not in run:
                    continue
                with self.subTest((path, verdict["name"])):
                    args = run[verdict["name"]] + ((half,) if verdict["name"] == "early_exit" else ())
                    result = decant("run", "-m", path, "-t", "1", "--quiet", "--no-chat-template", "-n", "3", *args, "a", cwd=ROOT, env=self.cache)
                    self.assertEqual(verdict["why"] is None, verdict["works"])
                    if verdict["works"]:
                        self.assert_ok(result)
                    else:
                        refused += 1
                        self.assert_sentence(result, UNAVAILABLE, re.escape(verdict["why"]))
        self.assertGreater(refused, 0, "no model of which something is refused")
        heads = {each["name"]: each["works"] for each in self.json(zoo("heads/glm4moe_head"))["drafters"]}
        self.assertEqual((heads["mtp"], self.json(zoo("heads/glm4moe_head"))["next_heads"]), (True, 1))

    def test_exact_is_what_happens(self):
        for path in (zoo("llama"), zoo("gemma2"), "build/models/smollm2-q4_0.gguf"):
            for kernels in ("auto", "off"):
                with self.subTest((path, kernels)):
                    verdict = self.json("--kernels", kernels, path)["exact"]
                    result = decant("run", "-m", path, "-t", "1", "--quiet", "--exact", "--kernels", kernels, "--no-chat-template", "-n", "2", "a",
                                    cwd=ROOT, env=self.cache)
                    if verdict["works"]:
                        self.assert_ok(result)
                    else:
                        self.assert_sentence(result, result.code, re.escape(verdict["why"]))
                        self.assertIn(result.code, (USAGE, UNAVAILABLE))

    def test_what_does_not_run_is_shown_with_the_reason(self):
        path = self.model("m", *bert())
        found = self.json(path)
        self.assertEqual((found["architecture"], found["layers"]), ("bert", 1))
        self.assertRegex(found["refusal"], r".*m\.gguf is an encoder.*")
        self.assertNotIn("strategies", found)
        run = decant("run", "-m", path, "a", env=self.cache)
        self.assert_sentence(run, UNAVAILABLE, re.escape(found["refusal"]))
        self.assertRegex(" ".join(self.text(path).split()), r"runs no: .*m\.gguf is an encoder")
        self.assertRegex(self.json(zoo("heads/eagle3_llama"))["refusal"], "is the draft of another model")

    def test_vocabulary(self):
        found = self.json(self.model("m", *llama()))["vocabulary"]
        self.assertEqual(found, {"kind": "SentencePiece BPE", "tokenizer": "llama", "pre_tokenizer": "", "tokens": 300,
                                 "bos": {"id": 1, "piece": "<s>"}, "adds_bos": True, "eos": [{"id": 2, "piece": "</s>"}],
                                 "end_of_turn": []})
        without = spm_vocabulary() | {"tokenizer.ggml.add_bos_token": False}
        self.assertFalse(self.json(self.model("m", *llama(vocabulary=without)))["vocabulary"]["adds_bos"])

    def template(self, source):
        keys, tensors = llama()
        return self.json(self.model("m", {**keys, "tokenizer.chat_template": source}, tensors))["chat_template"]

    def test_chat_template(self):
        self.assertIsNone(self.json(self.model("m", *llama()))["chat_template"])
        chatml = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        self.assertEqual(self.template(chatml), {
            "family": "chatml", "first_line": "{% for m in messages %}<|im_start|>{{ m.role }}", "bytes": len(chatml), "why_not": None,
            "why_no_system": None, "thinking": False, "tools": False})
        found = self.template("{% if tools %}{{ tools }}{% endif %}{% if enable_thinking %}<think>{% endif %}{{ messages[0].content }}")
        self.assertEqual((found["family"], found["thinking"], found["tools"]), (None, True, True))
        self.assertFalse(self.template("You have tools. {{ messages[0].content }} tools")["tools"], "a word of the text, not of the code")
        strict = self.template("{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}{{ messages[0].content }}")
        self.assertIsNone(strict["why_not"])
        self.assertIn("no system", strict["why_no_system"])
        self.assertIn("could not be rendered", self.template("{{ messages[0].content | no_such_filter }}")["why_not"])

    def test_text(self):
        """The whole of it is that of models_show.txt; DECANT_UPDATE_DOCS=1 writes it there."""
        path = os.path.join(ROOT, "tests/cli/models_show.txt")
        text = self.text("--kernels", "off", zoo("llama"))
        if os.environ.get("DECANT_UPDATE_DOCS"):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(text, file.read())

    def test_lines_fit_the_terminal(self):
        for columns, widest in ((0, 80), (60, 60), (100, 100), (200, 100)):
            with self.subTest(columns):
                _, shown = Terminal("models", "show", "-t", "1", "--quiet", "--color", "never", zoo("deepseek2"), columns=columns, cwd=ROOT,
                                    env=self.cache).finish()
                self.assertLessEqual(max(len(line) for line in shown.splitlines()), widest)
                self.assertIn("contrastive_decoding", shown)

    def test_colour_changes_no_text(self):
        coloured = self.text("--color", "always", zoo("llama"))
        self.assertIn("\x1b[1m", coloured)
        self.assertEqual(re.sub("\x1b\\[[0-9;]*m", "", coloured), self.text(zoo("llama")))

    def test_a_file_says_nothing_to_the_terminal(self):
        keys, tensors = llama()
        path = self.model("m", {**keys, "tokenizer.chat_template": "\x1b]0;mine\x07{{ messages[0].content }}"}, tensors)
        _, shown = Terminal("models", "show", "-t", "1", "--quiet", "--color", "never", path, columns=100, env=self.cache).finish()
        self.assertNotIn("\x1b]", shown)
        self.assertNotIn("\x1b", self.text(path))

    def test_names_are_those_of_the_option(self):
        home = os.path.join(self.folder, "hub")
        snapshot = os.path.join(home, "models--me--mine", "snapshots", "1")
        os.makedirs(snapshot)
        with open(os.path.join(ROOT, zoo("llama")), "rb") as file, open(os.path.join(snapshot, "mine-Q4_K_M.gguf"), "wb") as copy:
            copy.write(file.read())
        found = self.assert_ok(show("--json", "hf:me/mine", env={**self.cache, "HF_HUB_CACHE": home, "LLAMA_CACHE": ""})).json
        self.assertEqual(found["name"], "mine-Q4_K_M")
        self.assertEqual(self.json("-m", zoo("llama"))["name"], "llama")

    def test_bad_input(self):
        self.assert_sentence(show("nothing.gguf"), NO_INPUT, "no such file: nothing.gguf")
        self.assert_sentence(show(self.file("bad.gguf", b"GGUF" + bytes(100))), DATA, r".*bad\.gguf.*")
        self.assert_sentence(show(self.file("empty.gguf", b"")), DATA, r".*empty\.gguf is empty.*")
        self.assert_sentence(show("hf:me/none", "--offline", env={**self.cache, "HF_HUB_CACHE": self.folder, "LLAMA_CACHE": ""}), UNAVAILABLE,
                             ".*not in the Hugging Face cache.*")
        for args, pattern in (
            ((zoo("llama"), "-m", MICRO), ".*--model.*"),
            ((zoo("llama"), zoo("gpt2")), "unexpected argument .*"),
            ((zoo("llama"), "--top-k", "4"), "unknown option --top-k.*"),
            ((zoo("llama"), "--color", "often"), ".*often.*"),
            ((zoo("llama"), "--flash-attn", "off", "--cache-type", "q8_0"), "a q8_0 cache needs flash attention.*"),
        ):
            with self.subTest(args):
                self.assert_sentence(show(*args), USAGE, pattern)
        self.assert_sentence(decant("models", "shew"), USAGE, "unknown action shew: did you mean show\\?")

    def test_help(self):
        self.assertIn("show", self.assert_ok(decant("models", "--help")).text)
        self.assertEqual(self.assert_ok(decant("models")).text, self.assert_ok(decant("models", "-h")).text)
        text = self.assert_ok(show("--help")).text
        for flag in ("--json", "--threads", "--ctx-size", "FILE"):
            self.assertIn(flag, text)
        self.assertIn("models", self.assert_ok(decant("--help")).text)


if __name__ == "__main__":
    main()
