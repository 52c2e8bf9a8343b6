#include <string>
#include <vector>

#include "fuzz/targets.h"
#include "llama/chat_template.h"

namespace decant::fuzz {

// In this process, where steps and output are bounded; time, memory and depth are so in a process of its own alone
// (tests/hostile/hostile_test.py): the fuzzer bounds its inputs.
void templates(std::string_view bytes) {
  const std::vector<Message> messages = {{"system", "Be brief."}, {"user", "Hello"}};
  refuses([&] {
    const std::string text = render_chat(bytes, messages, "<s>", "</s>");
    hold(text.size() <= kTemplateBytes + 100, "the output is bounded");
  });
}

}  // namespace decant::fuzz
