#include "llama/graph_layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <unordered_map>

namespace decant {
namespace {

std::string_view name_of(const ggml_tensor* tensor) { return ggml_get_name(tensor); }

std::span<ggml_tensor* const> sources(const ggml_tensor* tensor) {
  const auto* end = std::find(tensor->src, tensor->src + GGML_MAX_SRC, nullptr);
  return {tensor->src, end};
}

bool is_state(const ggml_tensor* tensor, int n_embd, std::int64_t rows) {
  return tensor->type == GGML_TYPE_F32 && tensor->ne[0] == n_embd && tensor->ne[1] == rows && tensor->ne[2] == 1;
}

// What the first layer reads: of the states that hold none of its weights, nor anything computed from them, and that
// such are computed from, the first. (The others come from it: a norm without weights.)
const ggml_tensor* first_input(std::span<ggml_tensor* const> nodes, int n_embd, std::int64_t rows) {
  std::unordered_map<const ggml_tensor*, std::size_t> before;  // the weights, by place in the graph
  const ggml_tensor* first = nullptr;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto is_behind = [&](const ggml_tensor* source) {
      return name_of(source).starts_with("blk.0.") || (source->op != GGML_OP_NONE && !before.contains(source));
    };
    if (std::ranges::none_of(sources(nodes[i]), is_behind)) {
      before[nodes[i]] = i;
      continue;
    }
    for (const ggml_tensor* source : sources(nodes[i])) {
      const auto found = before.find(source);
      if (found == before.end() || !is_state(source, n_embd, rows)) continue;
      if (!first || found->second < before[first]) first = source;
    }
  }
  return first;
}

std::vector<std::string> inputs_of(std::span<ggml_tensor* const> nodes, int n_layer, int n_embd) {
  std::unordered_map<std::string_view, const ggml_tensor*> named;
  for (const ggml_tensor* node : nodes) named[name_of(node)] = node;
  const auto output = [&](int layer) {
    const auto found = named.find(fmt::format("l_out-{}", layer));
    return found == named.end() ? nullptr : found->second;
  };
  if (!output(0)) return {};
  const std::int64_t rows = output(0)->ne[1];
  const ggml_tensor* first = first_input(nodes, n_embd, rows);
  if (!first || named[name_of(first)] != first) return {};
  std::vector<std::string> inputs = {std::string(name_of(first))};
  for (int layer = 0; layer + 1 < n_layer; ++layer) {
    if (!output(layer) || !is_state(output(layer), n_embd, rows)) return {};
    inputs.emplace_back(name_of(output(layer)));
  }
  return inputs;
}

// The step that computes `node`, and what it is computed from; null: it is none that is known.
const ggml_tensor* source_of(const ggml_tensor* node, HeadStep& step) {
  step.op = node->op;
  std::copy(std::begin(node->op_params), std::end(node->op_params), step.params.begin());
  const auto is_weights = [](const ggml_tensor* tensor) { return tensor->op == GGML_OP_NONE && tensor->buffer; };
  switch (node->op) {
    case GGML_OP_MUL_MAT:
      step.weights = node->src[0];
      return is_weights(node->src[0]) ? node->src[1] : nullptr;
    case GGML_OP_ADD:
      step.weights = node->src[1];
      return is_weights(node->src[1]) ? node->src[0] : nullptr;
    case GGML_OP_SCALE:
      return node->src[0];
    case GGML_OP_UNARY:
      return ggml_get_unary_op(node) == GGML_UNARY_OP_TANH ? node->src[0] : nullptr;
    default:
      return nullptr;
  }
}

std::vector<HeadStep> head_of(std::span<ggml_tensor* const> nodes) {
  const auto logits = std::ranges::find(nodes, std::string_view("result_output"), name_of);
  if (logits == nodes.end()) return {};
  std::vector<HeadStep> steps;
  for (const ggml_tensor* node = *logits; name_of(node) != "result_norm";) {
    node = source_of(node, steps.emplace_back());
    if (!node) return {};
  }
  std::ranges::reverse(steps);
  const auto multiplies = [](const HeadStep& step) { return step.op == GGML_OP_MUL_MAT; };
  return std::ranges::count_if(steps, multiplies) == 1 ? steps : std::vector<HeadStep>();
}

}  // namespace

GraphLayers find_layers(ggml_cgraph* graph, int n_layer, int n_embd) {
  const std::span nodes(ggml_graph_nodes(graph), static_cast<std::size_t>(ggml_graph_n_nodes(graph)));
  return {inputs_of(nodes, n_layer, n_embd), head_of(nodes)};
}

}  // namespace decant
