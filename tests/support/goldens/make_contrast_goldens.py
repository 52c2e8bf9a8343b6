#!/usr/bin/env python3
"""Writes contrast.json: the answers of contrastive search, DoLa and contrastive decoding.

Those of contrastive search and DoLa are Hugging Face transformers' on the same F32 weights. transformers has no
contrastive decoding; its answers are computed here, in double precision. README.md beside this file says how to run it
and what each field means. The output depends on nothing but the model and the versions that make_goldens.py names.

Another machine's rounding must not turn a case round. So every decision is repeated with noise many times larger than
the rounding, and only a case in which all these agree is written.
"""

import argparse
import copy
import hashlib
import itertools
import math
import pathlib
import time

import torch
import transformers
from make_beam_goldens import Noise, write
from make_goldens import EOS, PROMPTS, VERSIONS, Oracle, check_versions, decimals, digits
from torch import nn
from transformers.cache_utils import DynamicCache
from transformers.generation import utils
from transformers.modeling_outputs import CausalLMOutputWithPast

NOISE = 1e-4  # largest change of a logit; rounding changes the logits of this model by 3e-5 at most
HIDDEN_NOISE = 1e-3  # the same of an element of a hidden state, in root mean squares
NOISY_RUNS = 8  # a decision that hangs on 2e-5 survives all of them once in 60 times
MIN_LAYER_MARGIN = 1e-4  # between the two largest divergences of DoLa's layers, relative
MAX_ERROR = 5e-5  # between a score of transformers and one in double precision: absolute below 1, relative above
DEAD = -1e6  # transformers' beam search fills empty places with such scores

SEED_PROMPTS = {
    "spaceship": "The spaceship landed on the alien planet and the crew",
    "wizard": "The old wizard walked up to the magical glowing orb and",
    "company": "DeepMind Company is",
}
HF_PROMPTS = {
    "repetition": PROMPTS["repetition"],
    **SEED_PROMPTS,
    "code": PROMPTS["code"],
    "japanese": PROMPTS["japanese"],
    "french": PROMPTS["french"],
    "dialogue": PROMPTS["dialogue"],
    "list": PROMPTS["list"],
}
DECODING_PROMPTS = {
    "haiku": "Write a haiku about the sea in autumn.\n\n",
    "docstring": 'def running_mean(values, window):\n    """',
    "dialogue": PROMPTS["dialogue"],
    "company": SEED_PROMPTS["company"],
    "french": PROMPTS["french"],
    "repetition": PROMPTS["repetition"],
}


# ---- settings


def search_settings():
    for alpha, k in itertools.product([0.1, 0.5, 0.6, 0.9, 1.0], [1, 2, 4, 5, 50]):
        yield {"penalty_alpha": alpha, "top_k": k, "max_new_tokens": 16 if k == 50 else 32}
    usual = {"penalty_alpha": 0.6, "top_k": 4, "max_new_tokens": 32}
    yield {**usual, "penalty_alpha": 0.0}
    yield {**usual, "repetition_penalty": 1.2}
    yield {**usual, "no_repeat_ngram_size": 3}
    yield {**usual, "top_k": 5, "penalty_alpha": 0.1, "repetition_penalty": 1.2, "no_repeat_ngram_size": 3}


TRACED_PROMPTS = ["repetition", "wizard", "japanese"]
TRACED_SETTINGS = [(0.1, 5), (0.6, 4), (1.0, 2)]  # penalty_alpha, top_k


def dola_settings():
    for layers, penalty in itertools.product(["low", "high", "18,20", "0,2,4", "29"], [1.0, 1.2]):
        yield {"dola_layers": layers, "repetition_penalty": penalty, "max_new_tokens": 32}


DOLA_SAMPLING = [  # an absent top_k is Hugging Face's default of 50
    {"dola_layers": "high"},
    {"dola_layers": "low", "temperature": 0.7},
    {"dola_layers": "18,20", "temperature": 1.3, "top_p": 0.9},
    {"dola_layers": "29", "top_k": 3},
    {"dola_layers": "high", "repetition_penalty": 1.2, "min_p": 0.2, "temperature": 0.8},
]


AMATEURS = [6, 15, 28]  # numbers of layers


