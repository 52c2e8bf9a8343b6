// What `decant models show` says of a model, as text and as JSON (docs/models.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/style.h"
#include "files/gguf_check.h"
#include "llama/model_facts.h"

namespace decant {

// Whether something can be done with the model.
struct Verdict {
  std::string name = "";
  std::string why = "";   // it cannot; "": it can
  std::string note = "";  // how, for the text
};

struct TokenName {
  Token id = -1;
  std::string piece;
};

struct VocabularyView {
  std::string kind;
  int tokens = 0;
  std::optional<TokenName> bos = {};
  bool adds_bos = false;
  std::vector<TokenName> eos = {}, end_of_turn = {};  // the latter are those of a chat beside the former
};

struct TemplateView {
  std::string family, first_line;
  std::size_t bytes = 0;
  std::string why_not = "";              // it cannot be rendered, or ""
  std::string why_no_system = "";        // it takes no system message, or ""
  bool thinking = false, tools = false;  // it speaks of them
};

// Of a model that runs.
struct RunView {
  ModelFacts facts;
  int trained_context = 0;
  VocabularyView vocabulary;
  std::optional<TemplateView> chat_template = {};
  std::vector<Verdict> strategies = {}, drafters = {};
  Verdict lower_layers = {};  // a model of its own made of them: self:N
};

struct ModelView {
  std::string file, name;
  GgufInfo info = {};
  std::optional<RunView> runs = {};
  std::string refusal = "";  // why it does not
};

std::string model_text(const ModelView& view, const Style& style, int width);
std::string model_json(const ModelView& view);

}  // namespace decant
