#include "cli/session.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>
#include <utility>

#include "cli/flags.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "drafters/drafter.h"
#include "hub/hub.h"
#include "llama/draft_pair.h"
#include "llama/kinds.h"
#include "llama/library.h"
#include "llama/load_probe.h"
#include "llama/next_head.h"
#include "llama/self_model.h"
#include "model/same_vocabulary.h"
#include "options/table.h"
#include "run/stop.h"
#include "server/prompts.h"
#include "strategies/resolve.h"

namespace decant {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// The engine's name of the model that the user gave: no amateur can have it.
constexpr std::string_view kExpert = "";

constexpr std::size_t kPromptsKept = 1000;  // ready; of more it is known by sample how long they are

constexpr int kDefaultCells = 8192;  // that a request gets, at most, where nobody has said how many

}  // namespace

std::shared_ptr<const LlamaFile> load_model(const ModelOptions& options, bool quiet, bool only_drafts,
                                            SharedWeights weights) {
  check_ranges(model_fields(), options);
  const auto download = quiet ? DownloadProgress::silent : DownloadProgress::on_stderr;
  const std::filesystem::path path =
      resolve_model(options.model, download, options.offline ? Network::none : Network::allowed);
  if (!only_drafts) check_speaks_alone(path, check_gguf(path));
  if (probe_model(path) == Probe::no_program && !quiet)
    tell(fmt::format("{} was not tried before it is loaded: there is no decant program to do it\n", path.string()));
  Progress loading("loading the model", !quiet);
  const auto update = [&](float done) { loading.update(static_cast<double>(done)); };
  auto file = std::make_shared<const LlamaFile>(path, options, update, "", std::move(weights));
  loading.wipe();
  for (const std::string& warning : file->warnings()) {
    if (!quiet) tell(fmt::format("decant: libllama does not compute {} as it is meant: {}\n", path.string(), warning));
  }
  return file;
}

void add_session_flags(Flags& flags, SessionOptions& options, GenerationConfig& config) {
  PromptOptions& prompt = options.prompt;
  flags.own("PROMPT", prompt.argument, "the prompt; - is standard input, as is none at all");
  const auto text = [&](const char* names, auto& value, const char* doc) {
    flags.own(names, value, doc).type("TEXT").group("Prompt");
  };
  text("-p,--prompt", prompt.text, "the prompt");
  flags.own("-f,--file", prompt.file, "a file with the prompt; - is standard input").type("FILE").group("Prompt");
  text("--system", prompt.system, "system message of the chat");
  flags.own("--no-chat-template", prompt.no_chat_template, "the prompt as it is, without the model's template")
      .group("Prompt");
  const auto set_special = [&prompt](const std::string& value) {
    const std::optional<bool> parsed = parse_boolean(value);
    if (!parsed) throw Error(ErrorKind::usage, "parse_special is '{}': it must be true or false", value);
    prompt.parse_special = *parsed;
  };
  flags
      .own_function("--parse-special,--parse_special", set_special,
                    "the names of special tokens in your text are those tokens [true]")
      .type("true|false")
      .group("Prompt");
  flags.own("--show-prompt", options.show_prompt, "what the model reads, on standard error").group("Prompt");
  flags.own("--quiet", options.quiet, "no progress on standard error").group("Output");
  const auto from_file = [&](const char* flag, const char* option, const char* group, const char* doc) {
    const auto read = [&config, option, flag](const std::string& path) {
      set(config, get(generation_fields(), option), read_text_file(path, flag));
    };
    flags.own_function(flag, read, doc).type("FILE").group(group);
  };
  from_file("--grammar-file", "grammar", "Bans and constraints", "a file with the grammar");
  from_file("--json-schema-file", "json_schema", "Bans and constraints", "a file with the schema");
  from_file("--earlier-text-file", "earlier_texts", "Speculation", "a file with a text to copy from; repeatable");
}

Session::Session(const SessionOptions& options)
    : Session(options, PromptList(std::vector{read_prompt(options.prompt)})) {}

