"""The program at a terminal: terminal_test.py PROGRAM

Everything is sent to a pty of a certain size and drawn on a screen of that size (screen.py). A line that the terminal had
to break itself is a fault everywhere but in the middle of a word longer than the line.
"""

import os
import re
import signal
import subprocess

from screen import Screen, columns
from support import (IO, MICRO, NO_INPUT, USAGE, Case, Terminal, decant, default, main, raw, start, strict_json,
                     wait_until_it_catches, wait_until_it_has_worked, without_controls)

SMALL = "-t", "1", "-m", MICRO, "--no-chat-template", "--ignore-eos"
BEAMS = "run", *SMALL, "--num-beams", "3"


class Seen(Case):
    def seen(self, *args, columns=80, lines=24, code=0, **options):
        """The screen after the program's end."""
        terminal = Terminal(*args, columns=columns, lines=lines, **options)
        _, sent = terminal.finish()
        self.assertEqual(terminal.process.returncode, code, sent)
        screen = Screen(columns, lines).send(sent)
        screen.sent = sent
        return screen

    def assert_unbroken(self, screen):
        self.assertEqual(screen.wrapped, set(), screen.text)


class Help(Seen):
    def test_of_a_command(self):
        for name in "run", "inspect", "compare", "sweep", "detect", "report":
            with self.subTest(name):
                own = self.assert_ok(decant(name, "--help")).out
                self.assertTrue(own.startswith(b"Usage: decant " + name.encode()))
                for args in ["help", name], ["--help", name], ["-h", name], ["help", name, "--help"]:
                    self.assertEqual(self.assert_ok(decant(*args)).out, own)
                every = self.assert_ok(decant(name, "--help-all")).text
                self.assertIn(every, self.assert_ok(decant("--help-all")).text)
        self.assertEqual(decant("help", "bench", "rows").out, decant("bench", "rows", "--help").out)
        self.assertIn("--rows", decant("--help-all").text)
        self.assertEqual(decant("help", "help").out, decant("help").out)
        self.assert_sentence(decant("help", "rum"), USAGE, "unknown command rum: did you mean run\\?")

    def test_breaks_no_word(self):
        pages = ["--help"], ["--help-all"], *([name, "--help-all"] for name in ("run", "inspect", "sweep", "bench"))
        for page in pages:
            words = decant(*page).text.replace("\\\n", "").split()
            for width in 40, 60, 80, 200:
                with self.subTest(page, width=width):
                    screen = self.seen(*page, columns=width)
                    self.assertEqual(screen.text.replace("\\\n", "").split(), words)
                    self.assertLessEqual(max(map(columns, screen.text.split("\n"))), width)
                    self.assert_unbroken(screen)

    def test_a_pager_s_terminal_counts(self):
        terminal = Terminal("run", "--help", columns=50, stdout=False)
        out, _ = terminal.finish()
        self.assertLessEqual(max(len(line) for line in out.decode().splitlines()), 50)

    def test_an_example_can_be_copied(self):
        for width in 40, 60, 200:
            page = self.seen("sweep", "--help", columns=width).text
            command = page[page.index("Example: decant") + len("Example: "):]
            there = os.path.join(self.folder, "decant")
            if not os.path.exists(there):
                with open(there, "w") as file:
                    file.write('#!/bin/sh\nprintf "%s\\n" "$@"')
                os.chmod(there, 0o700)
            words = subprocess.run(["/bin/sh", "-c", command], env={"PATH": self.folder}, capture_output=True, text=True)
            self.assertEqual(words.stdout.splitlines()[-1], "The spaceship landed", command)

    def test_strategies_come_before_grammars(self):
        page = decant("run", "--help").text
        self.assertLess(page.index("\nDecoding:"), page.index("\nBans and constraints:"))
        self.assertEqual(page.count("\nBans and constraints:"), 1)
        self.assertIn("--grammar-file", page)


