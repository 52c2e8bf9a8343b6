"""A terminal's screen, as far as the program needs one: what is seen after all that was sent to it."""

import re
import unicodedata

CODE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])")


def width(character):
    """Columns, from Python's own tables."""
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf") or 0x1160 <= ord(character) < 0x1200:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def columns(text):
    return sum(map(width, text))


class Screen:
    """Lines above the `height` last ones have scrolled away, and can no longer be reached."""

    def __init__(self, columns, height=24):
        self.columns, self.height = columns, height
        self.lines, self.row, self.column = [[]], 0, 0
        self.wrapped = set()  # lines that the terminal itself broke
        self.codes = []  # all that were obeyed

    def send(self, text):
        at = 0
        while at < len(text):
            code = CODE.match(text, at)
            if code:
                self.obey(code[2], code[1])
                at = code.end()
            else:
                self.put(text[at])
                at += 1
        return self

    def obey(self, letter, numbers):
        self.codes.append(letter)
        n = int(numbers or 1) if ";" not in numbers else 1
        if letter == "A":
            self.row = max(self.row - n, len(self.lines) - self.height, 0)
        elif letter == "G":
            self.column = n - 1
        elif letter == "K":
            assert not numbers or numbers == "0"
            del self.lines[self.row][self.column:]
        elif letter == "J":
            assert not numbers or numbers == "0"
            del self.lines[self.row][self.column:]
            del self.lines[self.row + 1:]
        else:
            assert letter == "m", f"an unknown code: {numbers}{letter}"

    def new_line(self):
        self.row += 1
        self.column = 0
        if self.row == len(self.lines):
            self.lines.append([])

    def put(self, character):
        if character == "\n":
            self.new_line()
        elif character == "\r":
            self.column = 0
        elif character == "\t":
            self.column = min(self.column // 8 * 8 + 8, self.columns - 1)
        else:
            assert ord(character) >= 32 and not 127 <= ord(character) < 160, f"a control character: {character!r}"
            self.draw(character, width(character))

    def draw(self, character, wide):
        line = self.lines[self.row]
        if wide == 0:
            if self.column > 0 and self.column <= len(line):
                line[self.column - 1] += character
            return
        if self.column + wide > self.columns:
            self.wrapped.add(self.row)
            self.new_line()
            line = self.lines[self.row]
        line.extend(" " for _ in range(self.column + wide - len(line)))
        line[self.column:self.column + wide] = [character, *[""] * (wide - 1)]
        self.column += wide

    @property
    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.lines)
