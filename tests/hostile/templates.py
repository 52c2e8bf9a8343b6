"""Chat templates that would take the stack, the time or the memory of whoever renders them; the same ones for a seed."""

import random

FILTERS = ["tojson", "list", "sort", "unique", "reverse", "join", "string", "upper", "lower", "title", "trim", "length",
           "first", "last", "items", "indent", "replace('a','aaaaaaaa')", "batch(2)", "map('upper')", "select", "sum",
           "selectattr('role')", "groupby('role')", "dictsort", "wordcount", "default('x')", "abs", "int", "float"]


def deep(dice):
    """Nesting of one kind, or of two kinds mixed."""
    n = dice.choice([500, 3_000, 20_000, 150_000])
    around = [("(", ")"), ("[", "]"), ("not ", ""), ("-", ""), ("{'a':", "}"), ("x(", ")"), ("x[", "]"), ("1 if 1 else (", ")"),
              ("(1,", ")"), ("range(", ")"), ("'a'~(", ")"), ("1+(", ")"), ("a is b and (", ")"), ("x.y(", ")")]
    first, second = dice.choice(around), dice.choice(around)
    body = (first[0] + second[0]) * (n // 2) + "1" + (second[1] + first[1]) * (n // 2)
    return "{{ " + body + " }}"


def chain(dice):
    """No nesting in the text, but a tree as deep as the chain is long."""
    n = dice.choice([2_000, 30_000, 150_000])
    link = dice.choice(["+1", "~'a'", "|string", ".a", "[0]", " and 1", " or 0", " if 1 else 2", " is defined", "(1)",
                        "|trim|upper", " in [1]", " == 1", "*1", "[1:]", " if x", "-1"])
    return "{{ 1" + link * n + " }}"


def blocks(dice):
    n = dice.choice([500, 5_000, 20_000])
    begin, end = dice.choice([("{% if 1 %}", "{% endif %}"), ("{% for i in [1] %}", "{% endfor %}"),
                              ("{% macro a() %}", "{% endmacro %}"), ("{% set a %}", "{% endset %}"),
                              ("{% filter upper %}", "{% endfilter %}"), ("{% if 0 %}{% else %}", "{% endif %}"),
                              ("{% if 0 %}", "{% elif 1 %}" * 5 + "{% endif %}")])
    return begin * n + "x" + end * dice.choice([n, n, n - 1])


def loops(dice):
    depth = dice.choice([1, 2, 3, 5, 9])
    n = dice.choice([1_000, 100_000, 10**7]) if depth == 1 else dice.choice([100, 1_000])
    body = dice.choice(["", "x", "{{ i0 }}", "{% set a = i0 %}", "{% if i0 %}{% endif %}", "{{ messages }}"])
    if dice.random() < 0.3:
        body += dice.choice(["{% break %}", "{% continue %}"])
    for i in range(depth):
        body = f"{{% for i{depth - 1 - i} in range({n}) %}}{body}{{% endfor %}}"
    return body


def growth(dice):
    """What doubles, or is repeated, so often."""
    n = dice.choice([20, 28, 40, 64, 1_000])
    start, again = dice.choice([("'abcdefgh'", "{% set s = s ~ s %}"), ("'abc'", "{% set s = s + s %}"), ("[1,2]", "{% set s = s + s %}"),
                                ("[1]", "{% set s = [s, s] %}"), ("[1]", "{% set s = [s] %}"), ("'abc'", "{% set s = s * 10 %}"),
                                ("'aaaa'", "{% set s = s|replace('a', s) %}"), ("{'a':1}", "{% set s = {'a': s, 'b': s} %}"),
                                ("['a','b']", "{% set s = [s|join('ab')] + s %}"), ("'a'", "{% set s = s|tojson %}")])
    use = dice.choice(["{{ s }}", "{{ s|tojson }}", "{{ s|string|length }}", "{{ s == s }}", "{{ s in [s] }}", "", "{{ {s: 1} }}"])
    return f"{{% set s = {start} %}}" + again * n + use


def namespace_loop(dice):
    change = dice.choice(["n.s ~ n.s", "[n.s, n.s]", "[n.s]", "n.s + n.s", "n.s ~ 'a'"])
    start = "[1]" if "[" in change else "'ab'"
    return (f"{{% set n = namespace(s={start}) %}}{{% for i in range({dice.choice([30, 1_000, 40_000, 90_000])}) %}}"
            f"{{% set n.s = {change} %}}{{% endfor %}}" + dice.choice(["{{ n.s }}", "{{ n.s|tojson }}", ""]))


def huge(dice):
    big = dice.choice([10**6, 10**8, 10**9, 10**12, 2**63 - 1, -1])
    return dice.choice([f"{{{{ 'a' * {big} }}}}", f"{{{{ range({big})|list|length }}}}", f"{{{{ range({big})|tojson }}}}",
                        f"{{{{ ' '|indent({big}) }}}}", f"{{{{ [1]|tojson(indent={big}) }}}}", f"{{{{ 'abc'|center({big}) }}}}",
                        f"{{{{ 'ab'.replace('', 'x' * {big}) }}}}", f"{{{{ range(0, {big}, 1)|sort }}}}", f"{{{{ ('ab' * {big})|upper }}}}",
                        f"{{{{ range(-{abs(big)}, {abs(big)})|join(',') }}}}", f"{{{{ 'a'[0:{big}:{dice.choice([0, 1, -1, 2])}] }}}}",
                        f"{{{{ messages[{big}] }}}}", f"{{{{ '%{big}d' % 3 }}}}", f"{{{{ {big} * {big} * {big} }}}}", f"{{{{ 1 % 0 }}}}",
                        f"{{{{ {big} // 0 }}}}", f"{{{{ '{{:>{big}}}'.format(1) }}}}"])


def macros(dice):
    """Macros that call themselves or each other, in the body, in an argument, through caller()."""
    return dice.choice(["{% macro a(x) %}{{ a(x) }}{% endmacro %}{{ a(1) }}",
                        "{% macro a(x) %}{{ a(x) }}{{ a(x) }}{% endmacro %}{{ a(1) }}",
                        "{% macro a(x) %}{{ b(x) }}{% endmacro %}{% macro b(x) %}{{ a(x) }}{% endmacro %}{{ a(1) }}",
                        "{% macro a(x) %}{% if x > 0 %}{{ a(x-1) }}{{ a(x-1) }}{% endif %}{% endmacro %}{{ a(DEPTH) }}",
                        "{% macro a(x) %}{% if x > 0 %}{{ a(x-1) }}{% endif %}{% endmacro %}{{ a(DEPTH) }}",
                        "{% macro a(x=a()) %}{{ x }}{% endmacro %}{{ a() }}",
                        "{% macro a() %}{{ caller() }}{% endmacro %}{% call a() %}{% call a() %}{{ a() }}{% endcall %}{% endcall %}",
                        "{% macro a(f) %}{{ f(f) }}{% endmacro %}{{ a(a) }}",
                        "{% set n = namespace(f=1) %}{% macro a() %}{{ n.f() }}{% endmacro %}{% set n.f = a %}{{ a() }}"
                        ]).replace("DEPTH", str(dice.choice([15, 30, 1_000, 30_000])))


def filters(dice):
    lists = ["range(3000)", "range(200000)", "messages", "'abc' * 100000", "[[1] * 3] * 3", "[{'a': range(1000)|list}]", "none", "x.y"]
    return "{{ " + dice.choice(lists) + "".join("|" + dice.choice(FILTERS) for _ in range(dice.choice([1, 3, 12, 40]))) + " }}"


def broken(dice):
    """Pieces of a good template cut, doubled and exchanged; any bytes."""
    good = ("{%- for m in messages -%}{%- if m['role'] == 'user' -%}{{ bos_token + m.content|trim }}{# a #}{%- elif loop.last -%}"
            "{{ raise_exception('no') }}{%- else -%}{{- m.role }}{%- endif -%}{%- endfor -%}{{ '\\n' if add_generation_prompt else x }}")
    text = good
    for _ in range(dice.choice([1, 2, 6])):
        at, to = sorted(dice.randrange(len(text) + 1) for _ in range(2))
        text = dice.choice([text[:at] + text[to:], text[:to] + text[at:], text[:at] + dice.choice("{}%#-'\"\\()[]|.,:\n\x00\x7f~*/=") + text[at:],
                            text[:at] + good[at:to] + text[at:]])
    return text


def self_references(dice):
    make = dice.choice(["{% set n = namespace(a=1) %}{% set n.a = n %}", "{% set n = {'a': 1} %}{% set _ = n.update({'a': n}) %}",
                        "{% set n = [1] %}{% set _ = n.append(n) %}", "{% set n = [] %}{% for i in range(9) %}{% set _ = n.append([n, n]) %}{% endfor %}",
                        "{% set n = [1] %}{% for i in n %}{% set _ = n.append(i) %}{% endfor %}", "{% for m in messages %}{% set _ = messages.append(m) %}{% endfor %}"])
    return make + dice.choice(["{{ n }}", "{{ n|tojson }}", "{{ n|string }}", "{{ n == n }}", "{{ n|length }}", "{{ {n: n} }}", "{{ messages }}"])


KINDS = [deep, chain, blocks, loops, growth, namespace_loop, huge, macros, filters, broken, self_references]


def hostile_templates(count, seed):
    """(kind, template), the kinds in turn."""
    dice = random.Random(seed)
    return [(kind.__name__, kind(dice)[:1_000_000]) for kind in (KINDS[i % len(KINDS)] for i in range(count))]
