#include "options/model_options.h"

namespace decant {
namespace {

constexpr std::string_view group = "Model";
constexpr std::string_view cache_types[] = {"auto", "f32", "f16", "q8_0"};
constexpr std::string_view switch_words[] = {"auto", "on", "off"};

constexpr Field<ModelOptions> rows[] = {
    {{.name = "model",
      .group = group,
      .doc = "a GGUF file, smollm2, or hf:USER/REPO[:QUANT], which are fetched at first use",
      .when = "to run any other model than the default",
      .aliases = {"-m", "--expert"}},
     &ModelOptions::model},
    {{.name = "threads",
      .group = group,
      .range = between(0, 1024),
      .doc = "the most threads that compute; 0 is one for each CPU that the process may use",
      .when = "to leave CPUs to other work; a busy machine, a container's quota and a small model need no hint",
      .aliases = {"-t"}},
     &ModelOptions::threads},
    {{.name = "ctx_size",
      .group = group,
      .range = at_least(0),
      .doc = "tokens the cache can hold; 0 is as many as the request can use",
      .when = "to bound memory when many long sequences are asked for",
      .aliases = {"-c"}},
     &ModelOptions::ctx_size},
    {{.name = "cache_type",
      .group = group,
      .range = one_of(cache_types),
      .doc = "precision of the cache; auto is f32 for F32 models, else f16",
      .when = "q8_0 to halve the cache, f32 to compare with a reference",
      .advanced = true},
     &ModelOptions::cache_type},
    {{.name = "flash_attn",
      .group = group,
      .range = one_of(switch_words),
      .doc = "fused attention; auto is off for F32 models, else on",
      .when = "off to compare with a reference; on is faster with long contexts",
      .advanced = true},
     &ModelOptions::flash_attn},
    {{.name = "prefill_chunk_size",
      .group = group,
      .range = at_least(1),
      .doc = "tokens of a prompt evaluated at a time",
      .when = "smaller when other runs must not wait for a long prompt, larger to read prompts faster",
      .advanced = true},
     &ModelOptions::prefill_chunk_size},
    {{.name = "n_gpu_layers",
      .group = group,
      .range = at_least(-1),
      .doc = "layers on the accelerator, if this build has one; -1 is all",
      .when = "fewer when the model does not fit into the device's memory",
      .aliases = {"-ngl"}},
     &ModelOptions::n_gpu_layers},
    {{.name = "kernels",
      .group = group,
      .range = one_of(switch_words),
      .doc = "our own CPU kernels; auto is on where the CPU has AVX2 or AVX-512 VNNI",
      .when = "off to compare with ggml's; on to insist on ours, slow as they are in plain C++",
      .advanced = true},
     &ModelOptions::kernels},
    {{.name = "exact",
      .group = group,
      .doc = "the same bits in any company, or a refusal where that cannot be kept",
      .when = "when logits must not depend on what is computed beside, on drafts, cached prefixes or threads"},
     &ModelOptions::exact},
    {{.name = "offline",
      .group = group,
      .doc = "fetch no model: take those that are here",
      .when = "where a download would be a surprise; HF_HUB_OFFLINE=1 says the same",
      .advanced = true},
     &ModelOptions::offline},
};

}  // namespace

Fields<ModelOptions> model_fields() { return rows; }

}  // namespace decant
