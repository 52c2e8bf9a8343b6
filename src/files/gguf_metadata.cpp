#include "files/gguf_metadata.h"

namespace decant {
namespace {

constexpr std::uint64_t kMaxKeys = 65'536;
constexpr std::uint64_t kMaxKeyBytes = 65'535;
constexpr std::uint64_t kMaxStringBytes = 64 << 20;
constexpr std::uint64_t kMaxTemplateBytes = 1 << 20;

std::uint64_t longest_string(std::string_view key) {
  return key.starts_with("tokenizer.chat_template") ? kMaxTemplateBytes : kMaxStringBytes;
}

GgufType read_type(GgufReader& reader, std::string_view key) {
  const std::uint64_t offset = reader.offset();
  const auto type = GgufType{reader.number<std::uint32_t>("the type of a value")};
  if (type > GgufType::f64) {
    const auto number = static_cast<std::uint32_t>(type);
    reader.fail(offset, "{} has type {}, which GGUF does not define", excerpt(key), number);
  }
  return type;
}

std::string_view read_strings(GgufReader& reader, std::string_view key, std::uint64_t count) {
  GgufReader start = reader;
  if (count > reader.remaining() / sizeof(std::uint64_t)) {
    reader.fail(reader.offset(), "{} has {} strings, more than the rest of the file can hold", excerpt(key), count);
  }
  for (std::uint64_t i = 0; i < count; ++i) reader.string(longest_string(key), "a string in an array");
  return start.take(reader.offset() - start.offset(), key);
}

std::string_view read_numbers(GgufReader& reader, std::string_view key, GgufType type, std::uint64_t count) {
  if (count > reader.remaining() / gguf_type_size(type)) {
    reader.fail(reader.offset(), "{} has {} elements, more than the rest of the file can hold", excerpt(key), count);
  }
  return reader.take(count * gguf_type_size(type), key);
}

GgufMetadata::Value read_value(GgufReader& reader, std::string_view key) {
  GgufMetadata::Value value;
  value.offset = reader.offset();
  value.type = read_type(reader, key);
  value.is_array = value.type == GgufType::array;
  if (value.is_array) {
    value.type = read_type(reader, key);
    if (value.type == GgufType::array) reader.fail(value.offset, "{} is an array of arrays", excerpt(key));
    value.count = reader.number<std::uint64_t>("the length of an array");
  }
  if (value.type != GgufType::string) {
    value.data = read_numbers(reader, key, value.type, value.count);
  } else if (value.is_array) {
    value.data = read_strings(reader, key, value.count);
  } else {
    value.data = reader.string(longest_string(key), "a string");
  }
  return value;
}

}  // namespace

GgufMetadata::GgufMetadata(GgufReader& reader, std::uint64_t n_keys) : reader_(reader) {
  if (n_keys > kMaxKeys) reader.fail(reader.offset(), "it declares {} keys, at most {} are allowed", n_keys, kMaxKeys);
  for (std::uint64_t i = 0; i < n_keys; ++i) {
    const std::uint64_t offset = reader.offset();
    const std::string_view key = reader.string(kMaxKeyBytes, "a key");
    if (key.empty()) reader.fail(offset, "an empty key");
    const bool is_new = values_.emplace(key, read_value(reader, key)).second;
    if (!is_new) reader.fail(offset, "the key {} is there twice", excerpt(key));
  }
}

const GgufMetadata::Value* GgufMetadata::find(std::string_view key, GgufType type, bool is_array) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return nullptr;
  const Value& value = found->second;
  if (value.is_array != is_array || (type != GgufType::array && value.type != type)) {
    reader_.fail(value.offset, "{} has a value of the wrong type", excerpt(key));
  }
  return &value;
}

const GgufMetadata::Value* GgufMetadata::array(std::string_view key) const { return find(key, GgufType::array, true); }

std::optional<std::string_view> GgufMetadata::text(std::string_view key) const {
  const Value* value = find(key, GgufType::string, false);
  return value ? std::optional(value->data) : std::nullopt;
}

std::optional<bool> GgufMetadata::flag(std::string_view key) const {
  const Value* value = find(key, GgufType::boolean, false);
  return value ? std::optional(value->data[0] != 0) : std::nullopt;
}

std::uint64_t GgufMetadata::offset_of(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? 0 : found->second.offset;
}

}  // namespace decant