def decoding_settings():
    def setting(amateur, max_new_tokens=24, **others):
        return {"amateur": amateur, **others, "max_new_tokens": max_new_tokens}

    larger, smaller, mild = "self:15", "self:6", "self:28"  # mild: almost as good as the expert
    yield setting(larger)
    yield setting(smaller)
    yield setting(mild)
    for tau, weight in itertools.product([0.5, 1.5], [0.5, 1]):
        yield setting(mild, alpha=0.02, tau_amateur=tau, **{"lambda": weight})
    yield setting(mild, beta=0.5, tau_amateur=1.5)
    yield setting(mild, beta=2, top_k=0, alpha=0.02)
    yield setting(mild, amateur_context=8, repetition_penalty=1.2)
    for amateur, others in [(larger, [20, 50, 0, 20]), (smaller, [0, 20, 50, 0])]:
        for alpha, top_k in zip([0.02, 0.1, 0.5, 1.0], others):
            yield setting(amateur, alpha=alpha, top_k=top_k)
    for amateur, (tau, weight) in itertools.product([larger, smaller], [(0.5, 1), (0.5, 0.5), (1.5, 1), (1, 0.5)]):
        yield setting(amateur, tau_amateur=tau, **{"lambda": weight})
    for amateur, taus in [(larger, [1, 1, 0.5]), (smaller, [1, 1.5, 1])]:
        for beta, tau in zip([0, 0.5, 2], taus):
            yield setting(amateur, beta=beta, tau_amateur=tau)
    yield setting(larger, beta=0.5, alpha=0.02, top_k=0)
    yield setting(smaller, beta=2, alpha=0.5, top_k=20)
    yield setting(larger, amateur_context=1)
    yield setting(larger, amateur_context=8)
    yield setting(smaller, amateur_context=1, beta=0.5)
    yield setting(smaller, amateur_context=8, tau_amateur=1.5, alpha=0.02)
    yield setting(larger, repetition_penalty=1.2)
    yield setting(smaller, repetition_penalty=1.2, beta=0.5, top_k=20)

    def beams(num_beams, length_penalty, amateur, **others):
        others = {"num_beams": num_beams, "length_penalty": length_penalty, **others}
        return setting(amateur, num_return_sequences=num_beams, **others)

    yield beams(3, 0, larger)
    yield beams(3, 1, smaller)
    yield beams(5, 0, smaller)
    yield beams(5, 1, larger)
    yield beams(3, 1, larger, alpha=0.02, top_k=0)
    yield beams(5, 0, larger, alpha=0.5, tau_amateur=0.5)
    yield beams(3, 0, smaller, tau_amateur=1.5, **{"lambda": 0.5})
    yield beams(5, 1, larger, beta=0.5)
    yield beams(3, 0, smaller, beta=2, top_k=20)
    yield beams(3, 1, larger, amateur_context=1)
    yield beams(5, 0, larger, amateur_context=8, **{"lambda": 0.5})
    yield beams(3, 1, larger, repetition_penalty=1.2)
    yield beams(3, 1, smaller, alpha=1.0)
    yield beams(3, 0, mild)
    yield beams(5, 1, mild, alpha=0.02, **{"lambda": 0.5})



# ---- numbers


def rounded(x):
    return round(float(x), 6)


def scores_of(scores, n=20):
    """The n best finite ones as [id, score]."""
    best = scores.topk(n)
    return [[i, rounded(x)] for i, x in zip(best.indices.tolist(), best.values.tolist()) if x > -math.inf]


def penalised(scores, text, penalty):
    """The repetition penalty."""
    if penalty == 1:
        return scores
    seen = torch.tensor(sorted(set(text)))
    scores = scores.clone()
    scores[seen] = torch.where(scores[seen] < 0, scores[seen] * penalty, scores[seen] / penalty)
    return scores


def smallest(values):
    """The smallest finite one, or nothing."""
    value = min(values, default=math.inf)
    return digits(value) if value < math.inf else None


def with_margins(case, **margins):
    return {**case, **{name: value for name, value in margins.items() if value is not None}}


class Watch:
    """Replaces a function of transformers' module by a wrapper of it, for the length of a `with`."""

    def __init__(self, name, wrapper):
        self.name, self.wrapper = name, wrapper

    def __enter__(self):
        self.function = getattr(utils, self.name)
        setattr(utils, self.name, lambda *args: self.wrapper(self.function, *args))

    def __exit__(self, *_):
        setattr(utils, self.name, self.function)


# ---- contrastive search


def cosines(contexts, candidates):
    contexts = contexts / contexts.norm(dim=-1, keepdim=True)
    return candidates / candidates.norm(dim=-1, keepdim=True) @ contexts.T


