"""Roll back when stuck: as soon as the text repeats itself, the tree goes back to the end of the first copy and goes on from there without
the token that began the second one. Nothing of the loop is left in the text.
"""

import numpy as np


def period(ids, times, longest):
    """The length of what the end of the text says `times` times over; 0 where it does not."""
    for length in range(1, longest + 1):
        unit = ids[-length:]
        if len(ids) >= times * length and all(ids[-(i + 1) * length : len(ids) - i * length] == unit for i in range(1, times)):
            return length
    return 0


def generate(run, times: int = 3, longest: int = 40, most: int = 50):
    tips, path, banned, left = [run.prompt], [], {}, most
    while True:
        row = yield tips[-1]
        step = run.process(0, tips[-1], row)
        scores = np.array(step.scores)
        scores[list(banned.get(len(path), ()))] = -np.inf
        path.append(run.choose(step, int(scores.argmax())))
        if run.ends(path[-1]):
            break
        tips.append(run.child(path[-1]))
        length = period([choice.token for choice in path], times, longest) if left > 0 else 0
        if length:
            left -= 1
            back = len(path) - (times - 1) * length
            banned = {place: tokens for place, tokens in banned.items() if place <= back}
            banned.setdefault(back, set()).add(path[back].token)
            del path[back:], tips[back + 1 :]
    for choice in path:
        run.emit(0, choice)
