"""`decant chat`: chat_test.py PROGRAM

What is typed at a terminal or comes from a file; answers are compared with those of `decant run` on the same text.
"""

import json
import os
import re
import select
import signal
import time

from screen import columns as screen_columns
from support import NO_INPUT, ROOT, UNAVAILABLE, USAGE, Case, Terminal, decant, main, wait_until_it_has_worked, without_controls

MODEL = os.path.join(ROOT, "build/models/smollm2-q4_0.gguf")
STATS = re.compile(r"read (\d+) tokens in [\d.]+ s, (\d+) known from before; wrote (\d+) in [\d.]+ s, [\d.]+ a second; (\d+) rows")


def chat(*lines, args=()):
    return decant("chat", "-t", "1", "-m", MODEL, "--quiet", "--stats", "-n", "12", *args, stdin="".join(f"{line}\n" for line in lines).encode())


class Chat(Case):
    def figures(self, result):
        """Of each answer: tokens read, known, written, rows."""
        return [tuple(map(int, found)) for found in STATS.findall(result.err.decode())]

    def test_nothing_is_read_twice(self):
        result = chat("What is the capital of France?", "And of Spain?", "Say it again.")
        self.assertEqual(result.code, 0, result.err)
        figures = self.figures(result)
        self.assertEqual(len(figures), 3)
        self.assertEqual(figures[0][1], 0)
        known = 0
        for read, before, wrote, rows in figures:
            # The last token of an answer was chosen, but not read.
            self.assertIn(before, (known, known - 1))
            self.assertLessEqual(rows, read + wrote)
            known = before + read + wrote

    def test_answers_are_those_of_the_whole_text(self):
        questions = "What is the capital of France?", "And of Spain?"
        text = chat(*questions).text
        path = os.path.join(self.folder, "saved.json")
        saved = chat(*questions, f"/save {path}")
        self.assertEqual(saved.text, text)
        with open(path) as file:
            messages = json.load(file)["messages"]
        self.assertEqual([each["role"] for each in messages], ["user", "assistant"] * 2)
        again = chat("/load " + path, "/show")
        self.assertEqual(again.text, "".join(f"> {messages[i]['content']}\n{messages[i + 1]['content']}\n" for i in (0, 2)))
        # Read from the beginning, the third turn is the same as after bookmarks.
        third = chat(*questions, "Why?")
        fresh = chat("/load " + path, "Why?")
        self.assertEqual(third.text[len(text):], fresh.text)
        self.assertEqual(self.figures(fresh)[0][1], 0)

    def test_undo_regen_branch(self):
        first, second = "Name a colour.", "Name another."
        base = chat(first, second)
        self.assertEqual(chat(first, "Nonsense?", "/undo", second).text.count("\n") > 0, True)
        undone = chat(first, "x", "/undo", second)
        self.assertTrue(undone.text.endswith(base.text[len(chat(first).text):]), undone.text)
        regenerated = chat(first, "/regen")
        self.assertEqual(regenerated.text, chat(first).text * 2)
        self.assertEqual(self.figures(regenerated)[1][0], 1)  # the last token, for what follows it
        drawn = chat(first, "/regen", args=["--temperature", "1.5", "--seed", "3"])
        one, two = drawn.text[:len(chat(first, args=["--temperature", "1.5", "--seed", "3"]).text)], drawn.text
        self.assertNotEqual(one * 2, two)
        branched = chat(first, "/branch other", "x", "/branch main", second, "/branch")
        self.assertIn(base.text[len(chat(first).text):], branched.text)
        self.assertTrue(branched.text.endswith("* main  2 turns\n  other  2 turns\n"), branched.text)

    def test_system_set_why(self):
        plain, told = chat("Hello"), chat("/system You are a pirate.", "Hello")
        self.assertNotEqual(plain.text, told.text)
        self.assertEqual(told.text, chat("Hello", args=["--system", "You are a pirate."]).text)
        short = chat("/set max_new_tokens 3", "Hello", "/set max_new_tokens", "/unset max_new_tokens", "/set")
        self.assertEqual(self.figures(short)[0][2], 3)
        self.assertIn("max_new_tokens 3\n", short.text)
        why = chat("Hello", "/why 2").text.splitlines()[-2:]
        for line in why:
            self.assertRegex(line, r'^".+" +\d+(\.\d+)?(e-\d+)?%  the likeliest +".+ \d.*%$')
        beams = chat("Hello", "/set num_beams 3", "Hello", "/set num_return_sequences 2", "Hello", "/pick 2", "/show")
        self.assertEqual((beams.code, beams.text.count("--- 2 of 2 ---")), (0, 1), beams.err)
        drafted = chat("Hello", "/set prompt_lookup_num_tokens 4", "Hello again, hello again")
        self.assertEqual(drafted.text, chat("Hello", "Hello again, hello again").text)

    def test_several_lines(self):
        block = chat('"""one', "two", 'three"""', "/show").text
        self.assertIn("> one\ntwo\nthree\n", block)
        self.assertIn("> one\ntwo\n", chat("one\\", "two", "/show").text)

    def test_mistakes(self):
        for line, pattern in (("/undoo", "unknown command /undoo: did you mean /undo\\?"), ("/undo", "nothing was said yet"),
                              ("/set temprature 1", "unknown option temprature: did you mean temperature\\?"), ("/why x", "/why x: .*"),
                              ("/set temperature x", "temperature is 'x'.*"), ("/set num_beam_groups 3", ".*"), ("/save", ".*"),
                              ("/load nothing", ".*nothing")):
            result = chat(line)
            self.assertRegex(result.err.decode(), "decant: " + pattern)
            self.assertIn(result.code, (USAGE, NO_INPUT))
        result = decant("chat", "-t", "1", "-m", os.path.join(ROOT, "tests/zoo/gpt2.gguf"), stdin=b"Hello\n")
        self.assertEqual(result.code, UNAVAILABLE)