class SearchStep:
    """One decision of contrastive search, from what transformers saw, in double precision.

    The candidates are the k likeliest, and those that noise could let in.
    """

    def __init__(self, oracle, text, scores, contexts, candidates, alpha):
        self.alpha, self.k = alpha, len(candidates)
        self.scores = scores.double()
        self.log_total = self.scores.logsumexp(0)
        bound = self.scores.topk(self.k).values[-1] - 2 * NOISE
        inside = self.scores.topk(self.k).indices.tolist()
        outside = [i for i in (self.scores >= bound).nonzero()[:, 0].tolist() if i not in inside]
        self.ids = torch.tensor(inside + outside)
        extra = [oracle.forward([*text, i]).hidden_states[-1][0, -1:] for i in outside]
        self.contexts = contexts.double()
        self.candidates = torch.cat([candidates, *extra]).double()

    def decide(self, noise=None):
        """Places among the candidates of the k likeliest, their probabilities, similarities and scores."""
        logits, contexts, candidates = self.scores[self.ids], self.contexts, self.candidates
        if noise:
            logits = noise(logits)
            contexts, candidates = (x + self.noise(noise, x) for x in (contexts, candidates))
        order = logits.argsort(descending=True, stable=True)[: self.k]
        p = (logits[order] - self.log_total).exp()
        similarity = cosines(contexts, candidates[order]).max(-1).values
        return order, p, similarity, (1 - self.alpha) * p - self.alpha * similarity

    @staticmethod
    def noise(noise, x):
        change = noise(torch.zeros_like(x)) / NOISE
        return HIDDEN_NOISE * x.pow(2).mean(-1, keepdim=True).sqrt() * change

    def winner(self, noise=None):
        order, _, _, score = self.decide(noise)
        return int(self.ids[order[score.argmax()]])

    def margin(self):
        best = self.decide()[3].topk(2).values
        return float(best[0] - best[1])

    def has_order(self):
        """Whether noise leaves the k candidates and their order."""
        gaps = -self.scores.topk(self.k + 1).values.diff()
        return float(gaps.min()) > 2 * NOISE

    def trace(self):
        order, *columns = self.decide()
        return [[int(self.ids[at]), *map(rounded, row)] for at, *row in zip(order, *columns)]


class ContrastiveSearch:
    def __init__(self, oracle):
        self.oracle = oracle
        self.greedy = {}  # by what else is asked of the prompt

    def steps(self, ids, options):
        """transformers' answer, and its decisions."""
        seen = []

        def ranking(function, contexts, candidates, *others):
            seen.append((contexts[0].clone(), candidates[:, 0].clone()))
            return function(contexts, candidates, *others)

        with Watch("_ranking_fast", ranking):
            new, scores = self.oracle.generate(ids, do_sample=False, **options)
        texts = [[*ids, *new[:n]] for n in range(len(new))]
        alpha = options["penalty_alpha"]
        return new, [SearchStep(self.oracle, text, s, *of, alpha) for text, s, of in zip(texts, scores, seen)]

    def is_greedy(self, ids, options):
        """transformers' answer where it takes contrastive search for greedy decoding."""
        key = tuple(ids), options.get("repetition_penalty"), options.get("no_repeat_ngram_size")
        if key not in self.greedy:
            new, scores = self.oracle.generate(ids, do_sample=False, **options)
            best = torch.stack(scores).double().topk(2).values
            self.greedy[key] = new, float((best[:, 0] - best[:, 1]).min())
        return self.greedy[key]

    def case(self, name, ids, options):
        """Or nothing, if noise changes it."""
        case = {"name": name, "prompt_ids": ids, "options": options}
        if options["penalty_alpha"] == 0 or options["top_k"] == 1:
            new, margin = self.is_greedy(ids, options)
            return {**case, "ids": new, "min_margin": digits(margin)} if margin > 2 * NOISE else None
        new, steps = self.steps(ids, options)
        for step, token in zip(steps, new):
            if step.winner() != token and step.margin() > MAX_ERROR:
                raise SystemExit(f"{case}: in double precision {step.winner()} wins, not {token}")
            if any(step.winner(noise) != token for noise in [None, *map(Noise, range(NOISY_RUNS))]):
                return None
        case |= {"ids": new, "min_margin": smallest(step.margin() for step in steps)}
        is_traced = name in TRACED_PROMPTS and (options["penalty_alpha"], options["top_k"]) in TRACED_SETTINGS
        if is_traced and all(step.has_order() for step in steps):
            self.check_hidden(ids, new, steps)
            case["steps"] = [step.trace() for step in steps]
        return case

    def check_hidden(self, ids, new, steps):
        """The hidden states of the search are those of the whole text."""
        hidden = self.oracle.forward(ids + new).hidden_states[-1][0]
        worst = (hidden[: len(steps[-1].contexts)] - steps[-1].contexts).abs().max()
        if worst > 1e-3:
            raise SystemExit(f"hidden states of the search and of its text differ by {worst}")


