// libllama as a whole: its start, and what it says when something goes wrong.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels/isa.h"
#include "options/model_options.h"

struct llama_context;
struct llama_model;

namespace decant {

// Once for the process, from any thread; before anything else of libllama. Throws Error(unavailable) on a CPU that it
// was not built for.
void start_library();

// While there is one, what libllama complains of and warns of on this thread, for our own messages. Its other threads
// only compute.
class Complaints {
 public:
  Complaints();
  ~Complaints();
  Complaints(const Complaints&) = delete;
  Complaints& operator=(const Complaints&) = delete;

  void add(const char* text) { text_ += text; }
  void warn(const char* text) { warnings_ += text; }
  std::string because() const;  // " (what it said)", or "" where it said nothing

  // Those that say that a model is not computed as its file means it. What else it warns of it puts right itself.
  std::vector<std::string> warnings() const;

 private:
  std::string text_, warnings_;
  Complaints* outer_;
};

struct LlamaRelease {
  void operator()(llama_model* model) const;
  void operator()(llama_context* context) const;
};
using ModelHandle = std::unique_ptr<llama_model, LlamaRelease>;
using ContextHandle = std::unique_ptr<llama_context, LlamaRelease>;

// What computes: our kernels of an instruction set, or none. Throws Error(usage) for a DECANT_ISA that is no word.
std::optional<kernels::Isa> isa_of(const ModelOptions& options);

// The name of a device that would compute something, "" where there is none.
std::string device_of(const ModelOptions& options);

}  // namespace decant
