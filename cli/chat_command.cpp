// decant chat: a conversation at a terminal, on the engine's bookmarks: no token is read twice.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "base/error.h"
#include "cli/best_so_far.h"
#include "cli/command.h"
#include "cli/conversation.h"
#include "cli/flags.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/line_editor.h"
#include "cli/output.h"
#include "cli/recipe.h"
#include "cli/run_report.h"
#include "cli/samples_view.h"
#include "cli/session.h"
#include "cli/sources.h"
#include "cli/style.h"
#include "cli/tree_view.h"
#include "cli/whole_file.h"
#include "cli/writing.h"
#include "hub/hub.h"
#include "options/table.h"
#include "strategies/resolve.h"

namespace decant {
namespace {

constexpr int kLongestAnswer = 1024;  // tokens, unless the user says otherwise: nobody wants one that breaks off
constexpr std::string_view kBlock = "\"\"\"";  // around several lines

struct Options {
  GenerationConfig config;
  SessionOptions session;
  RecipeOptions recipe;
  Sources sources;
  std::string color = "auto";
  std::optional<std::string> load;
  bool stats = false, tint = false, tree = false, no_history = false;
};

bool parse(const std::vector<std::string>& arguments, Options& options) {
  Flags flags(
      "decant chat",
      "Talk with a model. What was said is not read again; /undo, /regen and /branch go back in it, /why says why "
      "the last words were chosen, /help lists what else there is.",
      "Example: decant chat --system \"Answer in one sentence.\" --temperature 0.7");
  PromptOptions& prompt = options.session.prompt;
  const auto flag = [&](const char* names, bool& value, const char* doc) {
    flags.own(names, value, doc).group("Output");
  };
  flags.own("--system", prompt.system, "system message").type("TEXT").group("Conversation");
  flags.own("--load", options.load, "go on with a conversation that /save wrote").type("FILE").group("Conversation");
  flags.own("--no-history", options.no_history, "keep no file of the lines that were typed").group("Conversation");
  flag("--tint", options.tint, "colour tokens by how little they were expected");
  flag("--tree", options.tree, "the beams of a search while they grow, then its tree");
  flag("--stats", options.stats, "what each answer took");
  flag("--quiet", options.session.quiet, "no greeting, no progress");
  flags.own("--color", options.color, "whether anything is coloured").type("auto|always|never").group("Output");
  add_recipe_flags(flags, options.recipe);
  add_source_flags(flags, options.sources, options.config, options.session.model);
  if (!flags.parse(arguments)) {
    Output().write(flags.help());
    return false;
  }
  wants_color(options.color, false);
  options.session.live = 1;
  take_from_sources(options.sources, options.config, options.session.model, options.session.quiet);
  if (!is_given(options.config, get(generation_fields(), "max_new_tokens")))
    options.config.max_new_tokens = kLongestAnswer;
  resolve_strategy(options.config);
  check_recipe(options.recipe, options.config);
  return true;
}

// The text of an answer as it comes, tinted by what its decisions say; these are kept for /why.
class Answer : public RunObserver {
 public:
  Answer(Output& output, const Vocab& vocab, const RunInfo& info, Style style, bool tint)
      : output_(output),
        printer_(output, vocab, info, true),
        stream_(text_stream(info, vocab)),
        style_(style),
        tint_(tint) {}

  bool wants_decisions() const override { return true; }
  void decision(const Decision& decision) override {
    if (decision.sequence == 0) decisions.push_back(decision);
  }
  void token(int sequence, Token token, std::string_view bytes) override {
    if (sequence != 0) return;
    if (!tint_) return printer_.token(sequence, token, bytes);
    print(stream_.push(bytes));
  }
  void finished(int sequence, Stop stop) override {
    if (sequence != 0) return;
    if (!tint_) return printer_.finished(sequence, stop);
    print(stream_.finish(stop.cut));
  }
  void end() {
    if (!tint_) return printer_.end();
    print(stream_.finish());
    output_.write("\n");
  }

  std::vector<Decision> decisions;

 private:
  void print(const std::string& text) {
    const double p = decisions.empty() ? 1 : decisions.back().p_raw;
    output_.write_styled(style_.tinted(p, without_controls(text)));
  }

