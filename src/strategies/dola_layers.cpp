// Tested by tests/strategies/dola_test.cpp, against the published table.
#include "strategies/dola_layers.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace decant {
namespace {

std::vector<int> every_second(int begin, int end) {
  std::vector<int> layers;
  for (int layer = begin; layer < end; layer += 2) layers.push_back(layer);
  return layers;
}

// Where the head is the transposed embedding, it gives the embeddings' layer back its own token: the first layers that
// say anything come later.
int first_layer(int n_layer, bool tied_embeddings) {
  if (!tied_embeddings) return 0;
  return n_layer > 2 ? 2 : n_layer == 2 ? 1 : 0;
}

std::vector<int> lower_half(int n_layer, bool tied_embeddings) {
  const int first = first_layer(n_layer, tied_embeddings);
  if (first == n_layer / 2) return {first};
  return every_second(first, n_layer <= 40 ? n_layer / 2 : 20);
}

std::vector<int> upper_half(int n_layer) { return every_second(n_layer <= 40 ? n_layer / 2 : n_layer - 20, n_layer); }

[[noreturn]] void reject(std::string_view text) {
  throw Error(ErrorKind::usage, "dola_layers is '{}': it can be low, high, or a list of layers like 18,20", text);
}

std::vector<int> listed(std::string_view text, int n_layer) {
  std::string_view list = text;
  if (list.starts_with('[') && list.ends_with(']')) list = list.substr(1, list.size() - 2);
  std::vector<int> layers;
  while (true) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view word = list.substr(0, comma);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    int layer = -1;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), layer);
    if (error != std::errc() || end != word.data() + word.size() || layer < 0) reject(text);
    if (layer >= n_layer) {
      throw Error(ErrorKind::usage, "dola_layers: layer {} is none to contrast with, this model has 0 to {}", layer,
                  n_layer - 1);
    }
    if (std::find(layers.begin(), layers.end(), layer) == layers.end()) layers.push_back(layer);
    if (comma == list.size()) return layers;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

std::vector<int> dola_layers(std::string_view text, int n_layer, bool tied_embeddings) {
  if (text != "low" && text != "high") return listed(text, n_layer);
  std::vector<int> layers = text == "low" ? lower_half(n_layer, tied_embeddings) : upper_half(n_layer);
  if (layers.empty()) {
    throw Error(ErrorKind::usage, "dola_layers {}: a model of {} layers has none there, list some of 0 to {}", text,
                n_layer, n_layer - 1);
  }
  return layers;
}

}  // namespace decant
