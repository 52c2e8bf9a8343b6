#include "files/gguf_check.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cstring>
#include <deque>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <unordered_set>
#include <vector>

#include "base/mapped_file.h"
#include "files/gguf_metadata.h"
#include "files/gguf_reader.h"

namespace decant {
namespace {

constexpr std::uint64_t kMaxTensors = 100'000;
constexpr std::uint64_t kMaxNameBytes = 63;  // ggml's GGML_MAX_NAME, less the final zero
constexpr std::uint32_t kMaxDims = 4;
constexpr std::uint32_t kDefaultAlignment = 32;
constexpr std::uint32_t kMaxAlignment = 1 << 20;
constexpr std::uint32_t kMaxLayers = 512;  // libllama's LLAMA_MAX_LAYERS
constexpr std::uint32_t kMaxVocabulary = 1 << 24;
constexpr std::int32_t kByteToken = 6;  // LLAMA_TOKEN_TYPE_BYTE
constexpr std::uint64_t kMaxSize = std::numeric_limits<std::int64_t>::max();

// ---------------------------------------------------------------------------------------------------------- header

struct Counts {
  std::uint64_t tensors = 0, keys = 0;
};

Counts read_header(GgufReader& reader, std::string_view bytes) {
  if (bytes.empty()) throw Error(ErrorKind::data, "{} is empty, not a GGUF file", reader.file());
  if (!bytes.starts_with("GGUF")) {
    throw Error(ErrorKind::data, "{} is not a GGUF file: it begins with {}", reader.file(),
                excerpt(bytes.substr(0, 16)));
  }
  reader.take(4, "the magic");
  const auto version = reader.number<std::uint32_t>("the version");
  if (version != 0 && (version & 0xffff) == 0) {
    throw Error(ErrorKind::data, "{} is a big-endian GGUF file: convert it to little-endian", reader.file());
  }
  if (version != 2 && version != 3) {
    throw Error(ErrorKind::data, "{} has GGUF version {}, only 2 and 3 can be read: convert the model again",
                reader.file(), version);
  }
  Counts counts;
  counts.tensors = reader.number<std::uint64_t>("the number of tensors");
  counts.keys = reader.number<std::uint64_t>("the number of keys");
  return counts;
}

std::uint32_t alignment_of(const GgufReader& reader, const GgufMetadata& metadata) {
  const std::string_view key = "general.alignment";
  const std::uint32_t alignment = metadata.u32(key).value_or(kDefaultAlignment);
  if (!std::has_single_bit(alignment) || alignment > kMaxAlignment) {
    reader.fail(metadata.offset_of(key), "the alignment is {}, not a power of two up to {}", alignment, kMaxAlignment);
  }
  return alignment;
}

// --------------------------------------------------------------------------------------------------------- tensors

struct Tensor {
  std::string_view name;
  std::uint32_t type = 0;
  bool is_matrix = false;
  std::uint64_t elements = 0;
  std::uint64_t size = 0;    // bytes
  std::uint64_t offset = 0;  // from the start of the data
  std::uint64_t entry = 0;   // byte of the file that describes it
};

// Elements of the tensor; `row` is the length of its first dimension.
std::uint64_t read_shape(GgufReader& reader, Tensor& tensor, std::uint64_t& row) {
  const auto n_dims = reader.number<std::uint32_t>("the number of dimensions of a tensor");
  if (n_dims < 1 || n_dims > kMaxDims) {
    reader.fail(tensor.entry, "the tensor {} has {} dimensions, not 1 to {}", excerpt(tensor.name), n_dims, kMaxDims);
  }
  std::uint64_t elements = 1;
  for (std::uint32_t i = 0; i < n_dims; ++i) {
    const auto dim = reader.number<std::uint64_t>("a dimension of a tensor");
    if (dim == 0 || dim > kMaxSize / elements) {
      reader.fail(tensor.entry, "dimension {} of the tensor {} is {}", i, excerpt(tensor.name), dim);
    }
    elements *= dim;
    if (i == 0) row = dim;
    if (i > 0 && dim > 1) tensor.is_matrix = true;
  }
  return elements;
}

Tensor read_tensor(GgufReader& reader) {
  Tensor tensor;
  tensor.entry = reader.offset();
  tensor.name = reader.string(kMaxNameBytes, "the name of a tensor");
  std::uint64_t row = 0;
  const std::uint64_t elements = read_shape(reader, tensor, row);
  tensor.type = reader.number<std::uint32_t>("the type of a tensor");
  if (tensor.type >= kTensorTypes.size() || kTensorTypes[tensor.type].block == 0) {
    reader.fail(tensor.entry, "the tensor {} has type {}, which this version of libllama does not know",
                excerpt(tensor.name), tensor.type);
  }
  const TensorType& type = kTensorTypes[tensor.type];
  if (row % type.block != 0) {
    reader.fail(tensor.entry, "the rows of the tensor {} have {} elements, but {} comes in blocks of {}",
                excerpt(tensor.name), row, type.name, type.block);
  }
  const std::uint64_t blocks = elements / type.block;
  if (blocks > kMaxSize / type.bytes) {
    reader.fail(tensor.entry, "the tensor {} has {} elements, more than can be addressed", excerpt(tensor.name),
                elements);
  }
  tensor.elements = elements;
  tensor.size = blocks * type.bytes;
  tensor.offset = reader.number<std::uint64_t>("the offset of a tensor");
  return tensor;
}

std::vector<Tensor> read_tensors(GgufReader& reader, std::uint64_t count) {
  if (count > kMaxTensors) reader.fail(8, "it declares {} tensors, at most {} are allowed", count, kMaxTensors);
  std::vector<Tensor> tensors;
  std::unordered_set<std::string_view> names;
  for (std::uint64_t i = 0; i < count; ++i) {
    tensors.push_back(read_tensor(reader));
    const Tensor& tensor = tensors.back();
    if (!names.insert(tensor.name).second) {
      reader.fail(tensor.entry, "the tensor {} is there twice", excerpt(tensor.name));
    }
  }
  return tensors;
}

// ggml wants the tensors one after the other in the order of the table, each padded to the alignment.
void check_layout(const GgufReader& reader, const std::vector<Tensor>& tensors, std::uint64_t alignment) {
  const auto padded = [alignment](std::uint64_t n) { return (n + alignment - 1) / alignment * alignment; };
  const std::uint64_t data = padded(reader.offset());
  const std::uint64_t available = data < reader.size() ? reader.size() - data : 0;
  std::uint64_t expected = 0;
  for (const Tensor& tensor : tensors) {
    if (tensor.offset != expected) {
      reader.fail(tensor.entry, "the data of the tensor {} begins at {} instead of {}", excerpt(tensor.name),
                  tensor.offset, expected);
    }
    if (tensor.size > available || expected > available - tensor.size) {
      throw Error(ErrorKind::data, "{} is cut short: the tensor {} ends at byte {}, the file at {}; download it again",
                  reader.file(), excerpt(tensor.name), data + expected + tensor.size, reader.size());
    }
    expected = padded(expected + tensor.size);
  }
}

// ------------------------------------------------------------------------------------------------------ vocabulary

bool is_byte_token(std::string_view text) {  // <0xHH>
  const auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  return text.size() == 6 && text.starts_with("<0x") && is_hex(text[3]) && is_hex(text[4]) && text[5] == '>';
}

class VocabularyCheck {
 public:
  VocabularyCheck(const GgufReader& reader, const GgufMetadata& metadata) : reader_(reader), metadata_(metadata) {}