  Output& output_;
  TextPrinter printer_;
  TextStream stream_;
  Style style_;
  bool tint_;
};

std::string percent(double p) { return p >= 0.1 ? fmt::format("{:.0f}%", 100 * p) : fmt::format("{:.2g}%", 100 * p); }

// One line: the token, how likely it was, how it was chosen, and what else might have come.
std::string why_line(const Decision& decision, const Vocab& vocab, const Style& style, int width) {
  const auto name = [&](Token token) {
    const std::string_view bytes = vocab.bytes(token);
    return shown(bytes.empty() ? vocab.piece(token) : bytes);
  };
  std::string how = decision.race.empty() ? "" : fmt::format("drawn of {}", decision.kept);
  if (decision.rank > 1) how += fmt::format("{}rank {}", how.empty() ? "" : ", ", decision.rank);
  if (how.empty()) how = "the likeliest";
  constexpr int token_columns = 16, p_columns = 7, how_columns = 22;
  const int room = width - token_columns - p_columns - how_columns - 4;  // for others, whole ones
  std::string others;
  int listed = 0;
  for (const TraceCandidate& each : decision.top) {
    if (each.id == decision.token || listed == 3) continue;
    const double p = std::exp(static_cast<double>(each.logit) - decision.logsumexp);
    std::string other = fmt::format("{}{} {}", others.empty() ? "" : ", ", name(each.id), percent(p));
    if (!each.cut_by.empty()) other += fmt::format(" ({})", each.cut_by);
    if (columns(others) + columns(other) > room) break;
    others += other;
    ++listed;
  }
  const std::string rest =
      fmt::format("{}{} {}", fit_right(percent(decision.p_raw), p_columns), "  " + fit(how, how_columns), others);
  return style.tinted(decision.p_raw, fit(name(decision.token), token_columns)) +
         std::string(first_columns(rest, std::max(width - token_columns - 1, 20))) + "\n";
}

class Chat {
 public:
  explicit Chat(Options options)
      : options_(std::move(options)),
        recipe_(only_shared_recipe(options_.recipe, "chat")),
        conversation_(options_.session.prompt),
        style_(wants_color(options_.color, output_.is_terminal())),
        typed_(isatty(STDIN_FILENO) == 1),
        editor_(history()) {
    if (recipe_) options_.session.tried = recipe_->tried;
    const auto file = load_model(options_.session.model, options_.session.quiet);
    if (!file->chat_template()) {
      throw Error(ErrorKind::unavailable,
                  "{} has no chat template, so it knows no turns: decant run goes on from a text", file->name());
    }
    session_.emplace(options_.session, file);
    open();
    if (options_.session.prompt.system) conversation_.set_system(*options_.session.prompt.system);
    if (options_.load) load(*options_.load);
  }

  int run() {
    if (typed_ && !options_.session.quiet)
      tell(fmt::format("{}: /help lists commands, Ctrl-D ends.\n", session_->file().name()));
    if (typed_) outlive_interrupts();
    int given_up = 0;  // lines, one after the other
    while (!left_) {
      const Line line = read();
      if (line.end == LineEnd::end) break;
      if (line.end == LineEnd::interrupted) {
        if (++given_up == 2) return 130;
        tell("Ctrl-C again, or Ctrl-D, ends.\n");
        continue;
      }
      given_up = 0;
      if (const int code = obey(line.text)) return code;
    }
    return 0;
  }

 private:
  struct Command {
    std::string_view name, argument, doc;
    void (Chat::*run)(const std::string& argument);
  };
  static std::span<const Command> table();

  std::filesystem::path history() const {
    if (options_.no_history || !typed_) return {};
    try {
      std::filesystem::create_directories(cache_folder());
      return cache_folder() / "chat_history";
    } catch (const std::exception&) {
      return {};  // nowhere to keep it
    }
  }

  // Several lines are one message: between """ and """, or each but the last ending in a backslash.
  Line read() {
    Line line = editor_.read("> ");
    const auto more = [&] {
      Line next = editor_.read(". ");
      line.end = next.end;
      line.text += "\n" + next.text;
      return next.end == LineEnd::line;
    };
    if (line.text.starts_with(kBlock)) {
      line.text.erase(0, kBlock.size());
      while (!line.text.ends_with(kBlock) && more()) {
      }
      if (line.end == LineEnd::end) line.end = LineEnd::line;  // a file's end closes it
      if (line.text.ends_with(kBlock)) line.text.resize(line.text.size() - kBlock.size());
      if (line.text.starts_with('\n')) line.text.erase(0, 1);
      if (line.text.ends_with('\n')) line.text.pop_back();
      return line;
    }
    while (line.end == LineEnd::line && line.text.ends_with('\\')) {
      line.text.pop_back();
      more();
    }
    return line;
  }

