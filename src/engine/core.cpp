// Tested by tests/engine/engine_test.cpp.
#include "engine/core.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "model/unwanted.h"

namespace decant {

// A request that is alive: its Run, and the observer that fills its mailbox.
class EngineCore::Live : public RunObserver {
 public:
  Live(EngineCore& core, Candidacy candidacy) : core_(core), it_(std::move(candidacy)) {
    prompt_ = it_.request.prompt;
    realm_ = it_.request.realm;
    by_owner_ = it_.held;
    if (!it_.wishes.texts && !it_.wishes.decisions && !it_.wishes.search && !it_.keeps_text && !it_.bookmarks) return;
    it_.request.observer = this;
  }

  void start() {
    run_ = decant::start(core_.scheduler_, std::move(it_.request));
    hold(by_reader_, by_owner_);
  }

  const Candidacy& candidacy() const { return it_; }
  TicketState& ticket() { return *it_.ticket; }
  bool is(std::uint64_t ticket) const { return it_.ticket->id == ticket; }
  bool done() const { return run_->done(); }

  void hold_for_reader(bool held) { hold(held, by_owner_); }
  void hold_for_owner(bool held) { hold(by_reader_, held); }

  // What the ticket's owner can see between two events.
  void report() {
    const std::lock_guard lock(ticket().mutex);
    ticket().stats = run_->stats();
  }

  Outcome outcome() {
    Outcome outcome;
    if (!run_) return outcome;
    outcome.sequences = run_->sequences();
    outcome.stats = run_->stats();
    outcome.error = run_->error();
    outcome.bookmarks = std::move(bookmarks_);
    if (it_.bookmarks) outcome.bookmarks.resize(outcome.sequences.size());
    return outcome;
  }

  // ---- RunObserver
  bool wants_decisions() const override { return it_.wishes.decisions; }
  bool wants_stage_scores() const override { return it_.wishes.stage_scores; }
  bool wants_search() const override { return it_.wishes.search; }
  void token(int sequence, Token token, std::string_view bytes) override {
    if (it_.wishes.texts) put(TokenEvent{sequence, token, std::string(bytes)});
  }
  void decision(const Decision& decision) override { put(decision); }
  void search(const SearchStep& step) override { put(step); }
  void search_ended(std::span<const SearchEnd> ends) override { put(SearchEndedEvent{{ends.begin(), ends.end()}}); }
  void finished(int sequence, Stop stop) override {
    if (it_.wishes.texts) put(FinishedEvent{sequence, stop});
    if (it_.keeps_text || it_.bookmarks) keep(sequence);
  }

 private:
  void put(Event event) {
    if (!ticket().mailbox.put(std::move(event))) hold_for_reader(true);
  }

  void hold(bool by_reader, bool by_owner) {
    by_reader_ = by_reader;
    by_owner_ = by_owner;
    if (run_) run_->hold(by_reader_ || by_owner_);
  }

  // While the strategy still has the end of the text, so that nothing of it has left the caches.
  void keep(int sequence) {
    std::vector<Token> text = prompt_;
    const auto i = static_cast<std::size_t>(sequence);
    if (run_) text.insert(text.end(), run_->sequences()[i].ids.begin(), run_->sequences()[i].ids.end());
    Node node = core_.scheduler_.tree().text(text, realm_);
    if (it_.bookmarks) {
      bookmarks_.resize(std::max(bookmarks_.size(), i + 1));
      bookmarks_[i] = core_.new_bookmark(node, it_.models[0]->name, text, realm_);
    }
    if (it_.keeps_text) core_.prefixes_.keep(std::move(node));
  }

