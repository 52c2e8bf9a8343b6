"""`decant inspect`, `report`, `detect` and `run --html` as their users meet them: inspect_test.py PROGRAM

The numbers in the JSON, settings side by side, pages that hold what was asked for and nothing that could act, files
that are damaged or cannot be written. On the microscopic random model, except where a text must carry a watermark.
"""

import itertools
import math
import os
import re
import resource
import signal
import subprocess

from support import (DATA, IO, MICRO, NO_INPUT, USAGE, Case, Terminal, decant, default, main, page_records, raw,
                     records, spawn, start, strict_json, without_controls)

ESCAPE = re.compile("\x1b\\[[0-9;]*m")
LISTED = 200  # candidates of a step, if the vocabulary has as many


def inspect(*args, **options):
    return decant("inspect", "-t", "1", "-m", MICRO, "--no-chat-template", *args, **options)


def steps(*args):
    result = inspect("--json", *args)
    assert result.code == 0, result.err
    return result.json["steps"]


def without_times(trace):
    return [{key: value for key, value in record.items() if key != "seconds"} for record in trace]


class Inspect(Case):
    KEYS = ["t", "token", "kept", "entropy", "entropy_raw", "logsumexp", "tail_mass", "race", "processors", "candidates"]
    TOKEN_KEYS = ["id", "bytes", "text", "piece"]

    def close(self, a, b, delta=1e-6):
        self.assertAlmostEqual(a, b, delta=delta)

    def check(self, step, listed=LISTED):
        """The schema, and what must hold between its numbers. Returns the candidates that were kept."""
        self.assertEqual(list(step), self.KEYS)
        self.assertEqual(list(step["token"]), self.TOKEN_KEYS)
        candidates, names = step["candidates"], [each["name"] for each in step["processors"]]
        self.assertEqual(len(candidates), listed)
        self.assertEqual(len({each["id"] for each in candidates}), listed)
        kept = [each for each in candidates if each["p"] > 0]
        gone = candidates[len(kept):]
        self.assertEqual(len(kept), min(step["kept"], listed))  # all that there are, as far as the list goes
        for each in candidates:
            self.assertEqual(list(each), self.TOKEN_KEYS + ["logit", "score", "p", "cut_by", "scores"])
            self.assertEqual(bytes.fromhex(each["bytes"]).decode(errors="replace"), each["text"])
            self.assertEqual(list(each["scores"]), names)
            if names:
                self.assertEqual(each["scores"][names[-1]], each["score"])
        self.assertTrue(all(each["cut_by"] is None and each["score"] is not None for each in kept))
        self.assertTrue(all(each["p"] == 0 and each["score"] is None and each["cut_by"] in names for each in gone))
        self.assertEqual([each["p"] for each in kept], sorted((each["p"] for each in kept), reverse=True))
        self.assertEqual([each["logit"] for each in gone], sorted((each["logit"] for each in gone), reverse=True))
        shown = sum(math.exp(each["logit"] - step["logsumexp"]) for each in candidates)
        self.close(shown + step["tail_mass"], 1)
        for each in gone:  # it was there until the processor that cut it
            scores = list(each["scores"].values())
            self.assertTrue(all(score is None for score in scores[names.index(each["cut_by"]):]))
            self.assertTrue(all(score is not None for score in scores[:names.index(each["cut_by"])]))
        if step["kept"] <= listed:
            self.close(sum(each["p"] for each in kept), 1)
            self.close(step["entropy"], -sum(each["p"] * math.log2(each["p"]) for each in kept))
            weights = [math.exp(each["score"] - kept[0]["score"]) for each in kept]
            for each, weight in zip(kept, weights):
                self.close(each["p"], weight / sum(weights))
        return kept

    def test_the_plain_distribution(self):
        result = self.assert_ok(inspect("--json", "The lighthouse"))
        self.assertTrue(result.out.endswith(b"}\n") and result.out.count(b"\n") == 1)
        top = result.json
        self.assertEqual(list(top), ["model", "strategy", "options", "prompt_ids", "prompt_text", "steps"])
        self.assertEqual((top["model"], top["strategy"], top["prompt_text"]), ("micro", "greedy", "The lighthouse"))
        self.assertEqual(len(top["steps"]), 1)
        step = top["steps"][0]
        kept = self.check(step)
        self.assertEqual((step["kept"], step["processors"], step["race"]), (512, [], None))
        self.assertEqual((step["t"], step["token"]["id"]), (len(top["prompt_ids"]), kept[0]["id"]))
        self.assertEqual(step["entropy"], step["entropy_raw"])
        for each in kept:
            self.assertEqual((each["logit"], each["scores"]), (each["score"], {}))
            self.close(each["p"], math.exp(each["logit"] - step["logsumexp"]))

    SETTINGS = [
        ["--do-sample"], ["--temperature", "0.3"], ["--top-k", "5"], ["--top-k", "300"],
        ["--top-p", "0.7", "--top-k=0"],
        ["--min-p", "0.3"], ["--typical-p", "0.5"], ["--epsilon-cutoff", "0.02"], ["--eta-cutoff", "0.02"],
        ["--top-h", "0.3"], ["--top-n-sigma", "1"], ["--xtc-probability", "1", "--xtc-threshold", "0.05"],
        ["--dynatemp-range", "0.5"], ["--mirostat", "1", "--mirostat-tau", "3"],
        ["--mirostat", "2", "--mirostat-tau=2"],
        ["--temperature", "1.5", "--top-k", "40", "--top-p", "0.9", "--min-p", "0.05", "--typical-p", "0.9"],
    ]

    def test_every_cut(self):
        for setting in self.SETTINGS:
            with self.subTest(setting):
                step, = steps(*setting, "--seed", "3", "The lighthouse")
                kept = self.check(step)
                names = [each["name"] for each in step["processors"]]
                self.assertIn(step["token"]["id"], [each["id"] for each in kept])
                # Nothing touched the scores one by one: the order of the logits is that of the probabilities.
                logits = [each["logit"] for each in kept]
                self.assertEqual(logits, sorted(logits, reverse=True))
                self.assertEqual(step["kept"], step["processors"][-1]["kept"])
                removed = 1 - math.prod(1 - each["removed_mass"] for each in step["processors"])
                if step["kept"] <= LISTED and not {"temperature", "dynatemp_range"} & set(names):
                    self.close(sum(math.exp(each["logit"] - step["logsumexp"]) for each in kept), 1 - removed, 1e-5)

    def test_every_edit(self):
        first = steps("The lighthouse")[0]["candidates"]
        best, second = str(first[0]["id"]), str(first[1]["id"])
        for setting, name in [(["--repetition-penalty", "1.5"], "repetition_penalty"),
                              (["--presence-penalty", "2"], "presence_penalty"),
                              (["--logit-bias", second + "=9"], "logit_bias"),
                              (["--suppress-tokens", best], "suppress_tokens"),
                              (["--allowed-token-ids", second + ",7,9"], "allowed_token_ids"),
                              (["--bad-words", "[" + best + "]"], "bad_words"),
                              (["--guidance-scale", "2"], "guidance_scale"),
                              (["--watermark"], "watermark"), (["--renormalize-logits"], "renormalize_logits")]:
            with self.subTest(setting):
                step, = steps(*setting, "The lighthouse")
                kept = self.check(step)
                self.assertEqual([each["name"] for each in step["processors"]], [name])
                if name in ("logit_bias", "suppress_tokens", "bad_words", "allowed_token_ids"):
                    self.assertEqual(kept[0]["id"], int(second))
                if name == "allowed_token_ids":
                    self.assertEqual({each["id"] for each in kept}, {int(second), 7, 9})
                if name == "renormalize_logits":
                    for each in kept:
                        self.close(math.exp(each["score"]), each["p"])

    def test_it_sees_what_run_does(self):
        for setting in [], ["--temperature", "1.4", "--top-p", "0.9", "--seed", "11"], ["--repetition-penalty", "1.8"]:
            with self.subTest(setting):
                args = *setting, "-n", "5", "--ignore-eos", "The lighthouse"
                seen, ran = steps(*args), raw("--json", *args).json["sequences"][0]["ids"]
                self.assertEqual([step["token"]["id"] for step in seen], ran)
                trace = records("--trace-top", "200", *args)
                for step, record in zip(seen, trace, strict=True):
                    self.check(step)
                    for key in "t", "kept", "entropy", "entropy_raw", "logsumexp", "tail_mass", "race", "token":
                        self.assertEqual(step[key], record[key])
                    for mine, other in zip(step["candidates"], record["top"], strict=True):
                        self.assertEqual({key: mine[key] for key in other if key != "base"},
                                         {key: other[key] for key in other if key != "base"})

    def test_fewer_candidates(self):
        short, long = steps("--trace-top", "7", "x")[0], steps("x")[0]
        self.check(short, listed=7)
        self.assertEqual(short["candidates"], long["candidates"][:7])

    def test_a_setting_may_have_its_own_seed(self):
        settings = inspect("--json", "-n", "1", "--seed", "4", "--compare", "top_k=0", "top_k=0 seed=5", "The").json["settings"]
        self.assertEqual([each["options"]["seed"] for each in settings], [4, 5])

    def test_settings_side_by_side(self):
        settings = ["temperature=0.3", "top_p=0.7 top_k=0", "mine: min_p=0.2, temperature=2"]
        labels = ["temperature=0.3", "top_p=0.7 top_k=0", "mine"]
        common = "--seed", "4", "-n", "3", "--ignore-eos", "The lighthouse"
        alone = [inspect("--json", "--compare", setting, *common).json for setting in settings]
        for each, label in zip(alone, labels):
            self.assertEqual(list(each)[0], "label")
            self.assertEqual((each["label"], len(each["steps"])), (label, 3))
        for n in 2, 3:
            top = self.assert_ok(inspect("--json", "--compare", *settings[:n], *common)).json
            self.assertNotIn("steps", top)
            self.assertEqual([each["label"] for each in top["settings"]], labels[:n])
            self.assertEqual([each["options"]["temperature"] for each in top["settings"]], [0.3, 1, 2][:n])
            first = top["settings"][0]
            self.assertEqual(first["steps"], alone[0]["steps"])
            for each, own in zip(top["settings"][1:], alone[1:]):
                self.assertEqual(each["steps"][0]["candidates"], own["steps"][0]["candidates"])
                self.assertEqual(each["options"], own["options"])
                for step, of_first in zip(each["steps"], first["steps"], strict=True):
                    self.check(step)
                    self.assertEqual(step["token"], of_first["token"])  # the first one writes the text
                    self.assertEqual((step["t"], step["logsumexp"]), (of_first["t"], of_first["logsumexp"]))
        for args in (["--compare", settings[0], "--compare", settings[1], *common],
                     [*common, "--compare", settings[0], settings[1]],
                     ["--compare", settings[0], settings[1], "--seed=4", "The lighthouse", "-n3", "--ignore-eos"]):
            with self.subTest(args):
                both = self.assert_ok(inspect("--json", *args)).json["settings"]
                self.assertEqual([each["label"] for each in both], labels[:2])
                self.assertEqual(both[0]["steps"], alone[0]["steps"])

    def test_a_token_that_another_setting_rules_out(self):
        free, strict, adaptive = inspect("--json", "--compare", "temperature=5 top_k=0", "mirostat=2 mirostat_tau=3",
                                         "top_k=2 adaptive_target=0.3", "-n", "8", "--seed", "2", "--ignore-eos",
                                         "x").json["settings"]
        cut = 0
        for step, other, third in zip(free["steps"], strict["steps"], adaptive["steps"], strict=True):
            self.assertEqual(step["token"], other["token"])
            self.check(other)
            self.assertEqual(len(self.check(third)), 2)
            cut += step["token"]["id"] not in [each["id"] for each in other["candidates"] if each["p"] > 0]
        self.assertGreater(cut, 2)
        self.assertGreater(max(step["kept"] for step in strict["steps"][3:]), 1)  # mirostat has not given up

    def test_bad_settings(self):
        cases = {
            "temperature=hot": "temperature is 'hot': it must be a number of at least 0",
            "tempratur=1": "unknown option tempratur: did you mean temperature\\?",
            "mine: hot": "the setting 'mine' has 'hot' where option=value is expected",
            "hot": "the setting 'hot' has 'hot' where option=value is expected",
            "mirostat_tau=3": "mirostat_tau does nothing without mirostat: .*",
            "do_sample=false top_p=0.5": "do_sample false contradicts top_p 0.5: drop one of them",
            "top_p=1.5": "top_p is 1.5: it must be .*",
            "num_return_sequences=3 do_sample=true": "num_return_sequences is 3: .*",
            "suppress_tokens=512": ".*512.*",
        }
        html = os.path.join(self.folder, "report.html")
        for setting, sentence in cases.items():
            with self.subTest(setting):
                self.assert_sentence(inspect("--compare", "top_k=5", "--compare", setting, "--html", html, "x"), USAGE,
                                     sentence)
                self.assertEqual(os.listdir(self.folder), [])
        for args, sentence in [(["--num-return-sequences", "2", "--do-sample"], "num_return_sequences is 2: .*"),
                               (["--color", "sometimes"], "--color is 'sometimes': it must be auto, always or never"),
                               (["--rows", "0"], "--rows is 0: it must be at least 1"),
                               (["--width", "59"], "--width is 59: it must be from 60 to 1000"),
                               (["--width", "wide"], ".*--width.*wide.*"), (["--compare"], "--compare needs a value"),
                               (["--jsn"], "unknown option --jsn: did you mean --json\\?")]:
            with self.subTest(args):
                self.assert_sentence(inspect("x", *args), USAGE, sentence)

    def test_nothing_left(self):
        ids = ",".join(map(str, range(512)))
        for args in [], ["--json"], ["--compare", "top_k=5", "suppress_tokens=" + ids]:
            with self.subTest(args[:1]):
                flags = [] if "--compare" in args else ["--suppress-tokens", ids]
                sentence = r"suppress_tokens left no token to choose from at position \d+ \(new token 1\): .*"
                self.assert_sentence(inspect("x", *args, *flags), USAGE, sentence)

    def test_bars(self):
        for more in [], ["--compare", "top_k=5", "top_p=0.5", "cold: temperature=0.3", "min_p=0.2", "top_k=2"]:
            for width in 60, 80, 133:
                args = "-n", "4", "--seed", "1", "--temperature", "2", "--width", str(width), *more, "x \x1b[31my\u202e"
                text = self.assert_ok(inspect(*args, "--color", "never")).text
                self.assertEqual(text, without_controls(text))
                self.assertNotIn("\u202e", text)
                self.assertIn("\\u{202E}", text)
                self.assertLessEqual(max(map(len, text.splitlines())), width)  # no wide characters in this vocabulary
                self.assertEqual(text.count("position "), 4)
                colored = self.assert_ok(inspect(*args, "--color", "always")).text
                self.assertNotEqual(colored, text)
                self.assertEqual(ESCAPE.sub("", colored), text)
                self.assertEqual(self.assert_ok(inspect(*args)).text, text)  # a pipe has no colour

    def test_rows(self):
        rows = lambda *args: [line for line in self.assert_ok(inspect("x", *args)).text.splitlines()
                              if re.match(r" +-?\d+\.\d{3} ", line)]
        self.assertEqual(len(rows()), 24)
        self.assertEqual(len(rows("--rows", "3")), 3)
        self.assertEqual(len(rows("--rows", "500")), LISTED)
        for seed in range(1, 6):  # the chosen one is always there
            shown = rows("--rows", "1", "--temperature", "3", "--top-k", "0", "--seed", str(seed))
            self.assertEqual(sum(" > " in line for line in shown), 1)

    def test_at_a_terminal(self):
        terminal = Terminal("inspect", "-m", MICRO, "-t", "1", "--no-chat-template", "x \x1b[31my")
        _, shown = terminal.finish()
        self.assertEqual(terminal.process.returncode, 0)
        self.assertRegex(shown, ESCAPE)
        self.assertEqual(without_controls(ESCAPE.sub("", shown)), inspect("--width", "80", "x \x1b[31my").text)

    def test_a_full_disk(self):
        for flags in [], ["--json"]:
            with open("/dev/full", "wb") as full:
                process = spawn("inspect", "-m", MICRO, "-t", "1", "x", *flags, stdout=full, stderr=subprocess.PIPE)
                self.assertIn(b"cannot be written", process.communicate()[1])
            self.assertEqual(process.returncode, IO)


