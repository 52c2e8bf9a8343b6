#!/usr/bin/env python3
"""Makes src/schema/unicode_table.cpp, what \\p{..} and (?i) of patterns need to know of Unicode: unicode_table.py > FILE

General categories and simple case from Python's unicodedata; scripts, which Python does not have, from the package
fonttools (fontTools.unicodedata). A number is the first code point of a run and, in its low byte, what the run is."""
import sys
import unicodedata

from fontTools.unicodedata import Scripts

LAST = 0x10FFFF
CATEGORIES = ["Cn", "Cc", "Cf", "Co", "Cs", "Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Me", "Mn", "Nd", "Nl", "No", "Pc", "Pd", "Pe",
              "Pf", "Pi", "Po", "Ps", "Sc", "Sk", "Sm", "So", "Zl", "Zp", "Zs"]


def runs(value_of):
    """(first code point, value) wherever the value changes; upper and lower case in turn are one run of its own kind."""
    found = []
    for c in range(LAST + 1):
        value = value_of(c)
        if not found or found[-1][1] != value:
            found.append((c, value))
    return found


def table(name, numbers):
    print(f"constexpr std::uint32_t {name}[] = {{")
    for i in range(0, len(numbers), 10):
        print("    " + " ".join(f"0x{number:x}," for number in numbers[i:i + 10]))
    print("};\n")


def case_pairs():
    """(c, the one it is matched as) where they differ: simple case folding, as far as one character becomes one."""
    for c in range(LAST + 1):
        text = chr(c)
        if text == "\u0130" or 0xD800 <= c <= 0xDFFF:
            continue
        folded = text.casefold()
        if len(folded) != 1:
            folded = text.lower() if len(text.lower()) == 1 else text
        if folded != text:
            yield c, ord(folded)


def case_runs():
    """(first, last, step, distance): every step-th character from first to last folds to the one at that distance."""
    found = []
    for c, folded in case_pairs():
        if found:
            first, last, step, distance = found[-1]
            if folded - c == distance and (c - last == step or (first == last and c - last <= 2)):
                found[-1] = (first, c, c - last, distance)
                continue
        found.append((c, c, 1, folded - c))
    return found


scripts = sorted(set(Scripts.VALUES))
assert len(scripts) < 256
scripts_at = {}
for first, last_value in zip(Scripts.RANGES, Scripts.VALUES):
    scripts_at[first] = last_value
current, script_runs = None, []
for first in sorted(scripts_at):
    if scripts_at[first] != current:
        current = scripts_at[first]
        script_runs.append((first, scripts.index(current)))

print(f"// Made by scripts/unicode_table.py: Unicode {unicodedata.unidata_version}, its scripts as of the package fonttools.\n"
      '#include "schema/unicode_table.h"\n\nnamespace decant::unicode {\nnamespace {\n\n// clang-format off')
table("kCategoryRuns", [c << 8 | CATEGORIES.index(value) for c, value in runs(lambda c: unicodedata.category(chr(c)))])
table("kScriptRuns", [c << 8 | value for c, value in script_runs])
print("constexpr CaseRun kCaseRuns[] = {")
found = case_runs()
for i in range(0, len(found), 4):
    print("    " + " ".join("{0x%x, 0x%x, %d, %d}," % run for run in found[i:i + 4]))
print("};\n")
print("constexpr std::string_view kCategories[] = {" + ", ".join(f'"{each}"' for each in CATEGORIES) + "};\n")
print("constexpr ScriptName kScripts[] = {")
for each in scripts:
    print(f'    {{"{each}", "{Scripts.NAMES[each]}"}},')
print("};\n// clang-format on\n\n}  // namespace\n")
for kind, function, name in [("std::span<const std::uint32_t>", "category_runs", "kCategoryRuns"), ("std::span<const std::uint32_t>", "script_runs", "kScriptRuns"),
                             ("std::span<const CaseRun>", "case_runs", "kCaseRuns"), ("std::span<const std::string_view>", "categories", "kCategories"),
                             ("std::span<const ScriptName>", "scripts", "kScripts")]:
    print(f"{kind} {function}() {{ return {name}; }}")
print("\n}  // namespace decant::unicode")
sys.exit(0)
