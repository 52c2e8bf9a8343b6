#!/usr/bin/env python3
"""Cases of strangers: what users of other programs have reported, tried here.

usage: strangers_test.py PROGRAM [-k TEXT]    runs every row, or those whose report, symptom or command holds TEXT
       strangers_test.py --list               writes the table to README.md, which the test wants to be current

The rows are the objects in *_cases.json:

  report    "owner/repository#number" (or another public source)
  symptom   what went wrong there, in our words
  command   decant's arguments; {models} is the folder of the test models
  stdin     a text for standard input, which else is empty; or {"terminal": TEXT}: typed at a terminal
  files     {name: content}, in the fresh directory in which the row runs; a content is a text, {"hex": BYTES} or
            {"repeat": TEXT, "times": N}
  env       {name: value}; null takes a variable away
  terminal  columns: standard output and standard error are a terminal that wide, and `stdout` is what it was sent
  expect    the right value; whatever is named must hold:
              exit           0 if not named
              stdout         the whole text;  stdout_regex, stderr_regex: found somewhere in it (re.search)
              stdout_json    standard output is JSON that has this in it: of objects the named members, of lists every
                             element in turn, numbers to one part in 10,000
              same_as        arguments: standard output is the same as theirs
              files          {name: regex} of what the row has written
              memory_mb      the most it may take

No row may end by a signal, take 20 s of processor time, or write anything but UTF-8.
"""

import concurrent.futures
import fcntl
import glob
import json
import math
import os
import pty
import re
import resource
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MODELS = os.path.join(ROOT, "build/models")
README = os.path.join(HERE, "README.md")
WORK_SECONDS = 20  # of a processor: however busy the machine is
HANGS_SECONDS = 300
FIELDS = {"report", "symptom", "command", "stdin", "files", "env", "terminal", "expect"}
EXPECTED = {"exit", "stdout", "stdout_regex", "stderr_regex", "stdout_json", "same_as", "files", "memory_mb"}


def read_rows():
    """(name of the file without _cases.json, row), in a fixed order."""
    for path in sorted(glob.glob(os.path.join(HERE, "*_cases.json"))):
        name = os.path.basename(path).removesuffix("_cases.json")
        with open(path, encoding="utf-8") as file:
            for row in json.load(file):
                yield name, row


def faults_of_form(row):
    faults = [f"unknown field {name}" for name in row.keys() - FIELDS]
    faults += [f"no field {name}" for name in ("report", "symptom", "command", "expect") if not row.get(name)]
    return faults + [f"unknown expectation {name}" for name in row.get("expect", {}).keys() - EXPECTED]


# ---- running --------------------------------------------------------------------------------------------------------


class Result:
    def __init__(self, code, out, err, memory_mb, files):
        self.code, self.out, self.err, self.memory_mb, self.files = code, out, err, memory_mb, files


def content(source):
    if isinstance(source, str):
        return source.encode()
    return bytes.fromhex(source["hex"]) if "hex" in source else source["repeat"].encode() * source["times"]


def reader(descriptor, pieces):
    """Reads to the end beside the program, so that it never waits for us."""
    def read():
        try:
            while piece := os.read(descriptor, 1 << 16):
                pieces.append(piece)
        except OSError:  # EIO: the program has closed its end of the terminal
            pass
        os.close(descriptor)

    thread = threading.Thread(target=read)
    thread.start()
    return thread


def terminal(columns):
    mine, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    settings = termios.tcgetattr(theirs)
    settings[1] &= ~termios.OPOST  # line ends arrive as written
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, settings)
    return mine, theirs


def run(program, row, command):
    with tempfile.TemporaryDirectory() as folder:
        for name, source in row.get("files", {}).items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content(source))
        environment = {**os.environ, **row.get("env", {})}
        environment = {name: value for name, value in environment.items() if value is not None}
        stdin, typed = row.get("stdin", ""), None
        if isinstance(stdin, dict):
            stdin, typed = "", stdin["terminal"]
        mine, theirs = terminal(row.get("terminal", 80)) if "terminal" in row or typed is not None else (None, None)
        with tempfile.TemporaryFile() as given:
            given.write(stdin.encode())
            given.seek(0)
            process = subprocess.Popen(
                [program, *(each.replace("{models}", MODELS) for each in command)], cwd=folder, env=environment,
                stdin=theirs if typed is not None else given, stdout=theirs if "terminal" in row else subprocess.PIPE,
                stderr=theirs if "terminal" in row else subprocess.PIPE)
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (WORK_SECONDS, WORK_SECONDS + 1))
        return finish(process, mine, theirs, typed, row, folder)