class Messages(Seen):
    def test_what_is_no_command(self):
        for args, words in ((["Hello there"], "unknown command 'Hello there': .* decant run"),
                            (["generate"], "unknown command generate: decant run .*"),
                            (["-m", "x"], "unknown option -m: .* decant run -m"),
                            ([""], "the command is '': .*")):
            with self.subTest(args):
                self.assert_sentence(decant(*args), USAGE, words)

    def test_a_model_s_name_that_nobody_knows(self):
        result = default("-m", "llama3", "x")
        self.assert_sentence(result, NO_INPUT, r"no such file: llama3; .*GGUF file.* smollm2 .*hf:USER/REPO.*")

    def test_a_report_on_nothing(self):
        self.assert_sentence(decant("report"), USAGE, "there is no TRACE to report on: name a file written by .*")

    def test_are_one_line_of_utf8_whatever_is_quoted(self):
        for evil in "a\nb", "a\tb\r\nc", "\x1b[2J", "\u009b2J", b"\x9b2J\xff", "\x7f\b\b", b"a\xc2", "x" * 100_000:
            for args in (["run", "-m", evil, "x"], ["run", "--" + evil if isinstance(evil, str) else b"--" + evil, "x"],
                         [evil], ["run", "-f", evil], ["report", evil], ["run", "-m", MICRO, "--strategy", evil, "x"]):
                with self.subTest(args):
                    result = decant(*args)
                    self.assertNotEqual(result.code, 0)
                    text = result.err.decode()
                    self.assertRegex(text, r"\Adecant: [^\n]+\n\Z")
                    self.assertEqual(text, without_controls(text))
                    self.assertLess(len(text), 2000)

    def test_break_no_word_at_a_terminal(self):
        words = decant("run", "--json", "--jsonl", "x").err.decode().split()
        for width in 30, 40, 80:
            screen = self.seen("run", "--json", "--jsonl", "x", columns=width, code=USAGE)
            self.assert_unbroken(screen)
            self.assertEqual(screen.text.split(), words)


class Words(Seen):
    """Of a streamed text: noise of the microscopic model, forced into words by a grammar."""
    NOISE = "run", *SMALL, "-n", "120", "--seed", "7", "--temperature", "3", "--top-k", "0"

    def text(self, grammar, *more, **options):
        return (*self.NOISE, "--grammar", grammar, *more, "abc")

    def test_stay_whole(self):
        args = self.text('root ::= ([a-z]{1,9} " "){30}')
        piped = self.assert_ok(decant(*args)).text
        codes = []
        for width in 20, 33, 61, 80:
            with self.subTest(width=width):
                screen = self.seen(*args, columns=width)
                self.assertEqual(screen.text.split(), piped.split())
                self.assert_unbroken(screen)
                codes += screen.codes
        self.assertIn("G", codes)  # some word began before its line was full

    def test_unless_they_are_longer_than_a_line(self):
        args = self.text('root ::= [a-z]{3} " " [a-z]{40} " " [a-z]{3}')
        piped = self.assert_ok(decant(*args)).text
        screen = self.seen(*args, columns=16)
        self.assertEqual("".join(screen.text.split()), "".join(piped.split()))
        self.assertEqual([len(line) for line in screen.text.splitlines()], [3, 16, 16, 12])

    def test_wide_and_combining_characters(self):
        args = self.text('root ::= ([灯台守] | "e\u0301" | "한" | "🌊" | "ab " | " "){40}')
        piped = self.assert_ok(decant(*args)).text
        for width in 21, 40:
            screen = self.seen(*args, columns=width)
            self.assert_unbroken(screen)
            self.assertEqual("".join(screen.text.split()), "".join(piped.split()))

    def test_line_ends_and_tabs_of_the_text(self):
        args = self.text(r'root ::= ([a-z]{1,6} ("\n" | "\t" | " ")){30}')
        piped = self.assert_ok(decant(*args)).text
        screen = self.seen(*args, columns=24)
        self.assert_unbroken(screen)
        self.assertEqual(screen.text.split(), piped.split())

    def test_are_broken_where_that_is_asked_for_or_the_screen_cannot_be_written_again(self):
        args = self.text('root ::= ([a-z]{1,9} " "){30}')
        piped = self.assert_ok(decant(*args)).text
        for more, environment in (["--no-wrap"], {}), ([], {"TERM": "dumb"}), (["--no-stream"], {}):
            screen = self.seen(*args, *more, columns=33, env={**os.environ, **environment})
            self.assertEqual(screen.sent, piped)
        terminal = Terminal(*args)  # one that does not say how wide it is
        self.assertEqual(terminal.finish()[1], piped)


