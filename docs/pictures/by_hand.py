"""The examples on four tokens with which the strategies' pages begin: by_hand.py writes their pictures beside itself.

Everything is computed here from the formulas on the pages, with nothing of the engine. tests/docs/docs_test.py compares the
pictures with the files, and the numbers in the pages' sections "On four tokens" with those computed here.
"""

import os
from math import exp, log
from xml.sax.saxutils import escape

HERE = os.path.dirname(os.path.abspath(__file__))
CARD, EDGE, INK, MUTED, PLAIN, CHOSEN, OTHER, CUT = "#fdfdfc", "#d9d9d6", "#1f2328", "#656c76", "#b8bec8", "#2a6fdb", "#c2571a", "#e9e9e6"
ROW, LABEL, PANEL, MARGIN = 26, 56, 232, 22  # pixels


class Example:
    """A page's picture, and the numbers that its text may use."""

    def __init__(self, alt):
        self.alt, self.body, self.width, self.height, self.numbers = alt, [], 0, 0, set()

    def knows(self, *values):
        """As a page may write them: with one to four digits behind the point."""
        for value in filter(None, values):
            self.numbers |= {f"{abs(value):.{digits}f}" for digits in (1, 2, 3, 4)}
        return values[0] if len(values) == 1 else values

    def text(self, x, y, text, colour=INK, size=14, more=""):
        self.body.append(f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{size}"{more}>{escape(text)}</text>')
        self.width, self.height = max(self.width, x + len(text) * size * 0.56 + MARGIN), max(self.height, y + MARGIN)

    def bars(self, title, names, values, chosen=None, cut=(), other=None, form="{:.3f}", under=""):
        """A panel to the right of the others: a bar for each token, the chosen one blue, those that are cut empty."""
        left, top = self.width and self.width + 4, 30
        left = left or MARGIN
        present = [value for index, value in enumerate(values) if index not in cut and value is not None]
        low, high = min(0, *present), max(0, *present)
        room = PANEL - LABEL - 66
        zero = left + LABEL + room * -low / (high - low)
        self.text(left, top, title, INK, 14, ' font-weight="bold"')
        for index, (name, value) in enumerate(zip(names, values)):
            y = top + 26 + ROW * index
            gone = index in cut or value is None
            colour = CHOSEN if index == chosen else OTHER if index == other else PLAIN
            self.text(left, y, name, MUTED if gone else INK)
            if gone:
                self.text(left + LABEL, y, "cut" if value is None else form.format(value) + ", cut", MUTED)
                continue
            self.knows(value)
            length = max(1.5, room * abs(value) / (high - low))
            self.body.append(f'<rect x="{zero - (length if value < 0 else 0):.1f}" y="{y - 13}" width="{length:.1f}" height="16" rx="2" fill="{colour}"/>')
            self.text(left + LABEL + room + 6, y, form.format(value), CHOSEN if index == chosen else INK, 14,
                      ' font-weight="bold"' if index == chosen else "")
        if under:
            self.text(left, top + 30 + ROW * len(names), under, MUTED, 12)
        self.width = max(self.width, left + PANEL)

    def tree(self, edges, places, colours, notes):
        """Edges with their numbers between words; notes stand behind the last ones."""
        for parent, child, label in edges:
            (x1, y1), (x2, y2), colour = places[parent], places[child], colours.get(child, PLAIN)
            x1 += 8 + 8 * len(parent.split()[-1])
            dash = ' stroke-dasharray="4 4"' if colour == PLAIN else ""
            self.body.append(f'<path d="M{x1} {y1 - 5}C{x1 + 40} {y1 - 5} {x1 + 20} {y2 - 5} {x2 - 8} {y2 - 5}" fill="none" stroke="{colour}" stroke-width="{2 if dash else 3}"{dash}/>')
            self.text(x2 - 16 - 6 * len(label), y2 - 10, label, MUTED, 12)
        for name, (x, y) in places.items():
            self.text(x, y, name.split()[-1], MUTED if colours.get(name, INK) == PLAIN else INK, 15)
        for name, note in notes.items():
            x, y = places[name]
            self.text(x + 60, y, note, colours.get(name, INK) if colours.get(name) != PLAIN else MUTED, 13)

    def svg(self):
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:.0f} {self.height:.0f}" width="{self.width:.0f}" role="img" '
            f'aria-labelledby="t" font-family="system-ui,-apple-system,Segoe UI,DejaVu Sans,sans-serif">',
            f'<title id="t">{escape(self.alt)}</title>', "<!-- made by docs/pictures/by_hand.py -->",
            f'<rect x="0.5" y="0.5" width="{self.width - 1:.0f}" height="{self.height - 1:.0f}" rx="8" fill="{CARD}" stroke="{EDGE}"/>',
            *self.body, "</svg>", ""])


def softmax(scores):
    total = sum(exp(score) for score in scores if score is not None)
    return [None if score is None else exp(score) / total for score in scores]


def best(values):
    return max((value, -index) for index, value in enumerate(values) if value is not None)[1] * -1


