"""The figures of bench.py: medians over rounds, their ratios, as Markdown and as JSON.

A round of figures is {engine: {"share": of the processors used by others, "settings": {name: {"ms", ...}}}}. An engine's
part of a round counts if that share was small; if that leaves nothing of an engine at all, everything counts, and the
page says that it is not valid.
"""
import statistics

from machine import QUIET
from settings import FORWARDS, GOALS, STRATEGIES


class Figures:
    def __init__(self, rounds, titles):
        self.rounds, self.titles = rounds, titles
        self.valid = True
        self.counted = {engine: self._counted(engine) for engine in titles}

    def _counted(self, engine):
        have = [i for i, each in enumerate(self.rounds) if engine in each]
        quiet = [i for i in have if self.rounds[i][engine]["share"] <= QUIET]
        self.valid = self.valid and (bool(quiet) or not have)
        return quiet or have

    def values(self, engine, name):
        """{round: ms}"""
        parts = {i: self.rounds[i][engine]["settings"].get(name, {}) for i in self.counted.get(engine, [])}
        return {i: part["ms"] for i, part in parts.items() if "ms" in part}

    def failures(self):
        """{(engine, setting): why}"""
        return {(engine, name): part["failed"] for each in self.rounds for engine in each
                for name, part in each[engine]["settings"].items() if "failed" in part}

    def ms(self, engine, name):
        values = self.values(engine, name)
        return statistics.median(values.values()) if values else None

    def ratio(self, engine, name, other, other_name):
        """Median over the rounds that both have."""
        mine, theirs = self.values(engine, name), self.values(other, other_name)
        both = [mine[i] / theirs[i] for i in mine if i in theirs]
        return statistics.median(both) if both else None

    def engines(self, names):
        return [engine for engine in self.titles if any(self.values(engine, name) for name in names)]


def number(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def table(figures, names):
    engines = figures.engines(names)
    others = [engine for engine in engines if engine != "decant"]
    head = ["ms a step", "decant", "of memory", *(figures.titles[engine] for engine in others)]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name in names:
        ms, memory = figures.ms("decant", name), figures.ratio("decant", name, "decant", "memory")
        cells = [number(ms) if ms else "-", f"{memory:.1f}x" if memory else "-"]
        for engine in others:
            theirs, ratio = figures.ms(engine, name), figures.ratio(engine, name, "decant", name)
            cells.append((number(theirs) if theirs else "-") + (f" ({ratio:.2f}x)" if ratio else ""))
        if set(cells) != {"-"}:
            lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines)


def goals(figures):
    """[(words, ratio, at least or at most, goal, met)] of what was measured."""
    found = []
    for words, dividend, divisor, times, sense, goal in GOALS:
        ratio = figures.ratio(*dividend, *divisor)
        if ratio:
            ratio *= times
            found.append((words, ratio, sense, goal, ratio >= goal if sense == "at least" else ratio <= goal))
    return found


def goals_table(figures):
    lines = ["| | ratio | goal | |", "|---|---|---|---|"]
    for words, ratio, sense, goal, met in goals(figures):
        lines.append(f"| {words} | {ratio:.2f} | {sense} {goal:g} | {'met' if met else '**missed**'} |")
    return "\n".join(lines)


def page(figures, facts, missing):
    """docs/benchmarks/peers.md"""
    memory = figures.rounds[figures.counted["decant"][0]]["decant"]["settings"]["memory"]
    warning = "" if figures.valid else "**NOT VALID: other programs were busy in every round of some engine.**\n\n"
    counted = ", ".join(f"{title} {len(figures.counted[engine])}" for engine, title in figures.titles.items() if figures.counted[engine])
    lines = [f"- {title} is not available: {why}" for title, why in missing.items()]
    lines += [f"- {figures.titles[engine]}, {name}: {why}" for (engine, name), why in figures.failures().items()]
    return f"""# decant and its peers

Written by `make bench`; [bench/](../../bench) has the scripts, [requirements.txt](../../bench/requirements.txt) the versions.

{warning}{facts["model"]}, {facts["threads"]} threads, {facts["tokens"]} tokens after a prompt of {facts["prompt_tokens"]}; {facts["machine"]}; {facts["date"]}.
Milliseconds a step and, in brackets, how many times decant's. A step gives one token to every text, beams and requests
included; where tokens are drafted it is the time for one token of the text. Engines in turn, round after round; medians over
the rounds without other work on the machine ({counted}), ratios are medians of the rounds' ratios. `of memory` is
decant's step over the memory limit of the same round: reading as many bytes as the weights have
({memory["bytes"] / 1e6:.1f} MB) takes {number(figures.ms("decant", "memory"))} ms.
Loading and the prompt do not count. {facts["weights"]}

![strategies](peers-strategies.svg)

{table(figures, STRATEGIES)}

One forward of some rows, each the next token of a branch of {facts["context"]} cached ones, and of a prompt:

![rows](peers-rows.svg)

{table(figures, FORWARDS)}

## Goals

{goals_table(figures)}
""" + ("\n## Not available\n\n" + "\n".join(lines) + "\n" if lines else "")


def as_json(figures, facts, missing):
    def setting(engine, name):
        values = figures.values(engine, name)
        return {"ms": figures.ms(engine, name), "rounds": list(values.values()), "times_decant": figures.ratio(engine, name, "decant", name),
                "of_memory": figures.ratio(engine, name, "decant", "memory")}

    names = ["memory", *STRATEGIES, *FORWARDS]
    engines = {engine: {name: setting(engine, name) for name in names if figures.values(engine, name)} for engine in figures.titles}
    reached = [{"what": words, "ratio": ratio, "goal": f"{sense} {goal:g}", "met": met} for words, ratio, sense, goal, met in goals(figures)]
    missing = {**missing, **{f"{figures.titles[engine]}, {name}": why for (engine, name), why in figures.failures().items()}}
    return {**facts, "valid": figures.valid, "missing": missing, "goals": reached, "engines": {engine: found for engine, found in engines.items() if found}}