  EngineCore& core_;
  Candidacy it_;
  std::vector<Token> prompt_;
  Realm realm_ = 0;
  std::vector<Bookmark> bookmarks_;
  bool by_reader_ = false, by_owner_ = false;
  std::unique_ptr<Run> run_;
};

EngineCore::EngineCore(const EngineOptions& options, std::shared_ptr<Commands> commands)
    : options_(options),
      commands_(std::move(commands)),
      scheduler_(SchedulerOptions{.prefill_chunk_size = options.prefill_chunk_size}),
      prefixes_(options.kept_texts) {}

EngineCore::~EngineCore() = default;

void EngineCore::run() {
  bool idle = true;
  while (!commands_->stopped()) {
    for (const EngineCommand& command : commands_->take(idle)) carry_out(command);
    admit();
    const bool waits = step();
    const bool ended = end_done();
    idle = !waits && !ended;
  }
  for (const EngineCommand& command : commands_->take(false)) carry_out(command);  // somebody may wait for one
  const auto stopped = std::make_exception_ptr(Error(ErrorKind::unavailable, "the engine has been stopped"));
  for (Candidacy& each : std::exchange(line_, {})) refuse(each, stopped, true);
  for (auto& each : std::exchange(live_, {})) end(std::move(each), stopped, true);
  bookmarks_.clear();
  prefixes_.clear();
  for (const SharedModel& model : std::exchange(models_, {})) scheduler_.remove(model->id);
}

// Whoever waits for a command is told by the command itself; what nobody waits for is carried out or not, and ends
// nothing.
void EngineCore::carry_out(const EngineCommand& command) {
  try {
    command(*this);
  } catch (...) {  // NOLINT(bugprone-empty-catch)
  }
}

// ---- models ---------------------------------------------------------------------------------------------------------

void EngineCore::enter(const SharedModel& model) {
  model->id = scheduler_.add(*model->model, model->level);
  admission_.add(model->id, model->model->info().n_cells);
  models_.push_back(model);
}

void EngineCore::leave(const SharedModel& model) {
  model->leaving = true;
  if (model->users == 0) drop(model);
}

void EngineCore::release(const std::vector<SharedModel>& models) {
  for (const SharedModel& model : models) {
    if (--model->users == 0 && model->leaving) drop(model);
  }
}

void EngineCore::drop(const SharedModel& model) {
  scheduler_.remove(model->id);
  admission_.remove(model->id);
  std::erase(models_, model);
}

// ---- requests -------------------------------------------------------------------------------------------------------

void EngineCore::submit(Candidacy candidacy) {
  for (const SharedModel& model : candidacy.models) {
    if (!model->leaving) continue;
    const Error unloaded(ErrorKind::unavailable, "the model {} has been unloaded", model->name);
    candidacy.models.clear();  // it counts as a user of none
    return refuse(candidacy, std::make_exception_ptr(unloaded), false);
  }
  for (const SharedModel& model : candidacy.models) ++model->users;
  line_.push_back(std::move(candidacy));
  admit();
  if (line_.size() <= options_.max_waiting) return;
  const Error full(ErrorKind::unavailable, "{} requests are waiting already: try again later", options_.max_waiting);
  const Candidacy last = std::move(line_.back());
  line_.pop_back();
  refuse(last, std::make_exception_ptr(full), false);
}

void EngineCore::admit() {
  while (!line_.empty() && live_.size() < options_.max_live && admission_.fits(line_.front().promises)) {
    admission_.take(line_.front().promises);
    auto live = std::make_unique<Live>(*this, std::move(line_.front()));
    line_.pop_front();
    try {
      live->start();
      live_.push_back(std::move(live));
    } catch (...) {
      end(std::move(live), std::current_exception(), false);
    }
  }
}

bool EngineCore::step() {
  const auto is_given_up = [](const auto& live) { return live->candidacy().ticket->given_up.load(); };
  const UnwantedScope unwanted([&] { return std::ranges::all_of(live_, is_given_up) || commands_->stopped(); });
  try {
    make_room();
    return scheduler_.step();
  } catch (...) {  // of no single request: out of memory
    for (auto& each : std::exchange(live_, {})) end(std::move(each), std::current_exception(), false);
    return true;  // others may begin now
  }
}

// Kept texts go before anything else does.
void EngineCore::make_room() {
  const auto is_short = [&](const SharedModel& model) {
    const int cells = scheduler_.cache(model->id).cells();
    const ModelInfo& info = model->model->info();
    return cells > info.n_cells - std::min(info.max_rows, info.n_cells / 4);
  };
  while (std::any_of(models_.begin(), models_.end(), is_short) && prefixes_.drop_oldest()) {
  }
}

bool EngineCore::end_done() {
  bool any = false;
  for (std::size_t i = 0; i < live_.size();) {
    if (!live_[i]->done()) {
      live_[i++]->report();
      continue;
    }
    std::unique_ptr<Live> live = std::move(live_[i]);
    live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(i));
    end(std::move(live), nullptr, false);
    any = true;
  }
  return any;
}