WEATHER, LOGITS = ["sun", "rain", "snow", "fog"], [2.0, 1.5, 0.5, -1.0]


def greedy():
    e = Example("Logits, their probabilities, and the logits under a repetition penalty: sun wins, then rain")
    p = softmax(LOGITS)
    penalised = [LOGITS[0] / 1.5, *LOGITS[1:3], LOGITS[3] * 1.5]
    e.knows(*[exp(s) for s in LOGITS], sum(map(exp, LOGITS)), 1.5)
    e.bars("logits", WEATHER, LOGITS, best(LOGITS), form="{:.1f}", under="the largest wins: sun")
    e.bars("softmax: p", WEATHER, p, best(p), under="the same order, so the same winner")
    e.bars("after “sun … fog”, r = 1.5", WEATHER, penalised, best(penalised), under="2 / 1.5 and -1 x 1.5: rain wins")
    return e


def sampling():
    e = Example("Probabilities, sharpened by temperature, cut by top_k and top_p, and the race that rain wins")
    p = softmax(LOGITS)
    sharp = [s / 0.5 for s in LOGITS]
    q = softmax(sharp)
    three = softmax([*sharp[:3], None])
    two = softmax([*sharp[:2], None, None])
    noise = [0.1, 1.4]
    race = [log(two[0]) + noise[0], log(two[1]) + noise[1], None, None]
    e.knows(0.5, 0.9, *LOGITS, *noise, *map(exp, sharp), sum(map(exp, sharp)), *map(log, two[:2]), sum(three[:2]), *three[:3])
    e.bars("p, T = 1", WEATHER, p)
    e.bars("T = 0.5", WEATHER, q, under="all logits doubled")
    e.bars("top_k 3, top_p 0.9", WEATHER, two, under="what is left adds up to 1")
    e.bars("race: ln p + noise", WEATHER, race, best(race), under="noise 0.1 and 1.4: rain is drawn")
    return e


FIRST = {"the": 0.5, "a": 0.4, "cat": 0.06, "dog": 0.04}
AFTER = {"the": {"the": 0.05, "a": 0.05, "cat": 0.5, "dog": 0.4}, "a": {"the": 0.02, "a": 0.02, "cat": 0.06, "dog": 0.9},
         "cat": {"the": 0.1, "a": 0.1, "cat": 0.1, "dog": 0.7}}


def words(e):
    for row in (FIRST, *AFTER.values()):
        e.knows(*row.values())
    for first, p in FIRST.items():
        e.knows(log(p))
        for second, q in AFTER.get(first, {}).items():
            e.knows(p * q, log(q), log(p * q), log(p * q) / 2)


def two_words(e, edges, colours, notes, rows):
    places = {"·": (MARGIN, 110)}
    for name, (column, y) in rows.items():
        places[name] = (120 + 170 * (column - 1), y)
    e.tree(edges, places, colours, notes)


def beam():
    e = Example("Two beams over two words: the cat is what greedy search finds, a dog is likelier")
    words(e)
    two_words(e, [("·", "the", "0.5"), ("·", "a", "0.4"), ("·", "cat", "0.06"), ("the", "the cat", "0.5"), ("the", "the dog", "0.4"), ("a", "a dog", "0.9"), ("a", "a cat", "0.06")],
              {"the": INK, "a": CHOSEN, "the cat": INK, "a dog": CHOSEN, "the dog": PLAIN, "a cat": PLAIN, "cat": PLAIN},
              {"the cat": "0.5 x 0.5 = 0.25: second, greedy search's text", "the dog": "0.5 x 0.4 = 0.20: third of two, dies",
               "a dog": "0.4 x 0.9 = 0.36: the best", "a cat": "0.4 x 0.06 = 0.024: dies", "cat": "0.06: third of two, dies"},
              {"the": (1, 60), "a": (1, 126), "cat": (1, 190), "the cat": (2, 40), "the dog": (2, 76), "a dog": (2, 116), "a cat": (2, 152)})
    return e


def diverse_beam():
    e = Example("Two groups of one beam: the second pays for the word that the first has taken, and goes another way")
    words(e)
    e.knows(log(0.5) - 1, log(0.9), 1.0)
    two_words(e, [("·", "the", "-0.69"), ("the", "the cat", "-0.69"), ("·", "a", "-0.92"), ("a", "a dog", "-0.11")],
              {"the": CHOSEN, "the cat": CHOSEN, "a": OTHER, "a dog": OTHER},
              {"the cat": "group 1: -1.39", "a dog": "group 2: -1.02, “the” would have cost it -0.69 - 1 = -1.69"},
              {"the": (1, 70), "the cat": (2, 70), "a": (1, 140), "a dog": (2, 140)})
    return e


