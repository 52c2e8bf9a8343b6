"""The configurations of the zoo: the smallest of each architecture that llama.cpp and transformers compute alike."""

import dataclasses
import typing

import transformers as tf
from vocabularies import BPE_SIZE, SPM_SIZE


@dataclasses.dataclass
class Architecture:
    config: typing.Callable
    vocabulary: str = "bpe"  # or llama, gemma, nobyte
    pre: str = "gpt-2"  # of byte-level BPE
    extra: tuple = ()  # special tokens that its converter insists on
    gelu: bool = False  # ggml reads GELU from a table of F16: logits differ by up to 0.005
    recurrent: bool = False  # transformers is evaluated without a cache
    head: typing.Callable = None  # what is done to logits behind the output matrix
    patch: dict = dataclasses.field(default_factory=dict)  # of config.json, for the converter
    converter: tuple = ()  # its further arguments
    transformers: str = "4.55.4"  # the version that has it


ZOO = {}


def add(name, config, **rest):
    ZOO[name] = Architecture(config, **rest)


CONTEXT = 96
LAYERS = 4


def base(**other):
    keys = dict(hidden_size=32, intermediate_size=32, num_hidden_layers=LAYERS, num_attention_heads=2, num_key_value_heads=1,
                vocab_size=BPE_SIZE, max_position_embeddings=CONTEXT, bos_token_id=0, eos_token_id=0, pad_token_id=None)
    return keys | other


def spm(**other):
    return base(vocab_size=SPM_SIZE, bos_token_id=1, eos_token_id=2, **other)


def gemma(**other):
    return base(vocab_size=SPM_SIZE, head_dim=16, query_pre_attn_scalar=16, bos_token_id=2, eos_token_id=1, pad_token_id=0) | other


def gpt2(**other):  # whose inner layer has to be of four times n_embd
    return dict(vocab_size=BPE_SIZE, n_positions=CONTEXT, n_ctx=CONTEXT, n_embd=32, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0) | other


def scaled(logits_scaling):
    return lambda logits: logits / logits_scaling



add("llama", lambda: tf.LlamaConfig(**spm(tie_word_embeddings=True)), vocabulary="llama")
add("gpt2", lambda: tf.GPT2Config(**gpt2()), gelu=True)
add("qwen2", lambda: tf.Qwen2Config(**base()), pre="qwen2")
add("gemma2", lambda: tf.Gemma2Config(**gemma(sliding_window=16)), vocabulary="gemma", gelu=True,
    head=lambda logits: 30 * (logits / 30).tanh())
NEOX = dict(vocab_size=BPE_SIZE, hidden_size=32, num_hidden_layers=LAYERS, num_attention_heads=2, intermediate_size=32,
            max_position_embeddings=CONTEXT, bos_token_id=0, eos_token_id=0)
add("gptneox", lambda: tf.GPTNeoXConfig(**NEOX, rotary_pct=0.25), pre="olmo", gelu=True)
add("gptneoxseq", lambda: tf.GPTNeoXConfig(**NEOX, rotary_pct=1.0, use_parallel_residual=False), pre="olmo", gelu=True)

# ---- of llama's kind
LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=24)
add("llama3rope", lambda: tf.LlamaConfig(**base(rope_theta=500000.0, rope_scaling=LLAMA3)), pre="llama-bpe")
add("llamalin", lambda: tf.LlamaConfig(**base(rope_scaling=dict(rope_type="linear", factor=4.0))), pre="llama-bpe")
add("llamayarn", lambda: tf.LlamaConfig(**base(rope_scaling=YARN)), pre="llama-bpe")
add("llamabias", lambda: tf.LlamaConfig(**base(attention_bias=True, mlp_bias=True, tie_word_embeddings=True)), pre="llama-bpe")
add("llamanobyte", lambda: tf.LlamaConfig(**base(vocab_size=160, bos_token_id=1, eos_token_id=2)), vocabulary="nobyte")
add("mistral", lambda: tf.MistralConfig(**spm(sliding_window=None, tie_word_embeddings=True)), vocabulary="llama")
add("mixtral", lambda: tf.MixtralConfig(**spm(num_local_experts=3, num_experts_per_tok=2, sliding_window=None,
                                              tie_word_embeddings=True) | dict(intermediate_size=16)), vocabulary="llama")
