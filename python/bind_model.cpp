// A model, its prompts, its requests, and what it says along a text.
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <map>

#include "base/error.h"
#include "base/utf8.h"
#include "cli/html_report.h"
#include "cli/session.h"
#include "options/table.h"
#include "python/python_model.h"
#include "python/reading.h"

namespace nb = nanobind;

namespace decant {

OpenedModel::Request request_of(const OpenedModel& model, const PythonCall& call) {
  OpenedModel::Request request;
  request.config = call.options.config;
  request.prompt = call.prompt;
  request.from = call.from;
  request.bookmarks = call.bookmarks;
  request.bell = call.bell;
  request.wishes = {.texts = call.texts, .decisions = call.trace, .stage_scores = false, .search = call.trace};
  for (const auto& [name, function] : call.processors) request.processors.push_back({python_processor(name, function)});
  if (!call.allowed.is_none()) request.config.prefix_allowed_tokens_fn = python_allowed_tokens(call.allowed);
  model.complete(request);
  return request;
}

namespace {

constexpr std::chrono::milliseconds kPatience{50};  // between two looks for signals

std::shared_ptr<OpenedModel> open(const std::map<std::string, std::string>& texts, bool quiet) {
  ModelOptions options;
  for (const auto& [name, text] : texts) set(options, get(model_fields(), name), text);
  return std::make_shared<OpenedModel>(options, quiet);
}

Prompt prompt_of_ids(const OpenedModel& model, const std::vector<Token>& ids) {
  Prompt prompt;
  std::string bytes;
  for (const Token id : ids) {
    if (id < 0 || id >= model.vocab().size())
      throw Error(ErrorKind::usage, "there is no token {}: this model's are 0 to {}", id, model.vocab().size() - 1);
    const std::string_view said = model.vocab().bytes(id);
    bytes += said.empty() ? model.vocab().piece(id) : said;
  }
  prompt.text = as_utf8(bytes);
  prompt.tokens = ids;
  return prompt;
}

}  // namespace

// Waits for the end. The lock is not held.
static const Outcome& wait_for(Listener& listener) {
  try {
    while (!listener.ended()) {
      listener.next(kPatience);
      look_for_signals();
    }
  } catch (...) {
    listener.cancel();
    throw;
  }
  return listener.outcome();
}

PythonOutcome outcome_of(Listener& listener) {
  const nb::gil_scoped_release unlocked;
  Outcome outcome = wait_for(listener);
  return {listener.json(), std::move(outcome)};
}

namespace {

std::optional<Piece> next_piece(const PythonRequest& request, double patience) {
  const nb::gil_scoped_release unlocked;
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(std::min(patience, 1e6));
  for (;;) {
    if (auto piece = request.listener->next(patience > 0 ? kPatience : std::chrono::milliseconds(0))) return piece;
    if (request.listener->ended() || std::chrono::steady_clock::now() >= until) return std::nullopt;
    look_for_signals();
  }
}

// Every token of the prompt from `first` on.
std::shared_ptr<Reading> read(const PythonModel& model, const Prompt& prompt, Reading wanted) {
  const auto reading = std::make_shared<Reading>(std::move(wanted));
  PythonOptions options;
  options.config.max_new_tokens = 1;  // none is written, but a Run of none has ended before it begins
  PythonCall call{options, prompt};
  OpenedModel::Request request = request_of(*model.opened, call);
  request.function = read_along(reading);
  const nb::gil_scoped_release unlocked;
  Listener listener(model.opened->submit(request), model.opened->run_info(request), model.opened->vocab());
  wait_for(listener);
  if (!reading->whole)
    throw Error(ErrorKind::internal, "the reading of {} tokens has ended early", prompt.tokens.size());
  return reading;
}

std::size_t checked_first(const Prompt& prompt, int first) {
  const int n = static_cast<int>(prompt.tokens.size());
  if (n == 0) throw Error(ErrorKind::usage, "the prompt is empty: there is nothing to read");
  if (first < -n || first >= n) throw Error(ErrorKind::usage, "there is no token {} in a prompt of {}", first, n);
  return static_cast<std::size_t>(first < 0 ? first + n : first);
}

FloatArray read_logits(const PythonModel& model, const Prompt& prompt, int first) {
  const std::size_t begin = checked_first(prompt, first);
  Reading wanted;
  wanted.first = static_cast<int>(begin);
  wanted.outputs.logits = true;
  const auto reading = read(model, prompt, std::move(wanted));
  return array_of(reading, reading->logits.data(),
                  {prompt.tokens.size() - begin, static_cast<std::size_t>(model.opened->info().n_vocab)});
}

std::vector<FloatArray> read_states(const PythonModel& model, const Prompt& prompt, const std::vector<int>& layers,
                                    int first) {
  const ModelInfo& info = model.opened->info();
  const std::size_t begin = checked_first(prompt, first);
  Reading wanted;
  wanted.first = static_cast<int>(begin);
  for (const int layer : layers) {
    if (layer < 0 || layer > info.n_layer)
      throw Error(ErrorKind::usage, "there is no hidden state {}: this model's are 0 to {}", layer, info.n_layer);
    if (layer < info.n_layer && !info.has_layers)
      throw Error(ErrorKind::unavailable, "{} has no states of inner layers", info.name);
    if (layer == info.n_layer) wanted.outputs.hidden = true;
    if (layer < info.n_layer) wanted.outputs.states.push_back(layer);
  }
  if (layers.empty()) throw Error(ErrorKind::usage, "layers is empty: name at least one");
  const auto reading = read(model, prompt, std::move(wanted));
  std::vector<FloatArray> arrays;
  std::size_t state = 0;
  for (const int layer : layers) {
    const float* data = layer == info.n_layer ? reading->hidden.data() : reading->states[state++].data();
    arrays.push_back(array_of(reading, data, {prompt.tokens.size() - begin, static_cast<std::size_t>(info.n_embd)}));
  }
  return arrays;
}

std::pair<std::vector<double>, std::vector<bool>> read_score(const PythonModel& model, const Prompt& prompt,
                                                             int first) {
  Reading wanted;
  wanted.first = static_cast<int>(checked_first(prompt, first));
  wanted.verdicts = true;
  const auto reading = read(model, prompt, std::move(wanted));
  return {reading->log_p, reading->greedy};
}

void bind_prompt(nb::module_& module) {
  nb::class_<Prompt>(module, "Prompt", "What the model reads.")
      .def_prop_ro(
          "text", [](const Prompt& self) { return as_utf8(self.text); }, "after the chat template")
      .def_ro("ids", &Prompt::tokens)
      .def_ro("chat", &Prompt::chat, "whether the chat template was applied");
  nb::class_<Bell>(module, "Bell", "Rung whenever one of the requests that hang on it has something new.")
      .def(nb::init<>())
      .def("count", &Bell::count, "of its rings so far")
      .def("ring", &Bell::ring)
      .def(
          "wait",
          [](Bell& self, std::uint64_t seen, double patience) {
            return self.wait(seen, std::chrono::milliseconds(static_cast<int>(patience * 1000)));
          },
          nb::arg("seen"), nb::arg("patience"), nb::call_guard<nb::gil_scoped_release>(),
          "Until it has rung more often than seen, or for so many seconds. Returns the count.");
  nb::class_<Bookmark>(module, "Bookmark",
                       "A place in a text that the engine has read: another request can go on there.")
      .def_prop_ro(
          "ids", [](const Bookmark& self) { return self.tokens(); }, "of the text, from its beginning")
      .def(
          "first",
          [](const Bookmark& self, std::size_t length) {
            if (length > self.tokens().size())
              throw Error(ErrorKind::usage, "the text has {} tokens, and no first {}", self.tokens().size(), length);
            return self.first(length);
          },
          nb::arg("length"), "The text's first so many tokens.");
}

void bind_request(nb::module_& module) {
  nb::class_<Piece>(module, "Piece", "A token of a text that is being written, or its end.")
      .def_ro("sequence", &Piece::sequence)
      .def_ro("token", &Piece::token, "-1 where the text has ended")
      .def_ro("text", &Piece::text, "what can be shown now: whole characters")
      .def_prop_ro(
          "finish_reason", [](const Piece& self) { return std::string(self.finish); }, "at the end");
  nb::class_<PythonOutcome>(module, "Outcome", "What came of a request.")
      .def_ro("json", &PythonOutcome::json, "as `decant run --json` writes it")
      .def_prop_ro("cancelled", [](const PythonOutcome& self) { return self.outcome.cancelled; })
      .def_prop_ro(
          "logprobs",
          [](const PythonOutcome& self) {
            std::vector<std::vector<double>> all;
            for (const Sequence& each : self.outcome.sequences) all.push_back(each.log_p);
            return all;
          },
          "of each sequence's ids: the model's own, natural logarithms")
      .def_prop_ro(
          "raw",
          [](const PythonOutcome& self) {
            std::vector<nb::bytes> all;
            for (const Sequence& each : self.outcome.sequences) all.emplace_back(each.bytes.data(), each.bytes.size());
            return all;
          },
          "of each sequence's text")
      .def_prop_ro("bookmarks", [](const PythonOutcome& self) { return self.outcome.bookmarks; });
  nb::class_<PythonRequest>(module, "Request", "A request that the engine has taken. Dropping it cancels it.")
      .def("next", next_piece, nb::arg("patience"), "The next piece of text, if one comes within so many seconds.")
      .def_prop_ro(
          "ended", [](const PythonRequest& self) { return self.listener->ended(); }, "and all pieces were read")
      .def("cancel", [](const PythonRequest& self) { self.listener->cancel(); })
      .def(
          "outcome", [](const PythonRequest& self) { return outcome_of(*self.listener); },
          "Waits for the end; the pieces that are left are lost. Raises what ended it instead.")
      .def_prop_ro(
          "trace", [](const PythonRequest& self) { return self.listener->trace(); }, "JSON lines, so far");
}

void bind_reading(nb::class_<PythonModel>& model) {
  model.def("logits", read_logits, nb::arg("prompt"), nb::arg("first") = 0,
            "(tokens, vocabulary): what the model says behind each token from `first` on.");
  model.def("states", read_states, nb::arg("prompt"), nb::arg("layers"), nb::arg("first") = 0,
            "(tokens, width) for each of `layers`, numbered as Hugging Face's hidden_states.");
  model.def("score", read_score, nb::arg("prompt"), nb::arg("first"),
            "Of the tokens behind `first`: their log-probabilities, and whether none was likelier.");
}

void bind_texts(nb::class_<PythonModel>& model) {
  model.def(
      "prompt",
      [](const PythonModel& self, const std::string& text, bool chat, const std::optional<std::string>& system,
         bool parse_special) {
        const bool has_template = self.opened->file().chat_template() != nullptr;
        const PromptOptions options{
            .system = system, .no_chat_template = !chat && has_template, .parse_special = parse_special};
        return make_prompt(text, options, self.opened->file());
      },
      nb::arg("text"), nb::arg("chat"), nb::arg("system") = nb::none(), nb::arg("parse_special") = true);
  model.def(
      "prompt_of_messages",
      [](const PythonModel& self, const std::vector<std::pair<std::string, std::string>>& messages,
         bool parse_special) {
        std::vector<Message> list;
        for (const auto& [role, content] : messages) list.push_back({role, content});
        return make_prompt(list, PromptOptions{.parse_special = parse_special}, self.opened->file());
      },
      nb::arg("messages"), nb::arg("parse_special") = true, "Of (role, content) pairs.");
  model.def(
      "prompt_of_ids",
      [](const PythonModel& self, const std::vector<Token>& ids) { return prompt_of_ids(*self.opened, ids); },
      nb::arg("ids"));
  model.def(
      "tokenize",
      [](const PythonModel& self, std::string_view text, bool special, bool bos) {
        return self.opened->vocab().tokenize(text, special, bos);
      },
      nb::arg("text"), nb::arg("special"), nb::arg("bos"));
  model.def(
      "bytes_of",
      [](const PythonModel& self, const std::vector<Token>& ids) {
        std::string bytes;
        for (const Token id : ids) {
          if (id < 0 || id >= self.opened->vocab().size())
            throw Error(ErrorKind::usage, "there is no token {}: this model's are 0 to {}", id,
                        self.opened->vocab().size() - 1);
          bytes += self.opened->vocab().bytes(id);
        }
        return nb::bytes(bytes.data(), bytes.size());
      },
      nb::arg("ids"), "What the tokens add to a text; nothing for control tokens.");
  model.def(
      "piece",
      [](const PythonModel& self, Token id) {
        if (id < 0 || id >= self.opened->vocab().size())
          throw Error(ErrorKind::usage, "there is no token {}: this model's are 0 to {}", id,
                      self.opened->vocab().size() - 1);
        return as_utf8(self.opened->vocab().piece(id));
      },
      nb::arg("id"), "The token's own name in the vocabulary.");
}

void bind_facts(nb::class_<PythonModel>& model) {
  const auto info = [](const PythonModel& self) -> const ModelInfo& { return self.opened->info(); };
  model.def_prop_ro("name", [=](const PythonModel& self) { return info(self).name; })
      .def_prop_ro("path", [](const PythonModel& self) { return self.opened->file().path().string(); })
      .def_prop_ro("n_vocab", [=](const PythonModel& self) { return info(self).n_vocab; })
      .def_prop_ro("n_embd", [=](const PythonModel& self) { return info(self).n_embd; })
      .def_prop_ro("n_layer", [=](const PythonModel& self) { return info(self).n_layer; })
      .def_prop_ro("n_context", [=](const PythonModel& self) { return info(self).n_context; })
      .def_prop_ro(
          "n_cells", [=](const PythonModel& self) { return info(self).n_cells; }, "tokens that its cache holds")
      .def_prop_ro("description", [](const PythonModel& self) { return self.opened->describe(); })
      .def_prop_ro("eos_token_ids", [](const PythonModel& self) { return self.opened->vocab().eos(); })
      .def_prop_ro("end_of_turn_ids", [](const PythonModel& self) { return self.opened->vocab().end_of_turn(); })
      .def_prop_ro("bos_text", [](const PythonModel& self) { return self.opened->vocab().bos_text(); })
      .def_prop_ro("eos_text", [](const PythonModel& self) { return self.opened->vocab().eos_text(); })
      .def_prop_ro(
          "chat_template",
          [](const PythonModel& self) -> std::optional<std::string> {
            const ChatTemplate* chat = self.opened->file().chat_template();
            return chat ? std::optional(chat->source()) : std::nullopt;
          },
          "Jinja")
      .def(
          "load",
          [](const PythonModel& self) {
            const Engine::Load load = self.opened->load();
            std::map<std::string, int> all = {{"live", load.live},
                                              {"waiting", load.waiting},
                                              {"kept_texts", load.kept_texts},
                                              {"bookmarks", load.bookmarks},
                                              {"nodes", load.nodes}};
            return all;
          },
          nb::call_guard<nb::gil_scoped_release>(), "How many requests are alive and in line, what is kept.")
      .def(
          "close", [](const PythonModel& self) { self.opened->close(); }, nb::call_guard<nb::gil_scoped_release>(),
          "Ends what is under way and gives the engine's memory back.");
}

}  // namespace

void bind_model(nb::module_& module) {
  bind_prompt(module);
  bind_request(module);
  nb::class_<PythonModel> model(module, "Model", "A model with an engine of its own.");
  model.def(
      "__init__",
      [](PythonModel* self, const std::map<std::string, std::string>& options, bool quiet) {
        std::shared_ptr<OpenedModel> opened;
        {
          const nb::gil_scoped_release unlocked;
          opened = open(options, quiet);
        }
        new (self) PythonModel{Unlocked<OpenedModel>(std::move(opened))};
      },
      nb::arg("options"), nb::arg("quiet"));
  bind_facts(model);
  bind_texts(model);
  bind_reading(model);
  model.def(
      "start",
      [](const PythonModel& self, const PythonOptions& options, const Prompt& prompt, bool texts, bool trace,
         std::vector<std::pair<std::string, nb::object>> processors, nb::object allowed,
         const std::optional<Bookmark>& from, bool bookmarks, std::shared_ptr<Bell> bell) {
        PythonCall call{options, prompt, texts, trace, std::move(processors), std::move(allowed)};
        if (from) call.from = *from;
        call.bookmarks = bookmarks;
        call.bell = std::move(bell);
        const OpenedModel::Request request = request_of(*self.opened, call);
        const auto submit = [&] {
          const nb::gil_scoped_release unlocked;
          return self.opened->submit(request);
        };
        auto listener = std::make_shared<Listener>(submit(), self.opened->run_info(request), self.opened->vocab());
        return PythonRequest{Unlocked<OpenedModel>(self.opened.shared()), Unlocked<Listener>(std::move(listener))};
      },
      nb::arg("options"), nb::arg("prompt"), nb::kw_only(), nb::arg("texts") = false, nb::arg("trace") = false,
      nb::arg("processors") = nb::list(), nb::arg("allowed") = nb::none(), nb::arg("bookmark") = nb::none(),
      nb::arg("bookmarks") = false, nb::arg("bell") = nb::none(),
      "Hands a request to the engine. Raises Error for what cannot be carried out.");
  module.def(
      "html_page", [](std::string_view json) { return html_page(json); }, nb::arg("json"),
      "The report as a page of its own: of JSON lines of a trace, or of what compare and sweep write.");
}

}  // namespace decant