class Hostile(Seen):
    """What models, prompts and files hold never steers a terminal. (The screen refuses codes that it does not know.)"""
    EVIL = "\x1b[2J\x1b]0;title\x07\u009b31m\x08\x7f\rred"

    def test_prompts_in_every_view(self):
        page = self.file("prompts", (self.EVIL + "\nb\n").encode())
        setting = "top_k=2 stop_strings=" + self.EVIL
        views = (["run", *SMALL, "-n", "4", "--show-prompt", self.EVIL],
                 ["run", *SMALL, "-n", "4", "--json", self.EVIL],
                 ["run", *SMALL, "-n", "4", "--show", "tree", "--num-beams", "2", "--force-words", "[5]", self.EVIL],
                 ["inspect", *SMALL, self.EVIL], ["inspect", *SMALL, "--compare", setting, "top_k=1", "x"],
                 ["compare", *SMALL, "-n", "4", "--setting", setting, "--prompts", page],
                 ["compare", *SMALL, "-n", "4", "--setting", setting, "--format", "markdown", "--prompts", page],
                 ["sweep", *SMALL, "-n", "4", "--grid", "stop_strings=" + self.EVIL + ",b", "--prompts", page,
                  "--out", os.path.join(self.folder, "out")])
        for args in views:
            for width in 40, 80:
                with self.subTest(args, width=width):
                    if args[0] == "sweep":
                        args[-1] += "x"
                    screen = self.seen(*args, columns=width)
                    self.assertLessEqual(set(screen.codes), set("mKAJG"))
                    self.assertNotIn("title\x07", screen.sent)

    def test_names_of_files(self):
        name = self.file("\x1b[31mred\n.jsonl", b"{}")
        for args in ["report", name], ["run", "-m", name, "x"], ["run", "-f", name + "x"]:
            terminal = Terminal(*args, columns=60)
            Screen(60).send(terminal.finish()[1])
            self.assertNotEqual(terminal.process.returncode, 0)


class Narrow(Seen):
    COMPARED = "--compare", "temperature=0.3", "top_p=0.7 top_k=0", "seed=9 temperature=2"

    def test_no_view_is_wider_than_the_terminal(self):
        out = os.path.join(self.folder, "out.jsonl")
        views = (["inspect", *SMALL, "-n", "2", "My name is"], ["inspect", *SMALL, *self.COMPARED, "My name is"],
                 ["run", *SMALL, "--show", "tree", "--num-beams", "4", "-n", "12", "abc"],
                 ["run", *SMALL, "--show", "tree", "--num-beams", "4", "-n", "6", "--force-words", "[5,6]", "abc"],
                 ["compare", *SMALL, "-n", "12", "--setting", "a:", "--setting", "b: num_beams=3", "A cat"],
                 ["sweep", *SMALL, "-n", "4", "--grid", "top_k=1,2", "--out", out, "A cat"])
        for args in views:
            for width in 40, 60, 80, 150:
                with self.subTest(args[0], width=width):
                    if os.path.exists(out):
                        os.remove(out)
                    self.assert_unbroken(self.seen(*args, columns=width))

    def test_a_file_s_table_is_in_one_piece(self):
        out = os.path.join(self.folder, "out.jsonl")
        table = decant("sweep", *SMALL, "-n", "4", "--grid", "top_k=1,2", "--out", out, "A cat").text
        self.assertEqual(len(table.splitlines()), 3)

    def test_living_beams_are_wiped_whatever_their_number(self):
        args = ["run", *SMALL, "--show", "tree", "--num-beams", "12", "-n", "60", "abc"]
        for width, lines in (80, 24), (28, 8):
            screen = self.seen(*args, "--color", "never", columns=width, lines=lines)
            at_once = self.seen(*args, "--color", "never", columns=width, lines=lines, env={**os.environ, "TERM": "dumb"})
            self.assertEqual(screen.text, at_once.text)