add("arcee", lambda: tf.ArceeConfig(**spm(tie_word_embeddings=True)), vocabulary="llama")
add("ernie45", lambda: tf.Ernie4_5Config(**spm(head_dim=16, tie_word_embeddings=True)), vocabulary="llama")
add("smollm3", lambda: tf.SmolLM3Config(**base(no_rope_layer_interval=4) | dict(pad_token_id=3)), pre="smaug-bpe")
add("qwen2tied", lambda: tf.Qwen2Config(**base(tie_word_embeddings=True)), pre="qwen2")
add("qwen3", lambda: tf.Qwen3Config(**base(head_dim=16)), pre="qwen2")
MOE = dict(num_experts=3, num_experts_per_tok=2, moe_intermediate_size=16, tie_word_embeddings=True)
add("qwen3moe", lambda: tf.Qwen3MoeConfig(**base(head_dim=16, norm_topk_prob=True, decoder_sparse_step=1, **MOE)), pre="qwen2")
add("qwen2moe", lambda: tf.Qwen2MoeConfig(**base(shared_expert_intermediate_size=8, **MOE)
                                          | dict(moe_intermediate_size=8, tie_word_embeddings=False)), pre="qwen2")
add("phi2", lambda: tf.PhiConfig(**base() | dict(
    intermediate_size=128, num_hidden_layers=2, num_key_value_heads=2, partial_rotary_factor=0.5)), gelu=True)
add("phi3", lambda: tf.Phi3Config(**spm(sliding_window=None, original_max_position_embeddings=CONTEXT, tie_word_embeddings=True)
                                  | dict(vocab_size=SPM_SIZE + 1)), vocabulary="llama", extra=("<|endoftext|>",))
add("stablelm", lambda: tf.StableLmConfig(**base(partial_rotary_factor=0.25, use_qkv_bias=True)))
add("olmo", lambda: tf.OlmoConfig(**base(clip_qkv=None)), pre="olmo")
add("olmo2", lambda: tf.Olmo2Config(**base()), pre="olmo")
add("olmoe", lambda: tf.OlmoeConfig(**base(num_experts=3, num_experts_per_tok=2)
                                    | dict(num_key_value_heads=2, intermediate_size=8)), pre="olmo")
GRANITE = dict(embedding_multiplier=3.0, logits_scaling=0.5, residual_multiplier=0.5, attention_multiplier=0.1)
add("granite", lambda: tf.GraniteConfig(**base(**GRANITE)), pre="refact", head=scaled(0.5))
add("granitemoe", lambda: tf.GraniteMoeConfig(**base(**GRANITE, num_local_experts=3, num_experts_per_tok=2, tie_word_embeddings=True)
                                              | dict(intermediate_size=16)), pre="refact", head=scaled(0.5))
add("cohere", lambda: tf.CohereConfig(**base(logit_scale=0.5)), pre="command-r", head=scaled(2))
add("cohere2", lambda: tf.Cohere2Config(**base(logit_scale=2.0, sliding_window=16, head_dim=16, rotary_pct=1.0)), pre="command-r",
    head=scaled(0.5))
add("nemotron", lambda: tf.NemotronConfig(**spm(partial_rotary_factor=0.5)), vocabulary="llama")
add("glm4", lambda: tf.Glm4Config(**base(head_dim=16, partial_rotary_factor=0.5, attention_bias=True)
                                  | dict(vocab_size=BPE_SIZE + 3, pad_token_id=3, tie_word_embeddings=False)),
    pre="glm4", extra=("<|user|>", "<|observation|>", "<|system|>"))
add("exaone4", lambda: tf.Exaone4Config(**base(sliding_window=None, layer_types=["full_attention"] * LAYERS, head_dim=16)), pre="exaone4")
MLA = dict(kv_lora_rank=16, qk_nope_head_dim=16, qk_rope_head_dim=8, v_head_dim=16, q_lora_rank=16, n_routed_experts=2,
           n_shared_experts=1, num_experts_per_tok=1, moe_intermediate_size=16, first_k_dense_replace=1, tie_word_embeddings=True)
add("deepseek2", lambda: tf.DeepseekV2Config(**base(**MLA, routed_scaling_factor=1.0, topk_method="greedy", n_group=1, topk_group=1,
                                                    norm_topk_prob=False, head_dim=8) | dict(num_key_value_heads=2)), pre="deepseek-llm")
add("deepseek3", lambda: tf.DeepseekV3Config(**base(**MLA, routed_scaling_factor=1.5, n_group=1, topk_group=1, norm_topk_prob=True)
                                             | dict(num_key_value_heads=2, n_routed_experts=4, num_experts_per_tok=2,
                                                    moe_intermediate_size=8)),
    pre="deepseek-v3", patch={"scoring_func": "sigmoid"})
add("gptoss", lambda: tf.GptOssConfig(**base(num_local_experts=3, num_experts_per_tok=2, head_dim=16, sliding_window=16, rope_scaling=dict(
    YARN, beta_fast=32.0, beta_slow=1.0, truncate=True)) | dict(intermediate_size=16, num_hidden_layers=2, tie_word_embeddings=False)), pre="gpt-4o")

