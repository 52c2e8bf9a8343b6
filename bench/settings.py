"""What is compared: one prompt, and settings in the words of decant's options."""

PROMPT = (
    "The lighthouse keeper wrote in his log every evening, and one stormy night in late November he saw a light "
    "that he could not explain, far out"
)
TOKENS = 64
SAMPLING = {"temperature": 0.8, "top_p": 0.95, "top_k": 0}
HALF = 15  # layers of the lower half of SmolLM2-135M, which is amateur and draft model

# A step gives one token to every text; what is drafted counts as it is accepted, so there a step is one token of the text.
STRATEGIES = {
    "greedy": {},
    "sampling": SAMPLING,
    "4 beams": {"num_beams": 4},
    "8 beams": {"num_beams": 8},
    "16 beams": {"num_beams": 16},
    "6 beams in 3 groups": {"num_beams": 6, "num_beam_groups": 3, "diversity_penalty": 1.0},
    "contrastive search, k = 4": {"penalty_alpha": 0.6, "top_k": 4},
    "contrastive decoding": {"amateur": f"self:{HALF}"},
    "greedy, lower half alone": {"lower_half": True},
    "DoLa low": {"dola_layers": "low"},
    "DoLa high": {"dola_layers": "high"},
    "8 requests": {"num_return_sequences": 8, **SAMPLING},
    "16 requests": {"num_return_sequences": 16, **SAMPLING},
    "prompt lookup": {"prompt_lookup_num_tokens": 8},
    "speculative, lower half drafts": {"draft": True},
}
ROWS = {f"{n} row{'s' * (n > 1)}": {"rows": n} for n in (1, 2, 4, 8, 16)}
FORWARDS = {**ROWS, "prompt of 512": {"prefill": 512}}
SETTINGS = {**STRATEGIES, **FORWARDS}
CONTEXT = 16  # tokens cached when rows are measured

# What is aimed at: (words, the dividend, the divisor, what it is multiplied by, at least or at most, the goal); a figure is
# (engine, setting).
GOALS = [
    ("greedy, llama.cpp's time over decant's", ("llama.cpp", "greedy"), ("decant", "greedy"), 1, "at least", 1.4),
    ("4 beams over greedy", ("decant", "4 beams"), ("decant", "greedy"), 1, "at most", 1.5),
    ("4 beams, OpenVINO GenAI's time over decant's", ("openvino", "4 beams"), ("decant", "4 beams"), 1, "at least", 4),
    ("the same, its SDPA", ("openvino-sdpa", "4 beams"), ("decant", "4 beams"), 1, "at least", 4),
    ("contrastive search, k = 4, over greedy", ("decant", "contrastive search, k = 4"), ("decant", "greedy"), 1, "at most", 1.6),
    ("tokens a second, 8 requests over one", ("decant", "sampling"), ("decant", "8 requests"), 8, "at least", 4),
    ("DoLa low over greedy", ("decant", "DoLa low"), ("decant", "greedy"), 1, "at most", 1.8),
    ("DoLa high over greedy", ("decant", "DoLa high"), ("decant", "greedy"), 1, "at most", 1.8),
    ("a forward of one row over the memory limit", ("decant", "1 row"), ("decant", "memory"), 1, "at most", 1.5),
    ("8 rows over one", ("decant", "8 rows"), ("decant", "1 row"), 1, "at most", 1.6),
    ("16 rows over one", ("decant", "16 rows"), ("decant", "1 row"), 1, "at most", 2.5),
]
