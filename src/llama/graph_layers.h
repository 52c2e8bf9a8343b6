// Where the layers of a model stand in libllama's graph of it, whatever its architecture: what each of them reads, and
// what stands between the last norm and the logits.
//
// Tested by tests/llama/graph_layers_test.cpp, and against Hugging Face on the architectures of tests/zoo/.
#pragma once

#include <ggml.h>

#include <array>
#include <string>
#include <vector>

namespace decant {

// One operation of the output head, on what the ones before it have left.
struct HeadStep {
  ggml_op op = GGML_OP_NONE;
  std::array<std::int32_t, GGML_MAX_OP_PARAMS / sizeof(std::int32_t)> params{};
  const ggml_tensor* weights = nullptr;  // in the model's own buffer; null: it has none

  bool is_linear() const { return op == GGML_OP_MUL_MAT || op == GGML_OP_ADD; }
};

struct GraphLayers {
  // By layer, the name of the tensor of n_embd numbers a row that it reads. Empty: the graph does not name them all.
  std::vector<std::string> inputs;
  // From the last hidden state, after the final norm, to the logits. Empty: there is an operation that is not known.
  std::vector<HeadStep> head;
};

// Of a graph with several rows.
GraphLayers find_layers(ggml_cgraph* graph, int n_layer, int n_embd);

}  // namespace decant
