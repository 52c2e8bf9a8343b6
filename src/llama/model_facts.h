// What a model would take and who would compute it, from the graph and the sizes that libllama plans for a context,
// without the weights: a file of any size is looked at in a moment, on a machine that could not hold it.
//
// Tested by tests/llama/model_facts_test.cpp against contexts that are there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "llama/llama_file.h"
#include "llama/llama_model.h"

namespace decant {

// Products of weights of one type, by the bytes of those weights.
struct TypeProducts {
  std::string type;
  std::uint64_t ours = 0, ggml = 0;
};

struct KernelFacts {
  std::string description;  // LlamaModel::describe(), before any forward
  std::string device;       // that computes instead, "" where there is none
  std::optional<kernels::Isa> isa = {};
  std::vector<TypeProducts> products = {};  // most bytes first
  bool attention = false;                   // is ours, where there is any
  std::set<std::string> left = {};          // to ggml, of what does not compute each row alone (kernels/hook.h)
};

// In bytes.
struct MemoryFacts {
  std::uint64_t weights = 0;          // as they lie in memory: re-laid for our kernels; tied embeddings count twice
  std::uint64_t cache_per_token = 0;  // all layers; of a long text without those that keep a window alone
  std::uint64_t state_per_text = 0;   // of recurrent layers, and of windows, however long the text is
  std::uint64_t compute = 0;          // for a batch, on its way through the layers
  int default_context = 0;            // tokens
  std::uint64_t default_cache = 0, trained_cache = 0;  // one text's states included
};

struct Shape {
  int embedding = 0;
  int heads = 0, kv_heads = 0;  // the most of a layer
  int experts = 0, experts_used = 0;
  int window = 0;  // tokens that layers with a sliding window see; 0: all see all
};

struct ModelFacts {
  ModelInfo model;  // of a context as it is made by default
  Shape shape = {};
  KernelFacts kernels = {};
  std::string why_not_exact = "";  // the sentence that refuses options.exact, or ""
  MemoryFacts memory = {};
};

// REQUIRES: the file's weights have not been read (SharedWeights::none), and no options.exact, which evaluates. Throws
// Error for options that contradict one another.
ModelFacts model_facts(const std::shared_ptr<const LlamaFile>& file, const ModelOptions& options);

// In words: "byte-level BPE".
std::string vocabulary_kind(const LlamaVocab& vocab);

// The family that libllama recognises a chat template as, such as "chatml"; "" for any other.
std::string template_family(const std::string& source);

}  // namespace decant
