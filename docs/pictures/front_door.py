"""README's moving picture, from two real runs: front_door.py [--still SECOND] [PROGRAM [MODEL]] > front_door.svg

A text that is drawn, each token with what it was chosen from; then beams that grow, and die. The picture is one SVG that
moves by CSS alone: each element has the times at which it is there. --still: what is seen at that second.
"""

import json
import math
import os
import subprocess
import sys
from xml.sax.saxutils import escape

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DRAWN = ["--no-chat-template", "--temperature", "0.7", "--top-p", "0.9", "--seed", "4", "-n", "10", "The lighthouse keeper"]
BEAMS = ["--no-chat-template", "--num-beams", "4", "-n", "10", "The capital of Japan is"]
WIDTH, HEIGHT, CHARACTER = 960, 420, 9.0  # pixels; a character of the 15 pixel font
TOKEN, STEP = 0.75, 0.7  # seconds
SURFACE, INK, MUTED, FAINT, ACCENT = "#16181d", "#e6e6e6", "#9aa0aa", "#4a505c", "#6cb2ff"
WARM = (255, 170, 60)  # the tint of what was not expected


def run(program, model, arguments):
    done = subprocess.run([program, "run", "-t", "1", "-m", model, "--jsonl", *arguments],
                          capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


class Picture:
    def __init__(self):
        self.body, self.styles, self.duration = [], {}, 0.0

    def add(self, markup):
        self.body.append(markup)

    def there(self, begin, end, after=0.0):
        """A class: seen from begin to end (seconds), `after` as strongly from then on."""
        return self.styles.setdefault((round(begin, 3), round(end, 3), after, None), f"s{len(self.styles)}")

    def dims(self, begin, end, at):
        """A class: seen from begin to end, faintly from `at` on."""
        return self.styles.setdefault((round(begin, 3), round(end, 3), 0.0, round(at, 3)), f"s{len(self.styles)}")

    def text(self, x, y, text, css, colour=INK, more=""):
        self.add(f'<text x="{x:.1f}" y="{y:.1f}" class="{css}" fill="{colour}"{more}>{escape(text)}</text>')

    def svg(self, still):
        def percent(second):
            return f"{100 * second / self.duration:.2f}%"

        rules = []
        for (begin, end, after, faint), name in self.styles.items():
            stops = [(0, 0), (begin, 0), (min(begin + 0.12, end), 1)]
            if faint is not None:
                stops += [(faint, 1), (min(faint + 0.5, end), 0.3)]
            stops += [(end, stops[-1][1]), (min(end + 0.2, self.duration), after), (self.duration, after)]
            rules.append(f"@keyframes {name}{{" + "".join(f"{percent(at)}{{opacity:{value}}}" for at, value in stops) + "}\n"
                         f".{name}{{animation-name:{name}}}")
        # Without motion: the last moment of the beams.
        calm = f"animation-play-state:paused;animation-delay:-{self.duration - 1.2:.1f}s"
        moment = f"*{{animation-play-state:paused!important;animation-delay:-{still}s!important}}" if still else ""
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t">',
            '<title id="t">A text that is drawn, each token with what it was chosen from; then four beams that grow, and die</title>',
            "<!-- made by docs/pictures/front_door.py -->",
            "<style>text{font:15px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}",
            ".small{font-size:12px}.bold{font-weight:bold}",
            f"[class^=s]{{opacity:0;animation:{self.duration:.2f}s linear infinite}}", *rules,
            f"@media (prefers-reduced-motion:reduce){{[class^=s]{{{calm}}}}}", moment, "</style>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" rx="10" fill="{SURFACE}"/>', *self.body, "</svg>", ""])


def command(picture, arguments, begin, end):
    line = "decant run " + " ".join(f'"{each}"' if " " in each else each for each in arguments)
    css = picture.there(begin, end)
    picture.text(28, 42, "$", css, ACCENT)
    picture.text(28 + 2 * CHARACTER, 42, line, css, INK, ' style="font-size:14px"')


def tint(p):
    """None for a likely token; the stronger the less it was expected."""
    return min(1.0, max(0.0, -math.log2(max(p, 1e-6)) - 1) / 6)


def drawn(picture, records, begin):
    """A text token by token; below it what the token was drawn from."""
    decisions = [each for each in records if "token" in each]
    first, end = begin + 1.0, begin + 1.0 + TOKEN * len(decisions) + 1.2
    command(picture, DRAWN, begin, end)
    picture.text(28, 394, "drawn: each token says what it was chosen from. Orange: not what one would expect", picture.there(begin, end), MUTED)
    x = 28.0
    prompt = records[0]["run"]["prompt_text"]
    picture.text(x, 92, prompt, picture.there(begin + 0.5, end), MUTED)
    x += len(prompt) * CHARACTER
    for index, each in enumerate(decisions):
        at = first + TOKEN * index
        until = at + TOKEN - 0.12 if index + 1 < len(decisions) else end
        word, css = each["token"]["text"], picture.there(at, end)
        red, green, blue = WARM
        picture.add(f'<rect x="{x:.1f}" y="74.0" width="{len(word) * CHARACTER:.1f}" height="25.0" rx="3" class="{css}" '
                    f'fill="rgba({red},{green},{blue},{0.55 * tint(each["p_raw"]):.2f})"/>')
        picture.text(x, 92, word, css)
        x += len(word) * CHARACTER
        kept = [row for row in each["top"] if not row["cut_by"]]
        rows = kept[:6]
        if each["token"]["id"] not in [row["id"] for row in rows]:
            rows = rows[:5] + [row for row in kept if row["id"] == each["token"]["id"]]
        here = picture.there(at, until)
        for place, row in enumerate(rows):
            y, mine = 146 + 30 * place, row["id"] == each["token"]["id"]
            colour = ACCENT if mine else FAINT
            picture.text(40, y, (">" if mine else " ") + " " + json.dumps(row["text"], ensure_ascii=False), here, INK if mine else MUTED,
                         ' font-weight="bold"' if mine else "")
            picture.add(f'<rect x="250" y="{y - 13}.0" width="{max(2, 560 * row["p"]):.1f}" height="17" rx="3" class="{here}" fill="{colour}"/>')
            picture.text(250 + max(2, 560 * row["p"]) + 10, y, f'{100 * row["p"]:.1f} %', here, INK if mine else MUTED)
        if len(kept) > len(rows):
            picture.text(40, 146 + 30 * len(rows), f"  and {len(kept) - len(rows)} more that the cuts have left", here, FAINT)
    return end + 0.4


def grown(picture, records, begin):
    """The tree of a search, step by step: a column for each, the best text on top."""
    steps = [each["search"]["candidates"] for each in records if "search" in each]
    ends = next(each["finished"] for each in records if "finished" in each)
    nodes = {each["node"]: dict(each, column=column) for column, step in enumerate(steps) for each in step if each["node"]}
    best, path = ends[0]["node"], set()
    while best:
        path.add(best)
        best = nodes[best]["parent"]
    last = {}  # the step in which somebody still stands on the node
    for node in sorted(nodes, reverse=True):
        reached = max(last.get(node, 0), nodes[node]["column"])
        last[node] = reached
        last[nodes[node]["parent"]] = max(last.get(nodes[node]["parent"], 0), reached)
    first, begun = begin + 1.0, begin
    over = first + STEP * len(steps)
    end = over + 3.0
    command(picture, BEAMS, begun, end)
    picture.text(28, 394, "searched: four beams. Faint: a text that died, because four others were better", picture.there(begun, end), MUTED)
    columns = [[node for node in nodes if nodes[node]["column"] == column] for column in range(len(steps))]
    word = {node: json.dumps(nodes[node]["token"]["text"], ensure_ascii=False)[1:-1].replace("\\n", "↵").strip() or "end" for node in nodes}
    x, left = [], 34.0
    for column in columns:
        x.append(left)
        left += max(len(word[node]) for node in column) * CHARACTER + 30
    scale = min(1.0, (WIDTH - 50) / left)
    place = {}
    for column, members in enumerate(columns):
        for row, node in enumerate(sorted(members, key=lambda node: nodes[node]["rank"])):
            place[node] = (34 + (x[column] - 34) * scale, 100 + 54 * row)
    for node, each in nodes.items():
        here, at = place[node], first + STEP * each["column"]
        dead = first + STEP * (last[node] + 1)
        css = picture.dims(at, end, dead) if last[node] + 1 < len(steps) else picture.there(at, end)
        if each["parent"]:
            there = place[each["parent"]]
            from_x = there[0] + len(word[each["parent"]]) * CHARACTER * scale + 3
            line = f'd="M{from_x:.1f} {there[1] - 5:.1f}C{here[0] - 8:.1f} {there[1] - 5:.1f} {from_x + 6:.1f} {here[1] - 5:.1f} {here[0] - 3:.1f} {here[1] - 5:.1f}"'
            picture.add(f'<path {line} class="{css}" fill="none" stroke="{FAINT}" stroke-width="1.5"/>')
            if node in path:
                picture.add(f'<path {line} class="{picture.there(over, end)}" fill="none" stroke="{ACCENT}" stroke-width="3"/>')
        size = f' style="font-size:{15 * scale:.1f}px"'
        picture.text(*here, word[node], css, INK, size)
        picture.text(here[0], here[1] + 15, f'{math.exp(each["log_p"]):.2f}', css, MUTED, ' style="font-size:11.0px"')
        if node in path:
            picture.text(*here, word[node], picture.there(over, end), ACCENT, size)
    text = records[0]["run"]["prompt_text"] + "".join(nodes[node]["token"]["text"] for node in sorted(path))
    picture.text(28, 366, text, picture.there(over, end), ACCENT, ' font-weight="bold"')
    return end + 0.4


def main():
    arguments, still = sys.argv[1:], None
    if arguments[:1] == ["--still"]:
        still, arguments = arguments[1], arguments[2:]
    program = arguments[0] if arguments else os.path.join(ROOT, "build/release/decant")
    model = arguments[1] if arguments[1:] else os.path.join(ROOT, "build/models/smollm2-f32.gguf")
    picture = Picture()
    picture.duration = grown(picture, run(program, model, BEAMS), drawn(picture, run(program, model, DRAWN), 0.0))
    sys.stdout.write(picture.svg(still))


if __name__ == "__main__":
    main()
