"""SLED, self logits evolution decoding (Zhang et al. 2024, arXiv 2411.02433): the last layer's logits take a step towards what the layers
before it have been moving to. Of each early layer n and each of the k likeliest tokens i: how well does the way from the last logits to the
early ones go along the gradient that would have come from i being the truth, cos(p_n - e_i, l_n - l_N)? What that says of i, squared where
positive and made a distribution, is the layer's latent one; the layers' are averaged by how much they say; the last logits go along the
gradient of the cross-entropy with the average, by `evolution_rate`. Only the k tokens can be chosen. One step, as the authors' program takes
for open texts (github.com/JayZhang42/SLED)."""

import numpy as np

OUT = -100.0  # logits of tokens that cannot be chosen: no probability is left to them


def latent(early, last, top):
    """(k,): how much each of the tokens `top` is the truth that the early layers (layers, vocabulary) know of; sums to 1, or is 0."""
    p = np.exp(early - early.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    way = early - last
    # p - e_i differs from p at i alone, so its products with others and itself need no vector of their own.
    dots = (p * way).sum(1, keepdims=True) - way[:, top]
    lengths = np.sqrt((p * p).sum(1, keepdims=True) - 2 * p[:, top] + 1) * np.linalg.norm(way, axis=1, keepdims=True)
    said = np.maximum(dots / np.maximum(lengths, 1e-30), 0) ** 2
    weights = said.sum(1, keepdims=True)
    each = np.divide(said, weights, out=np.zeros_like(said), where=weights > 0)
    total = weights.sum()
    return (each * weights / total).sum(0) if total > 0 else np.zeros(len(top))


def evolved(last, early, rate, k):
    last, early = last.astype(np.float64), np.stack(early).astype(np.float64)
    top = np.argpartition(-last, k)[:k]
    p = np.exp(last - last.max())
    logits = np.full(len(last), OUT, dtype=np.float32)
    logits[top] = last[top] - rate * (p[top] / p.sum() - latent(early, last, top))
    return logits


def generate(run, layers=None, evolution_rate: float = 2.0, evolution_scale: int = 10):
    layers = list(range(run.model.n_layer)) if layers is None else list(layers)
    tip = run.prompt
    while not run.finished():
        (row,) = yield run.ask(tip, layers=layers)
        step = run.process(0, tip, run.row(evolved(row.logits, row.layers, evolution_rate, evolution_scale)))
        tip = run.emit(0, step, run.sample(step) if run.options["do_sample"] else step.argmax)