void EngineCore::end(std::unique_ptr<Live> live, std::exception_ptr error, bool cancelled) {
  const std::shared_ptr<TicketState> ticket = live->candidacy().ticket;
  const std::vector<SharedModel> models = live->candidacy().models;
  admission_.give_back(live->candidacy().promises);
  {
    Outcome outcome = live->outcome();
    if (error) outcome.error = std::move(error);
    outcome.cancelled = cancelled;
    const std::lock_guard lock(ticket->mutex);
    ticket->stats = outcome.stats;
    ticket->outcome = std::move(outcome);
  }
  live.reset();
  release(models);
  ticket->mailbox.close();
}

void EngineCore::refuse(const Candidacy& candidacy, std::exception_ptr error, bool cancelled) {
  {
    const std::lock_guard lock(candidacy.ticket->mutex);
    candidacy.ticket->outcome.error = std::move(error);
    candidacy.ticket->outcome.cancelled = cancelled;
  }
  release(candidacy.models);
  candidacy.ticket->mailbox.close();
}

EngineCore::Live* EngineCore::find(std::uint64_t ticket) {
  const auto found = std::find_if(live_.begin(), live_.end(), [&](const auto& each) { return each->is(ticket); });
  return found == live_.end() ? nullptr : found->get();
}

Candidacy* EngineCore::find_in_line(std::uint64_t ticket) {
  const auto found =
      std::find_if(line_.begin(), line_.end(), [&](const auto& each) { return each.ticket->id == ticket; });
  return found == line_.end() ? nullptr : &*found;
}

void EngineCore::cancel(std::uint64_t ticket) {
  if (Candidacy* waiting = find_in_line(ticket)) {
    Candidacy candidacy = std::move(*waiting);
    line_.remove_if([&](const Candidacy& each) { return &each == waiting; });
    refuse(candidacy, nullptr, true);
    return;
  }
  const auto alive = std::find_if(live_.begin(), live_.end(), [&](const auto& each) { return each->is(ticket); });
  if (alive == live_.end()) return;
  std::unique_ptr<Live> live = std::move(*alive);
  live_.erase(alive);
  end(std::move(live), nullptr, true);
}

void EngineCore::hold(std::uint64_t ticket, bool held) {
  if (Live* live = find(ticket)) live->hold_for_owner(held);
  if (Candidacy* waiting = find_in_line(ticket)) waiting->held = held;
}

void EngineCore::emptied(std::uint64_t ticket) {
  if (Live* live = find(ticket)) live->hold_for_reader(false);
}

// ---- texts ----------------------------------------------------------------------------------------------------------

void EngineCore::bookmark(std::uint64_t id, std::span<const Token> tokens, Realm realm) {
  bookmarks_[id] = scheduler_.tree().text(tokens, realm);
}

Bookmark EngineCore::new_bookmark(Node node, const std::string& model, std::vector<Token> tokens, Realm realm) {
  const std::uint64_t id = commands_->new_id();
  bookmarks_[id] = std::move(node);
  return Bookmark(std::make_shared<const Bookmark::Mark>(commands_, id, model, std::move(tokens), realm));
}

void EngineCore::forget() {
  prefixes_.clear();
  for (const SharedModel& model : models_) scheduler_.cache(model->id).clear();
}

Engine::Load EngineCore::load() const {
  Engine::Load load;
  load.live = static_cast<int>(live_.size());
  load.waiting = static_cast<int>(line_.size());
  load.kept_texts = prefixes_.count();
  load.bookmarks = static_cast<int>(bookmarks_.size());
  load.nodes = scheduler_.live_nodes();
  for (const SharedModel& model : models_) load.cells.emplace_back(model->name, scheduler_.cache(model->id).cells());
  return load;
}

}  // namespace decant