def search_cases(oracle, prompts, count):
    search = ContrastiveSearch(oracle)
    for name, prompt in prompts.items():
        ids = oracle.encode(prompt)
        for options in search_settings():
            case = search.case(name, ids, options)
            if count(case):
                yield case


# ---- DoLa


def divergence(final, premature):
    """Half of KL(M | final) + KL(M | premature), M their mean, in nats, from log-probabilities."""
    mean = (final.exp() + premature.exp()) / 2
    log_mean = torch.where(mean > 0, mean, 1).log()
    return float((mean * (log_mean - final) + mean * (log_mean - premature)).sum() / 2)


class DolaStep:
    """One decision of DoLa, from the logits that transformers saw, in double precision."""

    def __init__(self, final, premature):
        self.final = final.double()
        self.premature = {layer: logits.double() for layer, logits in premature.items()}
        log_p = self.final.log_softmax(0)
        self.divergences = {}
        if len(premature) > 1:
            for layer, logits in self.premature.items():
                self.divergences[layer] = divergence(log_p, logits.log_softmax(0))
        self.layer = max(premature, key=lambda layer: self.divergences.get(layer, 0))

    def layer_margin(self):
        """How much larger the largest divergence is than the next, relative to it."""
        best = sorted(self.divergences.values(), reverse=True)[:2]
        return 1 - best[1] / best[0] if best else math.inf

    def scores(self, noise=lambda logits: logits):
        final, premature = noise(self.final).log_softmax(0), self.noisy(noise, self.premature[self.layer])
        is_kept = final >= final.max() + math.log(0.1)
        return torch.where(is_kept, final - premature.log_softmax(0), -math.inf)

    @staticmethod
    def noisy(noise, logits):
        """The logits of early layers can be large, and so is their rounding."""
        scale = logits.std().clamp(min=1)
        return noise(logits / scale) * scale

    def check(self, scores):
        """Against transformers' own."""
        own = self.scores()
        kept = scores.isfinite()
        unlike = (kept != own.isfinite()).nonzero()[:, 0].tolist()
        log_p = self.final.log_softmax(0)
        if any(abs(log_p[i] - log_p.max() - math.log(0.1)) > MAX_ERROR for i in unlike):
            raise SystemExit(f"transformers keeps other tokens: {unlike}")
        both = kept & own.isfinite()
        error = ((scores.double() - own)[both].abs() / own[both].abs().clamp(min=1)).max()
        if error > MAX_ERROR:
            raise SystemExit(f"DoLa's scores differ by {error} (layer {self.layer}, margin {self.layer_margin()})")


def hf_dola(options):
    layers = options["dola_layers"]
    return {**options, "dola_layers": layers if layers in ("low", "high") else [int(i) for i in layers.split(",")]}


