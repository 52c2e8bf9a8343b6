"""What the command line's tests have in common: the program, terminals, and the words of a good error message."""

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import tty
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(ROOT, "build/release/decant")  # or the first argument
MICRO = os.path.join(ROOT, "build/models/micro.gguf")
USAGE, DATA, NO_INPUT, UNAVAILABLE, INTERNAL, IO = 64, 65, 66, 69, 70, 74  # src/base/error.h
LONG_AGO = 600  # seconds: whatever takes longer hangs, on a busy machine and without vector instructions too


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def text(self):
        return self.out.decode()

    @property
    def json(self):
        return strict_json(self.out)


def strict_json(data):
    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    return json.loads(data.decode(), parse_constant=refuse)


def decant(*args, stdin=b"", **options):
    done = subprocess.run([PROGRAM, *args], input=stdin, capture_output=True, timeout=LONG_AGO, **options)
    return Result(done.returncode, done.stdout, done.stderr)


def default(*args, **options):
    return decant("run", "-t", "1", *args, **options)


def micro(*args, **options):
    return default("-m", MICRO, *args, **options)


def raw(*args, **options):  # the prompt as it is
    return micro("--no-chat-template", *args, **options)


def answers(*args, prompt="abc"):  # the sequences of eight tokens each
    result = raw("--json", "-n", "8", "--ignore-eos", *args, prompt)
    assert result.code == 0, result.err
    return result.json["sequences"]


def ids(*args, **options):
    return [each["ids"] for each in answers(*args, **options)]


def records(*args, call=raw):
    result = call("--jsonl", *args)
    assert result.code == 0, result.err
    return [strict_json(line) for line in result.out.splitlines()]


def page_records(path):
    """The data in a page, line by line, and that they can do nothing there but be read as JSON."""
    with open(path, encoding="utf-8") as file:
        page = file.read()
    begin = page.index('<script type="application/json" id="data">')
    text = page[page.index(">", begin) + 1:]
    text = text[:re.search("</script", text, re.IGNORECASE).start()]  # where a browser ends the element
    assert not re.search("[<>&\u2028\u2029]", text) and "@DATA@" not in page.replace(text, "")
    assert "default-src 'none'" in page and not re.search(r"<\w+[^>]*\b(?:src|href)\s*=|@import", page.replace(text, ""))
    return [strict_json(line.encode()) for line in text.split("\n") if line.strip()]


def token_bytes(record):
    return bytes.fromhex(record["token"]["bytes"])


def without_controls(text):
    return re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", text)


def as_screen(text):
    """What a terminal shows: of its codes the program uses carriage return and erase-to-the-end-of-line."""
    lines = []
    for line in text.split("\n"):
        shown = ""
        for part in line.split("\r"):
            if part.startswith("\x1b[K"):
                shown, part = "", part[3:]
            shown = part + shown[len(part):]
        lines.append(shown)
    return "\n".join(lines)


def spawn(*args, **options):
    """The program as it goes on beside the test; a hanging one is killed."""
    options.setdefault("stdin", subprocess.DEVNULL)
    prepare = options.pop("preexec_fn", lambda: None)

    def before_exec():
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a background job inherits it as ignored
        prepare()

    options["preexec_fn"] = before_exec
    process = subprocess.Popen([PROGRAM, *args], **options)
    watchdog = threading.Timer(LONG_AGO, process.kill)
    watchdog.daemon = True
    watchdog.start()
    return process


def start(*args, **options):
    return spawn(*args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


class Terminal:
    """The program with its standard error, and more if wanted, at a terminal of its own, which says how large it is if
    `columns` are given."""

    def __init__(self, *args, stdin=False, stdout=True, stderr=True, columns=0, lines=24, **options):
        self.mine, theirs = pty.openpty()
        self.resize(columns, lines)
        if not stdin:
            tty.setraw(theirs)  # line ends arrive as written

        def become_leader():
            os.setsid()
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

        self.process = spawn(*args, stdin=theirs if stdin else subprocess.DEVNULL,
                             stdout=theirs if stdout else subprocess.PIPE,
                             stderr=theirs if stderr else subprocess.DEVNULL, preexec_fn=become_leader, **options)
        os.close(theirs)

    def resize(self, columns, lines):
        fcntl.ioctl(self.mine, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, data):
        os.write(self.mine, data)

    def finish(self):
        """What it has written, to standard output if that is no terminal, and to the terminal."""
        out, shown = b"", b""
        if self.process.stdout:
            with self.process.stdout as pipe:
                out = pipe.read()
        with contextlib.suppress(OSError):  # EIO: the program has closed its end
            while piece := os.read(self.mine, 1 << 16):
                shown += piece
        os.close(self.mine)
        self.process.wait(LONG_AGO)
        return out, shown.decode()


def about(process, name):
    with open(f"/proc/{process.pid}/{name}") as file:
        return file.read()


def happens(process, condition):
    """Waits until the condition holds of the running process (on a busy machine no time is long enough). False: it ended."""
    begin = time.monotonic()
    while process.poll() is None:
        if condition():
            return True
        if time.monotonic() - begin > LONG_AGO / 2:  # say where it hangs, before the watchdog ends it
            raise AssertionError(f"waits in {about(process, 'wchan')}\n{about(process, 'status')}")
        time.sleep(0.002)
    return False


def wait_until(process, condition):
    if not happens(process, condition):
        raise AssertionError(f"ended too soon, with {process.returncode}: {process.communicate()}")


def catches(process, which=signal.SIGINT):
    caught = re.search(r"SigCgt:\s*(\w+)", about(process, "status"))
    return caught and int(caught[1], 16) >> (which - 1) & 1


def wait_until_it_catches(process):
    wait_until(process, lambda: catches(process))


def wait_until_it_has_worked(process, seconds):
    """Seconds of its own on a processor, however many others want it."""
    def worked():
        fields = about(process, "stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") >= seconds  # in the program and in the kernel
    wait_until(process, worked)


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def assert_ok(self, result):
        self.assertEqual((result.code, result.err), (0, b""))
        return result

    def assert_sentence(self, result, code, pattern):
        """One line on standard error that begins with the program's name, and nothing else anywhere."""
        self.assertEqual(result.out, b"")
        text = result.err.decode()
        self.assertRegex(text, r"\Adecant: [^\n]+\n\Z")
        self.assertRegex(text[len("decant: "):-1], r"\A" + pattern + r"\Z")
        self.assertEqual(result.code, code, text)


def main():
    """THE_TEST.py [PROGRAM] [unittest's own arguments]"""
    global PROGRAM
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-") and os.sep in sys.argv[1]:
        PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