Session::Session(const SessionOptions& options, PromptList prompts)
    : options_(options), list_(std::move(prompts)), costs_(options.live) {
  const auto begin = Clock::now();
  file_ = load_model(options.model, options.quiet);
  tell_unused();
  for (std::size_t i = 0; i < std::min(list_.size(), kPromptsKept); ++i)
    prompts_.push_back(make_prompt(list_.at(i), options.prompt, *file_));
  const bool own_bos = std::any_of(prompts_.begin(), prompts_.end(), [](const Prompt& each) { return each.own_bos; });
  if (own_bos && !options.quiet)
    tell(fmt::format("the prompt begins with {}, which {} puts before every text: it is there once\n",
                     file_->vocab().bos_text(), file_->name()));
  for (const Prompt& prompt : prompts_) lengths_.push_back(static_cast<int>(prompt.tokens.size()));
  if (list_.size() > prompts_.size()) lengths_ = {1, longest_of_many()};
  load_s_ = since(begin);
  if (!options.show_prompt) return;
  for (const Prompt& prompt : prompts_) tell(prompt.text + "\n");
}

Session::Session(const SessionOptions& options, std::shared_ptr<const LlamaFile> file)
    : options_(options),
      file_(std::move(file)),
      list_(std::vector<std::string>()),
      conversation_(true),
      costs_(options.live) {
  tell_unused();
  const int cells = options.model.ctx_size > 0 ? options.model.ctx_size : kDefaultCells;
  lengths_ = {1, std::max(1, std::min(cells, file_->trained_context()) - 1)};
}

Session::Session(const Session& like, SameTexts)
    : options_(like.options_),
      file_(like.file_),
      list_(like.list_),
      prompts_(like.prompts_),
      lengths_(like.lengths_),
      conversation_(like.conversation_),
      costs_(like.options_.live) {}

bool Session::serves(const GenerationConfig& config) const {
  Session other(*this, SameTexts());
  other.expect(config);
  const auto is_within = [](const Cost& needed, const Cost& there) {
    return needed.cells <= there.cells && needed.branches <= there.branches;
  };
  if (!engine_ || !is_within(other.costs_.sum(), costs_.sum()) || other.rewind_ > rewind_) return false;
  if (other.reads_layers_ && !reads_layers_) return false;
  return std::ranges::all_of(other.further_, [&](const Further& needed) {
    const auto found = std::ranges::find(further_, needed.name, &Further::name);
    return found != further_.end() && found->only_drafts == needed.only_drafts &&
           is_within(needed.costs.sum(), found->costs.sum());
  });
}

void Session::tell_unused() const {
  if (options_.model.n_gpu_layers > 0 && device_of(options_.model).empty() && !options_.quiet)
    tell(fmt::format("n_gpu_layers {} does nothing: this program finds no GPU\n", options_.model.n_gpu_layers));
}

void Session::complete(GenerationConfig& config) const {
  if (!config.seed) config.seed = random_seed();
  decant::complete(config, conversation_ || prompts_[0].chat, *file_);
}

std::vector<Token> Session::negative_prompt(const GenerationConfig& config) const {
  if (config.guidance_scale == 1 || config.negative_prompt.empty()) return {};
  return make_prompt(config.negative_prompt, options_.prompt, *file_).tokens;
}

Prompt Session::prompt(int index) const {
  const auto place = static_cast<std::size_t>(index);
  return place < prompts_.size() ? prompts_[place] : make_prompt(list_.at(place), options_.prompt, *file_);
}

