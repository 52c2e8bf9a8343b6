// The chat template inside a GGUF: Jinja, rendered by the engine of libllama's tree.
//
// A template is a program that came with a file. Its steps and its output are bounded here; but that engine recurses
// with a template's nesting and with its values', and a single filter may take any time and memory. So templates of
// files that are not known to be good are rendered by another process, `decant probe --chat-template`, whose processor
// time and memory are limited and whose stack may end: what happens there is an Error here.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace decant {

struct Message {
  std::string role;  // "system", "user", "assistant", "tool"
  std::string content;
  std::string more = {};  // its further fields, as the JSON text of an object; they go before those above
};

// Limits; each is more than a hundred times what any template of a known model needs.
inline constexpr int kTemplateSteps = 100'000;             // statements that are executed
inline constexpr std::size_t kTemplateBytes = 1'000'000;   // written, beyond twice the messages
inline constexpr int kTemplateMilliseconds = 100;          // of a processor, and as much for each MB of messages
inline constexpr std::size_t kTemplateMemory = 128 << 20;  // and 64 bytes for each of the messages

class Companion;

// From any thread.
class ChatTemplate {
 public:
  // `program` renders (default_probe_program()); "" renders in this process, as is done where there is no such program.
  ChatTemplate(std::string source, std::string bos, std::string eos, std::filesystem::path program);
  ~ChatTemplate();

  const std::string& source() const { return source_; }

  // The text of a conversation, ready for the assistant's next turn. Throws Error(data) when the template is wrong,
  // goes beyond a limit, or refuses the messages (some allow no system message).
  // `tools`: the JSON text of a list of OpenAI's tools, empty for none.
  std::string render(std::span<const Message> messages, const std::string& tools = {}) const;

  // Whether it tells a model of tools.
  bool has_tools() const { return source_.find("tools") != source_.npos; }

 private:
  std::string source_, bos_, eos_;
  mutable std::filesystem::path program_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<Companion> companion_;  // started for the first conversation
};

// In this process, bounded in steps and output alone.
std::string render_chat(std::string_view source, std::span<const Message> messages, const std::string& bos,
                        const std::string& eos, const std::string& tools = {});

// What the program does: reads conversations on stdin and writes their texts to stdout, until the first that fails.
[[noreturn]] void answer_chat_templates();

}  // namespace decant