class Report(Case):
    OPTIONS = ("--temperature", "1.5", "--repetition-penalty", "1.2", "-n", "6", "--seed", "3", "--ignore-eos",
               "The light")

    def path(self, name):
        return os.path.join(self.folder, name)

    def trace_file(self, name="trace.jsonl", *args):
        trace = self.assert_ok(raw("--jsonl", *(args or self.OPTIONS)))
        return self.file(name, trace.out)

    def report(self, *args, **options):
        return decant("report", *args, **options)

    def test_a_page_of_a_run(self):
        html = self.path("page.html")
        text = self.assert_ok(raw("--html", html, *self.OPTIONS))
        self.assertEqual(text.out, raw(*self.OPTIONS).out)  # it is written besides
        trace = page_records(html)
        self.assertEqual(without_times(trace), without_times(records(*self.OPTIONS)))
        both = self.assert_ok(raw("--jsonl", "--html", html, *self.OPTIONS))
        self.assertEqual(page_records(html), [strict_json(line) for line in both.out.splitlines()])
        self.assertEqual(os.listdir(self.folder), ["page.html"])

    def test_a_page_of_several_sequences(self):
        html = self.path("page.html")
        self.assert_ok(raw("--html", html, "--num-return-sequences", "3", *self.OPTIONS))
        trace = page_records(html)
        self.assertEqual(sorted(record["seq"] for record in trace), sorted([0, 1, 2] * 6))
        self.assertEqual(["run" in record for record in trace], [True] + [False] * 17)

    def test_a_page_of_settings_side_by_side(self):
        html = self.path("page.html")
        settings = "--compare", "top_k=5", "<b>bold</b>: top_p=0.5"
        shown = self.assert_ok(inspect("--html", html, *settings, "-n", "3", "x"))
        self.assertIn("<b>bold</b>", shown.text)
        trace = page_records(html)
        self.assertEqual([record["run"]["label"] if "run" in record else None for record in trace],
                         ["top_k=5", None, None, "<b>bold</b>", None, None])
        self.assertEqual([record["token"] for record in trace[:3]], [record["token"] for record in trace[3:]])
        self.assertTrue(all(len(record["top"]) == LISTED for record in trace))

    def test_a_page_of_a_trace(self):
        path = self.trace_file()
        self.assert_ok(self.report(path))
        with open(path, "rb") as file:
            data = file.read()
        trace = [strict_json(line) for line in data.splitlines()]
        self.assertEqual(page_records(self.path("trace.html")), trace)
        self.assert_ok(self.report(path, "-o", self.path("other.html")))
        self.assert_ok(self.report("-", "--output", self.path("piped.html"), stdin=data))
        two = self.file("two.jsonl", b"\n".join([b"", data, b"  ", data.replace(b"\n", b"\r\n")]))
        self.assert_ok(self.report(two, "-o", self.path("twice.html")))
        for name, count in ("other", 1), ("piped", 1), ("twice", 2):
            self.assertEqual(page_records(self.path(name + ".html")), trace * count)
        for args in [path], ["-o", self.path("other.html"), path]:  # an older one is replaced
            self.assert_ok(self.report(*args))
        self.assertEqual(sorted(os.listdir(self.folder)),
                         ["other.html", "piped.html", "trace.html", "trace.jsonl", "twice.html", "two.jsonl"])

    def test_hostile_text_is_inert(self):
        for prompt in ("</script><script>alert(1)</script>", "<!--<script>", "</SCRIPT >", "@DATA@",
                       "]]>\u2028\u202e\x1b[31m", "<img src=x onerror=alert(1)>&lt;"):
            with self.subTest(prompt):
                html = self.path("page.html")
                self.assert_ok(raw("--html", html, "-n", "2", "-p", prompt))
                self.assertEqual(page_records(html)[0]["run"]["prompt_text"], prompt)
                path = self.trace_file("trace.jsonl", "-n", "2", "-p", prompt)
                self.assert_ok(self.report(path, "-o", html))
                self.assertEqual(page_records(html)[0]["run"]["prompt_text"], prompt)

    def test_damaged_traces(self):
        with open(self.trace_file(), "rb") as file:
            data = file.read()
        first, second = data.splitlines(True)[:2]
        cases = {
            "cut": (data[:len(first) + len(second) // 2], r".*cut line 2 is no trace record: it ends in the middle"),
            "letter": ('{"run":"ż'.encode()[:-1], r".*letter line 1 is no trace record: it ends in the middle"),
            "half": (data[:len(first) // 2], r".*half line 1 is no trace record: it ends in the middle"),
            "text": (b"Once upon a time\nthere was\n", r".*text line 1 is no trace record: not JSON"),
            "later": (first + b"Once\n" + second, r".*later line 2 is no trace record: not JSON"),
            "list": (b"[1,2]\n", r".*list line 1 is no trace record: not a JSON object"),
            "null": (b"null\n", r".*null line 1 is no trace record: not a JSON object"),
            "object": (b'{"a":1}\n', r".*object line 1 is no trace record: no number 'schema'"),
            "run": (raw("--json", "-n", "2", "x").out, r".*run line 1 is no trace record: no number 'schema'"),
            "newer": (first.replace(b'"schema":3', b'"schema":99'),
                      r".*newer line 1 is no trace record: schema 99 is newer than this program's 3"),
            "words": (first.replace(b'"kept":', b'"kept":"many","was":'), r".*words line 1 .* no number 'kept'"),
            "tokenless": (first.replace(b'"token":{', b'"tokens":{'), r".*tokenless line 1 .* no 'token'"),
            "topless": (first.replace(b'"top":[', b'"bottom":['), r".*topless line 1 .* no list 'top'"),
            "deep": (b"[" * 100000 + b"]" * 100000 + b"\n", r".*deep line 1 is no trace record: nested too deeply"),
            "latin1": (first.replace(b"The", b"\xff\xfe"), r".*latin1 is not UTF-8: .*"),
            "empty": (b"", r".*empty has no trace record: make one with decant run --jsonl"),
            "blank": (b"\n \n\n", r".*blank has no trace record: make one with decant run --jsonl"),
        }
        for name, (content, sentence) in cases.items():
            with self.subTest(name):
                path, html = self.file(name, content), self.path("page.html")
                self.assertNotEqual(content, data)
                self.assert_sentence(self.report(path, "-o", html), DATA, sentence)
                self.assert_sentence(self.report("-", "-o", html, stdin=content), DATA, ".+")
                self.assertFalse(os.path.exists(html))

    def test_traces_that_are_not_there(self):
        self.assert_sentence(self.report("/no/such"), NO_INPUT, ".*/no/such cannot be read: No such file or directory")
        self.assert_sentence(self.report(self.folder), NO_INPUT, re.escape(self.folder) + " is a directory, not .*")
        self.assert_sentence(self.report("-"), USAGE, "a trace from standard input needs -o FILE for its report")
        self.assert_sentence(self.report(), USAGE, ".*TRACE.*")
        self.assert_sentence(self.report("a", "b"), USAGE, "unexpected argument 'b'.*")
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_trace_is_not_replaced_by_its_report(self):
        with open(self.trace_file(), "rb") as file:
            data = file.read()
        path = self.file("trace.html", data)
        self.assert_sentence(self.report(path), USAGE, ".*trace.html.*-o.*")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), data)

    def test_pages_that_cannot_be_written(self):
        path = self.trace_file()
        before = os.listdir(self.folder)
        everything = {"report": lambda html: self.report(path, "-o", html),
                      "run": lambda html: raw("--no-stream", "--html", html, "-n", "2", "x"),
                      "inspect": lambda html: inspect("--html", html, "x")}
        for name, call in everything.items():
            with self.subTest(name):
                no_folder = self.path("no/page.html")
                self.assert_sentence(call(no_folder), IO,
                                     f"the report {no_folder} cannot be written: there is no folder .*")
                self.assert_sentence(call(self.folder), IO, re.escape(self.folder) + " is a directory: .*")
                self.assert_sentence(call("/proc/page.html"), IO, "the report /proc/page.html cannot be written: .+")
                self.assertEqual(os.listdir(self.folder), before)

    def test_a_disk_that_is_full_half_way(self):
        path, html = self.trace_file(), self.file("page.html", b"an older one")

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))

        result = self.report(path, "-o", html, preexec_fn=limit)
        self.assert_sentence(result, IO, r"the report .*page.html cannot be written: File too large")
        with open(html, "rb") as file:
            self.assertEqual(file.read(), b"an older one")
        self.assertEqual(sorted(os.listdir(self.folder)), ["page.html", "trace.jsonl"])

    def test_what_was_there_before_a_failure_or_an_interrupt(self):
        html = self.path("page.html")
        ids = ",".join(map(str, range(1, 512)))
        failed = raw("--html", html, "--no-stream", "--suppress-tokens", ids, "--no-repeat-ngram-size", "2", "x")
        self.assert_sentence(failed, USAGE, r"suppress_tokens left no token to choose from .* \(new token 3\): .*")
        self.assertEqual([record["token"]["id"] for record in page_records(html)], [0, 0])
        process = start("run", "-m", MICRO, "-t", "1", "--ignore-eos", "-n", "1500", "--html", html, "x")
        process.stdout.read(20)
        process.send_signal(signal.SIGINT)
        process.communicate()
        if process.returncode != 0:  # it may have been done already
            self.assertEqual(process.returncode, 130)
        self.assertGreater(len(page_records(html)), 1)