class Dola:
    def __init__(self, oracle):
        self.oracle = oracle

    def steps(self, ids, options):
        """transformers' answer, its decisions and its processed scores."""
        steps, unlike = [], []

        def select(function, layers, premature, final):
            scores = function(layers, premature, final)
            steps.append(DolaStep(final[0], {layer: logits[0] for layer, logits in premature.items()}))
            if steps[-1].layer_margin() > MIN_LAYER_MARGIN:
                steps[-1].check(scores[0])
            return scores

        with Watch("_dola_select_contrast", select):
            new, scores = self.oracle.generate(ids, **{"do_sample": False, **hf_dola(options)})
        return new, steps[: len(new)], scores

    def case(self, name, ids, options):
        """Or nothing, if noise changes it."""
        new, steps, scores = self.steps(ids, options)
        if min(step.layer_margin() for step in steps) < MIN_LAYER_MARGIN:
            return None
        penalty = options["repetition_penalty"]
        for n, (step, token) in enumerate(zip(steps, new)):
            text = [*ids, *new[:n]]
            for seed in range(NOISY_RUNS):
                if int(penalised(step.scores(Noise(seed)), text, penalty).argmax()) != token:
                    return None
        best = torch.stack(scores).double().topk(2).values
        case = {"name": name, "prompt_ids": ids, "options": options, "ids": new}
        case["layers"] = [step.layer for step in steps]
        if len(steps[0].premature) > 1:
            case["divergences"] = [[decimals(x) for x in step.divergences.values()] for step in steps]
        return with_margins(
            case,
            min_margin=smallest((best[:, 0] - best[:, 1]).tolist()),
            layer_margin=smallest(step.layer_margin() for step in steps),
        )

    def processed(self, ids, options, seed=None):
        """The scores after the prompt, with all processors and cuts."""

        def select(function, layers, premature, final):
            noise = Noise(seed)
            premature = {layer: DolaStep.noisy(noise, logits) for layer, logits in premature.items()}
            return function(layers, premature, noise(final))

        torch.manual_seed(0)  # the drawn token is not recorded
        options = {"do_sample": True, "max_new_tokens": 1, **options}
        if seed is None:
            _, steps, scores = self.steps(ids, options)
            return scores[0], steps[0]
        with Watch("_dola_select_contrast", select):
            return self.oracle.generate(ids, **hf_dola(options))[1][0]

    def processed_case(self, name, ids, options):
        scores, step = self.processed(ids, options)
        noisy = (self.processed(ids, options, seed) for seed in range(NOISY_RUNS))
        is_firm = step.layer_margin() > MIN_LAYER_MARGIN
        if not is_firm or any(not torch.equal(each.isfinite(), scores.isfinite()) for each in noisy):
            return None
        case = {"name": name, "prompt_ids": ids, "options": {"do_sample": True, **options}, "layer": step.layer}
        return {**case, "n_kept": int(scores.isfinite().sum()), "scores": scores_of(scores)}


def dola_cases(oracle, prompts, count):
    dola = Dola(oracle)
    for name, prompt in prompts.items():
        ids = oracle.encode(prompt)
        for options in dola_settings():
            case = dola.case(name, ids, options)
            if count(case):
                yield case


def dola_score_cases(oracle, prompts, count):
    dola = Dola(oracle)
    for name, prompt in prompts.items():
        ids = oracle.encode(prompt)
        for options in DOLA_SAMPLING:
            case = dola.processed_case(name, ids, options)
            if count(case):
                yield case


# ---- contrastive decoding: expert and amateurs in double precision


class Amateur:
    """The first layers, the final norm and the head of the expert; its weights are the expert's."""

    def __init__(self, expert, n_layers):
        self.model = copy.copy(expert.model)
        self.model._modules = dict(expert.model._modules)
        self.model.layers = expert.model.layers[:n_layers]
        self.model.config = copy.copy(expert.model.config)
        self.model.config.num_hidden_layers = n_layers
        self.n_layers = n_layers

    def hidden(self, tails):
        """Of the last token of each; the tails are texts of their own."""
        states = self.model(torch.tensor(tails), use_cache=False).last_hidden_state
        assert len(self.model.layers) == self.n_layers
        return states[:, -1]