  // Number of tokens; 0 for a model without a vocabulary.
  std::uint64_t run() const {
    const std::string_view model = metadata_.text("tokenizer.ggml.model").value_or("none");
    metadata_.text("tokenizer.ggml.pre");
    const Array* merges = array("tokenizer.ggml.merges", {GgufType::string});
    const Array* tokens = array("tokenizer.ggml.tokens", {GgufType::string});
    if (!tokens) {
      if (model != "none" && model != "no_vocab") reader_.fail(0, "its {} tokenizer has no tokens", excerpt(model));
      return 0;
    }
    check_bos(model, tokens->count);
    if (model == "gpt2" && !merges) reader_.fail(0, "its 'gpt2' tokenizer has no merges");
    if (tokens->count > kMaxVocabulary) reader_.fail(tokens->offset, "a vocabulary of {} tokens", tokens->count);
    same_length(array("tokenizer.ggml.scores", {GgufType::f32, GgufType::i32}), *tokens, "scores");
    const Array* types = array("tokenizer.ggml.token_type", {GgufType::i32});
    same_length(types, *tokens, "token types");
    check_tokens(*tokens, types);
    return tokens->count;
  }

 private:
  using Array = GgufMetadata::Value;

  const Array* array(std::string_view key, std::initializer_list<GgufType> allowed) const {
    const Array* value = metadata_.array(key);
    if (value && std::find(allowed.begin(), allowed.end(), value->type) == allowed.end()) {
      reader_.fail(value->offset, "{} has elements of the wrong type", excerpt(key));
    }
    return value;
  }

  void same_length(const Array* array, const Array& tokens, std::string_view what) const {
    if (array && array->count != tokens.count) {
      reader_.fail(array->offset, "the vocabulary has {} tokens but {} {}", tokens.count, array->count, what);
    }
  }