def constrained_beam():
    e = Example("Two beams that must say cat: one place for those that have it, one for the likeliest that has not")
    words(e)
    e.knows(log(0.36) - log(0.25), FIRST["cat"] * AFTER["cat"]["dog"])
    two_words(e, [("·", "the", "0.5"), ("·", "a", "0.4"), ("·", "cat", "0.06"), ("the", "the cat", "0.5"), ("the", "the dog", "0.4"), ("cat", "cat dog", "0.7")],
              {"the": INK, "a": PLAIN, "cat": OTHER, "the cat": CHOSEN, "the dog": INK, "cat dog": PLAIN},
              {"the cat": "0.25, bank 1, first: the answer", "the dog": "0.20, bank 0, first: lacks its word, comes behind", "cat dog": "0.042, bank 1, second: no place",
               "a": "bank 0, second: no place"},
              {"the": (1, 60), "a": (1, 120), "cat": (1, 180), "the cat": (2, 40), "the dog": (2, 80), "cat dog": (2, 180)})
    return e


def contrastive_search():
    e = Example("Probability against likeness: cat is likeliest, pet is least like what is there already")
    names, p, like = ["cat", "dog", "pet", "sat"], [0.5, 0.3, 0.15, 0.05], [0.95, 0.8, 0.6, 0.3]

    def score(alpha):
        return [*((1 - alpha) * p[i] - alpha * like[i] for i in range(3)), None]

    e.knows(*p, *like, 0.4, 0.6, 0.2, *[0.4 * x for x in p], *[0.6 * x for x in like], *score(0.6), *score(0.2),
            *[0.8 * x for x in p], *[0.2 * x for x in like])
    e.bars("p", names, p, best(p), cut=(3,), form="{:.2f}", under="top_k = 3")
    e.bars("likeness to the text", names, [*like[:3], None], form="{:.2f}", under="largest cosine with any token before")
    e.bars("0.4 p - 0.6 likeness", names, score(0.6), best(score(0.6)), under="nearest to 0 wins: pet")
    return e


def contrastive_decoding():
    e = Example("Expert, amateur, and their contrast: blue wins, and the mask keeps xyz out")
    names, expert, amateur = ["nice", "blue", "deep", "xyz"], [0.45, 0.35, 0.18, 0.02], [0.6, 0.25, 0.1495, 0.0005]
    contrast = [log(a / b) for a, b in zip(expert, amateur)]
    e.knows(0.1, 0.1 * max(expert), *expert, *amateur, *contrast, *[a / b for a, b in zip(expert, amateur)])
    e.bars("expert: p", names, expert, best(expert), form="{:.2f}", under="plausible: 0.1 x 0.45 = 0.045 and more")
    e.bars("amateur: p", names, amateur, best(amateur), form="{:.4f}")
    e.bars("ln p expert - ln p amateur", names, contrast, best(contrast[:3]), cut=(3,), under="blue; without the mask xyz")
    return e


def dola():
    e = Example("The last layer, two early ones, and what is left when the farther one is subtracted: Lima")
    names, last = ["the", "Lima", "Quito", "a"], [0.45, 0.4, 0.11, 0.04]
    layers = {2: [0.4, 0.25, 0.25, 0.1], 4: [0.6, 0.1, 0.15, 0.15]}

    def divergence(p, q):
        middle = [(a + b) / 2 for a, b in zip(p, q)]
        return sum(m * log(m / a) + m * log(m / b) for m, a, b in zip(middle, p, q)) / 2

    far = {layer: divergence(last, p) for layer, p in layers.items()}
    assert far[4] > far[2]
    score = [log(a / b) for a, b in zip(last, layers[4])]
    e.knows(0.1, 0.1 * max(last), *last, *layers[2], *layers[4], *far.values(), *score)
    e.bars("last layer: p", names, last, best(last), form="{:.2f}", under="0.1 x 0.45 = 0.045: “a” is out")
    e.bars("layer 2", names, layers[2], form="{:.2f}", under=f"{far[2]:.3f} from the last")
    e.bars("layer 4", names, layers[4], form="{:.2f}", under=f"{far[4]:.3f} from the last: this one")
    e.bars("ln p - ln p layer 4", names, score, best(score[:3]), cut=(3,), under="what came late: Lima")
    return e


def speculative():
    e = Example("The draft and the model race with the same noise, and take the same token")
    names, p, q, noise = list("abcd"), [0.5, 0.3, 0.2, 0.0], [0.2, 0.4, 0.1, 0.3], [0.31, 1.12, -0.45, 0.90]
    guess, own = ([log(x) + g if x else None for x, g in zip(row, noise)] for row in (q, p))
    e.knows(*p, *q, *noise, *(value for value in guess + own if value is not None))
    e.bars("draft: q", names, q, form="{:.2f}")
    e.bars("ln q + noise", names, guess, best(guess), under="guessed: b")
    e.bars("model: p", names, p, form="{:.2f}")
    e.bars("ln p + noise", names, own, best(own), under="written: b. The guess is kept")
    return e


EXAMPLES = [greedy, sampling, beam, diverse_beam, constrained_beam, contrastive_search, contrastive_decoding, dola, speculative]

if __name__ == "__main__":
    for each in EXAMPLES:
        with open(os.path.join(HERE, f"by-hand-{each.__name__.replace('_', '-')}.svg"), "w", encoding="utf-8") as file:
            file.write(each().svg())