class AtATerminal(Case):
    def start(self, *args, columns=80, **options):
        env = {**os.environ, "DECANT_CACHE": self.folder, "TERM": "xterm", "LANG": "C.UTF-8", **options}
        return Talk("chat", "-t", "1", "-m", MODEL, *args, env=env, columns=columns, stdin=True)

    def test_a_talk(self):
        talk = self.start("-n", "5")
        talk.wait_for("> ")
        talk.type("Hellp\x7fo, wörld\r".encode())
        talk.wait_for("\n> ")
        talk.type(b"/show\r")
        talk.wait_for("> Hello, wörld")
        talk.wait_for("\n> ")
        talk.type(b"/undoo\r")
        talk.wait_for("did you mean /undo?")
        talk.wait_for("\n> ")
        talk.type(b"\x1b[A\x1b[A\r")  # the line before the last
        talk.wait_for("> Hello, wörld")
        talk.wait_for("\n> ")  # a Ctrl-D before that is the terminal's, not the editor's
        talk.type(b"\x04")
        self.assertEqual(talk.end(), 0)
        with open(os.path.join(self.folder, "chat_history")) as file:
            self.assertIn("/undoo", file.read())
        self.assertEqual(os.stat(os.path.join(self.folder, "chat_history")).st_mode & 0o77, 0)

    def test_bare_decant(self):
        env = {**os.environ, "DECANT_CACHE": os.path.join(ROOT, "build/none"), "HF_HUB_OFFLINE": "1"}
        terminal = Terminal(columns=80, stdin=True, env=env)
        _, shown = terminal.finish()
        self.assertIn("the model smollm2 is not in", shown)
        self.assertIn("Usage: decant", decant().text)

    def test_ctrl_c(self):
        talk = self.start("--ignore-eos", "--stats")
        talk.wait_for("> ")
        talk.type(b"half a line\x03")
        talk.wait_for("Ctrl-C again")
        talk.wait_for("> ")
        talk.type(b"Tell me a long story.\r")
        time.sleep(0.2)
        wait_until_it_has_worked(talk.process, 1.5)
        talk.type(b"\x03")
        talk.wait_for("a second; ")
        talk.wait_for("> ")
        talk.type(b"/show\r")
        talk.wait_for("> Tell me a long story.")
        talk.wait_for("> ")
        talk.type(b"\x03")
        talk.wait_for("> ")
        talk.type(b"\x03")
        self.assertEqual(talk.end(), 130)

    def test_answers_beside_each_other(self):
        drawn = "--temperature", "1.2", "--seed", "5", "-n", "9"
        piped = chat("/set num_return_sequences 3", "Name a colour.", args=drawn[:4] + ("-n", "9")).text
        texts = re.split(r"--- \d of 3 ---\n", piped)[1:]
        talk = self.start(*drawn, "--color", "never", columns=300)
        talk.wait_for("> ")
        talk.type(b"/set num_return_sequences 3\r")
        talk.wait_for("\n> ")
        talk.type(b"Name a colour.\r")
        talk.wait_for("with /pick N.")
        sent = talk.seen
        shown = [[part.strip() for part in line.split("│")] for line in sent[sent.rindex("┼"):].splitlines() if line.count("│") == 2]
        self.assertEqual([" ".join(column).replace("↵", "").split() for column in zip(*shown)], [text.split() for text in texts])
        self.assertRegex(sent, r"\x1b\[\d+A\x1b\[J")  # they were shown while they came
        talk.wait_for("> ")
        talk.type(b"/pick 3\r")
        talk.wait_for("\n> ")
        talk.type(b"/show\r")
        talk.wait_for("> Name a colour.\n" + texts[2].split("\n")[0])
        talk.wait_for("\n> ")
        talk.type(b"\x04")
        self.assertEqual(talk.end(), 0)

    def test_no_line_is_wider_than_the_terminal(self):
        for columns, more in (60, {"NO_COLOR": "1"}), (80, {}), (120, {"CLICOLOR_FORCE": "1"}):
            talk = self.start("--tint", "--stats", "--temperature", "1.5", "--seed", "2", "-n", "8", "--ignore-eos", columns=columns, **more)
            talk.wait_for("> ")
            for line in "/set num_return_sequences 3", "Drei W\u00f6rter, \u65e5\u672c\u8a9e.", "/why 3", "/help":
                talk.type(line.encode() + b"\r")
                talk.wait_for("\n> ")
            talk.type(b"\x04")
            self.assertEqual(talk.end(), 0)
            sent = talk.sent.decode()  # in whole characters
            lines = re.sub("\x1b\\[[0-9;]*[mAJK]", "", sent).replace("\r\n", "\n").split("\n")
            samples = [line.rpartition("\r")[2] for line in lines if "│" in line or "┼" in line]  # behind a line of progress
            self.assertTrue(samples)
            for line in samples:
                self.assertLessEqual(screen_columns(line), columns, line)
            self.assertEqual("\x1b[1m" in sent, "NO_COLOR" not in more)

    def test_tints(self):
        talk = self.start("--tint", "-n", "20", "--temperature", "1.3", "--seed", "1", "--quiet")
        talk.wait_for("> ")
        talk.type(b"Hello\r")
        talk.wait_for("\n> ")
        self.assertIn("\x1b[38;5;", talk.seen)
        talk.type(b"\x04")
        talk.end()
        talk = self.start("--tint", "-n", "20", "--temperature", "1.3", "--seed", "1", "--quiet", NO_COLOR="1")
        talk.wait_for("> ")
        talk.type(b"Hello\r")
        talk.wait_for("\n> ")
        self.assertNotIn("\x1b[38;5;", talk.seen)
        talk.type(b"\x04")
        talk.end()


class Talk(Terminal):
    """A terminal whose words are waited for one after the other."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.sent, self.at = b"", 0

    @property
    def seen(self):
        return self.sent.decode(errors="replace").replace("\r\n", "\n")

    def read(self):
        if not select.select([self.mine], [], [], 60)[0]:
            self.process.kill()
            raise AssertionError(f"nothing more behind {self.seen[self.at:]!r}")
        return os.read(self.mine, 1 << 16)

    def wait_for(self, text):
        begin = time.monotonic()
        while self.seen.find(text, self.at) < 0:
            if time.monotonic() - begin > 300:
                raise AssertionError(f"no {text!r} in {self.seen[self.at:]!r}")
            try:
                self.sent += self.read()
            except OSError as error:
                raise AssertionError(f"ended before {text!r}: {self.seen!r}") from error
        self.at = self.seen.find(text, self.at) + len(text)

    def end(self):
        try:
            while piece := self.read():
                self.sent += piece
        except OSError:
            pass
        os.close(self.mine)
        return self.process.wait(300)


if __name__ == "__main__":
    main()
