"""Two kinds of SVG plots, drawn by hand: readable on light and dark pages."""
import html
import math

COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8c8c8c"]
STYLE = """<style>text{font:13px sans-serif;fill:#24292f}.grid{stroke:#8c8c8c;stroke-opacity:.35}.limit{stroke:#8c8c8c;stroke-dasharray:5 4}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>"""


def text(x, y, words, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(str(words))}</text>'


def line(x1, y1, x2, y2, kind):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def picture(width, height, parts):
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    return "\n".join([head, STYLE, *parts, "</svg>"]) + "\n"


def legend(titles, x, y):
    parts = []
    for i, title in enumerate(titles):
        parts.append(f'<circle cx="{x + 6}" cy="{y + 20 * i}" r="5" fill="{COLOURS[i % len(COLOURS)]}"/>')
        parts.append(text(x + 18, y + 4 + 20 * i, title))
    return parts


def ticks(low, high):
    """1, 2, 5, 10, ... that cover the range."""
    steps = [digit * 10.0**power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1) for digit in (1, 2, 5)]
    first = max(i for i, step in enumerate(steps) if step <= low)
    last = min(i for i, step in enumerate(steps) if step >= high)
    return steps[first : last + 1]


def dots(names, series, limit, unit):
    """A line for each name, a dot for each of the series {title: {name: value}}, on a logarithmic axis."""
    left, right, top, gap = 215, 700, 24, 24
    values = [value for each in series.values() for value in each.values()] + [limit]
    scale = ticks(min(values), max(values))
    bottom = top + gap * len(names)

    def x(value):
        return left + (right - left) * math.log(value / scale[0]) / math.log(scale[-1] / scale[0])

    parts = [line(x(tick), top, x(tick), bottom, "grid") + text(x(tick), bottom + 18, f"{tick:g}", "middle") for tick in scale]
    parts += [line(x(limit), top, x(limit), bottom, "limit"), text(x(limit), top - 8, "memory limit", "middle")]
    for i, name in enumerate(names):
        y = top + gap * (i + 0.5)
        parts += [text(left - 12, y + 4, name, "end"), line(left, y, right, y, "grid")]
        for k, each in enumerate(series.values()):
            if name in each:
                parts.append(f'<circle cx="{x(each[name]):.1f}" cy="{y:.1f}" r="5" fill="{COLOURS[k % len(COLOURS)]}"/>')
    parts += [text(right, bottom + 38, unit, "end"), *legend(series, right + 24, top + 12)]
    return picture(right + 220, bottom + 50, parts)


def lines(series, limit, x_name, unit):
    """A line through the points of each of the series {title: {x: y}}; x by doublings."""
    left, right, top, bottom = 60, 520, 20, 320
    xs = sorted({x for each in series.values() for x in each})
    highest = max([y for each in series.values() for y in each.values()] + [limit])
    step = next(step for step in (digit * 10.0**power for power in range(-3, 6) for digit in (1, 2, 5)) if highest / step <= 6)
    ceiling = step * math.ceil(highest / step)

    def x(value):
        return left + (right - left) * math.log2(value / xs[0]) / max(math.log2(xs[-1] / xs[0]), 1)

    def y(value):
        return bottom - (bottom - top) * value / ceiling

    parts = [line(left, y(step * i), right, y(step * i), "grid") + text(left - 8, y(step * i) + 4, f"{step * i:g}", "end")
             for i in range(round(ceiling / step) + 1)]
    parts += [text(x(value), bottom + 18, value, "middle") for value in xs]
    parts += [line(left, y(limit), right, y(limit), "limit"), text(right + 4, y(limit) + 4, "memory limit")]
    for i, points in enumerate(series.values()):
        colour = COLOURS[i % len(COLOURS)]
        path = " ".join(f"{x(value):.1f},{y(points[value]):.1f}" for value in sorted(points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(value):.1f}" cy="{y(points[value]):.1f}" r="4" fill="{colour}"/>' for value in points]
    parts += [text((left + right) / 2, bottom + 38, x_name, "middle"), text(left, top - 6, unit), *legend(series, right + 24, top + 12)]
    return picture(right + 220, bottom + 50, parts)
