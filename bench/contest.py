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
    prefill: float  # seconds
    decode: float
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
    drafters = stats.get("speculation", {}).get("drafters", [])
    return Written(found["sequences"][0]["ids"], stats["prefill_s"], stats["decode_s"], stats["evals"], stats["rows"],
                   sum(each["drafted"] for each in drafters), sum(each["kept"] for each in drafters))


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


def compare(prompt, without, with_):
    """What is guessed behind the prompt is verified with it, so the time that this adds belongs to the text."""
    extra = median(each.prefill for each in with_) - median(each.prefill for each in without)
    texts = [(one.decode, two.decode + extra) for one, two in zip(without, with_)]
    whole = median((one.prefill + one.decode) / (two.prefill + two.decode) for one, two in zip(without, with_))
    tokens = len(without[0].ids)
    return {"name": prompt.name, "tokens": tokens, "ratio": median(one / two for one, two in texts), "whole": whole,
            "ms": [1e3 * median(each) / max(tokens - 1, 1) for each in zip(*texts)],
            "drafted": with_[0].drafted, "kept": with_[0].kept, "evals": with_[0].evals, "rows": with_[0].rows}


def measure(contest, given):
    prompts = contest.prompts[::3] if given.quick else contest.prompts
    found = [(prompt, in_turn(contest, prompt, given)) for prompt in prompts]
    rows = []
    for way in contest.ways:
        each = [compare(prompt, written[""], written[way]) for prompt, written in found]
        ratios = [one["ratio"] for one in each]
        drafted = sum(one["drafted"] for one in each)
        goal = contest.goal.get(way) if isinstance(contest.goal, dict) else contest.goal
        rows.append({"group": contest.group, "what": contest.what, "way": way, "model": os.path.basename(contest.model), "goal": goal,
                     "ratio": median(ratios), "low": min(ratios), "high": max(ratios), "whole": median(one["whole"] for one in each),
                     "kept": sum(one["kept"] for one in each) / drafted if drafted else None, "drafted": drafted, "prompts": each})
    return rows