  // The exit code if the chat is over. What goes wrong is told, and the chat goes on if somebody sits there.
  int obey(const std::string& text) try {
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) return 0;
    editor_.remember(text);
    if (!text.starts_with('/')) return ask(text);
    const std::size_t blank = std::min(text.find(' '), text.size());
    const std::string name = text.substr(1, blank - 1);
    std::size_t begin = std::min(text.find_first_not_of(' ', blank), text.size());
    const std::string argument = text.substr(begin, text.find_last_not_of(" \n") + 1 - begin);
    const auto found = std::ranges::find(table(), name, &Command::name);
    if (found == table().end()) {
      std::vector<std::string_view> names;
      for (const Command& each : table()) names.push_back(each.name);
      const std::string_view near = closest(name, names);
      throw Error(ErrorKind::usage, "unknown command /{}: {}", name,
                  near.empty() ? "/help lists them" : fmt::format("did you mean /{}?", near));
    }
    code_ = 0;
    (this->*found->run)(argument);
    return code_;
  } catch (const Error& error) {
    if (!typed_) throw;
    if (error.kind() == ErrorKind::io && !*error.what()) throw;  // nobody reads any more
    tell(wrap(error.what(), terminal_width()) + "\n");
    return 0;
  }

  void open() { session_->open({&options_.config, 1}); }

  // With other options: other models, or more room, may be needed.
  void use(GenerationConfig config) {
    resolve_strategy(config);
    check_recipe(options_.recipe, config);
    if (!session_->serves(config)) {
      const auto file = session_->shared_file();
      Session next(options_.session, file);
      next.open({&config, 1});
      conversation_.forget_marks();
      for (auto& [name, turns] : branches_)
        for (Turn& turn : turns) turn.mark = {};
      last_.clear();
      session_.emplace(std::move(next));
    }
    options_.config = std::move(config);
  }

  int ask(const std::string& message) {
    GenerationConfig config = options_.config;
    if (config.seed) *config.seed += static_cast<std::uint64_t>(again_);
    session_->complete(config);
    const StrategyRow& row = resolve_strategy(config);
    const bool beams = !recipe_ && row.beams(config);
    const std::string strategy = recipe_ ? recipe_name(options_.recipe) : std::string(row.name);
    const Conversation::Asked asked = conversation_.ask(message, session_->file(), std::exchange(thrown_away_, {}));
    const RunInfo info{session_->file().name(), strategy, config, asked.prompt.tokens, asked.prompt.text};
    const Vocab& vocab = session_->file().vocab();
    const int prompt = static_cast<int>(info.prompt.size()), texts = config.num_return_sequences;
    const bool streams = texts == 1, beside = !streams && output_.is_terminal();

    Answer answer(output_, vocab, info, style_, options_.tint);
    BestSoFar best;
    TreeView tree(output_, {vocab, style_, terminal_width()});
    const bool draws_tree = beams && options_.tree;
    SamplesView samples(output_, vocab, info, style_);
    const bool draws_samples = beside && !beams && samples.draws();
    Writing writing((!streams || beams) && !draws_tree && !draws_samples && !options_.session.quiet, beams,
                    max_length(config, prompt) - prompt, texts, prompt);
    Observers observers;
    observers.add(&writing);
    if (streams) observers.add(&answer);
    if (draws_samples) observers.add(&samples);
    if (beams) observers.add(&best);
    if (draws_tree) observers.add(&tree);
    Ticket ticket = session_->start(config, {.wishes = wishes_of(observers),
                                             .strategy = recipe_ ? recipe_->strategy : StrategyFunction(),
                                             .place = asked.place});
    const int code = session_->drive(ticket, observers);
    forget_interrupt();
    if (typed_) outlive_interrupts();
    Outcome outcome = ticket.outcome();
    writing.wipe();
    if (outcome.cancelled && beams) {
      if (const auto found = best.sequence(vocab, "")) {
        outcome.sequences = {*found};
        if (streams) answer.token(0, -1, found->bytes);
      }
    }
    if (draws_tree) tree.end();
    if (streams) answer.end();
    outcome.rethrow();
    if (beside) {
      samples.end(outcome.sequences);
      if (typed_ && !options_.session.quiet) tell("It goes on from 1; from another with /pick N.\n");
    } else if (!streams) {
      output_.write(all_text(outcome));
    }
    if (outcome.sequences.empty()) outcome.sequences.emplace_back();
    outcome.bookmarks.resize(outcome.sequences.size());
    message_ = message;
    asked_ = asked;
    last_ = std::move(outcome.sequences);
    marks_ = std::move(outcome.bookmarks);
    why_ = std::move(answer.decisions);
    conversation_.add(asked_, message_, last_[0], marks_[0], vocab);
    again_ = 0;
    if (options_.stats) tell_stats(outcome.stats, asked);
    return code == 128 + 15 ? code : 0;  // whoever asks the program to end means the chat
  }

