"""The engines that bench.py runs in turn. Each has a file of its own, which says how it is asked for the same thing.

An engine has `title` and
    prepare(job)            brings it here; raises Unavailable(why)
    measure(names, job)     {setting: {"ms": a step, "ids": tokens, ...}} for those of the settings that it has, or
                            {setting: {"failed": why}}
A job is {model, weights, threads, tokens, prompt (ids), text}. All engines get the same prompt and write the same number
of tokens, whatever the end-of-sequence token says; neither loading nor the prompt counts.
"""
import os
import subprocess

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(BENCH)
HOME = os.path.join(ROOT, "build", "bench")
LONGEST = 1800  # seconds that a program may take


class Unavailable(Exception):
    pass


def reason(text):
    """The last line of what a failed program said, which mostly says why."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it failed without a word"


def ask(*command, **how):
    """What a program says on standard output, and on standard error."""
    name = os.path.basename(command[0])
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, **how)
    except subprocess.TimeoutExpired as late:
        raise Unavailable(f"{name} did not end within {LONGEST} s") from late
    if done.returncode:
        raise Unavailable(f"{name}: {reason(done.stderr)}")
    return done.stdout, done.stderr


def each(names, measure):
    """{name: measure(name)} where that is not None."""
    answer = {}
    for name in names:
        try:
            found = measure(name)
        except Exception as why:  # of any engine's own kind
            found = {"failed": reason(str(why) or repr(why))}
        if found:
            answer[name] = found
    return answer


def half_of(job):
    """The lower half of the model, as a GGUF file."""
    return os.path.join(job["weights"], "half.gguf")