class Matrix(Seen):
    """Every view, in every kind of place: at a terminal or not, coloured or not, of three widths, with characters of several tokens."""
    GRAMMAR = 'root ::= ("灯台" | "守" | "naïve " | "é " | "🌊 "){12}'
    WHOLE = re.compile("(?:灯台|守|naïve|é|🌊|\\s)*")

    def views(self):
        written = *SMALL, "--seed", "1", "--grammar", self.GRAMMAR, "-n", "120"
        return {"run": ["run", *written, "--temperature", "1", "abc"],
                "beams": ["run", *written, "--num-beams", "3", "--show", "tree", "abc"],
                "compare": ["compare", *written, "--setting", "a: temperature=1", "--setting", "b: num_beams=3", "abc"],
                "sweep": ["sweep", *written, "--grid", "temperature=0.5,1", "--out", os.path.join(self.folder, "out.jsonl"), "abc"],
                "inspect": ["inspect", *written[:-1], "6", "--temperature", "1", "abc"]}

    def test_terminals_and_pipes(self):
        plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "CLICOLOR_FORCE")} | {"TERM": "xterm"}
        for name, args in self.views().items():
            piped = set()
            for width, more in (60, {}), (80, {"NO_COLOR": "1"}), (120, {"CLICOLOR_FORCE": "1"}):
                with self.subTest(name, width=width):
                    def fresh():
                        if name == "sweep" and os.path.exists(args[-2]):
                            os.remove(args[-2])

                    paints = name in ("beams", "compare", "inspect")
                    fresh()
                    screen = self.seen(*args, columns=width, env={**plain, **more})
                    self.assert_unbroken(screen)
                    self.assertEqual("m" in screen.codes, paints and "NO_COLOR" not in more)
                    self.assertNotIn("\ufffd", screen.text)
                    fresh()
                    out = decant(*args, env={**plain, **more})
                    self.assertEqual((out.code, out.err), (0, b""))
                    self.assertEqual(b"\x1b" in out.out, paints and "CLICOLOR_FORCE" in more)
                    if name not in ("compare", "sweep"):  # which mark by colour or by brackets, and tell times
                        piped.add(re.sub("\x1b\\[[0-9;]*m", "", out.text))
                    if name == "run":
                        self.assertTrue(self.WHOLE.fullmatch(screen.text), screen.text)
                        self.assertEqual("".join(screen.text.split()), "".join(out.text.split()))
            self.assertLessEqual(len(piped), 1, piped)

    def test_a_text_that_ends_inside_of_a_character(self):
        args = self.views()["run"]
        cut = 0
        for tokens in range(1, 9):
            args[args.index("-n") + 1] = str(tokens)
            text = self.seen(*args, columns=60).text.strip()
            self.assertRegex(text, r"\A[^\ufffd]*\ufffd?\Z")
            self.assertEqual("".join(decant(*args).text.split()), "".join(text.split()))
            cut += "\ufffd" in text
        self.assertGreater(cut, 0)


class Colour(Seen):
    VIEW = "inspect", *SMALL, "My name is"

    def test_where_it_is_wanted(self):
        plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "CLICOLOR_FORCE")}
        for environment, args, colour in (({"TERM": "xterm"}, [], True), ({"TERM": "dumb"}, [], False),
                                          ({"TERM": "xterm", "NO_COLOR": "1"}, [], False),
                                          ({"TERM": "xterm", "NO_COLOR": ""}, [], True),
                                          ({"TERM": "xterm", "NO_COLOR": "1"}, ["--color", "always"], True),
                                          ({"TERM": "xterm"}, ["--color", "never"], False)):
            with self.subTest(environment, args=args):
                screen = self.seen(*self.VIEW, *args, env={**plain, **environment})
                self.assertEqual("m" in screen.codes, colour)
        self.assertNotIn(b"\x1b", decant(*self.VIEW).out)

    def test_the_locale_changes_nothing(self):
        expected = decant(*self.VIEW).out
        for name in "C", "POSIX", "de_DE.UTF-8", "tr_TR.UTF-8", "nonsense":
            result = self.assert_ok(decant(*self.VIEW, env={**os.environ, "LC_ALL": name}))
            self.assertEqual(result.out, expected)
        self.assertRegex(expected.decode(), r"entropy \d+\.\d\d bits")


