"""The options that generate() and Model take by name, for whoever checks types: made by tools/python_options.py of the tables in
src/options, src/processors, src/strategies and src/drafters. docs/options.md says more of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Optional, TypedDict, Union


class GenerationOptions(TypedDict, total=False):
    """The options of a generation."""

    # ---- Decoding

    strategy: Optional[Literal["greedy", "sample", "beam", "beam_sample", "diverse_beam", "constrained_beam", "contrastive_search", "contrastive_decoding", "dola"]]
    # how tokens are chosen; follows from the other options if not set

    do_sample: Optional[bool]
    # draws tokens at random instead of taking the most likely ones

    num_return_sequences: Optional[int]
    # how many continuations to write

    seed: Optional[int]
    # start of the random numbers; drawn and reported if not set

    trace_top: Optional[int]
    # candidates kept in each trace record

    sampler_order: Optional[str]
    # order of penalties, cuts and temperature: top_k;top_p;temperature, or llama.cpp

    token_healing: Optional[bool]
    # takes back the prompt's last token and lets the model finish its text

    # ---- Beams

    num_beams: Optional[int]
    # texts kept at every step: the likeliest of all continuations; 1 is off

    length_penalty: Optional[float]
    # a finished text counts its score / length^this: above 0 favours longer texts

    early_stopping: Optional[Union[bool, Literal["false", "true", "never"]]]
    # true: ends with num_beams finished texts; never: when none can get better

    normalize: Optional[Literal["generated", "prompt"]]
    # the length that counts: new tokens, or with the prompt and without the end

    num_beam_groups: Optional[int]
    # groups of beams that avoid each other's tokens (diverse beam search); 1 is off

    diversity_penalty: Optional[float]
    # what a token loses for each beam of an earlier group that has just chosen it

    force_words: Any
    # what the answer must contain, or one of ["rain","snow"]; may be repeated

    hf_compat: Optional[bool]
    # what Hugging Face gets wrong in beam searches: groups, forced words, never

    # ---- Contrast

    penalty_alpha: Optional[float]
    # contrastive search: how much likeness to the text so far costs; of the top_k best

    amateur: Any
    # contrastive decoding: the weaker model, a GGUF file, self:LAYERS or self:q4_0

    alpha: Optional[float]
    # only tokens with this share of the expert's highest probability

    tau_amateur: Optional[float]
    # temperature of the amateur

    lambda_: Optional[float]
    # score = log p of the expert - this x log p of the amateur

    beta: Optional[float]
    # instead: score = (1 + this) x expert's logit - this x amateur's logit

    amateur_context: Optional[int]
    # the amateur sees only so many of the last tokens; 0 is all

    dola_layers: Any
    # DoLa: contrast with one of these early layers: low, high, or a list like 18,20

    relative_top: Optional[float]
    # only tokens with this share of the last layer's highest probability

    # ---- Penalties and biases

    repetition_penalty: Optional[float]
    # makes tokens of the prompt and the text so far less likely; 1 is off

    encoder_repetition_penalty: Optional[float]
    # makes tokens of the prompt more likely; 1 is off

    frequency_penalty: Optional[float]
    # subtracts this for every time that a token has occurred; 0 is off

    presence_penalty: Optional[float]
    # subtracts this once from every token that has occurred; 0 is off

    penalty_last_n: Optional[int]
    # how many of the last tokens the penalties above look at; -1 is all

    dry_multiplier: Optional[float]
    # how strongly a token that would prolong a repetition is pushed down; 0 is off

    dry_base: Optional[float]
    # the penalty is multiplied by this for every further repeated token

    dry_allowed_length: Optional[int]
    # repetitions up to this many tokens are free

    dry_penalty_last_n: Optional[int]
    # the last tokens in which DRY looks for repetitions; -1 is all of them, 0 none

    dry_sequence_breakers: Optional[Union[str, Sequence[str]]]
    # no repetition is seen across these; may be repeated; none is without any

    exponential_decay_length_penalty: Optional[Union[float, Sequence[float]]]
    # START,FACTOR: the end gets likelier from there on

    sequence_bias: Any
    # TEXT=BIAS or [ID,...]=BIAS for the token that completes it; may be repeated

    logit_bias: Any
    # ID=BIAS, added to the token's logit (-inf bans it); may be repeated

    # ---- Bans and constraints

    no_repeat_ngram_size: Optional[int]
    # no sequence of this many tokens occurs twice, the prompt included; 0 is off

    encoder_no_repeat_ngram_size: Optional[int]
    # no sequence of this many tokens is copied from the prompt; 0 is off

    bad_words: Optional[Union[str, Sequence[str]]]
    # a text, or token ids as [ID,ID,...], that must not be written; may be repeated

    min_length: Optional[int]
    # no end before this many tokens, prompt included

    min_new_tokens: Optional[int]
    # no end before this many new tokens

    forced_bos_token_id: Optional[int]
    # the token forced behind a prompt of one token

    forced_eos_token_id: Optional[Union[int, Sequence[int]]]
    # the token, or tokens, forced as the last one when the length limit is reached

    suppress_tokens: Optional[Union[int, Sequence[int]]]
    # tokens that are never written

    begin_suppress_tokens: Optional[Union[int, Sequence[int]]]
    # tokens that are not written first

    allowed_token_ids: Optional[Union[int, Sequence[int]]]
    # the only tokens that may be written

    grammar: Optional[str]
    # the text follows this GBNF grammar

    json_schema: Any
    # the text is JSON that follows this schema; {} is any JSON value

    remove_invalid_values: Optional[bool]
    # goes on where the model returns no number or infinity

    renormalize_logits: Optional[bool]
    # scores are log-probabilities again after all processors

    # ---- Guidance

    guidance_scale: Optional[float]
    # classifier-free guidance, away from the negative prompt; 1 is off

    negative_prompt: Optional[str]
    # what guidance_scale leads away from; the prompt's last token if not set

    # ---- Watermark

    watermark: Optional[bool]
    # marks the text so that decant detect finds it

    watermark_greenlist_ratio: Optional[float]
    # the favoured share of the vocabulary

    watermark_bias: Optional[float]
    # added to the scores of the favoured tokens

    watermark_hashing_key: Optional[int]
    # the secret that mark and detection share

    watermark_seeding_scheme: Optional[Literal["lefthash", "selfhash"]]
    # what chooses the favoured tokens

    watermark_context_width: Optional[int]
    # how many tokens selfhash looks back

    # ---- Sampling (each of these implies --do-sample)

    temperature: Optional[float]
    # divides the logits: below 1 safer, above 1 wilder; 0 is greedy

    dynatemp_range: Optional[float]
    # the temperature moves by up to this with the entropy; 0 is off

    dynatemp_exponent: Optional[float]
    # how entropy becomes temperature: above 1 later, below 1 sooner

    top_h: Optional[float]
    # only the most likely tokens, up to this share of the entropy; not set is off

    top_k: Optional[int]
    # only the k most likely tokens; 0 is off

    top_p: Optional[float]
    # only the most likely tokens that together reach this probability; 1 is off

    min_p: Optional[float]
    # only tokens at least this fraction as likely as the most likely one; 0 is off

    typical_p: Optional[float]
    # only the tokens of the most expected surprise, up to this mass; 1 is off

    epsilon_cutoff: Optional[float]
    # only tokens of at least this probability; 0 is off

    eta_cutoff: Optional[float]
    # as epsilon_cutoff, but lower where the entropy is high; 0 is off

    top_n_sigma: Optional[float]
    # only logits within this many standard deviations of the best; 0 is off

    xtc_probability: Optional[float]
    # how often the most likely of several good tokens are excluded; 0 is off

    xtc_threshold: Optional[float]
    # the probability that makes a token good; no two have more than 0.5

    mirostat: Optional[int]
    # 1 or 2: cuts so that the surprise stays at mirostat_tau; 0 is off

    mirostat_tau: Optional[float]
    # the surprise to hold, in bits

    mirostat_eta: Optional[float]
    # how fast mirostat corrects itself

    adaptive_target: Optional[float]
    # prefers tokens of about this probability; not set is off

    adaptive_decay: Optional[float]
    # how long adaptive_target remembers: 0.9 is about 10 tokens

    min_tokens_to_keep: Optional[int]
    # no single cut leaves fewer tokens than this

    # ---- Length and stopping

    max_new_tokens: Optional[int]
    # at most this many tokens are written

    max_length: Optional[int]
    # at most this many tokens, prompt included; replaces the default of max_new_tokens

    max_time: Optional[float]
    # stops after this many seconds

    stop_strings: Optional[Union[str, Sequence[str]]]
    # stops when the text contains this, also if it begins in the prompt; may be repeated

    include_stop_str_in_output: Optional[bool]
    # the text keeps the stop string

    stop_token_ids: Optional[Union[int, Sequence[int]]]
    # stops at these tokens, besides the end-of-sequence tokens

    eos_token_id: Optional[Union[int, Sequence[int]]]
    # end-of-sequence tokens; the model's own if not set

    ignore_eos: Optional[bool]
    # goes on behind end-of-sequence tokens

    # ---- Speculation

    speculate: Optional[Literal["off", "auto"]]
    # guess what comes, and verify several tokens at once

    drafter: Optional[Union[str, Sequence[str]]]
    # who guesses: the first of these that has something to say; repeatable

    num_assistant_tokens: Optional[int]
    # tokens that a model drafts at a time

    num_assistant_tokens_schedule: Optional[Literal["measured", "constant", "heuristic", "heuristic_transient"]]
    # how many tokens are guessed: what pays, by measurement; all that may be; or, by a model, 2 more after a draft that was kept, 1 less after another

    verify: Optional[Literal["race", "rejection", "block"]]
    # how drafted tokens are accepted where tokens are drawn

    prompt_lookup_num_tokens: Optional[int]
    # guess so many tokens that followed the same words before

    earlier_texts: Optional[Union[str, Sequence[str]]]
    # texts that the suffix drafter may copy from; repeatable

    max_matching_ngram_size: Optional[int]
    # prompt lookup: the longest run of words that is looked for

    assistant_model: Any
    # a smaller model that guesses: a GGUF file, self:LAYERS, self:q4_0

    assistant_early_exit: Optional[int]
    # the model's first so many layers guess

    assistant_confidence_threshold: Optional[float]
    # a model stops guessing after a token less likely than this

    mtp: Optional[bool]
    # the head for further tokens that the model's file carries guesses

    bad_words_ids: Sequence[Sequence[int]]
    # Hugging Face's form of bad_words

    force_words_ids: Sequence[Any]
    # Hugging Face's form of force_words

    watermarking_config: Any
    # Hugging Face's form of the watermark options

    output_logits: bool
    # result.logits

    output_scores: bool
    # result.scores

    pad_token_id: Optional[int]
    # for recipes with Hugging Face's signature

    custom_generate: Any
    # a recipe: a function, or a folder with generate.py

    recipe: Any
    # the same

    trust_remote_code: bool
    # recipes of others may run


class ModelOptions(TypedDict, total=False):
    """How a model is loaded and run."""

    # ---- Model

    threads: Optional[int]
    # the most threads that compute; 0 is one for each CPU that the process may use

    ctx_size: Optional[int]
    # tokens the cache can hold; 0 is as many as the request can use

    cache_type: Optional[Literal["auto", "f32", "f16", "q8_0"]]
    # precision of the cache; auto is f32 for F32 models, else f16

    flash_attn: Optional[Literal["auto", "on", "off"]]
    # fused attention; auto is off for F32 models, else on

    prefill_chunk_size: Optional[int]
    # tokens of a prompt evaluated at a time

    n_gpu_layers: Optional[int]
    # layers on the accelerator, if this build has one; -1 is all

    kernels: Optional[Literal["auto", "on", "off"]]
    # our own CPU kernels; auto is on where the CPU has AVX2 or AVX-512 VNNI

    exact: Optional[bool]
    # the same bits in any company, or a refusal where that cannot be kept

    offline: Optional[bool]
    # fetch no model: take those that are here