  // A unigram vocabulary has no BOS by default, and libllama aborts where it has to add one that is not there.
  void check_bos(std::string_view model, std::uint64_t n_tokens) const {
    if (model != "t5" || !metadata_.flag("tokenizer.ggml.add_bos_token").value_or(false)) return;
    const std::string_view key = "tokenizer.ggml.bos_token_id";
    const std::optional<std::uint32_t> bos = metadata_.u32(key);
    if (!bos || *bos >= n_tokens)
      reader_.fail(metadata_.offset_of(key), "a text is to begin with a BOS token, and the vocabulary has none");
  }

  // Distinct, as libllama insists (it names the empty ones itself), and byte tokens that it can parse.
  void check_tokens(const Array& tokens, const Array* types) const {
    std::unordered_set<std::string_view> seen;
    seen.reserve(tokens.count);
    GgufStrings strings(tokens.data, tokens.count);
    for (std::uint64_t id = 0; !strings.empty(); ++id) {
      const std::string_view whole = strings.next();
      const std::string_view text = whole.substr(0, whole.find('\0'));  // all that libllama sees of it
      if (!text.empty() && !seen.insert(text).second) {
        reader_.fail(tokens.offset, "the vocabulary has the token {} twice", excerpt(text));
      }
      std::int32_t type = 0;
      if (types) std::memcpy(&type, types->data.data() + id * sizeof type, sizeof type);
      if (type == kByteToken && !is_byte_token(text)) {
        reader_.fail(tokens.offset, "token {} stands for a byte but is {}, not '<0xHH>'", id, excerpt(text));
      }
    }
  }

  const GgufReader& reader_;
  const GgufMetadata& metadata_;
};

// --------------------------------------------------------------------------------------------------------- summary

std::string architecture_of(const GgufReader& reader, const GgufMetadata& metadata) {
  const std::string_view architecture = metadata.text("general.architecture").value_or("");
  if (architecture.empty()) reader.fail(metadata.offset_of("general.architecture"), "it does not say its architecture");
  return std::string(architecture);
}

int layers_of(const GgufReader& reader, const GgufMetadata& metadata, const std::string& architecture) {
  const std::string key = architecture + ".block_count";
  const std::optional<std::uint32_t> layers = metadata.u32(key);
  if (!layers) throw Error(ErrorKind::data, "{} holds no language model: it has no {}", reader.file(), excerpt(key));
  if (*layers < 1 || *layers > kMaxLayers) {
    reader.fail(metadata.offset_of(key), "{} is {}, not 1 to {}", excerpt(key), *layers, kMaxLayers);
  }
  return static_cast<int>(*layers);
}

// Of which the given file is the first.
int splits_of(const GgufReader& reader, const GgufMetadata& metadata) {
  const std::uint16_t count = metadata.u16("split.count").value_or(1);
  const std::uint16_t number = metadata.u16("split.no").value_or(0);
  if (number > 0) {
    throw Error(ErrorKind::data, "{} is part {} of {} of a model: give the first part, the others are found beside it",
                reader.file(), number + 1, count);
  }
  return std::max<int>(count, 1);
}

// Heads for further tokens, where they are in the file: those blocks that come last, each with a projection of its own.
int next_heads_of(const GgufMetadata& metadata, const std::vector<Tensor>& tensors, const GgufInfo& info) {
  const auto count = static_cast<int>(metadata.u32(info.architecture + ".nextn_predict_layers").value_or(0));
  const auto is_there = [&](int head) {
    const std::string name = fmt::format("blk.{}.nextn.eh_proj.weight", info.n_layer - count + head);
    return std::any_of(tensors.begin(), tensors.end(), [&](const Tensor& tensor) { return tensor.name == name; });
  };
  if (count < 1 || count >= info.n_layer) return 0;
  for (int head = 0; head < count; ++head) {
    if (!is_there(head)) return 0;
  }
  return count;
}

std::vector<TypeShare> shares_of(const std::vector<Tensor>& tensors) {
  std::array<TypeShare, kTensorTypes.size()> by_type;
  for (const Tensor& tensor : tensors) {
    TypeShare& share = by_type[tensor.type];
    share.type = kTensorTypes[tensor.type].name;
    ++share.tensors;
    share.parameters += tensor.elements;
    share.bytes += tensor.size;
  }
  std::vector<TypeShare> shares;
  std::copy_if(by_type.begin(), by_type.end(), std::back_inserter(shares), [](const auto& s) { return s.tensors > 0; });
  std::stable_sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  return shares;
}

void describe_weights(const std::vector<Tensor>& tensors, GgufInfo& info) {
  std::array<std::uint64_t, kTensorTypes.size()> bytes{};
  for (const Tensor& tensor : tensors) {
    if (tensor.is_matrix) bytes[tensor.type] += tensor.size;
  }
  const auto most = std::max_element(bytes.begin(), bytes.end());
  const std::size_t f32 = 0;
  info.n_tensors = static_cast<int>(tensors.size());
  info.types = shares_of(tensors);
  info.weight_type = *most > 0 ? kTensorTypes[most - bytes.begin()].name : "";
  info.all_f32 = bytes[f32] > 0 && std::all_of(bytes.begin() + 1, bytes.end(), [](auto n) { return n == 0; });
  const auto is_head = [](const Tensor& tensor) { return tensor.name == "output.weight"; };
  info.tied_embeddings = std::none_of(tensors.begin(), tensors.end(), is_head);
}

void describe_vocabulary(const GgufMetadata& metadata, std::uint64_t n_tokens, GgufInfo& info) {
  const auto id = [&](std::string_view key) -> std::optional<Token> {  // libllama, too, ignores ids out of range
    const std::optional<std::uint32_t> value = metadata.u32(key);
    return value && *value < n_tokens ? std::optional(static_cast<Token>(*value)) : std::nullopt;
  };
  info.bos = id("tokenizer.ggml.bos_token_id");
  info.eos = id("tokenizer.ggml.eos_token_id");
  info.eot = id("tokenizer.ggml.eot_token_id");
  info.eom = id("tokenizer.ggml.eom_token_id");
  info.padding = id("tokenizer.ggml.padding_token_id");
  info.add_bos = metadata.flag("tokenizer.ggml.add_bos_token");
  info.has_chat_template = metadata.text("tokenizer.chat_template").has_value();
  info.tokenizer = metadata.text("tokenizer.ggml.model").value_or("");
  info.pre_tokenizer = metadata.text("tokenizer.ggml.pre").value_or("");
}

// A reader, what it has read of a file, and its tensors.
struct Contents {
  Contents(std::string_view bytes, const std::string& file)
      : reader(bytes, file), counts(read_header(reader, bytes)), metadata(reader, counts.keys) {
    const std::uint32_t alignment = alignment_of(reader, metadata);
    tensors = read_tensors(reader, counts.tensors);
    check_layout(reader, tensors, alignment);
  }