def finish(process, mine, theirs, typed, row, folder):
    out, err, shown = [], [], []
    threads = [reader(os.dup(pipe.fileno()), pieces)
               for pipe, pieces in ((process.stdout, out), (process.stderr, err)) if pipe]
    for pipe in filter(None, (process.stdout, process.stderr)):
        pipe.close()
    if theirs is not None:
        os.close(theirs)
        if typed is not None:
            os.write(mine, typed.encode())
        threads.append(reader(mine, shown))
    watchdog = threading.Timer(HANGS_SECONDS, process.kill)
    watchdog.start()
    _, status, usage = os.wait4(process.pid, 0)
    watchdog.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    for thread in threads:
        thread.join()
    files = {}
    for name in row["expect"].get("files", {}):
        path = os.path.join(folder, name)
        with open(path if os.path.exists(path) else os.devnull, "rb") as file:
            files[name] = file.read()
    return Result(process.returncode, b"".join(shown if "terminal" in row else out), b"".join(err),
                  usage.ru_maxrss / 1024, files)


# ---- judging --------------------------------------------------------------------------------------------------------


def differs(actual, wanted, where="it"):
    """Where the JSON value has not what is wanted; empty if it has."""
    if isinstance(wanted, dict) and isinstance(actual, dict):
        for name, value in wanted.items():
            if name not in actual:
                return f"{where} has no {name}"
            if said := differs(actual[name], value, f"{where}.{name}"):
                return said
        return ""
    if isinstance(wanted, list) and isinstance(actual, list) and len(wanted) == len(actual):
        said = (differs(*pair, f"{where}[{i}]") for i, pair in enumerate(zip(actual, wanted)))
        return next(filter(None, said), "")
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (actual, wanted))
    same = math.isclose(actual, wanted, rel_tol=1e-4) if numbers else type(actual) is type(wanted) and actual == wanted
    return "" if same else f"{where} is {json.dumps(actual)[:200]}, not {json.dumps(wanted)[:200]}"


def json_fault(text, wanted):
    try:
        return differs(json.loads(text, parse_constant=lambda name: (_ for _ in ()).throw(ValueError(name))), wanted)
    except ValueError as error:
        return f"it is no JSON: {error}"


def faults_of(result, expect, other=None):
    """What of the expectation does not hold."""
    try:
        out, err = result.out.decode(), result.err.decode()
    except UnicodeDecodeError as error:
        return [f"no UTF-8: {error}"]
    if result.code < 0:
        return [f"ended by {signal.Signals(-result.code).name}; standard error: {err[-500:]!r}"]
    faults = []
    if result.code != expect.get("exit", 0):
        faults.append(f"exit {result.code}, not {expect.get('exit', 0)}; standard error: {err[-500:]!r}")
    if "stdout" in expect and out != expect["stdout"]:
        faults.append(f"stdout is {out[:500]!r}, not {expect['stdout']!r}")
    for name, text in ("stdout", out), ("stderr", err):
        pattern = expect.get(f"{name}_regex")
        if pattern is not None and not re.search(pattern, text):
            faults.append(f"{name} has nothing like /{pattern}/: {text[:500]!r}")
    if "stdout_json" in expect and (said := json_fault(out, expect["stdout_json"])):
        faults.append(f"stdout_json: {said}")
    for name, pattern in expect.get("files", {}).items():
        if not re.search(pattern, result.files[name].decode(errors="replace")):
            faults.append(f"{name} has nothing like /{pattern}/: {result.files[name][:200]!r}")
    if result.memory_mb > expect.get("memory_mb", math.inf):
        faults.append(f"it took {result.memory_mb:.0f} MB, {expect['memory_mb']} are allowed")
    if other and other.out != result.out:
        faults.append(f"stdout is {out[:500]!r}, that of same_as {other.out[:500]!r}")
    return faults


def judge(program, row):
    faults = faults_of_form(row)
    if faults:
        return faults
    expect = row["expect"]
    other = run(program, row, expect["same_as"]) if "same_as" in expect else None
    return faults_of(run(program, row, row["command"]), expect, other)


