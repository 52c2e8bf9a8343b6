// Tested by tests/cli/chat_test.py.
#include "cli/conversation.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json_writer.h"
#include "cli/option_json.h"
#include "options/table.h"

namespace decant {

std::vector<Message> Conversation::messages() const {
  std::vector<Message> all;
  if (!system_.empty()) all.push_back({"system", system_});
  for (const Turn& turn : turns_) {
    all.push_back({"user", turn.user});
    all.push_back({"assistant", turn.answer});
  }
  return all;
}

Conversation::Asked Conversation::ask(const std::string& message, const LlamaFile& model, const Bookmark& also) const {
  std::vector<Message> all = messages();
  all.push_back({"user", message});
  Asked asked{.prompt = make_prompt(all, options_, model), .place = {}};
  std::vector<Token>& tokens = asked.prompt.tokens;

  // The text of before may have been written in other tokens than those into which it falls now: then what is new is
  // tokenized by itself.
  const Turn* last = turns_.empty() ? nullptr : &turns_.back();
  const auto goes_on = [&] { return std::ranges::mismatch(last->tokens, tokens).in1 == last->tokens.end(); };
  if (last && !last->tokens.empty() && !goes_on() && options_.parse_special &&
      asked.prompt.text.starts_with(last->text)) {
    const std::vector<Token> more =
        model.vocab().tokenize(std::string_view(asked.prompt.text).substr(last->text.size()), true, false);
    tokens = last->tokens;
    tokens.insert(tokens.end(), more.begin(), more.end());
  }

  const Bookmark* from = nullptr;
  const auto consider = [&](const Bookmark& mark) {
    const std::vector<Token>& read = mark.tokens();
    const auto common = static_cast<std::size_t>(std::ranges::mismatch(read, tokens).in1 - read.begin());
    if (common > asked.kept) from = &mark, asked.kept = common;
  };
  consider(also);
  for (const Turn& turn : turns_) consider(turn.mark);
  asked.kept = std::min(asked.kept, tokens.size() - 1);  // the last one is evaluated for what follows it
  if (from) asked.place.from = from->first(asked.kept);
  asked.place.tokens.assign(tokens.begin() + static_cast<std::ptrdiff_t>(asked.kept), tokens.end());
  return asked;
}

void Conversation::add(const Asked& asked, std::string message, const Sequence& answer, Bookmark mark,
                       const Vocab& vocab) {
  Turn turn{
      .user = std::move(message), .answer = answer.bytes, .tokens = asked.prompt.tokens, .text = asked.prompt.text};
  for (const Token token : answer.ids) {
    const std::string_view bytes = vocab.bytes(token);
    turn.text += bytes.empty() ? vocab.piece(token) : bytes;
  }
  turn.tokens.insert(turn.tokens.end(), answer.ids.begin(), answer.ids.end());
  turn.mark = std::move(mark);
  turns_.push_back(std::move(turn));
}

void Conversation::forget_marks() {
  for (Turn& turn : turns_) turn.mark = {};
}

std::string conversation_json(const Conversation& conversation, const std::string& model,
                              const GenerationConfig& config) {
  JsonWriter json;
  json.begin_object().field("model", model).field("system", conversation.system()).key("options");
  write_set_options(json, config);
  json.key("messages").begin_array();
  for (const Message& message : conversation.messages()) {
    if (message.role == "system") continue;
    json.begin_object().field("role", message.role).field("content", message.content).end_object();
  }
  json.end_array().end_object();
  return json.text() + "\n";
}

void load_conversation(std::string_view text, const std::string& name, Conversation& conversation,
                       GenerationConfig& config) try {
  const auto json = nlohmann::json::parse(text);
  GenerationConfig loaded = config;
  const std::string options = json.value("options", nlohmann::json::object()).dump();
  for (const std::string& unknown : set_options(loaded, options, name, any_option)) get(generation_fields(), unknown);
  std::vector<Turn> turns;
  for (const auto& message : json.at("messages")) {
    const std::string role = message.at("role"), content = message.at("content");
    const bool answers = !turns.empty() && turns.back().answer.empty();
    if (role != (answers ? "assistant" : "user")) throw Error(ErrorKind::data, "{}: messages out of turn", name);
    answers ? void(turns.back().answer = content) : turns.push_back({.user = content, .answer = ""});
  }
  if (!turns.empty() && turns.back().answer.empty()) turns.pop_back();
  conversation.set_system(json.value("system", ""));
  conversation.replace(std::move(turns));
  config = std::move(loaded);
} catch (const nlohmann::json::exception&) {
  throw Error(ErrorKind::data, "{} is no conversation that /save wrote", name);
}

}  // namespace decant