class Texts:
    """Evaluates each text once, in whatever search it comes up. All of a call have one length.

    With the whole text before it an amateur needs no evaluation of its own: its layers are the expert's first ones.
    """

    def __init__(self, model):
        self.model = copy.deepcopy(model).double()
        self.amateurs = {n: Amateur(self.model, n) for n in AMATEURS}
        self.nodes = {}  # text -> hidden states of its last token; keys and values of it (of the first text: of all)

    def clear(self):
        self.nodes.clear()

    def past(self, row):
        """Keys and values of all tokens but the last: [layer, key or value, head, token, element]."""
        chain = [self.nodes[row[:n]][1] for n in range(1, len(row)) if row[:n] in self.nodes]
        return torch.cat(chain, dim=3) if chain else None

    def evaluate(self, rows):
        pasts = [self.past(row) for row in rows]
        cache, n_cached = DynamicCache(), 0
        if pasts[0] is not None:
            past = torch.stack(pasts, dim=2)
            n_cached = past.shape[4]
            cache = DynamicCache.from_legacy_cache(tuple((layer[0], layer[1]) for layer in past))
        assert n_cached in (0, len(rows[0]) - 1)
        new_tokens = torch.tensor(rows)[:, n_cached:]
        out = self.model.model(new_tokens, past_key_values=cache, use_cache=True, output_hidden_states=True)
        new = torch.stack([torch.stack(pair) for pair in out.past_key_values.to_legacy_cache()])[:, :, :, :, n_cached:]
        hidden = {n: self.model.model.norm(out.hidden_states[n][:, -1]) for n in self.amateurs}
        hidden["expert"] = out.last_hidden_state[:, -1]
        for i, row in enumerate(rows):
            self.nodes[row] = {who: states[i].clone() for who, states in hidden.items()}, new[:, :, i].clone()

    def logits(self, requests):
        """Of (text, who, context): who is "expert" or an amateur's number of layers, context its last tokens or 0."""
        requests = list(dict.fromkeys(requests))
        missing = sorted({text for text, *_ in requests if text not in self.nodes})
        if missing:
            self.evaluate(missing)
        tails = {(text[-context:], who) for text, who, context in requests if context}
        hidden = {}
        for who, length in {(who, len(tail)) for tail, who in tails}:
            some = sorted(tail for tail, of in tails if of == who and len(tail) == length)
            hidden |= {(tail, who): state for tail, state in zip(some, self.amateurs[who].hidden(some))}
        states = [hidden[text[-n:], who] if n else self.nodes[text][0][who] for text, who, n in requests]
        return dict(zip(requests, self.model.lm_head(torch.stack(states))))

    def check_amateurs(self, text):
        """The amateurs that share the expert's evaluation equal models with fewer layers."""
        for who, amateur in self.amateurs.items():
            shared = self.logits([(text, who, 0)])[text, who, 0]
            own = self.model.lm_head(amateur.hidden([text]))[0]
            if (shared - own).abs().max() > 1e-9:
                raise SystemExit(f"the amateur of {who} layers is not what it should be")


# ---- contrastive decoding: the formulas and the searches


class Contrast:
    def __init__(self, options):
        self.alpha = options.get("alpha", 0.1)
        self.top_k = options.get("top_k", 50)
        self.tau = options.get("tau_amateur", 1)
        self.weight = options.get("lambda", 1)
        self.beta = options.get("beta")
        self.penalty = options.get("repetition_penalty", 1)
        self.adds_up = "num_beams" in options  # logits of several steps have no zero in common

    def lowest(self, log_p):
        """The log-probability below which a token is not plausible."""
        return log_p.max() + math.log(self.alpha)

    def is_kept(self, log_p):
        is_plausible = log_p >= self.lowest(log_p)
        return is_plausible & (log_p >= log_p.topk(self.top_k).values[-1]) if self.top_k else is_plausible

    def unmasked(self, expert, amateur, text):
        """What the scores are without a mask."""
        amateur = amateur / self.tau
        if self.beta is None:
            scores = expert.log_softmax(0) - self.weight * amateur.log_softmax(0)
        else:
            if self.adds_up:
                expert, amateur = expert.log_softmax(0), amateur.log_softmax(0)
            scores = (1 + self.beta) * expert - self.beta * amateur
        return penalised(scores, text, self.penalty)

    def scores(self, expert, amateur, text):
        return torch.where(self.is_kept(expert.log_softmax(0)), self.unmasked(expert, amateur, text), -math.inf)

    def cut_margin(self, expert, unmasked, winner):
        """How far, in log-probability, the winner is from being cut, or a token that would win from being kept."""
        log_p = expert.log_softmax(0)
        lowest, best = self.lowest(log_p), log_p.topk(self.top_k + 1).values
        margins = []
        if log_p[winner] < best[0]:
            margins.append(log_p[winner] - lowest)
            if self.top_k:
                margins.append(log_p[winner] - best[self.top_k])
        better = ~self.is_kept(log_p) & (unmasked > unmasked[winner])
        first_kept = max(lowest, best[self.top_k - 1]) if self.top_k else lowest
        margins += (first_kept - log_p[better]).tolist()
        return float(min(margins, default=math.inf))