// The most tokens, among those prompts of which that can be thought: the ones with the most bytes.
int Session::longest_of_many() const {
  std::vector<std::size_t> places(list_.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  const auto middle = places.begin() + static_cast<std::ptrdiff_t>(kPromptsKept);
  std::nth_element(places.begin(), middle, places.end(),
                   [&](std::size_t a, std::size_t b) { return list_.most_bytes(a) > list_.most_bytes(b); });
  std::size_t longest = 0;
  for (auto place = places.begin(); place != middle; ++place)
    longest = std::max(longest, prompt(static_cast<int>(*place)).tokens.size());
  return static_cast<int>(longest);
}

// Between two lengths the cost is greatest at one of them, or where the context begins to cut texts.
std::vector<int> Session::lengths_for(const GenerationConfig& config) const {
  std::vector<int> lengths = lengths_;
  if (list_.size() > prompts_.size()) {
    const int new_tokens = max_length(config, lengths_[0]) - lengths_[0];
    lengths.push_back(std::clamp(file_->trained_context() - new_tokens, lengths_[0], lengths_[1]));
  }
  return lengths;
}

Prompt Session::prompt_for(const GenerationConfig& config, int index) const {
  Prompt prompt = this->prompt(index);
  return config.token_healing ? healed(std::move(prompt), file_->vocab()) : prompt;
}

// Of a cache of whose size nobody has said anything. The texts that are returned have to be in it; of others that a
// search tries most is shared.
int Session::most_cells(const GenerationConfig& config, int one_text) const {
  const std::int64_t returned = std::int64_t{one_text} * config.num_return_sequences;
  const std::int64_t least = std::max(one_text, kDefaultCells);
  return static_cast<int>(std::max(least, std::min(returned, affordable_cells(*file_, options_.model))));
}

void Session::expect(const GenerationConfig& config) {
  const StrategyRow& row = resolve_strategy(config);
  Room room = room_of(row, config);
  room.tried = std::max(room.tried, options_.tried);
  reads_layers_ = reads_layers_ || !config.dola_layers.empty();
  rewind_ = std::max(rewind_, std::min(most_guesses(config), kMostTakenBack));
  const int negative = static_cast<int>(negative_prompt(config).size());
  for (const int length : lengths_for(config)) {
    const int longest = file_->trained_context();
    const int twice = config.guidance_scale == 1 ? 1 : 2;
    const int one_text = std::min(max_length(config, length), longest) * twice;
    Cost cost = decant::cost_of(config, room, length, negative, longest);
    cost.cells =
        std::min(cost.cells, options_.model.ctx_size > 0 ? options_.model.ctx_size : most_cells(config, one_text));
    costs_.add(cost);
    const std::vector<std::string> names = models_of(row, config);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const bool only_drafts = i + static_cast<std::size_t>(n_drafting(row, config)) >= names.size();
      Further& model = further(names[i]);
      model.only_drafts = model.only_drafts && only_drafts;
      model.costs.add(
          {.cells = cost.cells, .branches = cost_of_further(config, room, length, negative, longest).branches});
    }
  }
}

void Session::open(std::span<const GenerationConfig> configs) {
  for (const GenerationConfig& config : configs) expect(config);
  open();
}

void Session::open() {
  const auto begin = Clock::now();
  engine_ = std::make_unique<Engine>(EngineOptions{.prefill_chunk_size = options_.model.prefill_chunk_size,
                                                   .max_live = static_cast<std::size_t>(options_.live),
                                                   .kept_texts = 0});
  for (Further& each : further_) {
    if (!is_self_model(each.name)) each.file = load_further(each);
  }
  make_pair();
  for (Further& each : further_) {
    if (!each.with_expert && !each.file) each.file = load_further(each);
  }
  if (!model_) make_model(std::string(kExpert), file_, costs_.sum());
  for (const Further& each : further_) {
    if (!each.with_expert) make_model(each.name, each.file, cost_of(each), each.only_drafts ? 1 : 0);
  }
  load_s_ += since(begin);
}

// What drafts with what the expert itself computes: a head that reads what it says, or else its own lower layers, if
// nobody looks into it.
void Session::make_pair() {
  const auto is_head = [](const Further& each) { return is_draft_head(each.name, each.file.get()); };
  if (std::ranges::count_if(further_, is_head) > 1)
    throw Error(ErrorKind::usage, "two drafters are to read what the model says, and only one can: leave one out");
  std::vector<Further*> drafts;
  for (Further& each : further_) {
    if (each.only_drafts) drafts.insert(is_head(each) ? drafts.begin() : drafts.end(), &each);
  }
  for (Further* each : drafts) {
    const Cost whole = costs_.sum(), own = each->costs.sum();
    const PairRoom room{.cells = std::max(whole.cells, own.cells),
                        .sequences = std::min(1 + std::max(whole.branches, own.branches), 256),
                        .rewind = rewind_};
    const DraftPair pair = make_draft_pair(file_, each->name, each->file, !reads_layers_, options_.model, room);
    if (!pair) continue;
    each->with_expert = true;
    model_ = pair.target.get();
    engine_->load(std::string(kExpert), [&] { return pair.target; });
    engine_->load(
        each->name, [&] { return pair.draft; }, 1);
    return;
  }
}

