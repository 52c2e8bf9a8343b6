"""`decant compare` as its users meet it: compare_test.py PROGRAM

Texts are those of `decant run`, the numbers those of their definitions; every form of output, presets, bad input. On
the microscopic random model.
"""

import json
import math
import os
import re
import signal

from damaged_model import with_nan_embedding
from support import (DATA, INTERNAL, IO, MICRO, NO_INPUT, USAGE, Case, Terminal, decant, main, page_records, raw, records, start,
                     wait_until_it_catches, wait_until_it_has_worked, without_controls)

ESCAPE = re.compile("\x1b\\[[0-9;]*m")


def compare(*args, **options):
    return decant("compare", "-t", "1", "-m", MICRO, "--no-chat-template", *args, **options)


def settings(*texts):
    return [part for text in texts for part in ("--setting", text)]


def repetition(ids, n):
    grams = [tuple(ids[i:i + n]) for i in range(len(ids) - n + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0


GREEDY_AND_BEAMS = settings("greedy:", "beams: num_beams=3")
SHORT = ("-n", "12", "--ignore-eos")


class Texts(Case):
    def test_are_those_of_run(self):
        cases = ("greedy:", []), ("num_beams=3", ["--num-beams", "3"]), ("temperature=2 seed=5", ["--temperature", "2", "--seed", "5"]), \
            ("penalty_alpha=0.6 top_k=4", ["--penalty-alpha", "0.6", "--top-k", "4"]), \
            ("amateur=self:1", ["--amateur", "self:1"]), ("dola_layers=low", ["--dola-layers", "low"])
        result = self.assert_ok(compare("--json", *SHORT, *settings(*(text for text, _ in cases)), "abc")).json
        for (text, flags), column in zip(cases, result["prompts"][0]["texts"]):
            with self.subTest(text):
                alone = raw("--json", *SHORT, *flags, "abc").json
                sequence = alone["sequences"][0]
                self.assertEqual(column["ids"], sequence["ids"])
                self.assertEqual(column["text"], sequence["text"])
                self.assertEqual(column["finish_reason"], sequence["finish_reason"])
                self.assertAlmostEqual(column["metrics"]["log_likelihood"] * len(sequence["ids"]), sequence["score"], delta=1e-3)
        self.assertEqual([each["strategy"] for each in result["settings"]],
                         ["greedy", "beam", "sample", "contrastive_search", "contrastive_decoding", "dola"])

    def test_metrics(self):
        result = self.assert_ok(compare("--json", "-n", "60", "--ignore-eos", *settings("a:", "b: temperature=1.5 seed=2"), "abc")).json
        for column, flags in zip(result["prompts"][0]["texts"], ([], ["--temperature", "1.5", "--seed", "2"])):
            ids, metrics = column["ids"], column["metrics"]
            self.assertEqual(metrics["tokens"], 60)
            for n in 2, 3, 4:
                self.assertAlmostEqual(metrics[f"rep_{n}"], repetition(ids, n), delta=1e-12)
            for n in 1, 2, 3:
                self.assertAlmostEqual(metrics[f"distinct_{n}"], 1 - repetition(ids, n), delta=1e-12)
            self.assertAlmostEqual(metrics["diversity"], math.prod(1 - repetition(ids, n) for n in (2, 3, 4)), delta=1e-12)
            trace = records("-n", "60", "--ignore-eos", *flags, "abc")
            self.assertAlmostEqual(metrics["log_likelihood"], sum(each["logit"] - each["logsumexp"] for each in trace) / 60, delta=1e-4)
            self.assertGreater(column["time"]["tokens_per_second"], 0)
        plain = records("-n", "60", "--ignore-eos", "abc")  # without processors the entropy is the model's
        self.assertAlmostEqual(result["prompts"][0]["texts"][0]["metrics"]["entropy"], sum(each["entropy"] for each in plain) / 60, delta=1e-4)

    def test_presets(self):
        result = self.assert_ok(compare("--json", *SHORT, "--amateur", "self:1", "abc")).json
        self.assertEqual([each["label"] for each in result["settings"]], ["amateur", "expert", "contrastive"])
        amateur, expert, contrastive = result["prompts"][0]["texts"]
        self.assertEqual(expert["ids"], raw("--json", *SHORT, "abc").json["sequences"][0]["ids"])
        self.assertEqual(contrastive["ids"], raw("--json", *SHORT, "--amateur", "self:1", "abc").json["sequences"][0]["ids"])
        # An amateur that is the whole model writes what the expert writes, and the expert says the same of it.
        whole = self.assert_ok(compare("--json", *SHORT, "--amateur", MICRO, *settings("amateur", "expert"), "abc")).json
        texts = whole["prompts"][0]["texts"]
        self.assertEqual(texts[0]["ids"], texts[1]["ids"])
        for name, value in texts[1]["metrics"].items():
            self.assertAlmostEqual(texts[0]["metrics"][name], value, delta=1e-4)
        self.assertEqual(whole["prompts"][0]["common"]["tokens"], 12)
        # Likelihood and entropy are the expert's, also of what the amateur writes.
        first = self.assert_ok(compare("--json", "-n", "1", "--ignore-eos", "--amateur", "self:1", *settings("amateur"), "abc")).json["prompts"][0]["texts"][0]
        record = records("-n", "1", "--ignore-eos", "--trace-top", "200", "abc")[0]
        logits = {each["id"]: each["logit"] for each in record["top"]}
        self.assertAlmostEqual(first["metrics"]["log_likelihood"], logits[first["ids"][0]] - record["logsumexp"], delta=1e-4)
        self.assertAlmostEqual(first["metrics"]["entropy"], record["entropy"], delta=1e-4)
        self.assertEqual(self.assert_ok(compare("--json", *SHORT, "--amateur", "self:1", "--setting", "all", "abc")).json["prompts"][0]["texts"][0]["ids"],
                         amateur["ids"])

    def test_more_cells_than_are_alive_at_a_time(self):
        prompts = "".join(f"prompt {i}\n" for i in range(15)).encode()
        path = self.file("prompts", prompts)
        result = self.assert_ok(compare("--json", "-n", "4", "--ignore-eos", *GREEDY_AND_BEAMS, "--prompts", path)).json
        self.assertEqual(len(result["prompts"]), 15)
        for i in 0, 7, 14:
            alone = raw("--json", "-n", "4", "--ignore-eos", f"prompt {i}").json
            self.assertEqual(result["prompts"][i]["texts"][0]["ids"], alone["sequences"][0]["ids"])
            self.assertEqual(result["prompts"][i]["prompt_ids"], alone["prompt_ids"])
        mean = sum(each["texts"][1]["metrics"]["entropy"] for each in result["prompts"]) / 15
        self.assertAlmostEqual(result["settings"][1]["metrics"]["entropy"], mean, delta=1e-9)

    def test_files_of_prompts(self):
        lines = self.file("lines", b"one\n\ntwo\r\n")
        records_file = self.file("records.jsonl", b'{"prompt": "one", "id": 1}\n{"prompt": "two"}\n')
        found = [self.assert_ok(compare("--json", *SHORT, "--setting", "greedy:", "--prompts", path)).json for path in (lines, records_file)]
        self.assertEqual([each["prompt"] for each in found[0]["prompts"]], ["one", "two"])
        ids = [[each["texts"][0]["ids"] for each in result["prompts"]] for result in found]
        self.assertEqual(*ids)
        piped = self.assert_ok(compare("--json", *SHORT, "--setting", "greedy:", "--prompts", "-", stdin=b"one\ntwo\n")).json
        self.assertEqual([each["texts"][0]["ids"] for each in piped["prompts"]], ids[0])

    def test_one_failure_leaves_the_others_alone(self):
        impossible = "impossible: allowed_token_ids=5 suppress_tokens=5"
        result = compare("--json", *SHORT, *settings("greedy:", impossible), "abc")
        self.assertEqual(result.code, USAGE)
        self.assertIn(b"left no token", result.err)
        greedy, failed = result.json["prompts"][0]["texts"]
        self.assertEqual(greedy["ids"], raw("--json", *SHORT, "abc").json["sequences"][0]["ids"])
        self.assertIn("left no token", failed["error"])
        self.assert_sentence(compare("--json", *SHORT, "--setting", impossible, "abc"), USAGE, ".*left no token.*")

    # Whoever computes attention: ggml's adds a mask, and NaN less infinity is NaN, also in cells that are free again.
    def test_numbers_that_are_not_finite_fail_only_their_own_text(self):
        with open(MICRO, "rb") as file:
            model = self.file("nan.gguf", with_nan_embedding(file.read(), token=93))  # of "Z"
        prompts = self.file("prompts", b"Z is damaged\n" + b"".join(b"text %d\n" % i for i in range(40)))
        for kernels in ([], ["--kernels", "off", "--flash-attn", "on"], ["--kernels", "on", "--flash-attn", "on"]):
            with self.subTest(kernels=kernels):
                result = decant("compare", "-t", "1", "-m", model, "--no-chat-template", "--prompts", prompts, "--json",
                                *SHORT, *settings("greedy:"), *kernels)
                self.assertEqual(result.code, DATA)
                texts = [text for prompt in result.json["prompts"] for text in prompt["texts"]]
                self.assertEqual([i for i, text in enumerate(texts) if "error" in text], [0])
                self.assertIn("not a number", texts[0]["error"])

    def test_a_seed_for_all_unless_a_setting_has_its_own(self):
        result = self.assert_ok(compare("--json", *SHORT, *settings("a: temperature=2", "b: temperature=2", "c: temperature=2 seed=9"), "abc")).json
        seeds = [each["options"]["seed"] for each in result["settings"]]
        self.assertEqual(seeds[0], seeds[1])
        self.assertEqual(seeds[2], 9)
        self.assertEqual(*[each["ids"] for each in result["prompts"][0]["texts"][:2]])


class Views(Case):
    def test_the_terminal(self):
        result = self.assert_ok(compare(*SHORT, *GREEDY_AND_BEAMS, "--width", "90", "abc"))
        text = result.text
        self.assertNotIn("\x1b", text)
        for word in "prompt", "greedy", "beams", "rep-4", "diversity", "tokens a second":
            self.assertIn(word, text)
        coloured = self.assert_ok(compare(*SHORT, *GREEDY_AND_BEAMS, "--width", "90", "--color", "always", "abc")).text
        self.assertIn("\x1b[1;34m", coloured)
        terminal = Terminal("compare", "-t", "1", "-m", MICRO, "--no-chat-template", *SHORT, *settings("a: temperature=3 seed=1", "b: temperature=3 seed=2"), "abc")
        shown = ESCAPE.sub("", terminal.finish()[1])
        self.assertEqual(shown, without_controls(shown))

    def test_markdown(self):
        result = self.assert_ok(compare(*SHORT, *GREEDY_AND_BEAMS, "--format", "markdown", "a *b*"))
        self.assertIn("\n## a \\*b\\*\n", result.text)
        for table in re.split(r"\n\n", result.text):
            if table.startswith("|"):
                cells = {len(re.findall(r"(?<!\\)\|", line)) for line in table.strip().split("\n")}
                self.assertEqual(len(cells), 1, table)

    def test_the_page(self):
        path = os.path.join(self.folder, "page.html")
        prompt = "</p><script>alert(1)</script>\u2028&amp;"
        json_result = self.assert_ok(compare("--json", *SHORT, *GREEDY_AND_BEAMS, "--html", path, prompt)).json
        records = page_records(path)  # and behind it the trace of each text, which the page opens
        self.assertEqual(records[0], json_result)
        self.assertEqual([record["cell"] for record in records if "cell" in record], [[0, 0], [0, 1]])
        self.assertEqual([record["run"]["label"] for record in records if "run" in record], ["greedy", "beams"])
        again = os.path.join(self.folder, "again.html")
        for text in json.dumps(json_result), json.dumps(json_result, indent=2):  # as people may have kept it
            self.assert_ok(decant("report", self.file("kept.json", text.encode()), "-o", again))
            self.assertEqual(page_records(again), [json_result])

    def test_what_the_page_shows(self):
        long = "-n", "60", "--ignore-eos"
        result = self.assert_ok(compare("--json", *long, "--ngram", "2", *settings("a: temperature=0.5 seed=1", "b: temperature=0.6 seed=1", "c: num_beams=2"), "abc")).json
        self.assertEqual(result["ngram"], 2)
        self.assertEqual([each["name"] for each in result["metrics"]], [*result["settings"][0]["metrics"], *result["settings"][0]["time"]])
        self.assertTrue(all(each["label"] and each["doc"] and each["decimals"] >= 0 for each in result["metrics"]))
        common = result["prompts"][0]["common"]
        marked = 0
        for text in result["prompts"][0]["texts"]:
            ids, seen = text["ids"], set()
            self.assertEqual("".join(text["pieces"]), text["text"])
            self.assertEqual("".join(text["pieces"][:common["tokens"]]), common["text"])
            repeated = set()
            for i in range(len(ids) - 1):
                if tuple(ids[i:i + 2]) in seen:
                    repeated |= {i, i + 1}
                seen.add(tuple(ids[i:i + 2]))
            self.assertEqual({i for first, end in text["repeated"] for i in range(first, end)}, repeated)
            marked += len(repeated)
        self.assertGreater(marked, 0)

    def test_a_file_that_is_no_comparison(self):
        path = self.file("old.json", b'{"settings": [], "prompts": []}')
        self.assert_sentence(decant("report", path), DATA, ".*old.json is no comparison: no list 'metrics': .*")

    def test_ngram(self):
        marked = [self.assert_ok(compare("-n", "40", "--ignore-eos", "--setting", "a: bad_words=x", "--ngram", n, "abc")).text for n in ("1", "40")]
        self.assertIn("⟨", marked[0].split("[...]")[0])
        self.assertNotIn("⟨", marked[1].split("[...]")[0])


class Interrupts(Case):
    def test_what_is_there_is_shown(self):
        process = start("compare", "-t", "1", "-m", MICRO, "--no-chat-template", "--json", "-n", "100000", "--ignore-eos", "-c", "2048",
                        *settings("a: num_beams=64", "b: temperature=2 seed=1"), "abc")
        wait_until_it_catches(process)
        wait_until_it_has_worked(process, 0.3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        self.assertEqual((process.returncode, err), (130, b""))
        self.assertEqual(len(json.loads(out)["prompts"][0]["texts"]), 2)


class BadInput(Case):
    def test_one_sentence(self):
        for args, code, pattern in (
            (["abc"], USAGE, "nothing to compare: .*"),
            ([*settings("x: tpo_k=1"), "abc"], USAGE, "setting 'x: tpo_k=1': unknown option tpo_k: did you mean top_k\\?"),
            ([*settings("x: num_beams=0"), "abc"], USAGE, "setting 'x: num_beams=0': num_beams is 0: .*"),
            ([*settings("x: length_penalty=2"), "abc"], USAGE, "setting 'x': .*length_penalty.*"),
            ([*settings("nonsense"), "abc"], USAGE, "setting 'nonsense': .*"),
            ([*settings("amateur"), "abc"], USAGE, ".*--amateur.*"),
            ([*settings("all"), "abc"], USAGE, ".*--amateur.*"),
            ([*settings("x: do_sample=true num_return_sequences=2"), "abc"], USAGE, ".*num_return_sequences is 2.*"),
            (["--amateur", "self:99", "abc"], USAGE, ".*99.*"),
            (["--amateur", "/no/such.gguf", "abc"], NO_INPUT, ".*/no/such.gguf.*"),
            ([*settings("greedy:"), "--format", "xml", "abc"], USAGE, "--format is 'xml': .*"),
            ([*settings("greedy:"), "--format", "markdown", "--json", "abc"], USAGE, "--json contradicts .*"),
            ([*settings("greedy:"), "--ngram", "0", "abc"], USAGE, "--ngram is 0: .*"),
            ([*settings("greedy:"), "--width", "20", "abc"], USAGE, "--width is 20: .*"),
            ([*settings("greedy:"), "--color", "pink", "abc"], USAGE, "--color is 'pink': .*"),
            ([*settings("greedy:"), "--html", "/no/such/page.html", "abc"], IO, "the page /no/such/page.html cannot be written: .*"),
            ([*settings("greedy:"), "--prompts", "/no/such", "-p", "abc"], USAGE, "--prompts and a prompt .*"),
            ([*settings("greedy:"), "--prompts", "/no/such"], NO_INPUT, ".*/no/such.*"),
            ([*settings("greedy:"), "--prompts", self.file("empty", b"\n \n")], DATA, ".*empty has no prompt: .*"),
            ([*settings("greedy:"), "--prompts", self.file("latin1", b"ab\xff")], DATA, ".*latin1 is not UTF-8: .*"),
            ([*settings("greedy:"), "--prompts", self.file("half.jsonl", b'{"prompt":"a"}\n{"prompt":')], DATA, ".*half.jsonl line 2 .*"),
            ([*settings("greedy:"), ""], USAGE, "the prompt is empty: .*"),
        ):
            with self.subTest(args=args):
                self.assert_sentence(compare(*args), code, pattern)

    def test_the_page_is_left_alone_when_something_fails(self):
        path = self.file("page.html", b"before")
        self.assertEqual(compare("--html", path, *settings("x: num_beams=0"), "abc").code, USAGE)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), b"before")
        self.assertEqual(os.listdir(self.folder), ["page.html"])


if __name__ == "__main__":
    main()