class Progress(Seen):
    """A search that takes seconds everywhere: a line is shown after less than half of one."""
    LONG = "run", *SMALL, "--seed", "1", "-n", "600", "--num-beams", "32"
    TEXTS = "run", *SMALL, "--seed", "1", "-n", "300", "--num-return-sequences", "24", "--temperature", "1"
    LINE = r"\r(writing[^\r\n\x1b]*)"

    def test_of_what_is_shown_only_at_the_end(self):
        for args in self.LONG, [*self.LONG, "--json"], [*self.LONG, "--num-return-sequences", "2"], self.TEXTS:
            with self.subTest(args):
                screen = self.seen(*args, "abc")
                lines = re.findall(self.LINE, screen.sent)
                self.assertTrue(lines, screen.sent[:300])
                for line in lines:
                    self.assertRegex(line, r"\Awriting \[#*\.*\] \d+%, .*\d+ of \d+ tokens at most, \d.* left\Z")
                self.assertNotIn("writing [", screen.text)  # it is wiped

    def test_is_never_as_wide_as_the_terminal(self):
        for width in 12, 30, 47:
            for line in re.findall(self.LINE, self.seen(*self.LONG, "abc", columns=width).sent):
                self.assertLess(columns(line), width)

    def test_of_a_text_that_streams_there_is_none(self):
        self.assertNotIn("\rwriting", self.seen("run", *SMALL, "-n", "2000", "abc").sent)

    def test_only_where_it_is_wanted_and_can_be_wiped(self):
        for more, environment in (["--quiet"], {}), ([], {"TERM": "dumb"}):
            self.assertNotIn("writing", self.seen(*self.LONG, *more, "abc", env={**os.environ, **environment}).sent)
        self.assertEqual(decant(*self.LONG, "abc").err, b"")


class Interrupts(Seen):
    LONG = "run", *SMALL, "--num-beams", "16", "-n", "2000"

    def interrupted(self, *args, at=0.5):
        process = start(*args)
        wait_until_it_catches(process)
        wait_until_it_has_worked(process, at)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        self.assertEqual((process.returncode, err), (130, b""))
        return out.decode()

    def test_a_beam_search_shows_its_best_text(self):
        for more in [], ["--no-stream"], ["--num-return-sequences", "3"]:
            with self.subTest(more):
                text = self.interrupted(*self.LONG, *more, "abc")
                self.assertGreater(len(text), 10)
                self.assertTrue(text.endswith("\n"))

    def test_and_says_so_in_its_object(self):
        found = strict_json(self.interrupted(*self.LONG, "--json", "abc").encode())["sequences"]
        self.assertEqual(len(found), 1)
        self.assertEqual(found[0]["finish_reason"], "unfinished")
        self.assertGreater(len(found[0]["ids"]), 3)
        self.assertLess(found[0]["beam_score"], 0)
        self.assertIsNone(found[0]["normalized_score"])

    def test_in_a_comparison_too(self):
        text = self.interrupted("compare", *SMALL, "-n", "2000", "--setting", "b: num_beams=16", "--setting",
                                "c: num_beams=15", "--json", "abc", at=1)
        cells = strict_json(text.encode())["prompts"][0]["texts"]
        self.assertGreater(len(cells[0]["ids"]), 3)
        for cell in cells:
            self.assertEqual("".join(cell["pieces"]), cell["text"])


class Pages(Seen):
    def test_say_where_they_are(self):
        page, trace, out = (os.path.join(self.folder, name) for name in ("a.html", "t.jsonl", "o.jsonl"))
        with open(trace, "wb") as file:
            file.write(raw("--jsonl", "-n", "2", "x").out)
        for args in (["run", *SMALL, "-n", "2", "x"], ["inspect", *SMALL, "x"],
                     ["compare", *SMALL, "-n", "2", "--setting", "a:", "x"],
                     ["sweep", *SMALL, "-n", "2", "--grid", "top_k=1,2", "--out", out, "x"]):
            with self.subTest(args[0]):
                said = f"{page} is ready to be opened in a browser"
                terminal = Terminal(*args, "--html", page, stdout=False, columns=200)
                self.assertIn(said, terminal.finish()[1])
                self.assertTrue(os.path.exists(page))
                if args[0] == "sweep":
                    os.remove(out)
                self.assertEqual(decant(*args, "--html", page).err, b"")
        self.assertIn("t.html is ready", Terminal("report", trace, stdout=False).finish()[1])


