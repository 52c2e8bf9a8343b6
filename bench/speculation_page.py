"""docs/benchmarks/speculation.md, of what speculation.py has measured."""
from statistics import median

GROUPS = {
    "a": "Texts that repeat",
    "b": "A file that is read slowly, drafted for by its own weights in fewer bits",
    "c": "A target ten times as deep as its draft",
    "d": "Prose that cannot be drafted",
    "e": "Early exit on a model that was not trained for it",
    "f": "In company",
}


def verdict(row):
    if row["goal"] is None:
        return "-"
    return f"{row['goal']:g}, {'met' if row['ratio'] >= row['goal'] else '**missed**'}"


def line(row):
    kept = "nothing drafted" if row["kept"] is None else f"{100 * row['kept']:.0f}%"
    kept = "-" if row["group"] == "f" else kept
    return (f"| {row['what']} | {row['way']} | {row['model']} | {len(row['prompts'])}, {row['repeats']}, {row['tokens']} | **{row['ratio']:.2f}** | {row['low']:.2f} to {row['high']:.2f} | "
            f"{row['whole']:.2f} | {kept} | {verdict(row)} |")


def tables(rows):
    lines = []
    for group, title in GROUPS.items():
        its = [row for row in rows if row["group"] == group]
        if not its:
            continue
        lines += [f"## {title}", "", "| | drafter | file | prompts, repeats, most tokens | tokens a second, times those without | lowest and highest prompt | with the prompt | kept | at least |",
                  "|---" * 9 + "|", *map(line, its), ""]
    return lines


def peers_table(peers):
    if not peers:
        return []
    lines = ["## Beside other engines", "", "The copies without a schema, by prompt lookup of at most 10 tokens and decant's `--speculate auto`; milliseconds a token, medians over the",
             "prompts; ratios are medians of the prompts' ratios, one text each. Every engine writes as many tokens as decant's text has.", "",
             "| | without | with | times | decant's auto is faster by |", "|---|---|---|---|---|"]
    for each in peers:
        if "failed" in each:
            lines.append(f"| {each['title']} | not available: {each['failed']} | | | |")
        else:
            lines.append(f"| {each['title']} | {each['without']:.2f} | {each['with']:.2f} | {each['ratio']:.2f} | {each['times_decant']:.2f} |")
    return lines + [""]


def page(found):
    isa = f" with kernels for {found['isa']}" if found["isa"] else ""
    lines = ["# What speculation is worth", "",
             f"{found['machine']}{isa}; {found['date']}. `python3 bench/speculation.py{' --isa ' + found['isa'] if found['isa'] else ''}` measures it again ([prompts](../../bench/prompts)).",
             "Texts with and without a drafter, in turn; all were equal, token for token. A prompt's ratio is the median of its repeats', a row's the median of its prompts'. Loading",
             "and the prompt do not count, nor do the tokens that came with it; `with the prompt` is the ratio of the times of prompt and text together.", "",
             *tables(found["rows"]), *peers_table(found["peers"])]
    return "\n".join(lines)


__all__ = ["median", "page"]
