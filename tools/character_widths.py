#!/usr/bin/env python3
"""Prints cli/character_widths.h: which characters take no column of a terminal, and which take two.

None: what is drawn onto the character before it (nonspacing and enclosing marks, the vowels and finals of Hangul syllables
written in parts) and what only steers (format characters, but for the soft hyphen and the signs that stand before Arabic
numbers, which are seen). Two: East Asian Width W and F (UAX 11), and what the C library counts among them. Code points that
Python's Unicode does not assign yet take what those on both sides take.
"""

import sys
import unicodedata

SEEN = {0xAD, *range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
WIDE = {*range(0x3248, 0x3250), *range(0x4DC0, 0x4E00)}


def width(code):
    """Columns; nothing of a code point that is not assigned."""
    character = chr(code)
    category = unicodedata.category(character)
    if category in ("Mn", "Me") or (category == "Cf" and code not in SEEN):
        return 0
    if 0x1160 <= code < 0x1200 or 0xD7B0 <= code < 0xD800:
        return 0
    if category in ("Cn", "Cs", "Co"):
        return 2 if 0x20000 <= code <= 0x3FFFD else None
    return 2 if code in WIDE or unicodedata.east_asian_width(character) in "WF" else 1


def spans(wanted):
    found, open_span = [], None
    for code in range(0x110000):
        columns = width(code)
        if columns == wanted:
            if open_span is None:
                open_span = [code, code]
            open_span[1] = code
        elif columns is not None and open_span:
            found.append(open_span)
            open_span = None
    return found + ([open_span] if open_span else [])


def table(name, wanted):
    lines, line = [], " "
    for first, last in spans(wanted):
        entry = f" {{0x{first:04X}, 0x{last:04X}}},"
        if len(line + entry) > 120:
            lines.append(line)
            line = " "
        line += entry
    return f"inline constexpr CharacterSpan {name}[] = {{\n" + "\n".join([*lines, line]) + "\n};\n"


def main():
    sys.stdout.write(f"""// Made by tools/character_widths.py from Unicode {unicodedata.unidata_version}: which characters take no column of a terminal, and which two.
// clang-format off
#pragma once

namespace decant {{

struct CharacterSpan {{
  char32_t first, last;
}};

{table("zero_width_characters", 0)}
{table("wide_characters", 2)}
}}  // namespace decant
// clang-format on
""")


if __name__ == "__main__":
    main()