class ClosedStreams(Case):
    """The next file that is opened must not take the place of a stream that is closed."""

    def test_nothing_is_written_into_another_file(self):
        page = os.path.join(self.folder, "page.html")
        whole = decant("run", *SMALL, "-n", "3", "--seed", "1", "--html", page, "x")
        self.assertEqual(whole.code, 0)
        for streams, code in ([1], IO), ([2], 0), ([0], 0), ([1, 2], IO), ([0, 1, 2], IO):
            with self.subTest(streams):
                if os.path.exists(page):
                    os.remove(page)
                result = decant("run", *SMALL, "-n", "3", "--seed", "1", "--stats", "--show-prompt", "--html", page, "x",
                                preexec_fn=lambda: [os.close(each) for each in streams])
                self.assertEqual(result.code, code)
                if os.path.exists(page):
                    with open(page, "rb") as file:
                        text = file.read()
                    self.assertTrue(text.startswith(b"<!doctype html>") or text.startswith(b"<!DOCTYPE html>"), text[:60])
                    self.assertNotIn(b"\nmodel     ", text)
        with open(MICRO, "rb") as model:
            self.assertEqual(model.read(4), b"GGUF")

    def test_a_sweep_s_results_stay_results(self):
        for streams, code in ([1], IO), ([2], 0), ([0, 1], IO), ([1, 2], IO):
            with self.subTest(streams):
                out = os.path.join(self.folder, f"{streams}.jsonl")
                result = decant("sweep", *SMALL, "-n", "3", "--grid", "top_k=1,2", "--out", out, "abc",
                                preexec_fn=lambda: [os.close(each) for each in streams])
                self.assertEqual(result.code, code)
                with open(out, "rb") as file:
                    self.assertEqual([list(strict_json(line))[0] for line in file], ["sweep", "index", "index"])


class Compared(Case):
    def marked(self, text, label):
        """The token of the row that the setting's wing marks, or nothing."""
        lines = text.splitlines()
        for i, line in enumerate(lines):
            if not re.match(r" *logit .*\b" + label + r"\b", line):
                continue
            at = line.index(label)
            for row in lines[i + 1:]:
                if row[at:at + 1] == ">":
                    return re.match(r' *\S+ +[>x]? *(".*?")  ', row)[1]
        return None

    def test_every_setting_marks_what_it_would_choose(self):
        settings = {"cold": "temperature=0.3", "hot": "temperature=2 top_k=60", "own": "seed=77 temperature=3",
                    "best": "temperature=0"}
        different = 0
        for seed in range(4):
            common = *SMALL, "--seed", str(seed), "--rows", "300", "--width", "200"
            both = *(f"{label}: {setting}" for label, setting in settings.items()),
            shown = decant("inspect", *common, "--compare", *both, "abc").text
            own = [decant("inspect", *common, "--compare", each, "z: top_k=1", "abc").text for each in both]
            marked = [self.marked(shown, label) for label in settings]
            self.assertEqual(marked, [self.marked(text, label) for text, label in zip(own, settings)])  # each by itself
            self.assertNotIn(None, marked)
            different += len(set(marked)) > 1
            self.assertIn("> is what a setting chooses", shown)
        self.assertGreater(different, 0)

    def test_a_penalty_is_named_where_it_is_the_cause(self):
        first = decant("inspect", *SMALL, "--seed", "1", "--json", "abc").json["steps"][0]["candidates"][0]
        shown = decant("inspect", *SMALL, "--seed", "1", "--rows", "300", "--frequency-penalty", "2",
                       "--presence-penalty", "50", "--top-k", "3", "abc" + first["text"] * 3).text
        cut = [line for line in shown.splitlines() if "cut by top_k" in line]
        self.assertTrue(any("_penalty, cut by top_k" in line for line in cut), shown)
        self.assertTrue(any(re.search(r'" +cut by top_k$', line) for line in cut), shown)


if __name__ == "__main__":
    main()
