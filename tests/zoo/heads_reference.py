"""What make_mtp.py and make_eagle.py record of logits: clear decisions, and the largest ones."""

from references import Unclear

GUESSES = 5
TOP = 12
MARGIN = 2e-3


def likeliest(logits):
    best = logits.topk(2)
    if best.values[0] - best.values[1] < MARGIN:
        raise Unclear
    return best.indices[0].item()


def largest(logits):
    best = logits.topk(TOP)
    return [[token, round(value, 5)] for value, token in zip(best.values.tolist(), best.indices.tolist())]