  void tell_stats(const RunStats& stats, const Conversation::Asked& asked) const {
    const auto rate = [](double count, double seconds) { return seconds > 0 ? count / seconds : 0; };
    tell(fmt::format(
        "read {} tokens in {:.2f} s, {} known from before; wrote {} in {:.2f} s, {:.1f} a second; {} rows\n",
        asked.place.tokens.size(), stats.prefill_s, asked.kept, stats.new_tokens, stats.decode_s,
        rate(stats.new_tokens, stats.decode_s), stats.rows));
  }

  Turn take_last() {
    if (conversation_.turns().empty()) throw Error(ErrorKind::usage, "nothing was said yet");
    Turn turn = std::move(conversation_.turns().back());
    conversation_.turns().pop_back();
    return turn;
  }

  // ---- commands

  void help(const std::string&) {
    std::string text;
    for (const Command& each : table())
      text += fmt::format("  {:<22}{}\n", fmt::format("/{} {}", each.name, each.argument), each.doc);
    text += "  \"\"\"                   begins and ends a message of several lines; so does \\ at a line's end\n";
    output_.write(wrap(text, terminal_width(), 24));
  }

  void system(const std::string& text) {
    check_utf8(text, "the system message");
    conversation_.set_system(text);
  }

  void undo(const std::string&) {
    take_last();
    if (!options_.session.quiet) tell(fmt::format("turns left: {}\n", conversation_.turns().size()));
  }

  void regenerate(const std::string&) {
    Turn turn = take_last();
    ++again_;
    const int times = again_;
    thrown_away_ = turn.mark;
    try {
      code_ = ask(turn.user);
    } catch (...) {
      conversation_.turns().push_back(std::move(turn));
      throw;
    }
    again_ = times;
  }

  void set_option(const std::string& text) {
    GenerationConfig config = options_.config;
    if (text.empty()) {
      for (const auto& field : generation_fields()) {
        if (is_set(config, field)) output_.write(fmt::format("{} {}\n", field.name, to_text(value_of(config, field))));
      }
      return;
    }
    const std::size_t end = std::min(text.find_first_of(" ="), text.size());
    const auto& field = get(generation_fields(), text.substr(0, end));
    const std::size_t begin = text.find_first_not_of(" =", end);
    if (begin == std::string::npos && !is_boolean(value_of(config, field))) {
      output_.write(fmt::format("{} {}\n", field.name, to_text(value_of(config, field))));
      return;
    }
    reset(config, field);
    set(config, field, begin == std::string::npos ? "true" : text.substr(begin));
    use(std::move(config));
  }

  void unset_option(const std::string& text) {
    GenerationConfig config = options_.config;
    reset(config, get(generation_fields(), text));
    use(std::move(config));
  }

  void why(const std::string& text) {
    std::size_t count = 10;
    if (!text.empty()) {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
      if (error != std::errc() || end != text.data() + text.size() || count == 0)
        throw Error(ErrorKind::usage, "/why {}: how many of the last tokens, a number", text);
    }
    if (why_.empty()) throw Error(ErrorKind::usage, "there is no answer whose tokens were chosen one by one");
    const std::size_t first = why_.size() - std::min(count, why_.size());
    for (std::size_t i = first; i < why_.size(); ++i)
      output_.write_styled(why_line(why_[i], session_->file().vocab(), style_, terminal_width()));
  }

  void branch(const std::string& name) {
    if (name.empty()) {
      branches_[branch_] = conversation_.turns();
      for (const auto& [each, turns] : branches_)
        output_.write(
            fmt::format("{} {}  {} turns\n", each == branch_ ? '*' : ' ', without_controls(each), turns.size()));
      return;
    }
    branches_[branch_] = conversation_.turns();
    const auto found = branches_.find(name);
    if (found != branches_.end()) conversation_.replace(found->second);
    branch_ = name;
    last_.clear();
    if (!options_.session.quiet) tell(fmt::format("turns: {}\n", conversation_.turns().size()));
  }

