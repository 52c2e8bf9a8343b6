"""Phrases banned by going back: as soon as one is in the text, the tree goes back to where it began, and another token is taken there. A ban
by tokens (bad_words) knows one spelling of a phrase and forbids its parts in other words; this looks at the text. (Known from Paech's
antislop sampler, 2024.)"""

import re

import numpy as np


def generate(run, phrases=(), most: int = 100):
    phrases = [phrases] if isinstance(phrases, str) else list(phrases)
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(phrase)}(?!\w)" for phrase in phrases), re.IGNORECASE) if phrases else None
    tips, path, banned, left = [run.prompt], [], {}, most
    while True:
        row = yield tips[-1]
        step = run.process(0, tips[-1], row)
        scores = np.array(step.scores)
        scores[list(banned.get(len(path), ()))] = -np.inf
        path.append(run.choose(step, int(scores.argmax())))
        ends = run.ends(path[-1])
        back = begin_of(run, path, pattern, bool(ends)) if pattern and left > 0 else None
        if back is not None:
            left -= 1
            banned = {place: tokens for place, tokens in banned.items() if place <= back}
            banned.setdefault(back, set()).add(path[back].token)
            del path[back:], tips[back + 1 :]
            continue
        if ends:
            break
        tips.append(run.child(path[-1]))
    for choice in path:
        run.emit(0, choice)


def begin_of(run, path, pattern, over):
    """The place of the token in which a banned phrase begins, once it is known to be one: what follows is no letter of the same word."""
    lengths = [len(run.model.detokenize([choice.token for choice in path[: i + 1]])) for i in range(len(path))]
    text = run.model.detokenize([choice.token for choice in path])
    found = next((each for each in pattern.finditer(text) if over or each.end() < len(text)), None)
    return None if found is None else next(i for i, length in enumerate(lengths) if length > found.start())
