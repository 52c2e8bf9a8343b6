"""`decant sweep` as its users meet it: sweep_test.py PROGRAM

The file of an interrupted sweep is the beginning of that of an uninterrupted one, wherever it was killed or cut, and
becomes the same file; every line says what it is; bad input. On the microscopic random model.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time

from support import (DATA, IO, MICRO, NO_INPUT, USAGE, Case, Terminal, about, as_screen, catches, decant, happens, main,
                     page_records, raw, spawn, start, wait_until)

MODEL = ("-t", "1", "-m", MICRO, "--no-chat-template", "--ignore-eos")
TABLE_HEAD = "ln p a token"


def sweep(*args, model=MODEL, **options):
    return decant("sweep", *model, *args, **options)


def grid(*texts):
    return [part for text in texts for part in ("--grid", text)]


def size_of(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def lines(path):
    with open(path, "rb") as file:
        data = file.read()
    assert data.endswith(b"\n"), data[-80:]
    return [json.loads(line) for line in data.splitlines()]


def without_times(path):
    """The file's bytes but for the times."""
    with open(path, "rb") as file:
        data = file.read()
    assert data.endswith(b"\n"), data[-80:]
    return re.sub(rb'"time":\{[^}]*\}', b'"time":{}', data)


class Sweeps(Case):
    def path(self, name="s.jsonl"):
        return os.path.join(self.folder, name)

    def test_every_point_is_what_run_says(self):
        prompts = self.file("prompts", b"abc\nxyz\n")
        result = self.assert_ok(sweep("-n", "6", *grid("penalty_alpha=0,0.5", "top_k=2,5"), "--prompts", prompts, "--out", self.path()))
        self.assertIn(TABLE_HEAD, result.text)
        header, *points = lines(self.path())
        self.assertEqual((header["sweep"], header["points"], header["grid"]), (1, 8, {"penalty_alpha": ["0", "0.5"], "top_k": ["2", "5"]}))
        self.assertEqual([each["index"] for each in points], list(range(8)))
        expected = [(alpha, k, prompt) for alpha in (0, 0.5) for k in (2, 5) for prompt in ("abc", "xyz")]
        for point, (alpha, k, prompt) in zip(points, expected):
            self.assertEqual((point["grid"], point["prompt"]), ({"penalty_alpha": alpha, "top_k": k}, prompt))
            self.assertEqual(point["options"], {"seed": point["index"], "penalty_alpha": alpha, "top_k": k, "max_new_tokens": 6, "ignore_eos": True})
            alone = raw("--json", "--ignore-eos", "-n", "6", "--penalty-alpha", str(alpha), "--top-k", str(k), prompt).json
            self.assertEqual(point["ids"], alone["sequences"][0]["ids"])
            self.assertEqual(point["text"], alone["sequences"][0]["text"])
            self.assertAlmostEqual(point["metrics"]["log_likelihood"] * 6, alone["sequences"][0]["score"], delta=1e-4)
            self.assertEqual(set(point["time"]), {"seconds", "tokens_per_second"})

    def test_seeds_follow_from_the_point(self):
        args = ("-n", "6", *grid("temperature=0.5,1,2"), "abc", "--out")
        self.assert_ok(sweep(*args, self.path("a")))
        self.assert_ok(sweep(*args, self.path("b")))
        self.assertEqual(without_times(self.path("a")), without_times(self.path("b")))
        self.assertEqual([each["options"]["seed"] for each in lines(self.path("a"))[1:]], [0, 1, 2])
        self.assert_ok(sweep("-n", "6", *grid("seed=7,8"), "--set", "temperature=1", "abc", "--out", self.path("c")))
        self.assertEqual([each["options"]["seed"] for each in lines(self.path("c"))[1:]], [7, 8])

    def test_a_point_does_not_depend_on_those_before(self):
        """Contrastive search asks the model for hidden states, DoLa for layers, beams for branches: none leaves traces."""
        texts = ["greedy:", "cs: penalty_alpha=0.6 top_k=4", "dola: dola_layers=low", "beams: num_beams=4", "cd: amateur=self:1"]
        settings = lambda some: [part for text in some for part in ("--setting", text)]
        self.assert_ok(sweep("-n", "8", *settings(texts), *grid("seed=1,2"), "abc", "--out", self.path("all")))
        together = lines(self.path("all"))[1:]
        self.assert_ok(sweep("-n", "8", *settings(texts[::-1]), *grid("seed=2,1"), "abc", "--out", self.path("reversed")))
        backwards = lines(self.path("reversed"))[:0:-1]
        for one, other in zip(together, backwards):
            self.assertEqual([one[key] for key in ("setting", "ids", "metrics")], [other[key] for key in ("setting", "ids", "metrics")])

    def test_presets(self):
        args = ("-n", "6", "--amateur", "self:1", *grid("repetition_penalty=1,1.2"), "abc", "--out", self.path())
        self.assert_ok(sweep("--setting", "x: amateur", "--setting", "y: expert num_beams=2", "--setting", "z: contrastive beta=0.5", *args))
        points = lines(self.path())[1:]
        self.assertEqual([each["strategy"] for each in points], ["greedy"] * 2 + ["beam"] * 2 + ["contrastive_decoding"] * 2)
        self.assertEqual([each.get("amateur_alone") for each in points], [True] * 2 + [None] * 4)
        self.assert_sentence(sweep("--setting", "x: contrastive", "--setting", "y: expert num_beams=2", "--setting", "z: contrastive beta=0.5", *args), DATA,
                             r".*\(its settings differs\).*")

    def test_yaml(self):
        self.file("prompts.txt", b"abc\nxyz\n")
        description = self.file("sweep.yaml", b"# what it is\nprompts_file: prompts.txt\noptions: {max_new_tokens: 6, ignore_eos: true}\n"
                                              b"settings: ['greedy:', 'beams: num_beams=2']\ngrid:\n  repetition_penalty: [1, 1.5]\n")
        self.assert_ok(sweep(description, "--out", self.path("yaml")))
        self.assert_ok(sweep("--prompts", self.path("prompts.txt"), "-n", "6", "--setting", "greedy:", "--setting", "beams: num_beams=2",
                             *grid("repetition_penalty=1,1.5"), "--out", self.path("flags")))
        self.assertEqual(without_times(self.path("yaml")), without_times(self.path("flags")))
        self.assertEqual([each["setting"] for each in lines(self.path("yaml"))[1:]], ["greedy"] * 4 + ["beams"] * 4)
        self.assert_ok(sweep(description, "-n", "3", "--out", self.path("shorter")))  # a flag counts more
        self.assertEqual(len(lines(self.path("shorter"))[1]["ids"]), 3)

    def test_a_point_that_fails_is_a_result(self):
        result = sweep("-n", "4", *grid("suppress_tokens=4;5"), "--set", "allowed_token_ids=5", "abc", "--out", self.path())
        self.assertEqual(result.code, DATA)
        self.assertRegex(result.err.decode(), r"\Adecant: 1 of 2 points failed, the first with: .*left no token.*\n\Z")
        points = lines(self.path())[1:]
        self.assertEqual(points[0]["ids"], [5] * 4)
        self.assertIn("left no token", points[1]["error"])

    def test_the_page(self):
        page = self.path("page.html")
        prompts = self.file("prompts", b"<script>x\nabc\n")
        args = ("-n", "6", *grid("penalty_alpha=0.1,0.5,0.9", "top_k=2,5", "repetition_penalty=1,1.2"), "--prompts", prompts, "--out", self.path(), "--html")
        self.assert_ok(sweep(*args, page))
        header, *points = lines(self.path())
        data = page_records(page)
        self.assertEqual(data[0], header)
        summary, means = data[1]["summary"], [each["means"] for each in data[2:14]]
        self.assertEqual((summary["file"], summary["results"], summary["failed"]), ("s.jsonl", 24, 0))
        self.assertEqual(data[14:], points)
        place = [each["name"] for each in summary["metrics"]].index("rep_2")
        chosen = [each["metrics"]["rep_2"] for each in points if each["grid"] == {"penalty_alpha": 0.1, "top_k": 5, "repetition_penalty": 1.2}]
        self.assertEqual(len(chosen), 2)
        self.assertAlmostEqual(means[3][place], sum(chosen) / 2, delta=1e-12)
        again = self.path("again.html")
        self.assert_ok(sweep(*args, again))
        reported = self.path("reported.html")
        self.assert_ok(decant("report", self.path(), "-o", reported))
        for other in again, reported:
            self.assertEqual(page_records(other), data)

    def test_the_page_of_an_unfinished_sweep(self):
        self.assert_ok(sweep("-n", "4", *grid("seed=1,2,3"), "--set", "temperature=1", "abc", "--out", self.path()))
        with open(self.path(), "rb") as file:
            whole = file.read()
        header, first, second, third = whole.splitlines(True)
        page = self.path("page.html")
        self.assert_ok(decant("report", self.file("cut.jsonl", header + first + second[:50]), "-o", page))
        data = page_records(page)
        self.assertEqual((data[1]["summary"]["results"], data[3:]), (1, [json.loads(first)]))
        self.assert_sentence(decant("report", self.file("damaged.jsonl", header + first[:50] + b"\n" + second), "-o", page), DATA, ".*damaged.jsonl has a damaged line")
        self.assert_sentence(decant("report", self.file("newer.jsonl", header.replace(b'"sweep":1', b'"sweep":2')), "-o", page), DATA,
                             ".*newer.jsonl is no sweep: schema 2 is newer than this program's 1")
        self.assertEqual(page_records(page), data)  # the old one is left alone

    def test_progress_at_a_terminal(self):
        terminal = Terminal("sweep", *MODEL, "-n", "1500", *grid("seed=" + ",".join(map(str, range(40)))), "--set", "temperature=1", "abc",
                            "--out", self.path(), stdout=False)
        shown = terminal.finish()[1]
        self.assertEqual(terminal.process.returncode, 0)
        self.assertRegex(shown, r"sweeping \[#*\.*\] \d+%, \d+ of 40, \d+ s left")
        self.assertEqual(as_screen(shown), "")