  GgufReader reader;
  Counts counts;
  GgufMetadata metadata;
  std::vector<Tensor> tensors;
};

GgufInfo describe(const Contents& contents) {
  const auto& [reader, counts, metadata, tensors] = contents;
  GgufInfo info;
  info.n_splits = splits_of(reader, metadata);
  info.architecture = architecture_of(reader, metadata);
  info.name = metadata.text("general.name").value_or("");
  info.n_layer = layers_of(reader, metadata, info.architecture);
  info.n_next_heads = next_heads_of(metadata, tensors, info);
  info.n_context = metadata.u32(info.architecture + ".context_length").value_or(0);
  info.file_type = metadata.u32("general.file_type");
  if (tensors.empty() && info.n_splits == 1) throw Error(ErrorKind::data, "{} holds no weights", reader.file());
  describe_weights(tensors, info);
  describe_vocabulary(metadata, VocabularyCheck(reader, metadata).run(), info);
  return info;
}

}  // namespace

GgufInfo check_gguf(std::string_view bytes, const std::string& file) { return describe(Contents(bytes, file)); }

std::vector<std::filesystem::path> gguf_parts(const std::filesystem::path& path, int n_splits) {
  std::vector<std::filesystem::path> parts = {path};
  const std::string ending = fmt::format("-{:05}-of-{:05}.gguf", 1, n_splits), first = path.string();
  if (!first.ends_with(ending)) return parts;  // libllama says what it misses
  for (int i = 2; i <= n_splits; ++i) {
    parts.emplace_back(first.substr(0, first.size() - ending.size()) +
                       fmt::format("-{:05}-of-{:05}.gguf", i, n_splits));
  }
  return parts;
}

GgufInfo check_gguf(const std::filesystem::path& path) {
  const MappedFile file(path);
  const Contents contents(file.bytes(), path.string());
  GgufInfo info = describe(contents);
  std::vector<Tensor> tensors = contents.tensors;
  std::deque<MappedFile> others;  // that the tensors' names lie in
  for (const std::filesystem::path& part : gguf_parts(path, info.n_splits)) {
    if (part == path) continue;
    const std::vector<Tensor> more = Contents(others.emplace_back(part).bytes(), part.string()).tensors;
    tensors.insert(tensors.end(), more.begin(), more.end());
  }
  if (info.n_splits > 1) describe_weights(tensors, info);
  return info;
}

}  // namespace decant