# ---- gemma, and others with GELU
add("gemma", lambda: tf.GemmaConfig(**{key: value for key, value in gemma().items() if key != "query_pre_attn_scalar"}),
    vocabulary="gemma", gelu=True)
add("gemma3", lambda: tf.Gemma3TextConfig(**gemma(sliding_window=16, num_hidden_layers=7, intermediate_size=16)), vocabulary="gemma",
    gelu=True)
FALCON = dict(vocab_size=BPE_SIZE, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, alibi=False, bias=False,
              ffn_hidden_size=128, bos_token_id=0, eos_token_id=0, max_position_embeddings=CONTEXT)
add("falcon", lambda: tf.FalconConfig(**FALCON, new_decoder_architecture=False, multi_query=True, num_kv_heads=1, parallel_attn=True),
    pre="falcon", gelu=True)
add("falcon40", lambda: tf.FalconConfig(**FALCON, new_decoder_architecture=True, num_kv_heads=1), pre="falcon", gelu=True)
add("bloom", lambda: tf.BloomConfig(vocab_size=BPE_SIZE, hidden_size=32, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0,
                                    pad_token_id=3), pre="bloom", gelu=True, patch={"seq_length": CONTEXT})
add("mpt", lambda: tf.MptConfig(vocab_size=BPE_SIZE, d_model=32, n_layers=2, n_heads=2, expansion_ratio=4, max_seq_len=CONTEXT,
                                bos_token_id=0, eos_token_id=0), pre="mpt", gelu=True, patch={"architectures": ["MPTForCausalLM"]})
add("starcoder2", lambda: tf.Starcoder2Config(**base(use_bias=True, sliding_window=None, tie_word_embeddings=True)), pre="starcoder", gelu=True)
add("gptbigcode", lambda: tf.GPTBigCodeConfig(**gpt2(multi_query=True)), pre="starcoder", gelu=True)

# ---- recurrent and hybrid ones
add("mamba", lambda: tf.MambaConfig(vocab_size=BPE_SIZE, hidden_size=32, state_size=8, num_hidden_layers=LAYERS, bos_token_id=0,
                                    eos_token_id=0, pad_token_id=3), recurrent=True)
add("mamba2", lambda: tf.Mamba2Config(vocab_size=BPE_SIZE, hidden_size=32, state_size=16, num_hidden_layers=3, num_heads=4,
                                      head_dim=16, expand=2, n_groups=1, bos_token_id=0, eos_token_id=0, pad_token_id=3),
    recurrent=True)
add("jamba", lambda: tf.JambaConfig(**spm(attn_layer_period=2, attn_layer_offset=1, expert_layer_period=2, expert_layer_offset=1,
                                          num_experts=2, num_experts_per_tok=1, mamba_d_state=8, use_mamba_kernels=False,
                                          tie_word_embeddings=True) | dict(intermediate_size=16)), vocabulary="llama", recurrent=True)
MAMBA = dict(mamba_n_heads=4, mamba_d_head=16, mamba_d_state=16, mamba_n_groups=1, tie_word_embeddings=True)
add("falconh1", lambda: tf.FalconH1Config(**base(**MAMBA, mamba_d_ssm=64, head_dim=16) | dict(num_hidden_layers=2)), pre="falcon-h1", recurrent=True)
add("lfm2", lambda: tf.Lfm2Config(**base(layer_types=["conv", "full_attention"] * 2, block_multiple_of=32)), pre="lfm2", recurrent=True)
add("granitehybrid", lambda: tf.GraniteMoeHybridConfig(**base(
    **MAMBA, **GRANITE, layer_types=["mamba", "attention"] * 2, num_local_experts=2, num_experts_per_tok=1,
    shared_intermediate_size=16) | dict(intermediate_size=8)), pre="refact", recurrent=True, head=scaled(0.5))


def qwen35(*layers, **other):
    """Gated DeltaNet (linear_attention) or attention."""
    return tf.Qwen3_5TextConfig(**base(
        num_hidden_layers=len(layers), layer_types=list(layers), head_dim=16, intermediate_size=16, linear_key_head_dim=16, linear_value_head_dim=16,
        linear_num_key_heads=2, linear_num_value_heads=4, tie_word_embeddings=True, rope_parameters=dict(
            rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.5, mrope_section=[2, 1, 1], mrope_interleaved=True)) | other)


add("qwen35", lambda: qwen35("linear_attention", "full_attention", "linear_attention", "linear_attention", linear_num_key_heads=1,
                             linear_num_value_heads=2), pre="qwen2", recurrent=True, converter=("--no-mtp",), transformers="5.2.0")
