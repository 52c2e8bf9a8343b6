// A strict reading of a GGUF file's header, metadata and tensor table, done before libllama sees the file.
//
// ggml aborts the process on many bad files; this reader turns them into one Error that names the byte. It trusts no
// number in the file: every size, count and product is checked against what is left, and limits bound time and memory.
// Neither tensor data nor vocabulary strings are copied. Format: ggml/docs/gguf.md, versions 2 and 3.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"

namespace decant {

// Of all tensors, vectors included.
struct TypeShare {
  std::string type;  // ggml's, as in "q4_1"
  int tensors = 0;
  std::uint64_t parameters = 0, bytes = 0;
};

struct GgufInfo {
  std::string architecture;
  std::string name;             // "" where the file gives none
  int n_layer = 0;              // blocks, those of heads for further tokens (multi-token prediction) included
  int n_next_heads = 0;         // such heads, where their weights are in the file
  std::uint32_t n_context = 0;  // the trained context; 0 where the file gives none
  int n_tensors = 0;
  std::optional<std::uint32_t> file_type;  // llama_ftype
  std::string weight_type;                 // the ggml type that most bytes of the matrices have, as in "q4_1"
  bool all_f32 = false;                    // every matrix is F32
  std::vector<TypeShare> types;            // that the tensors have, most bytes first
  bool tied_embeddings = false;            // no output matrix of its own: the head is the token embedding
  bool has_chat_template = false;
  std::string tokenizer, pre_tokenizer;              // as libllama calls them, "gpt2" and "smollm"; "" where absent
  std::optional<bool> add_bos;                       // where absent, it depends on the tokenizer
  std::optional<Token> bos, eos, eot, eom, padding;  // declared ids that the vocabulary has
  int n_splits = 1;                                  // files that the model is spread over
};

// The files of a model, the given one first; `n_splits` of them, named as the first is.
std::vector<std::filesystem::path> gguf_parts(const std::filesystem::path& path, int n_splits);

// With all parts of a model that is spread over several files. Throws Error: no_input when there is no such file or it
// cannot be read, data for everything wrong with its content.
GgufInfo check_gguf(const std::filesystem::path& path);

// The same for a file's bytes in memory, without other parts; `file` is what errors call it.
GgufInfo check_gguf(std::string_view bytes, const std::string& file);

}  // namespace decant