def self_test():
    """Each expectation can fail."""
    result = Result(0, b'{"a": [1.00001, "x"], "b": null}\n', b"decant: no\n", 10, {"f": b"text"})
    held = {"stdout_json": {"a": [1, "x"]}, "stdout_regex": "nul+", "stderr_regex": "^decant", "files": {"f": "ex"},
            "memory_mb": 10}
    assert faults_of(result, held, result) == []
    broken = [{"exit": 1}, {"stdout": "x"}, {"stdout_regex": "^x"}, {"stderr_regex": "yes"}, {"stdout_json": {"a": [1]}},
              {"stdout_json": {"a": [1.001, "x"]}}, {"stdout_json": {"b": False}}, {"stdout_json": {"c": 1}},
              {"files": {"f": "y"}}, {"memory_mb": 9}]
    for expect in broken:
        assert len(faults_of(result, expect)) == 1, expect
    assert faults_of(result, {}, Result(0, b"y", b"", 1, {}))
    assert faults_of(Result(-11, b"", b"", 1, {}), {}) and faults_of(Result(0, b"\xff", b"", 1, {}), {})
    assert faults_of_form({"report": "r", "symptom": "s", "command": ["x"], "expect": {"exi": 1}, "comand": 1})


# ---- the table ------------------------------------------------------------------------------------------------------


def cell(text):
    for old, new in ("&", "&amp;"), ("<", "&lt;"), ("|", "\\|"), ("\n", " "):
        text = text.replace(old, new)
    return text


def code(text):
    """As code in a table, where a bar would end the cell and a backtick the code."""
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", text)
    if len(text) > 160:
        text = text[:159] + "…"
    fence = "``" if "`" in text else "`"
    pad = " " if "`" in text else ""
    return fence + pad + text.replace("|", "\\|") + pad + fence


def as_typed(command):
    return "decant " + shlex.join(each.replace("{models}", "build/models") for each in command)


def command_of(row):
    line = as_typed(row["command"])
    stdin = row.get("stdin", "")
    if isinstance(stdin, dict):
        return code(line) + " at a terminal"
    return code(line + (" < TEXT" if stdin else "")) + (
        f" on a terminal of {row['terminal']} columns" if "terminal" in row else "")


def right_value(expect):
    parts = [f"exit {expect.get('exit', 0)}"]
    for name, words in ("stdout", "writes"), ("stdout_regex", "writes"), ("stderr_regex", "says"):
        if name in expect:
            parts.append(f"{words} {code(expect[name])}")
    if "stdout_json" in expect:
        parts.append("JSON with " + code(json.dumps(expect["stdout_json"], ensure_ascii=False)))
    if "same_as" in expect:
        parts.append("the same as " + code(as_typed(expect["same_as"])))
    for name, pattern in expect.get("files", {}).items():
        parts.append(f"{name} with {code(pattern)}")
    if "memory_mb" in expect:
        parts.append(f"at most {expect['memory_mb']} MB")
    return ", ".join(parts)


def table():
    rows = list(read_rows())
    page = f"""# Cases of strangers

{len(rows)} reports about other programs, tried on decant in `make test`. Made by `strangers_test.py --list`; the head of
that file says what a row is. Commands are as typed in the repository's folder.
"""
    last = None
    for name, row in rows:
        if name != last:
            page += f"\n## {name}\n\n| report | symptom | command | right value |\n|---|---|---|---|\n"
        last = name
        page += f"| {cell(row['report'])} | {cell(row['symptom'])} | {command_of(row)} | {right_value(row['expect'])} |\n"
    return page


def main():
    if sys.argv[1:] == ["--list"]:
        with open(README, "w", encoding="utf-8") as file:
            file.write(table())
        return 0
    self_test()
    program = os.path.abspath(sys.argv[1])
    wanted = sys.argv[3] if sys.argv[2:3] == ["-k"] else ""
    rows = [row for _, row in read_rows() if wanted in json.dumps(row, ensure_ascii=False)]
    with concurrent.futures.ThreadPoolExecutor(2) as two:
        judged = list(two.map(lambda row: judge(program, row), rows))
    bad = 0
    for row, faults in zip(rows, judged):
        bad += bool(faults)
        for fault in faults:
            print(f"{row.get('report')}: {row.get('symptom')}\n  {as_typed(row.get('command', []))}\n  {fault}")
    with open(README, encoding="utf-8") as file:
        stale = not wanted and file.read() != table()
    if stale:
        print("tests/strangers/README.md is not that of the rows: tests/strangers/strangers_test.py --list")
    print(f"strangers: {len(rows)} rows, {bad} faults")
    return 1 if bad or stale else 0


if __name__ == "__main__":
    sys.exit(main())
