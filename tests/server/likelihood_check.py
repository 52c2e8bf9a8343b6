"""What evaluation harnesses ask, against Hugging Face on the same weights: likelihood_check.py PROGRAM

Posts what lm-eval's local-completions posts (ids, max_tokens 1, echo, logprobs 1) and reads it as that does: the sum of
the continuation's log-probabilities, and by equality of the numbers whether it is what greedy search would write. A
campaign: needs torch, transformers and gguf, and two minutes.
"""

import json
import os
import random

import serving
from serving import F32, ROOT, Server

COUNT = int(os.environ.get("DECANT_QUESTIONS", "30"))
TEXTS = ["README.md", "docs/engine.md", "docs/serve.md", "LICENSE", "docs/strategies/beam.md"]


def questions(tokenize, count):
    """Contexts and continuations: ids."""
    noise = random.Random(4)
    asked = []
    for i in range(count):
        with open(os.path.join(ROOT, TEXTS[i % len(TEXTS)])) as file:
            words = file.read().split(" ")
        begin = noise.randrange(max(1, len(words) - 80))
        ids = tokenize(" ".join(words[begin:begin + noise.randint(8, 30)]))
        cut = noise.randint(1, len(ids) - 1)
        asked.append((ids[:cut], ids[cut:]))
    return asked


def by_server(server, asked):
    body = {"prompt": [context + more for context, more in asked], "max_tokens": 1, "temperature": 0, "logprobs": 1,
            "seed": 1234, "echo": True}
    status, answer = server.json("/v1/completions", body)
    assert status == 200, answer
    found = []
    for (context, _), choice in zip(asked, sorted(answer["choices"], key=lambda each: each["index"])):
        told = choice["logprobs"]
        own, top = told["token_logprobs"][len(context):-1], told["top_logprobs"][len(context):-1]
        found.append((sum(own), all(a == max(b.values()) for a, b in zip(own, top))))
    return found


def by_hugging_face(asked):
    import torch
    from transformers import AutoModelForCausalLM
    model = AutoModelForCausalLM.from_pretrained(os.path.dirname(F32), gguf_file=os.path.basename(F32), torch_dtype=torch.float32)
    found = []
    with torch.no_grad():
        for context, more in asked:
            rows = model(torch.tensor([context + more])).logits[0].log_softmax(-1)[len(context) - 1:-1]
            wanted = torch.tensor(more)
            found.append((rows.gather(1, wanted[:, None]).sum().item(), bool((rows.argmax(-1) == wanted).all())))
    return found


def main():
    with Server(model=F32) as server:
        asked = questions(lambda text: server.json("/tokenize", {"prompt": text})[1]["tokens"], COUNT)
        for _, more in asked[:COUNT // 2]:  # some that greedy search does write
            del more[1:]
        for i in range(0, COUNT // 2, 2):
            context, more = asked[i]
            choice = server.json("/v1/completions", {"prompt": context, "max_tokens": 1, "logprobs": 0})[1]["choices"][0]
            more[:] = choice["logprobs"]["token_ids"]
        ours = by_server(server, asked)
    theirs = by_hugging_face(asked)
    worst = max(abs(a - b) / max(1, len(more)) for (a, _), (b, _), (_, more) in zip(ours, theirs, asked))
    same = sum(a == b for (_, a), (_, b) in zip(ours, theirs))
    print(f"{len(asked)} continuations: largest difference {worst:.1e} nats a token; greedy or not: {same} the same, "
          f"{sum(b for _, b in theirs)} are")
    assert worst < 1e-3 and same == len(asked)


if __name__ == "__main__":
    import sys
    if len(sys.argv) > 1:
        serving.PROGRAM = sys.argv[1]
    main()
