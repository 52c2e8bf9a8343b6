"""Stop early by confidence: the windowed confidence of DeepConf (Fu et al. 2025, "Deep Think with Confidence"): a token's is the mean of
-ln p over the k likeliest tokens, which is high where one is far ahead; the text ends where the mean of a window falls below a threshold.
"""

import numpy as np


def confidence(logits, k):
    top = np.partition(logits, -k)[-k:].astype(np.float64)
    largest = top.max()
    log_sum = largest + np.log(np.exp(logits.astype(np.float64) - largest).sum())
    return float(-(top - log_sum).mean())


def generate(run, threshold: float = 8.0, window: int = 16, k: int = 20):
    tip, seen = run.prompt, []
    while not run.finished():
        row = yield tip
        seen.append(confidence(row.logits, k))
        if len(seen) >= window and np.mean(seen[-window:]) < threshold:
            return
        step = run.process(0, tip, row)
        tip = run.emit(0, step, run.sample(step) if run.options["do_sample"] else step.argmax)