  void pick(const std::string& text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (last_.empty() || conversation_.turns().empty())
      throw Error(ErrorKind::usage, "there are no answers to choose from");
    if (error != std::errc() || end != text.data() + text.size() || number < 1 || number > last_.size())
      throw Error(ErrorKind::usage, "/pick {}: which of the last {} answers, a number", text, last_.size());
    take_last();
    conversation_.add(asked_, message_, last_[number - 1], marks_[number - 1], session_->file().vocab());
  }

  void show(const std::string&) {
    for (const Turn& turn : conversation_.turns()) output_.write(fmt::format("> {}\n{}\n", turn.user, turn.answer));
  }

  void clear(const std::string&) { conversation_.turns().clear(), last_.clear(); }

  void save(const std::string& path) {
    if (path.empty()) throw Error(ErrorKind::usage, "/save needs a file's name");
    const std::string json = conversation_json(conversation_, options_.session.model.model, options_.config);
    WholeFile(path, "conversation").write({json});
  }

  void load(const std::string& path) {
    if (path.empty()) throw Error(ErrorKind::usage, "/load needs a file's name");
    const Input input(path, "conversation", kMostRulesBytes);
    GenerationConfig config = options_.config;
    Conversation loaded = conversation_;
    load_conversation(input.bytes(), path, loaded, config);
    use(std::move(config));
    conversation_ = std::move(loaded);
    last_.clear();
    if (!options_.session.quiet) tell(fmt::format("turns: {}\n", conversation_.turns().size()));
  }

  void toggle(bool& what, std::string_view name) {
    what = !what;
    if (!options_.session.quiet) tell(fmt::format("{}: {}\n", name, what ? "on" : "off"));
  }
  void tint(const std::string&) { toggle(options_.tint, "tint"); }
  void stats(const std::string&) { toggle(options_.stats, "stats"); }
  void tree(const std::string&) { toggle(options_.tree, "tree"); }
  void leave(const std::string&) { left_ = true; }

  Options options_;
  std::optional<ReadyRecipe> recipe_;
  Output output_;
  Conversation conversation_;
  Style style_;
  bool typed_;
  LineEditor editor_;
  std::optional<Session> session_;
  std::map<std::string, std::vector<Turn>> branches_;
  std::string branch_ = "main";
  std::string message_;          // that was answered last
  Conversation::Asked asked_;    // for it
  std::vector<Sequence> last_;   // its answers
  std::vector<Bookmark> marks_;  // behind them
  std::vector<Decision> why_;    // of the first
  Bookmark thrown_away_;         // behind an answer in whose place another one is asked for
  int again_ = 0;                // answers to the same message that were thrown away
  int code_ = 0;
  bool left_ = false;
};

std::span<const Chat::Command> Chat::table() {
  static constexpr Command commands[] = {
      {"help", "", "this list", &Chat::help},
      {"system", "TEXT", "the system message; none takes it away", &Chat::system},
      {"undo", "", "as if the last turn had not been", &Chat::undo},
      {"regen", "", "another answer to the last message", &Chat::regenerate},
      {"set", "OPTION VALUE",
       "any option of decant run; without a value it is shown, without anything those that are set", &Chat::set_option},
      {"unset", "OPTION", "back to its default", &Chat::unset_option},
      {"why", "[N]", "the last tokens: how likely they were, how they were chosen, what else might have come",
       &Chat::why},
      {"branch", "[NAME]", "go on in another branch, a new one from here; without a name they are listed",
       &Chat::branch},
      {"pick", "N", "of several answers, the one to go on from", &Chat::pick},
      {"show", "", "what was said", &Chat::show},
      {"clear", "", "as if nothing had been said", &Chat::clear},
      {"save", "FILE", "write the conversation and its options", &Chat::save},
      {"load", "FILE", "go on with one", &Chat::load},
      {"tint", "", "colour tokens by how little they were expected, or do not", &Chat::tint},
      {"tree", "", "show the beams of a search while they grow, or do not", &Chat::tree},
      {"stats", "", "say what each answer took, or do not", &Chat::stats},
      {"bye", "", "end", &Chat::leave},
      {"exit", "", "the same", &Chat::leave},
      {"quit", "", "the same", &Chat::leave},
  };
  return commands;
}

}  // namespace

int chat_command(const std::vector<std::string>& arguments) {
  Options options;
  if (!parse(arguments, options)) return 0;
  return Chat(std::move(options)).run();
}

}  // namespace decant
