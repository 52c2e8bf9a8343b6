#!/usr/bin/env python3
"""No C++ function over 100 lines, includes between the folders of src/ only along the DEPENDS of CMakeLists.txt, and every file
in the list of HACKING.md.

usage: check_sources.py    in a checkout; looks at every tracked C++ file
"""
import pathlib
import re
import subprocess
import sys

LIMIT = 100
NO_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\[^\']+|[^\'\\\n])\'|^[ \t]*#(?:\\\n|[^\n])*', re.S | re.M)
SCOPE = re.compile(r"(?:template\s*<.*>\s*)?(?:inline\s+)?(?:namespace|class|struct|union|enum|extern)\b")


def functions(text):
    """(first line, lines) of every function and every lambda that is in none."""
    text = NO_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    inside = []  # the open braces: True for a scope that holds functions, else where its head begins
    head = 0
    for match in re.finditer(r"[{};]", text):
        if match.group() == "{":
            words = text[head:match.start()].strip()
            begin = match.start() - len(text[head:match.start()].lstrip())
            is_scope = all(each is True for each in inside) and SCOPE.match(words)
            inside.append(True if is_scope else (begin, not words.endswith("=")))  # a table is no function
        elif match.group() == "}" and inside:
            closed = inside.pop()
            if closed is not True and closed[1] and all(each is True for each in inside):
                first = text.count("\n", 0, closed[0]) + 1
                yield first, text.count("\n", 0, match.start()) + 2 - first
        if match.group() != ";" or all(each is True for each in inside):
            head = match.end()


def arrows(cmake):
    """Each folder of src/ with all those that it may include."""
    direct = {name: set(re.findall(r"\bdecant_(\w+)", rest)) for name, rest in re.findall(r"^ *decant_library\((\w+)([^)]*)\)", cmake, re.M)}

    def below(name):
        return {name}.union(*(below(each) for each in direct[name]))

    return {name: below(name) for name in direct}


def wrong_includes(folder, text, allowed):
    for match in re.finditer(r'^#include "(\w+)/', text, re.M):
        if match.group(1) not in allowed[folder]:
            yield text.count("\n", 0, match.start()) + 1, match.group(1)


def not_listed(hacking, files):
    """Files that the section "Where everything is" does not name: a name stands for all that begin with it and `_`, `_end` for all that end so."""
    sections, folder = {}, None
    for line in re.search(r"^## Where everything is$(.*?)^## ", hacking, re.S | re.M)[1].split("\n"):
        if heading := re.match(r" {4}(\S+/)(?: |$)", line):
            folder = heading[1]
        elif re.match(r" {4}\S", line):
            folder = None
        if folder:
            sections[folder] = sections.get(folder, "") + line + "\n"
    for path in files:
        folder, name = path.rsplit("/", 1)
        if folder.startswith(("src", "cli", "server", "python", "tools", "scripts")) and folder.count("/") == folder.startswith("src/"):
            section, stem = sections.get(folder + "/", ""), name.split(".")[0]
            names = set(re.findall(r"\w+", section))
            known = stem in names or any(stem.startswith(each.rstrip("_") + "_") or (each[0] == "_" and stem.endswith(each)) for each in names if len(each) > 2)
            if not known and "one file each" not in section:
                yield path


def self_test():
    hacking = "## Where everything is\n\n    src/a/  what\n      bee, cee_dee.h  it\n      eff (_gee: more)\n    src/g/  one file each\n    Makefile\n\n## Next\n"
    files = ["src/a/bee.cpp", "src/a/bee_x.cpp", "src/a/cee_dee.h", "src/a/eff_gee.h", "src/g/x.h", "src/a/cee.h", "src/h/i.h", "tests/a/z.cpp"]
    assert list(not_listed(hacking, files)) == ["src/a/cee.h", "src/h/i.h"]
    long = "namespace a {\nint f(int x) {\n" + "  g(x);\n" * LIMIT + "}\n}\n"
    assert [lines for _, lines in functions(long)] == [LIMIT + 2]
    assert list(functions('struct S {\n  int f() { return g("{"); }\n};\nint t[] = {\n1,\n};\n')) == [(2, 1)]
    allowed = arrows("decant_library(a DEPENDS x::x)\ndecant_library(b ROWS DEPENDS decant_a)\ndecant_library(c DEPENDS decant_b)")
    assert list(wrong_includes("c", '#include "a/f.h"\n', allowed)) == []
    assert list(wrong_includes("a", '#include <b>\n#include "b/f.h"\n', allowed)) == [(2, "b")]


def main():
    self_test()
    cmake = "\n".join(pathlib.Path(path).read_text() for path in ["CMakeLists.txt", "cmake/kernels.cmake"])
    allowed = arrows(cmake)
    files = subprocess.run(["git", "ls-files", "*.cpp", "*.h"], capture_output=True, text=True, check=True).stdout.split()
    faults, longest = [], (0, "")
    for path in files:
        text = pathlib.Path(path).read_text()
        for line, lines in functions(text):
            longest = max(longest, (lines, f"{path}:{line}"))
            if lines > LIMIT:
                faults.append(f"{path}:{line}: a function of {lines} lines, {LIMIT} are allowed")
        if path.startswith("src/"):
            folder = path.split("/")[1]
            for line, other in wrong_includes(folder, text, allowed):
                faults.append(f"{path}:{line}: {folder} does not depend on {other} (CMakeLists.txt)")
    scripts = subprocess.run(["git", "ls-files", "scripts/*.py", "tools/*.py"], capture_output=True, text=True, check=True).stdout.split()
    faults += [f"{path}: not in the list of HACKING.md" for path in not_listed(pathlib.Path("HACKING.md").read_text(), files + scripts)]
    print("\n".join([*faults, f"sources: {len(files)} files, {len(faults)} faults; longest function: {longest[0]} lines, {longest[1]}"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