void Session::make_model(const std::string& name, std::shared_ptr<const LlamaFile> file, const Cost& cost, int level) {
  engine_->load(
      name,
      [&] {
        const int branches = 1 + cost.branches;  // one for evaluating a node beside its cell
        const int rewind = name == kExpert ? rewind_ : 0;
        auto model =
            std::make_unique<LlamaModel>(std::move(file), options_.model, cost.cells, std::min(branches, 256), rewind);
        if (name == kExpert) model_ = model.get();
        return model;
      },
      level);
}

Session::Further& Session::further(const std::string& name) {
  const auto same = [&](const Further& each) { return each.name == name; };
  auto found = std::find_if(further_.begin(), further_.end(), same);
  if (found == further_.end()) found = further_.insert(found, {name, CostsAtOnce(options_.live)});
  return *found;
}

std::shared_ptr<const LlamaFile> Session::load_further(const Further& further) const {
  ModelOptions options = options_.model;
  options.model = further.name;
  if (is_self_model(further.name)) return load_self_model(further.name, file_, options);
  auto file = load_model(options, options_.quiet, further.only_drafts);
  if (!further.only_drafts) {
    check_same_vocabulary(file_->vocab(), file_->name(), file->vocab(), file->name());
  } else if (is_draft(file->info())) {
    check_same_vocabulary(file_->vocab(), file_->name(), file->vocab(), file->name());
  } else if (file->weight_bytes() > file_->weight_bytes() && !options_.quiet) {
    // No error: the text is the same, and the user's reasons may be his own.
    tell(fmt::format("decant: {} is to guess for {}, which is smaller: that takes longer than writing without it\n",
                     file->name(), file_->name()));
  }
  return file;
}

// What a draft model with another vocabulary reads may come to more tokens than its target's. Twice is a guess; where
// that is not enough, it falls silent.
Cost Session::cost_of(const Further& further) const {
  Cost cost = further.costs.sum();
  const bool translates = further.only_drafts && first_difference(file_->vocab(), further.file->vocab());
  if (translates) cost.cells = std::min(cost.cells, std::numeric_limits<int>::max() / 2) * 2;
  return cost;
}

std::vector<const LlamaFile*> Session::files() const {
  std::vector<const LlamaFile*> files = {file_.get()};
  for (const Further& each : further_) {
    if (each.file) files.push_back(each.file.get());
  }
  return files;
}

Ticket Session::start(const GenerationConfig& config, Start how) {
  Job job{.model = std::string(kExpert), .config = config};
  if (how.voices == Voices::amateur_alone) job.model = std::exchange(job.config.amateur, "");
  if (how.place) {
    job.from = std::move(how.place->from);
    job.prompt = std::move(how.place->tokens);
    job.bookmarks = true;
  } else {
    const Prompt prompt = prompt_for(config, how.prompt);
    job.prompt = prompt.tokens;
    job.healed = prompt.healed;
  }
  job.negative_prompt = negative_prompt(config);
  job.strategy = std::move(how.strategy);
  job.wishes = how.wishes;
  job.bell = std::move(how.bell);
  return engine_->submit(std::move(job));
}

int Session::drive(Ticket& ticket, RunObserver& observer) {
  catch_interrupts();
  {
    Progress reading("reading the prompt", !options_.quiet);
    bool nothing_told = true;
    while (!interrupted() && !ticket.ended()) {
      const std::optional<Event> event = ticket.next(kBetweenLooks);
      if (event) {
        reading.wipe();  // before anything is written
        nothing_told = false;
        tell(observer, *event);
      } else if (const RunStats stats = ticket.stats();
                 nothing_told && stats.rows > 0 && stats.rows < stats.prompt_tokens) {
        reading.update(static_cast<double>(stats.rows) / stats.prompt_tokens);
      }
    }
  }
  if (!ticket.ended()) ticket.cancel();
  while (const auto event = ticket.next()) tell(observer, *event);
  return interrupted() ? 128 + interrupted() : 0;
}

}  // namespace decant
