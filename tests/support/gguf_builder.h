// Writes tiny GGUF files in memory, right by default and wrong in any one place that a test asks for.
#pragma once

#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace decant::test {

template <class Number>
std::string raw(Number value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

inline std::string raw_string(std::string_view text) { return raw<std::uint64_t>(text.size()).append(text); }

// Metadata values as they lie in the file: type, then content. Type numbers are GGUF's.
inline std::string value_u16(std::uint16_t x) { return raw<std::uint32_t>(2) + raw(x); }
inline std::string value_u32(std::uint32_t x) { return raw<std::uint32_t>(4) + raw(x); }
inline std::string value_f32(float x) { return raw<std::uint32_t>(6) + raw(x); }
inline std::string value_bool(bool x) { return raw<std::uint32_t>(7) + raw<std::uint8_t>(x); }
inline std::string value_text(std::string_view x) { return raw<std::uint32_t>(8) + raw_string(x); }
inline std::string value_array(std::uint32_t type, std::uint64_t count, std::string_view elements) {
  return (raw<std::uint32_t>(9) + raw(type) + raw(count)).append(elements);
}
inline std::string value_texts(const std::vector<std::string>& texts) {
  std::string elements;
  for (const std::string& text : texts) elements += raw_string(text);
  return value_array(8, texts.size(), elements);
}
inline std::string value_i32s(const std::vector<std::int32_t>& numbers) {
  std::string elements;
  for (const std::int32_t number : numbers) elements += raw(number);
  return value_array(5, numbers.size(), elements);
}

struct GgufBuilder {
  struct Key {
    std::string name, value;
  };
  struct Tensor {
    std::string name;
    std::vector<std::uint64_t> dims;
    std::uint32_t type = 0;               // F32
    std::uint64_t size = 0;               // bytes of data written
    std::optional<std::uint64_t> offset;  // unset: right after the tensor before it
  };

  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::optional<std::uint64_t> n_tensors, n_keys;  // unset: the truth
  std::uint64_t alignment = 32;
  std::vector<Key> keys;
  std::vector<Tensor> tensors;

  void set(const std::string& name, std::string value) {
    for (Key& key : keys) {
      if (key.name == name) {
        key.value = std::move(value);
        return;
      }
    }
    keys.push_back({name, std::move(value)});
  }

  void remove(const std::string& name) {
    std::erase_if(keys, [&](const Key& key) { return key.name == name; });
  }

  std::string header() const {
    std::string out = magic + raw(version) + raw<std::uint64_t>(n_tensors.value_or(tensors.size())) +
                      raw<std::uint64_t>(n_keys.value_or(keys.size()));
    for (const Key& key : keys) out += raw_string(key.name) + key.value;
    std::uint64_t offset = 0;
    for (const Tensor& tensor : tensors) {
      out += raw_string(tensor.name) + raw(static_cast<std::uint32_t>(tensor.dims.size()));
      for (const std::uint64_t dim : tensor.dims) out += raw(dim);
      out += raw(tensor.type) + raw(tensor.offset.value_or(offset));
      offset = padded(offset + tensor.size);
    }
    return out;
  }

  std::string build() const {
    std::string out = header();
    out.resize(padded(out.size()));
    for (const Tensor& tensor : tensors) {
      out.append(tensor.size, '\0');
      out.resize(padded(out.size()));
    }
    return out;
  }

  std::uint64_t padded(std::uint64_t n) const { return (n + alignment - 1) / alignment * alignment; }
};

// A llama of one layer that check_gguf() accepts: every kind of metadata that it looks at, tensors of three types.
inline GgufBuilder tiny_gguf() {
  GgufBuilder file;
  file.keys = {{"general.architecture", value_text("llama")},
               {"general.name", value_text("tiny")},
               {"general.file_type", value_u32(0)},
               {"general.alignment", value_u32(32)},
               {"llama.block_count", value_u32(1)},
               {"llama.context_length", value_u32(128)},
               {"tokenizer.ggml.model", value_text("llama")},
               {"tokenizer.ggml.tokens", value_texts({"<unk>", "<s>", "</s>", "<0x0A>", "a"})},
               {"tokenizer.ggml.scores", value_array(6, 5, std::string(20, '\0'))},
               {"tokenizer.ggml.token_type", value_i32s({2, 3, 3, 6, 1})},
               {"tokenizer.ggml.merges", value_texts({"a a"})},
               {"tokenizer.ggml.bos_token_id", value_u32(1)},
               {"tokenizer.ggml.eos_token_id", value_u32(2)},
               {"tokenizer.ggml.eot_token_id", value_u32(99)},
               {"tokenizer.ggml.add_bos_token", value_bool(true)},
               {"tokenizer.chat_template", value_text("{{ messages }}")}};
  file.tensors = {{"token_embd.weight", {64, 5}, 8, 5 * 2 * 34, {}},            // Q8_0
                  {"blk.0.attn_norm.weight", {64}, 0, 64 * 4, {}},              // F32
                  {"blk.0.ffn_up.weight", {64, 2, 2}, 2, 2 * 2 * 2 * 18, {}}};  // Q4_0
  return file;
}

// A llama of one layer and 32 dimensions, all weights zero, that libllama loads and evaluates.
inline GgufBuilder loadable_gguf() {
  GgufBuilder file;
  file.keys = {{"general.architecture", value_text("llama")},
               {"llama.block_count", value_u32(1)},
               {"llama.context_length", value_u32(128)},
               {"llama.embedding_length", value_u32(32)},
               {"llama.feed_forward_length", value_u32(32)},
               {"llama.attention.head_count", value_u32(1)},
               {"llama.attention.layer_norm_rms_epsilon", value_f32(1e-5f)},
               {"tokenizer.ggml.model", value_text("llama")},
               {"tokenizer.ggml.tokens", value_texts({"<unk>", "<s>", "</s>", "<0x0A>", "a"})},
               {"tokenizer.ggml.scores", value_i32s({0, 0, 0, 0, 0})},
               {"tokenizer.ggml.token_type", value_i32s({2, 3, 3, 6, 1})}};
  file.tensors = {{"token_embd.weight", {32, 5}, 0, 640, {}},
                  {"output_norm.weight", {32}, 0, 128, {}},
                  {"blk.0.attn_norm.weight", {32}, 0, 128, {}},
                  {"blk.0.ffn_norm.weight", {32}, 0, 128, {}}};
  for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"}) {
    file.tensors.push_back({std::string("blk.0.") + name + ".weight", {32, 32}, 0, 4096, {}});
  }
  return file;
}

// The file with one to three changes in its header: a byte, a number at the edge of its range, a piece cut or doubled.
inline std::string mutant(const GgufBuilder& file, std::mt19937_64& random) {
  constexpr std::uint64_t max = ~std::uint64_t{0};
  constexpr std::uint64_t edges[] = {0, 1, 0x7f, 0xff, 0x7fff'ffff, 0xffff'ffff, max / 8 + 1, max / 2, max - 31, max};
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::size_t header = file.header().size();
  const std::string good = file.build();
  std::string bytes = good;
  for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
    const std::size_t at = below(header - 8);
    // clang-format off
    switch (below(5)) {
      case 0: bytes[at] = static_cast<char>(random()); break;
      case 1: std::memcpy(&bytes[at], &edges[below(std::size(edges))], 8); break;
      case 2: std::memcpy(&bytes[at], &edges[below(std::size(edges))], 4); break;
      case 3: bytes.erase(at, 1 + below(16)); break;
      default: bytes.insert(at, good.substr(below(header), below(64)));
    }
    // clang-format on
  }
  return bytes;
}

}  // namespace decant::test
