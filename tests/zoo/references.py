"""What each strategy answers, from transformers' logits and hidden states without a cache, and how close every decision was.

Where transformers has the strategy itself for a model, its own generate() must say the same.
"""

import copy
import math

import torch

NEW = 24
BEAMS = 4
TOP_K, ALPHA = 4, 0.6


class Unclear(Exception):
    """A decision that another rounding could turn round."""


class Margins:
    """How much every decision was above the next best one; ends the search at one that is too small."""

    def __init__(self, limit):
        self.limit, self.smallest = limit, math.inf

    def add(self, margin):
        self.smallest = min(self.smallest, margin)
        if margin < self.limit:
            raise Unclear


@torch.no_grad()
def evaluate(model, texts):
    """Logits and hidden states behind every token of texts of one length: states[i] is what layer i reads."""
    texts = torch.tensor(texts)
    out = model(texts, use_cache=False, output_hidden_states=True)
    states = out.hidden_states
    if model.config.model_type in ("mamba", "mamba2"):  # they begin with what the first layer has written
        states = (model.get_input_embeddings()(texts), *states[:-2], states[-1])
    return out.logits, states


def largest(scores, margins, unit=1.0):
    two = scores.topk(2).values
    margins.add((two[0] - two[1]).item() / unit)
    return scores.argmax().item()


def greedy(model, prompt, limit):
    ids, margins = list(prompt), Margins(limit)
    for _ in range(NEW):
        ids.append(largest(evaluate(model, [ids])[0][0, -1].double(), margins))
    return {"ids": ids[len(prompt):], "min_margin": margins.smallest}


def beams(model, prompt, limit):
    """Without an end of text: the best BEAMS of all continuations, step by step."""
    texts, sums, margins = [list(prompt)], torch.zeros(1, dtype=torch.double), Margins(limit)
    for _ in range(NEW):
        log_p = torch.log_softmax(evaluate(model, texts)[0][:, -1].double(), -1) + sums[:, None]
        best = log_p.flatten().topk(BEAMS + 1)
        margins.add((best.values[BEAMS - 1] - best.values[BEAMS]).item())
        rows, tokens = best.indices[:BEAMS] // log_p.shape[1], best.indices[:BEAMS] % log_p.shape[1]
        texts = [texts[row] + [token] for row, token in zip(rows.tolist(), tokens.tolist())]
        sums = best.values[:BEAMS]
    margins.add((sums[:-1] - sums[1:]).min().item())
    answers = [{"ids": text[len(prompt):], "score": score / NEW} for text, score in zip(texts, sums.tolist())]
    return {"answers": answers, "min_margin": margins.smallest}


def contrastive_search(model, prompt, limit):
    ids, margins = list(prompt), Margins(limit)
    for _ in range(NEW):
        logits, hidden = evaluate(model, [ids])
        seen = torch.nn.functional.normalize(hidden[-1][0].double(), dim=-1)
        best = torch.softmax(logits[0, -1].double(), -1).topk(TOP_K + 1)
        tokens = best.indices.tolist()
        ahead = evaluate(model, [ids + [token] for token in tokens])[1][-1][:, -1].double()
        likest = (torch.nn.functional.normalize(ahead, dim=-1) @ seen.T).max(-1).values
        scores = (1 - ALPHA) * best.values - ALPHA * likest
        chosen = largest(scores[:TOP_K], margins)
        if chosen == TOP_K - 1 or scores[TOP_K] > scores[chosen] - limit:  # who is the last candidate decides
            margins.add((best.values[TOP_K - 1] - best.values[TOP_K]).item())
        ids.append(tokens[chosen])
    return {"ids": ids[len(prompt):], "min_margin": margins.smallest}


def premature_layers(n_layer, tied, which):
    """transformers' candidates for dola_layers low and high."""
    start = 0 if not tied else 2 if n_layer > 2 else 1 if n_layer == 2 else 0
    if which == "high":
        return list(range(n_layer // 2 if n_layer <= 40 else n_layer - 20, n_layer, 2))
    if start == n_layer // 2:
        return [start]
    return list(range(start, n_layer // 2 if n_layer <= 40 else 20, 2))


def dola(model, prompt, limit, layers, head):
    """Of one premature layer or several; `head` makes logits of an inner layer's state."""
    ids, margins = list(prompt), Margins(limit)
    for _ in range(NEW):
        logits, hidden = evaluate(model, [ids])
        mature = torch.log_softmax(logits[0, -1].double(), -1)
        early = [torch.log_softmax(head(hidden[layer][0, -1]).double(), -1) for layer in layers]
        chosen = early[0]
        if len(early) > 1:
            mean = [(mature.exp() + each.exp()) / 2 for each in early]
            apart = torch.stack([(m * (m.log() - mature)).sum() + (m * (m.log() - e)).sum() for e, m in zip(early, mean)]) / 2
            chosen = early[largest(apart, margins, unit=0.1)]  # divergences are small, and of whole vocabularies
        threshold = mature.max() + math.log(0.1)
        scores = torch.where(mature < threshold, torch.full_like(mature, -1e3), mature - chosen)
        contrast = mature - chosen
        rivals = contrast > contrast[largest(scores, margins)] - limit  # that win, or would if they were plausible
        margins.add((mature - threshold).abs()[rivals].min().item())
        ids.append(scores.argmax().item())
    return {"ids": ids[len(prompt):], "min_margin": margins.smallest}


def layers_of(model):
    """The module that has the list of a model's layers, and its name there."""
    for module in model.modules():
        for name in ("layers", "h", "blocks"):
            found = getattr(module, name, None)
            if isinstance(found, torch.nn.ModuleList):
                return module, name
    raise ValueError(type(model).__name__)


def cut(model, n_layer):
    """The model of the first layers, with its final norm and head."""
    half = copy.deepcopy(model)
    module, name = layers_of(half)
    setattr(module, name, getattr(module, name)[:n_layer])
    half.config.num_hidden_layers = n_layer
    for part in (module, half):
        part.config.num_hidden_layers = n_layer
    return half


def generate(model, prompt, **options):
    """transformers' own answer, or None where it has none for such a model."""
    try:
        with torch.no_grad():
            out = model.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                                 do_sample=False, max_new_tokens=NEW, return_dict_in_generate=True, output_scores=True, **options)
    except (ValueError, TypeError, AttributeError, RuntimeError, NotImplementedError, IndexError) as error:
        return None, f"{type(error).__name__}: {str(error)[:160]}"
    return out, ""
