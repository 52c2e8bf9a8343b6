// Tested by tests/llama/llama_vocab_test.cpp.
#include "llama/chat_template.h"

#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>
#include <json.h>

#include "base/error.h"

namespace decant {

std::string render_chat(std::string_view source, std::span<const Message> messages, const std::string& bos,
                        const std::string& eos) {
  common_json list = common_json::array();
  for (const Message& message : messages) {
    list.push_back(common_json{{"role", message.role}, {"content", message.content}});
  }
  try {
    jinja::lexer lexer;
    const auto tokens = lexer.tokenize(std::string(source));
    jinja::program program = jinja::parse_from_tokens(tokens);
    jinja::context context{std::string(source)};
    const common_json input{
        {"messages", list}, {"bos_token", bos}, {"eos_token", eos}, {"add_generation_prompt", true}};
    jinja::global_from_json(context, input, false);
    jinja::runtime runtime(context);
    const jinja::value result = runtime.execute(program);
    return jinja::runtime::gather_string_parts(result)->as_string().str();
  } catch (const std::exception& failure) {
    throw Error(ErrorKind::data, "the model's chat template could not be rendered: {}; --no-chat-template goes without",
                failure.what());
  }
}

}  // namespace decant
