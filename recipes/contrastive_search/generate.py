"""Contrastive search (Su et al. 2022) as a recipe: of the k likeliest tokens the one with the highest
(1 - alpha) p - alpha max cos(its hidden state, those of the text so far). Token for token what penalty_alpha and top_k do natively."""

import numpy as np


def unit(rows):
    hidden = np.stack([row.hidden for row in rows])
    return hidden / np.linalg.norm(hidden, axis=1, keepdims=True)


def likeliest(scores, k):
    """The k best tokens, best first, and their probabilities."""
    top = np.argpartition(-scores, k)[:k]
    top = top[np.lexsort((top, -scores[top]))]
    weights = np.exp(scores - scores[top[0]])
    return top, weights[top] / weights.sum(dtype=np.float64)


def generate(run, alpha: float = 0.6, k: int = 4):
    *before, last = run.prompt_nodes
    rows, (row,) = ((yield [run.ask(before, logits=False, hidden=True), run.ask(last, hidden=True)]) if before else ([], (yield run.ask(last, hidden=True))))
    past, tip = unit([*rows, row]), run.prompt
    while not run.finished():
        step = run.process(0, tip, row)
        tokens, p = likeliest(step.scores, k)
        rows = yield run.ask([tip.child(int(token)) for token in tokens], logits=False, hidden=True)
        states = unit(rows)
        best = int(np.argmax((1 - alpha) * p - alpha * (states @ past.T).max(axis=1)))
        tip = run.emit(0, step, tokens[best])
        past = np.concatenate([past, states[best : best + 1]])
        row = run.with_logits(rows[best])
