"""The pictures of reports in docs/, examples/ and recipes/, each of a command that its page shows:

    reports.py [PATTERN]     those whose file names have it; all by default

The page's commands run as tests/docs runs them, and what their `--html FILE` wrote is opened in Chromium (web/picture.mjs, after
scripts/web.sh). A picture keeps a digest of the tokens that were chosen, so that tests/docs/docs_test.py sees a picture of another run
than the page's. DECANT: the program (default: the one that make built).
"""

import hashlib
import os
import re
import struct
import subprocess
import sys
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/docs"))
from pages import Folder, Page  # noqa: E402

KEY = b"decant"


class Picture:
    """`part` (a selector) of the page's FILE.html, opened at `place` (as its "copy link" has it), cut below `height` pixels."""

    def __init__(self, name, page, html, part="main", place="", height=0, compare=""):
        self.name, self.page, self.html, self.part, self.place, self.height, self.compare = name, page, html, part, place, height, compare

    def take(self, folder):
        html, png = os.path.join(folder, self.html), os.path.join(ROOT, self.name)
        subprocess.run(["node", os.path.join(ROOT, "web/picture.mjs"), html, png, self.place], check=True,
                       env=dict(os.environ, PART=self.part, HEIGHT=str(self.height), COMPARE=self.compare))
        with open(png, "rb") as file:
            content = file.read()
        end = content.rindex(b"IEND") - 4
        text = b"tEXt" + KEY + b"\0" + digest(html).encode()
        with open(png, "wb") as file:
            file.write(content[:end] + struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text)) + content[end:])

    def digest(self):
        with open(os.path.join(ROOT, self.name), "rb") as file:
            found = re.search(b"tEXt" + KEY + b"\0([0-9a-f]{64})", file.read())
        return found and found[1].decode()


def digest(html):
    """Of the tokens that were chosen, whatever is in the page: a run, a comparison, a sweep."""
    with open(html, encoding="utf-8") as file:
        tokens = re.findall(r'"token":\{"id":\d+|"ids":\[[\d,]*\]', file.read())
    assert tokens, html
    return hashlib.sha256("\n".join(tokens).encode()).hexdigest()


def of(folder, page, *pictures):
    return [Picture(f"{folder}/{name}", page, *rest) for name, *rest in pictures]


PICTURES = [
    *of("docs/pictures", "docs/strategies/beam.md", ("beam-tree.png", "beams.html", "section.tree")),
    *of("docs/pictures", "docs/report.md", ("beam-pool.png", "sun.html", "section.pool", "length_penalty=0")),
    *of("docs/pictures", "docs/strategies/diverse_beam.md", ("beam-groups.png", "boy.html", "section.tree")),
    *of("docs/pictures", "docs/strategies/constrained_beam.md", ("beam-words.png", "colours.html", "section.tree")),
    *of("docs/pictures", "docs/strategies/contrastive_decoding.md", ("contrastive-decoding.png", "decoding.html", "section.step")),
    *of("docs/pictures", "docs/strategies/dola.md", ("dola-layers.png", "layers.html", "section.layers"), ("dola-step.png", "layers.html", "section.step")),
    *of("docs/pictures", "docs/strategies/speculative.md", ("speculative.png", "guesses.html", "main", "", 400)),
    *of("docs/pictures", "examples/contrastive-search/README.md",
        ("sweep.png", "alpha.html", "main", "", 400), ("compare.png", "wizard.html", "main", "", 620), ("contrastive-search.png", "search.html", "section.step")),
    *of("docs/pictures", "examples/contrastive-decoding/README.md", ("contrastive-decoding-haiku.png", "haiku.html", "section.step")),
    *of("docs/pictures", "examples/logits-and-scores/README.md",
        ("bytes.png", "bytes.html", "main", "", 640), ("fifty-columns.png", "fifty.html", "main", "view=columns", 760),
        ("top-k.png", "top-k.html", "section.step", "", 720, "top_k=10"),
        ("typical-p.png", "typical-p.html", "section.step", "", 720, "typical_p=0.5"),
        ("repetition-penalty.png", "repetition-penalty.html", "section.step", "", 720, "temperature=1 repetition_penalty=1.5")),
    *(Picture(f"recipes/{name}/trace.png", f"recipes/{name}/README.md", html, "main", "", 640) for name, html in (
        ("banned_phrases", "banned.html"), ("best_of_n", "best.html"), ("contrastive_search", "search.html"), ("greedy", "greedy.html"),
        ("roll_back", "back.html"), ("sled", "sled.html"), ("stop_when_unsure", "unsure.html"), ("think_longer", "think.html"))),
]


def main():
    wanted = [each for each in PICTURES if all(pattern in each.name for pattern in sys.argv[1:])]
    program = os.path.abspath(os.environ.get("DECANT", os.path.join(ROOT, "build/release/decant")))
    for page in dict.fromkeys(each.page for each in wanted):
        pictures = [each for each in wanted if each.page == page]
        with Folder(program, Page(page)) as folder:
            for example in folder.page.examples:
                if any(f"--html {each.html}" in example.command for each in pictures):
                    code, _, said = folder.run(example)
                    assert code == 0, f"{example.where}: {said}"
            for each in pictures:
                each.take(folder.path)
                print(each.name, flush=True)


if __name__ == "__main__":
    main()
