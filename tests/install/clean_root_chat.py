"""A talk at a terminal, as a new user types it: clean_root_chat.py PROGRAM [plain]

plain: there is no libedit, so a line is not mended with the arrow keys.
"""

import os
import pty
import select
import sys
import time

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], [sys.argv[1], "chat", "--quiet"])
seen = b""


def until(text, begin):
    global seen
    end = time.time() + 300
    while text not in seen[begin:]:
        assert time.time() < end and select.select([terminal], [], [], 300)[0], (text, seen)
        seen += os.read(terminal, 4096)
    return len(seen)


at = until(b"> ", 0)
mended = b"" if sys.argv[2:] == ["plain"] else 2 * b"\x1b[D" + b"\x7fa"
os.write(terminal, b"What is the capital of Jap%bn?" % (b"x" if mended else b"a") + mended + b"\r")
at = until(b"Tokyo", until(b"\n", at))
until(b"> ", at)
os.write(terminal, b"/bye\r")
try:
    while os.read(terminal, 4096):
        pass
except OSError:  # the terminal is closed
    pass
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
print("it was asked, and said Tokyo")
