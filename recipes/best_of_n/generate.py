"""Best of n: several texts are drawn together, and the best is the answer. Best is what a function says, what the model finds likeliest a
token, or the text that agrees most with all others (minimum Bayes risk; Eikema & Aziz 2022, with the F1 of token pairs as utility)."""

from collections import Counter


def pairs(ids):
    return Counter(zip(ids, ids[1:])) or Counter(ids)


def f1(a, b):
    """Of two texts' token pairs."""
    common = sum((pairs(a) & pairs(b)).values())
    total = sum(pairs(a).values()) + sum(pairs(b).values())
    return 2 * common / total if total else 1.0


def scores_of(texts, by, run):
    if callable(by):
        return [by(run.model.detokenize([choice.token for choice in text])) for text in texts]
    if by == "logprob":
        return [sum(choice.logprob for choice in text) / max(len(text), 1) for text in texts]
    ids = [[choice.token for choice in text] for text in texts]
    return [sum(f1(a, b) for j, b in enumerate(ids) if j != i) for i, a in enumerate(ids)]


def generate(run, by="agreement"):
    n = run.options["num_return_sequences"]
    texts, tips = [[] for _ in range(n)], [run.prompt] * n
    open_texts = list(range(n))
    while open_texts:
        rows = yield [tips[i] for i in open_texts]
        for i, row in zip(list(open_texts), rows):
            step = run.process(i, tips[i], row)
            choice = run.choose(step, run.sample(step))
            texts[i].append(choice)
            if run.ends(choice):
                open_texts.remove(i)
            else:
                tips[i] = run.child(choice)
    order = sorted(zip(scores_of(texts, by, run), range(n)), key=lambda each: (-each[0], each[1]))
    for place, (_, i) in enumerate(order):
        for choice in texts[i]:
            run.emit(place, choice)
