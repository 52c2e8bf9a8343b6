#!/usr/bin/env python3
"""Every await reads `auto name = co_await f(names);`.

GCC 12 destroys temporaries inside an awaited expression twice, rejects braces there, and later versions miscompile
structured bindings of it. This flags every statement with co_await that holds a brace, a lambda, a binding, a literal
or a nested call that could make a temporary. tests/run/task_test.cpp shows what breaks.

usage: check_co_await.py FOLDER...
"""
import pathlib
import re
import sys

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
STRING = re.compile(r'"(\\.|[^"\\])*"')
ALLOWED = re.compile(r"^(?:(?:const\s+)?auto&?\s+\w+\s*=\s*)?co_await\s+[\w.\->:]+(?:<\w+>)?\(\s*(?:[\w.\->]+\s*(?:,\s*[\w.\->]+\s*)*)?\)$"
                     r"|^(?:(?:const\s+)?auto&?\s+\w+\s*=\s*)?co_await\s+\w+$")
DEFINITION = re.compile(r"operator\s+co_await")
ALLOWED_FILES = {"task.h", "task_test.cpp"}  # the mechanism itself, and the test of what it can stand


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def violations(path):
    text = STRING.sub(lambda m: '"' + " " * (len(m.group()) - 2) + '"', COMMENT.sub(blank, path.read_text()))
    for match in re.finditer(r"\bco_await\b", text):
        begin = max(text.rfind(c, 0, match.start()) for c in ";{}") + 1
        end = match.end()
        depth = 0
        while end < len(text) and (text[end] != ";" or depth):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            if depth < 0:
                break
            end += 1
        statement = " ".join(text[begin:end].split())
        if not ALLOWED.match(statement):
            yield text.count("\n", 0, match.start()) + 1, statement


def main(folders):
    found = 0
    for folder in folders:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.suffix not in {".h", ".cpp"} or path.name in ALLOWED_FILES:
                continue
            for line, statement in violations(path):
                found += 1
                print(f"{path}:{line}: write `auto name = co_await f(names);`, not `{statement}`", file=sys.stderr)
    print(f"co_await: {found} statements break the rule" if found else "co_await: every statement keeps the rule")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
