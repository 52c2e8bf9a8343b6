// The key-value part of a GGUF file: read once, checked, then asked by key and type. Values are views into the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "files/gguf_reader.h"

namespace decant {

class GgufMetadata {
 public:
  struct Value {
    GgufType type{};  // of the elements, for an array
    bool is_array = false;
    std::uint64_t count = 1;
    std::string_view data;  // a string's bytes, a number's or an array's raw bytes
    std::uint64_t offset = 0;
  };

  // Reads `n_keys` pairs. Throws Error(data) on any that is malformed, too big, or there twice.
  GgufMetadata(GgufReader& reader, std::uint64_t n_keys);

  // Null or nullopt where the key is absent; Error(data) where its value has another type.
  const Value* array(std::string_view key) const;
  std::optional<std::string_view> text(std::string_view key) const;
  std::optional<bool> flag(std::string_view key) const;
  std::optional<std::uint32_t> u32(std::string_view key) const { return scalar<std::uint32_t>(key, GgufType::u32); }
  std::optional<std::uint16_t> u16(std::string_view key) const { return scalar<std::uint16_t>(key, GgufType::u16); }

  std::uint64_t offset_of(std::string_view key) const;  // 0 where absent

 private:
  const Value* find(std::string_view key, GgufType type, bool is_array) const;

  template <class T>
  std::optional<T> scalar(std::string_view key, GgufType type) const {
    const Value* value = find(key, type, false);
    if (!value) return std::nullopt;
    T number;
    std::memcpy(&number, value->data.data(), sizeof number);
    return number;
  }

  std::unordered_map<std::string_view, Value> values_;
  const GgufReader& reader_;  // for its fail()
};

}  // namespace decant