class Detect(Case):
    STORY = ("--temperature", "1", "--top-k", "0", "-n", "120", "--seed", "6", "--ignore-eos", "--no-chat-template",
             "My day")

    def detect(self, *args, **options):
        return decant("detect", *args, **options)

    def test_a_watermark(self):
        marked = self.assert_ok(default("--watermark", *self.STORY)).out
        plain = self.assert_ok(default(*self.STORY)).out
        keys = ["is_watermarked", "z_score", "p_value", "n_scored", "n_green", "green_fraction"]
        for text, key, expected in [(marked, [], True), (plain, [], False),
                                    (marked, ["--watermark-hashing-key", "7"], False)]:
            with self.subTest(key=key, expected=expected):
                found = self.assert_ok(self.detect("--json", *key, stdin=text)).json
                self.assertEqual(list(found), keys)
                self.assertEqual(found["is_watermarked"], expected)
                self.assertEqual(found["z_score"] > 3, expected)
                n, green = found["n_scored"], found["n_green"]
                self.assertGreater(n, 90)
                self.assertAlmostEqual(found["green_fraction"], green / n, delta=1e-12)
                self.assertAlmostEqual(found["z_score"], (green - n / 4) / math.sqrt(n * 3 / 16), delta=1e-9)
                self.assertEqual(found["p_value"] < 0.01, expected)
        path = self.file("text", marked)
        lines = [self.assert_ok(self.detect(*args, stdin=marked)).text for args in ([], ["-"], ["-f", path])]
        self.assertRegex(lines[0], r"\Awatermarked: \d+ of \d+ tokens are green \([\d.]+%, by chance 25\.0%\), "
                                   r"z = [\d.]+, p = [\d.e-]+\n\Z")
        self.assertEqual(len(set(lines)), 1)
        self.assertEqual(self.detect(marked.decode().rstrip("\n")).text, lines[0])
        self.assertTrue(self.detect("--z-threshold", "50", stdin=marked).text.startswith("no watermark found: "))
        once = self.detect("--json", "--ignore-repeated-ngrams", stdin=marked).json
        self.assertLessEqual(once["n_scored"], n)

    def test_bad_calls(self):
        self.assert_sentence(self.detect("-m", MICRO, stdin=b""), USAGE, ".* is empty: .*")
        self.assert_sentence(self.detect("-m", MICRO, "a"), DATA, "the text has 1 tokens: .*")
        self.assert_sentence(self.detect("-m", MICRO, b"ab\xff"), DATA, ".* is not UTF-8: .*")
        self.assert_sentence(self.detect("-m", MICRO, "-f", "/no/such"), NO_INPUT, ".*/no/such cannot be read: .*")
        text = "one two three four five"
        for args, sentence in [(["--z-threshold", "high"], ".*--z-threshold.*high.*"),
                               (["--watermark-greenlist-ratio", "0"], "watermark_greenlist_ratio is 0: .*"),
                               (["--watermark-greenlist-ratio", "1"], "watermark true does nothing with watermark_greenlist_ratio 1, .*"),
                               (["--watermark-seeding-scheme", "left"], "watermark_seeding_scheme is 'left': .*"),
                               (["--temperature", "1"], "unknown option --temperature.*"),
                               (["--", text], "unexpected argument .*")]:
            with self.subTest(args):
                self.assert_sentence(self.detect("-m", MICRO, text, *args), USAGE, sentence)


class Front(Case):
    def test_every_command_has_help(self):
        for command in "run", "inspect", "report", "detect":
            with self.subTest(command):
                short = self.assert_ok(decant(command, "--help")).text
                self.assertRegex(short, rf"\AUsage: decant {command} ")
                self.assertIn("Example: decant ", short)
                self.assertLessEqual(max(map(len, short.splitlines())), 120)
                self.assertGreaterEqual(len(self.assert_ok(decant(command, "--help-all")).text), len(short))

    def test_flags_in_any_order(self):
        pieces = ["--json"], ["--top-k", "5"], ["--seed=1"], ["x"]
        outputs = {inspect(*itertools.chain(*order)).out for order in itertools.permutations(pieces)}
        self.assertEqual(len(outputs), 1)


if __name__ == "__main__":
    main()
