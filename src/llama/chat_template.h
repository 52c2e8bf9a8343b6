// The chat template inside a GGUF: Jinja, rendered by the engine of libllama's tree.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace decant {

struct Message {
  std::string role;  // "system", "user", "assistant"
  std::string content;
};

// The text of a conversation, ready for the assistant's next turn. Throws Error(data) when the template is wrong or
// refuses the messages (some allow no system message).
std::string render_chat(std::string_view source, std::span<const Message> messages, const std::string& bos,
                        const std::string& eos);

}  // namespace decant
