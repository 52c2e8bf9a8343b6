// A conversation as the model has read it. Each turn keeps a bookmark behind its answer, so that the next one reads
// only what is new; undo, another answer and a branch go on from earlier places in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/session.h"
#include "engine/bookmark.h"
#include "llama/chat_template.h"

namespace decant {

struct Turn {
  std::string user, answer;
  std::vector<Token> tokens = {};  // of the conversation up to its end; empty: nobody has read it
  std::string text = {};           // the same with special tokens written out
  Bookmark mark = {};              // behind it, or of no text
};

class Conversation {
 public:
  explicit Conversation(PromptOptions options) : options_(std::move(options)) {}

  const std::string& system() const { return system_; }
  void set_system(std::string text) { system_ = std::move(text); }
  std::vector<Turn>& turns() { return turns_; }
  const std::vector<Turn>& turns() const { return turns_; }
  void replace(std::vector<Turn> turns) { turns_ = std::move(turns); }

  std::vector<Message> messages() const;

  // What the model reads for the answer to one more message: all tokens, and from where on they are new.
  struct Asked {
    Prompt prompt;
    Session::Place place;
    std::size_t kept = 0;  // tokens that are not read again
  };
  // `also`: a bookmark that may have more of it than the turns'.
  Asked ask(const std::string& message, const LlamaFile& model, const Bookmark& also = {}) const;

  // The turn that was asked for has ended, or was broken off; `ids` are the answer's.
  void add(const Asked& asked, std::string message, const Sequence& answer, Bookmark mark, const Vocab& vocab);

  // The engine has gone, and the bookmarks with it.
  void forget_marks();

 private:
  PromptOptions options_;
  std::string system_;
  std::vector<Turn> turns_;
};

// {"model":...,"system":...,"options":{...},"messages":[...]}
std::string conversation_json(const Conversation& conversation, const std::string& model,
                              const GenerationConfig& config);

// Reads one. Throws Error(data) for anything else.
void load_conversation(std::string_view json, const std::string& name, Conversation& conversation,
                       GenerationConfig& config);

}  // namespace decant
