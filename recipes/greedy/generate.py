"""Greedy search: the likeliest token, every time. The shortest recipe there is."""


def generate(run):
    tip = run.prompt
    while not run.finished():
        row = yield tip
        step = run.process(0, tip, row)
        tip = run.emit(0, step, step.argmax)
