"""Ctrl-C at random moments: interrupts_test.py [PROGRAM]; interrupts_test.py PROGRAM COUNT [SEED] [BUSY] [COMMAND...] tries many, of all
commands or these, beside BUSY programs that only compute, and says how long each command took to end.

At a terminal of 60, 80 or 120 columns, in colour or not. Whatever the moment: what was written stands, in whole characters and without
a code that the program does not use; the exit code is 130 (or the signal's, before there was anything to keep); a second Ctrl-C ends it.
"""

import math
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import termios
import time

import support
from support import MICRO, ROOT, Case, Terminal

MODEL = os.path.join(ROOT, "build/models/smollm2-q4_0.gguf")
LONG = "Tell me the story of the lighthouse keeper — in many words, naïve ones too. " * 60
COMMANDS = {
    "run": ("run", "-m", MODEL, "--ignore-eos", "-n", "2000", "Tell me a long story."),
    "prefill": ("run", "-m", MODEL, "--ignore-eos", "-n", "2000", LONG),
    "beam": ("run", "-m", MODEL, "--ignore-eos", "-n", "500", "--num-beams", "4", "Tell me a long story."),
    "tree": ("run", "-m", MODEL, "--ignore-eos", "-n", "500", "--num-beams", "4", "--show", "tree", "Tell me a long story."),
    "compare": ("compare", "-m", MODEL, "--ignore-eos", "-n", "500", "--setting", "temperature=1", "--setting", "num_beams=3", "A story."),
    "sweep": ("sweep", "-m", MODEL, "--ignore-eos", "-n", "200", "--grid", "temperature=0.5,1,1.5", "--out", "OUT", "A story."),
    "chat": ("chat", "-m", MODEL, "--ignore-eos", "--quiet", "--no-history", "-n", "2000"),
}
CODES = re.compile(r"\x1b\[[0-9;]*[mKAJCDGHhl]|\x1b\[\?\d+[hl]|[\r\n\t\x07\x08]")


def cpu_seconds(process):
    try:
        fields = support.about(process, "stat").rpartition(")")[2].split()
    except OSError:
        return float("inf")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def interrupt(name, columns, color, moment, twice):
    """Seconds from Ctrl-C until the command had ended (or the chat asked again), and what was wrong."""
    with tempfile.TemporaryDirectory() as folder:
        args = [os.path.join(folder, "out.jsonl") if each == "OUT" else each for each in COMMANDS[name]]
        env = {**os.environ, "TERM": "xterm", "LANG": "C.UTF-8"}
        env.update({"NO_COLOR": "1"} if not color else {})
        terminal = Terminal(*args, "-t", "1", columns=columns, stdin=True, env=env)
        process, seen = terminal.process, b""

        def read(seconds):
            nonlocal seen
            end = time.monotonic() + seconds
            os.set_blocking(terminal.mine, False)
            while time.monotonic() < end:
                try:
                    piece = os.read(terminal.mine, 1 << 16)
                except BlockingIOError:
                    time.sleep(0.002)
                    if process.poll() is not None:
                        return
                    continue
                except OSError:
                    return
                seen += piece

        if name == "chat":
            while b"> " not in seen and process.poll() is None:
                read(0.05)
            terminal.type(b"Tell me a long story.\r")
            while not termios.tcgetattr(terminal.mine)[3] & termios.ISIG and process.poll() is None:
                read(0.002)  # until the line is the program's: before, Ctrl-C is a key
        while cpu_seconds(process) < moment and process.poll() is None:
            read(0.005)
        before = len(seen)
        begin = time.monotonic()
        terminal.type(b"\x03")
        if twice:
            read(0.01)
            terminal.type(b"\x03")
        if name == "chat" and not twice:
            while b"> " not in seen[before:] and process.poll() is None and time.monotonic() - begin < 100:
                read(0.002)
            took = time.monotonic() - begin
            terminal.type(b"\x04")
            read(0.05)
        deadline = time.monotonic() + 100
        while process.poll() is None and time.monotonic() < deadline:
            read(0.02)
            if name == "chat":  # where both came before the answer had begun, or after it had ended, it asks again
                terminal.type(b"\x04")
        if name != "chat" or twice:
            took = time.monotonic() - begin
        faults = []
        if process.poll() is None:
            faults.append("it goes on")
            process.kill()
        code = process.wait()
        os.set_blocking(terminal.mine, True)
        try:
            while piece := os.read(terminal.mine, 1 << 16):
                seen += piece
        except OSError:
            pass
        os.close(terminal.mine)
        if code not in (0, 130, -2):
            faults.append(f"exit code {code}")
        try:
            text = seen.decode()
        except UnicodeDecodeError as error:
            faults.append(f"half a character: {error}")
            text = seen.decode(errors="replace")
        if left := re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", CODES.sub("", text)):
            faults.append(f"a raw {left.string[left.start():left.start() + 12]!r}")
        if not color and re.search(r"\x1b\[[1-9][0-9;]*m", text):
            faults.append("colour")
        return took, code, [f"{name}, {columns} columns, after {moment:.2f} s: {fault}" for fault in faults]


def campaign(count, seed, told=lambda *_: None, commands=tuple(COMMANDS)):
    chance = random.Random(seed)
    times, codes, faults = {}, {}, []
    for i in range(count):
        name = commands[i % len(commands)]
        columns, color, moment, twice = chance.choice((60, 80, 120)), chance.random() < 0.5, chance.uniform(0, 2.5), chance.random() < 0.3
        took, code, wrong = interrupt(name, columns, color, moment, twice)
        told(f"{name:<8} {'twice' if twice else 'once '} {1000 * took:5.0f} ms, exit code {code}{''.join(chr(10) + each for each in wrong)}")
        times.setdefault((name, "twice" if twice else "once"), []).append(took)
        codes[code] = codes.get(code, 0) + 1
        faults += wrong
    return times, codes, faults


class Interrupts(Case):
    def test_a_few(self):
        _, _, faults = campaign(len(COMMANDS), seed=7)
        self.assertEqual(faults, [])


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[2].isdigit():
        support.PROGRAM = os.path.abspath(sys.argv[1])
        many, first, busy = map(int, [*sys.argv[2:5], *("1", "0")[len(sys.argv) - 3:]])
        busy_ones = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
        try:
            found, ended, wrong = campaign(many, first, lambda line: print(line, flush=True), tuple(sys.argv[5:]) or tuple(COMMANDS))
        finally:
            for each in busy_ones:
                each.kill()
        for (command, times), seconds in sorted(found.items()):
            p99 = sorted(seconds)[math.ceil(0.99 * len(seconds)) - 1]
            print(f"{command:<8} {times:<5} {len(seconds):>3} tries: median {1000 * statistics.median(seconds):.0f} ms, p99 {1000 * p99:.0f} ms, "
                  f"at most {1000 * max(seconds):.0f} ms")
        print(f"exit codes {ended}, load {os.getloadavg()[0]:.0f}")
        print("\n".join(wrong) or "nothing wrong")
        sys.exit(1 if wrong else 0)
    support.main()