class Decoding:
    """One setting on one prompt. A search is a generator: it yields texts and is sent their logits of both models."""

    def __init__(self, prompt_ids, options):
        self.prompt, self.options = tuple(prompt_ids), options
        self.contrast = Contrast(options)
        self.amateur, self.context = int(options["amateur"].removeprefix("self:")), options.get("amateur_context", 0)
        self.margins, self.cut_margins, self.scores, self.first = [], [], [], None

    def requests(self, text):
        return (text, "expert", 0), (text, self.amateur, self.context)

    def search(self, noise=None):
        return self.beams(noise) if "num_beams" in self.options else self.greedy(noise)

    def scored(self, text, pair, noise):
        """With noise, or noting how close it is."""
        if noise:
            return self.contrast.scores(*(noise(logits) for logits in pair), text)
        scores = self.contrast.scores(*pair, text)
        if self.first is None:
            n_plausible = int((pair[0].log_softmax(0) >= self.contrast.lowest(pair[0].log_softmax(0))).sum())
            self.first = {"plausible": n_plausible, "scores": scores_of(scores)}
        return scores

    def greedy(self, noise):
        text = self.prompt
        for _ in range(self.options["max_new_tokens"]):
            (pair,) = yield [text]
            scores = self.scored(text, pair, noise)
            token = int(scores.argmax())
            if not noise:
                best = scores.topk(2).values
                self.margins.append(float(best[0] - best[1]))
                unmasked = self.contrast.unmasked(*pair, text)
                self.scores.append(rounded(best[0]))
                self.cut_margins.append(self.contrast.cut_margin(pair[0], unmasked, token))
            text += (token,)
            if token == EOS:
                break
        return [{"ids": list(text[len(self.prompt) :])}]

    def beams(self, noise):
        """Beam search as transformers has it, early_stopping false; a removed token is no candidate."""
        n_beams, power = self.options["num_beams"], self.options["length_penalty"]
        n_steps = self.options["max_new_tokens"]
        running, finished = [(0.0, self.prompt)], []
        for n in range(1, n_steps + 1):
            pairs = yield [text for _, text in running]
            candidates = []
            for (total, text), pair in zip(running, pairs):
                best = self.scored(text, pair, noise).topk(2 * n_beams)
                for score, token in zip(best.values.tolist(), best.indices.tolist()):
                    if score > -math.inf:
                        candidates.append((total + score, (*text, token)))
            candidates.sort(key=lambda each: -each[0])
            running = []
            for rank, (total, text) in enumerate(candidates[: 2 * n_beams]):
                if text[-1] != EOS and n < n_steps:
                    running.append((total, text))
                elif rank < n_beams:
                    finished.append((total / n**power, text))
            running = running[:n_beams]
            finished = sorted(finished, key=lambda each: -each[0])[:n_beams]
            is_full = len(finished) == n_beams
            if not running or is_full and running[0][0] / n**power <= finished[-1][0]:
                break
        return [{"ids": list(text[len(self.prompt) :]), "score": digits(score)} for score, text in finished]


def run_together(searches, texts):
    """All searches in step; the answers in the same order. A search is (decoding, generator)."""
    answers = [None] * len(searches)
    waiting = {i: next(generator) for i, (_, generator) in enumerate(searches)}
    while waiting:
        wanted = {i: [searches[i][0].requests(text) for text in rows] for i, rows in waiting.items()}
        logits = texts.logits(each for rows in wanted.values() for pair in rows for each in pair)
        waiting = {}
        for i, rows in wanted.items():
            try:
                waiting[i] = searches[i][1].send([tuple(logits[each] for each in pair) for pair in rows])
            except StopIteration as end:
                answers[i] = end.value
    return answers


