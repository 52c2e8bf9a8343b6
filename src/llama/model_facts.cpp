// Tested by tests/llama/model_facts_test.cpp.
#include "llama/model_facts.h"

#include <ggml.h>
#include <llama-chat.h>
#include <llama-context.h>
#include <llama-ext.h>
#include <llama-graph.h>
#include <llama-model.h>
#include <llama.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "kernels/hook.h"
#include "llama/exactness.h"

namespace decant {
namespace {

constexpr int kMoreCells = 256;  // a step of libllama's cache

struct Bytes {
  std::uint64_t weights = 0, cache = 0, compute = 0;
};

Bytes bytes_of(const LlamaModel& model) {
  Bytes bytes;
  for (const auto& [type, each] : llama_get_memory_breakdown(model.handle())) {
    bytes.weights += each.model;
    bytes.cache += each.context;
    bytes.compute += each.compute;
  }
  return bytes;
}

Shape shape_of(const llama_model& model) {
  const llama_hparams& all = model.hparams;
  Shape shape{.embedding = llama_model_n_embd(&model), .window = llama_model_n_swa(&model)};
  for (std::uint32_t layer = 0; layer < all.n_layer(); ++layer) {
    shape.heads = std::max(shape.heads, static_cast<int>(all.n_head(layer)));
    shape.kv_heads = std::max(shape.kv_heads, static_cast<int>(all.n_head_kv(layer)));
  }
  shape.experts = static_cast<int>(all.n_expert);
  shape.experts_used = shape.experts > 0 ? static_cast<int>(all.n_expert_used_max()) : 0;
  return shape;
}

bool is_product(const ggml_tensor* op) { return op->op == GGML_OP_MUL_MAT || op->op == GGML_OP_MUL_MAT_ID; }

// Every operation of the graph that the context has planned.
KernelFacts kernels_of(const LlamaModel& model, const ModelOptions& options) {
  KernelFacts facts{.description = model.describe(), .device = device_of(options), .isa = isa_of(options)};
  if (!facts.device.empty()) return facts;
  ggml_cgraph* graph = model.handle()->get_gf_res_reserve()->get_gf();
  std::map<std::string, TypeProducts> products;
  std::set<const ggml_tensor*> counted;
  for (int i = 0; i < ggml_graph_n_nodes(graph); ++i) {
    const ggml_tensor* op = ggml_graph_node(graph, i);
    const bool ours = facts.isa && kernels::covers(op, *facts.isa);
    if (op->op == GGML_OP_FLASH_ATTN_EXT) facts.attention = ours;
    if (!ours) {
      if (std::optional<std::string> what = kernels::left_to_ggml(op)) facts.left.insert(std::move(*what));
    }
    const ggml_tensor* weights = op->src[0];
    if (!is_product(op) || weights->op != GGML_OP_NONE || !counted.insert(weights).second) continue;
    TypeProducts& type = products[ggml_type_name(weights->type)];
    (ours ? type.ours : type.ggml) += ggml_nbytes(weights);
  }
  for (auto& [name, each] : products) {
    each.type = name;
    facts.products.push_back(each);
  }
  std::ranges::stable_sort(facts.products, std::greater(), [](const auto& each) { return each.ours + each.ggml; });
  return facts;
}

std::string why_not_exact(const std::shared_ptr<const LlamaFile>& file, ModelOptions options) {
  try {
    options.exact = true;
    check_exact_options(options);
    options = settled_as_exact(options);
    options.exact = false;  // which would evaluate something
    check_nothing_left(kernels_of(LlamaModel(file, options, 0, 1), options).left, file->path());
    return "";
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable && error.kind() != ErrorKind::usage) throw;
    return error.what();
  }
}

}  // namespace

ModelFacts model_facts(const std::shared_ptr<const LlamaFile>& file, const ModelOptions& options) {
  const kernels::LoadScope scope(isa_of(options));  // weights without data are ours while they are being loaded
  const LlamaModel one(file, options, 0, 1);
  const int cells = static_cast<int>(llama_n_ctx(one.handle()));
  const Bytes bytes = bytes_of(one);

  ModelFacts facts{.model = one.info(),
                   .shape = shape_of(*file->handle()),
                   .kernels = kernels_of(one, options),
                   .why_not_exact = why_not_exact(file, options)};
  facts.model.rewind = LlamaModel(file, options, 0, 1, kMostTakenBack).info().rewind;
  MemoryFacts& memory = facts.memory;
  memory.weights = bytes.weights;
  memory.compute = bytes.compute;
  memory.default_context = one.info().n_cells;
  memory.default_cache = bytes.cache;

  // Of more, cells go on at the same rate, from where windows are kept alone, if they are in so many.
  const auto cache = [&](int n, int texts) { return bytes_of(LlamaModel(file, options, n, texts)).cache; };
  const std::int64_t windows = cells_for_windows(*file, options, 2);
  const int trained = file->trained_context();
  const int begin = windows > cells && windows <= trained ? static_cast<int>(windows) : cells;
  const std::uint64_t there = cache(begin, 1);
  memory.state_per_text = cache(begin, 2) - there;
  memory.cache_per_token = (cache(begin + kMoreCells, 1) - there) / kMoreCells;
  memory.trained_cache = static_cast<std::uint64_t>(
      static_cast<std::int64_t>(there) + static_cast<std::int64_t>(memory.cache_per_token) * (trained - begin));
  return facts;
}

std::string vocabulary_kind(const LlamaVocab& vocab) {
  switch (llama_vocab_type(vocab.handle())) {
    case LLAMA_VOCAB_TYPE_SPM:
      return "SentencePiece BPE";
    case LLAMA_VOCAB_TYPE_BPE:
      return "byte-level BPE";
    case LLAMA_VOCAB_TYPE_WPM:
      return "WordPiece";
    case LLAMA_VOCAB_TYPE_UGM:
      return "unigram";
    case LLAMA_VOCAB_TYPE_RWKV:
      return "RWKV, greedy";
    case LLAMA_VOCAB_TYPE_PLAMO2:
      return "PLaMo 2";
    default:
      return "of an unknown kind";
  }
}

std::string template_family(const std::string& source) {
  const llm_chat_template family = llm_chat_detect_template(source);
  std::vector<const char*> names(static_cast<std::size_t>(llama_chat_builtin_templates(nullptr, 0)));
  llama_chat_builtin_templates(names.data(), names.size());
  for (const char* name : names) {
    if (llm_chat_template_from_str(name) == family) return name;
  }
  return "";
}

}  // namespace decant
