"""Keep thinking when uncertain: a text that wants to end while its last tokens were hard to choose goes on with other words instead.

Nearest in print: "Wait" of s1 (Muennighoff et al. 2025), which appends it a fixed number of times; here the entropy of the last tokens
decides.
"""

import numpy as np


def entropy(logits):
    """In bits, of softmax(logits)."""
    shifted = logits.astype(np.float64) - logits.max()
    p = np.exp(shifted)
    total = p.sum()
    return float((np.log(total) - (p * shifted).sum() / total) / np.log(2))


def generate(run, words=" Wait, let me think again.", bits: float = 1.0, window: int = 10, most: int = 2):
    insert = run.model.tokenize(words)
    ends = set(run.options["eos_token_id"] or run.model.end_of_turn_ids)
    tip, hard, forced, left = run.prompt, [], [], most
    while not run.finished():
        row = yield tip
        step = run.process(0, tip, row)
        token = step.argmax
        if forced:
            token = forced.pop(0)
        elif token in ends and left > 0 and len(hard) > 0 and np.mean(hard[-window:]) > bits:
            left -= 1
            token, *forced = insert
        else:
            hard.append(entropy(row.logits))
        tip = run.emit(0, step, token)