class ContrastiveDecoding:
    def __init__(self, oracle):
        self.oracle = oracle
        self.texts = Texts(oracle.model)

    def cases(self, name, ids):
        """One for each setting, or nothing where noise changes it."""
        self.texts.clear()
        self.texts.check_amateurs(tuple(ids))
        decodings = [Decoding(ids, options) for options in decoding_settings()]
        noises = [None, *map(Noise, range(NOISY_RUNS))]
        searches = [(decoding, decoding.search(copy.deepcopy(noise))) for decoding in decodings for noise in noises]
        answers = run_together(searches, self.texts)
        greedy = self.oracle.generate(ids, do_sample=False, max_new_tokens=24)[0]
        for i, decoding in enumerate(decodings):
            exact, *noisy = answers[i * len(noises) : (i + 1) * len(noises)]
            self.check(decoding, exact, greedy)
            is_firm = all(texts_of(each) == texts_of(exact) for each in noisy)
            yield self.case(name, decoding, exact) if is_firm else None

    def case(self, name, decoding, answers):
        options = decoding.options
        case = {"name": name, "prompt_ids": list(decoding.prompt), "options": options}
        if "num_beams" in options:
            return {**case, "answers": answers}
        case |= {"ids": answers[0]["ids"], "scores": decoding.scores, "first": decoding.first}
        return with_margins(case, min_margin=smallest(decoding.margins), cut_margin=smallest(decoding.cut_margins))

    def check(self, decoding, answers, greedy):
        """What is known without the formulas: some settings are greedy decoding; transformers' beam search agrees."""
        options = decoding.options
        is_greedy = options.get("alpha") == 1 or options.get("beta") == 0
        if is_greedy and "repetition_penalty" not in options and texts_of(answers) != [greedy]:
            raise SystemExit(f"{options}: not greedy decoding")
        if "num_beams" in options:
            theirs = self.hf_beams(decoding)
            if texts_of(theirs) != texts_of(answers):
                raise SystemExit(f"{options}: {answers}, by transformers {theirs}")
            for own, other in zip(answers, theirs):
                if abs(own["score"] - other["score"]) > MAX_ERROR * max(1, abs(own["score"])):
                    raise SystemExit(f"{options}: {answers}, by transformers {theirs}")

    def hf_beams(self, decoding):
        """transformers' own beam search on the contrasted scores."""

        def forward(input_ids, attention_mask=None, **_):
            rows = [tuple(row) for row in input_ids.tolist()]
            logits = self.texts.logits([each for text in rows for each in decoding.requests(text)])
            scores = [decoding.contrast.scores(*map(logits.get, decoding.requests(text)), text) for text in rows]
            return CausalLMOutputWithPast(logits=torch.stack(scores)[:, None].float())

        model, options, prompt = self.oracle.model, decoding.options, torch.tensor([decoding.prompt])
        names = ["num_beams", "num_return_sequences", "length_penalty", "max_new_tokens"]
        log_softmax = nn.functional.log_softmax
        model.forward, nn.functional.log_softmax = forward, lambda scores, dim: scores
        try:
            out = model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                pad_token_id=EOS,
                eos_token_id=EOS,
                do_sample=False,
                use_cache=False,
                return_dict_in_generate=True,
                output_scores=True,
                **{name: options[name] for name in names},
            )
        finally:
            del model.forward
            nn.functional.log_softmax = log_softmax
        lengths = (out.beam_indices >= 0).sum(1).tolist()
        new = out.sequences[:, prompt.shape[1] :].tolist()
        answers = zip(new, lengths, out.sequences_scores.tolist())
        return [{"ids": ids[:n], "score": score} for ids, n, score in answers if score > DEAD]


def texts_of(answers):
    return [answer["ids"] for answer in answers]


def decoding_cases(oracle, prompts, count):
    decoding = ContrastiveDecoding(oracle)
    for name, prompt in prompts.items():
        for case in decoding.cases(name, oracle.encode(prompt)):
            if count(case):
                yield case


# ---- the file

LISTS = {
    "contrastive_search": (search_cases, HF_PROMPTS),
    "dola": (dola_cases, HF_PROMPTS),
    "dola_scores": (dola_score_cases, HF_PROMPTS),
    "contrastive_decoding": (decoding_cases, DECODING_PROMPTS),
}


class Count:
    def __init__(self):
        self.dropped = 0

    def __call__(self, case):
        self.dropped += case is None
        return case is not None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=pathlib.Path, help="smollm2-f32.gguf")
    parser.add_argument("outdir", type=pathlib.Path)
    parser.add_argument("--prompts", type=int, help="only so many of each list, for a first look")
    parser.add_argument("--lists", nargs="+", choices=LISTS, default=list(LISTS))
    args = parser.parse_args()
    check_versions()
    args.outdir.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # one order of summation
    transformers.logging.set_verbosity_error()
    with open(args.model, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    dropped, lists, start = {}, {}, time.monotonic()
    prompts = {**HF_PROMPTS, **DECODING_PROMPTS}
    header = {"model": args.model.name, "model_sha256": sha256, "made_with": VERSIONS, "dropped": dropped}
    header["prompts"] = prompts
    with torch.inference_mode():
        oracle = Oracle(args.model)
        for name in args.lists:
            cases_of, of = LISTS[name]
            count = Count()
            lists[name] = list(cases_of(oracle, dict(list(of.items())[: args.prompts]), count))
            dropped[name] = count.dropped
            seconds = round(time.monotonic() - start)
            print(f"{name}: {len(lists[name])} cases, dropped {count.dropped}, {seconds} s", flush=True)
    write(args.outdir / "contrast.json", header, **lists)


if __name__ == "__main__":
    main()