class Resumed(Case):
    def setUp(self):
        super().setUp()
        prompts = self.file("prompts", b"abc\nA cat is a cat\n")
        # Settings of every kind; the seeds of those that draw follow from the point.
        self.args = ("-n", "40", "--prompts", prompts, "--setting", "cs: penalty_alpha=0.5 top_k=4", "--setting", "sample: temperature=1.2",
                     "--setting", "dola: dola_layers=low", "--setting", "beams: num_beams=3", *grid("repetition_penalty=1,1.1,1.2"))
        self.whole = os.path.join(self.folder, "whole.jsonl")
        self.assert_ok(sweep(*self.args, "--out", self.whole))

    def command(self, path):
        return ("sweep", *MODEL, *self.args, "--out", path)

    def assert_is_beginning(self, path):
        """Whole lines that are those of the uninterrupted sweep, and at most one that is cut."""
        if not os.path.exists(path):
            return 0
        with open(path, "rb") as file:
            data = file.read()
        whole = data[:data.rfind(b"\n") + 1]
        self.assertTrue(without_times(self.whole).startswith(re.sub(rb'"time":\{[^}]*\}', b'"time":{}', whole)))
        return whole.count(b"\n")

    def interrupted(self, path, which):
        """Code and streams of a sweep that got a signal when it had written something; one that was faster begins again."""
        for _ in range(20):
            begin = size_of(path)
            process = start(*self.command(path))
            if happens(process, lambda: catches(process) and size_of(path) > begin):
                process.send_signal(which)
            out, err = process.communicate()
            if process.returncode != 0:
                return process.returncode, out, err
            os.remove(path)
        self.fail("no signal interrupts it")

    def test_killed_at_random_moments(self):
        moments = random.Random(6)
        path = os.path.join(self.folder, "killed.jsonl")
        kills, seen = 0, set()
        while kills < 20:
            process = spawn(*self.command(path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            time.sleep(moments.uniform(0, 0.1))  # so that it is also killed before it writes
            enough = size_of(path) + moments.uniform(0, size_of(self.whole) / 3)
            if happens(process, lambda: size_of(path) >= enough):
                process.kill()
                kills += 1
            err = process.communicate()[1]
            self.assertEqual(err, b"")
            seen.add(self.assert_is_beginning(path))
            if process.returncode == 0:  # done: from the beginning again
                self.assertEqual(without_times(path), without_times(self.whole))
                os.remove(path)
        self.assert_ok(decant(*self.command(path)))
        self.assertEqual(without_times(path), without_times(self.whole))
        self.assertGreater(len(seen), 4, "it was never killed in the middle")

    def test_the_last_line_cut_anywhere(self):
        with open(self.whole, "rb") as file:
            data = file.read()
        last = data.rstrip(b"\n").rfind(b"\n") + 1
        for size in [last, last + 1, last + 9, (last + len(data)) // 2, len(data) - 2, len(data) - 1]:
            with self.subTest(size):
                path = self.file("cut.jsonl", data[:size])
                self.assert_ok(decant(*self.command(path)))
                self.assertEqual(without_times(path), without_times(self.whole))

    def test_a_finished_one_is_left_as_it_is(self):
        with open(self.whole, "rb") as file:
            before = file.read()
        self.assertIn(TABLE_HEAD, self.assert_ok(decant(*self.command(self.whole))).text)
        with open(self.whole, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_control_c(self):
        path = os.path.join(self.folder, "interrupted.jsonl")
        for which, code in (signal.SIGINT, 130), (signal.SIGTERM, 143):
            returned, out, err = self.interrupted(path, which)
            self.assertEqual((returned, out), (code, b""))
            self.assertRegex(err.decode(), r"\Adecant: interrupted after \d+ of 24 points: the same command goes on from there\n\Z")
            with open(path, "rb") as file:
                self.assertTrue(file.read().endswith(b"\n"))
            self.assert_is_beginning(path)
        self.assert_ok(decant(*self.command(path)))
        self.assertEqual(without_times(path), without_times(self.whole))

    def test_another_sweep(self):
        shutil.copy(self.whole, os.path.join(self.folder, "copy"))
        for more, what in ((["-n", "41"], "settings"), (["--grid", "min_length=0"], "grid"), (["--prefill-chunk-size", "8"], "prefill_chunk_size"),
                           (["--cache-type", "f16"], "context")):
            with self.subTest(more):
                command = [*self.command(os.path.join(self.folder, "copy")), *more]
                self.assert_sentence(decant(*command), DATA, rf".*copy was begun by another sweep \(its {what} differs\): .*")
        self.file("prompts", b"abc\nA cat is a dog\n")
        self.assert_sentence(decant(*self.command(self.whole)), DATA, r".*\(its prompts differs\).*")


class BadInput(Case):
    def test_one_sentence(self):
        out = ("--out", os.path.join(self.folder, "s.jsonl"))
        ok = grid("top_k=2,5", "penalty_alpha=0.5")
        os.mkdir(os.path.join(self.folder, "closed"))
        for args, code, pattern in (
            ([*ok, "abc"], USAGE, "a sweep needs a file for its results: --out FILE.jsonl"),
            (["abc", *out], USAGE, "nothing to sweep: .*"),
            ([*grid("tpo_k=1"), "abc", *out], USAGE, "unknown option tpo_k: did you mean top_k\\?"),
            ([*grid("top_k="), "abc", *out], USAGE, "the grid's top_k has no values: .*"),
            ([*grid("top_k"), "abc", *out], USAGE, "the grid has 'top_k' where .*"),
            ([*grid("penalty_alpha=0.5,2"), "abc", *out], USAGE, "penalty_alpha is 2: it must be .*"),
            ([*grid("num_beams=1,4"), "--set", "length_penalty=2", "abc", *out], USAGE, "at num_beams=1: .*length_penalty.*"),
            ([*ok, "--set", "nonsense", "abc", *out], USAGE, ".*nonsense.*"),
            ([*ok, "--max-time", "1", "abc", *out], USAGE, "max_time makes .*"),
            ([*grid("num_return_sequences=2"), "--do-sample", "abc", *out], USAGE, "num_return_sequences is 2.*"),
            ([*ok, "abc", "--out", "/no/such/s.jsonl"], IO, "the sweep /no/such/s.jsonl cannot be written: there is no folder /no/such"),
            ([*ok, "abc", "--out", self.folder], IO, ".*it is a directory"),
            ([*ok, "abc", "--out", "/dev/full"], IO, ".*it is no regular file"),
            ([*ok, "abc", *out, "--html", "/no/such/page.html"], IO, "the page /no/such/page.html cannot be written: .*"),
            ([*ok, "abc", "--out", self.file("notes.txt", b"my notes\n")], DATA, ".*notes.txt is not a sweep: .*"),
            ([*ok, "abc", "--out", self.file("trace.jsonl", b'{"schema":2}\n')], DATA, ".*trace.jsonl is not a sweep: .*"),
            ([*ok, *out, "--prompts", self.file("empty", b"\n")], DATA, ".*empty has no prompt: .*"),
            ([*ok, *out, "--prompts", self.file("latin1", b"\xff")], DATA, ".*latin1 is not UTF-8: .*"),
            ([*out, "/no/such.yaml"], NO_INPUT, ".*/no/such.yaml.*"),
            ([*out, self.file("bad.yaml", b"grid: [")], DATA, ".*bad.yaml line 1 is not YAML: .*"),
            ([*out, self.file("key.yaml", b"gird: {}")], DATA, ".*key.yaml line 1: unknown key gird: .*"),
            ([*out, self.file("none.yaml", b"grid: {top_k: [1, 2]}")], DATA, ".*none.yaml has no prompts.*"),
            ([*out, self.file("empty.yaml", b"prompts: [a]\ngrid: {top_k: []}")], USAGE, "the grid's top_k has no values"),
            ([*out, self.file("both.yaml", b"prompts: [a]\ngrid: {seed: [1]}"), "-p", "x"], USAGE, ".*both.yaml has prompts already: .*"),
        ):
            with self.subTest(args=args):
                self.assert_sentence(sweep(*args), code, pattern)
        self.assertFalse(os.path.exists(out[1]), "a sweep that never began left a file")

    def test_a_file_in_use(self):
        path = os.path.join(self.folder, "s.jsonl")
        args = ("sweep", *MODEL, "-n", "1000", *grid("seed=" + ",".join(map(str, range(1000)))), "--set", "temperature=1", "abc", "--out", path)
        process = start(*args)
        wait_until(process, lambda: size_of(path) > 0)
        self.assert_sentence(decant(*args), IO, ".*another sweep is writing to it")
        process.send_signal(signal.SIGINT)
        process.communicate()

    def test_a_full_disk(self):
        path = os.path.join(self.folder, "s.jsonl")
        args = ("sweep", *MODEL, "-n", "40", *grid("seed=1,2,3,4"), "--set", "temperature=1", "abc", "--out", path)

        def limit():
            import resource
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))

        result = decant(*args, preexec_fn=limit)
        self.assert_sentence(result, IO, "the sweep .* cannot be written: .*")
        kept = lines(path)
        self.assert_ok(decant(*args))
        self.assertEqual(lines(path)[:len(kept)], kept)
        self.assertEqual(len(lines(path)), 5)

    def test_many_points(self):
        """A million combinations are checked and begun, not made."""
        values = ",".join(map(str, range(1000)))
        path = os.path.join(self.folder, "s.jsonl")
        process = start("sweep", *MODEL, "-n", "2", *grid("seed=" + values, "min_length=" + values.replace("999", "1")), "abc", "--out", path)
        wait_until(process, lambda: size_of(path) > 0)
        peak = int(re.search(r"VmHWM:\s*(\d+) kB", about(process, "status"))[1])
        process.send_signal(signal.SIGINT)
        process.communicate()
        self.assertEqual(lines(path)[0]["points"], 1000000)
        self.assertLess(peak, 200_000)


if __name__ == "__main__":
    main()
