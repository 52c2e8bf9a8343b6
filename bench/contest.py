"""Ways to write the same texts, in turn: the times of each over those without a drafter."""
import json
import os
from statistics import median
from typing import NamedTuple

from peers import Unavailable, ask
from peers.decant import PROGRAM


class Contest(NamedTuple):
    group: str
    what: str
    model: str
    prompts: list
    ways: dict            # {name: options}
    options: list = []    # of all ways
    goal: object = None   # the least ratio, of all ways or by way


class Written(NamedTuple):
    ids: list
    prefill: float  # seconds until the prompt was read
    decode: float   # and from then on
    with_prompt: int  # tokens that came with the prompt: the first, and guesses behind it
    evals: int
    rows: int
    drafted: int
    kept: int


def write(contest, prompt, options, given):
    environment = {**os.environ, **({"DECANT_ISA": given.isa} if given.isa else {})}
    said, _ = ask(PROGRAM, "run", "--json", "--no-chat-template", "-m", contest.model, "-n", str(given.tokens), *prompt.options,
                  *contest.options, *options, "-p", prompt.text, env=environment)
    found = json.loads(said)
    stats = found["stats"]
    speculation = stats.get("speculation", {"drafters": [], "with_prompt": 1})
    return Written(found["sequences"][0]["ids"], stats["prefill_s"], stats["decode_s"], speculation["with_prompt"], stats["evals"],
                   stats["rows"], *(sum(each[what] for each in speculation["drafters"]) for what in ("drafted", "kept")))


def in_turn(contest, prompt, given):
    """{way: [Written]}, "" for the one without; every repeat begins with another one."""
    ways = {"": [], **contest.ways}
    found = {way: [] for way in ways}
    for repeat in range(given.repeats):
        names = list(ways)
        names = names[repeat % len(names):] + names[:repeat % len(names)]
        for way in names:
            found[way].append(write(contest, prompt, ways[way], given))
            if found[way][-1].ids != found[names[0]][-1].ids:
                raise Unavailable(f"{contest.what}, {prompt.name}: with {way or names[0]} the text is another one")
    return found


def a_token(written):
    """Seconds for one of those that did not come with the prompt; None: all did."""
    tokens = len(written.ids) - written.with_prompt
    return written.decode / tokens if tokens else None


def compare(prompt, without, with_):
    pairs = list(zip(without, with_))
    times = [(a_token(one), a_token(two)) for one, two in pairs]
    times = [(one, two) for one, two in times if one and two]
    ratio = median(one / two for one, two in times) if times else None
    return {"name": prompt.name, "tokens": len(without[0].ids), "ratio": ratio,
            "whole": median((one.prefill + one.decode) / (two.prefill + two.decode) for one, two in pairs),
            "ms": [1e3 * median(each) for each in zip(*times)], **{what: getattr(with_[0], what) for what in ("with_prompt", "drafted", "kept", "evals", "rows")}}


def measure(contest, given):
    prompts = contest.prompts[::3] if given.quick else contest.prompts
    found = [(prompt, in_turn(contest, prompt, given)) for prompt in prompts]
    rows = []
    for way in contest.ways:
        each = [compare(prompt, written[""], written[way]) for prompt, written in found]
        ratios = [one["ratio"] for one in each if one["ratio"]]
        drafted = sum(one["drafted"] for one in each)
        goal = contest.goal.get(way) if isinstance(contest.goal, dict) else contest.goal
        rows.append({"group": contest.group, "what": contest.what, "way": way, "model": os.path.basename(contest.model), "goal": goal,
                     "ratio": median(ratios), "low": min(ratios), "high": max(ratios), "whole": median(one["whole"] for one in each),
                     "kept": sum(one["kept"] for one in each) / drafted if drafted else None, "drafted": drafted, "repeats": given.repeats, "tokens": given.tokens, "prompts": each})
    return rows
