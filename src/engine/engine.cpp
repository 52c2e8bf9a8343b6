// Tested by tests/engine/engine_test.cpp.
#include "engine/engine.h"

#include <algorithm>
#include <future>
#include <utility>

#include "base/error.h"
#include "engine/core.h"
#include "engine/cost.h"
#include "strategies/resolve.h"

namespace decant {
namespace {

// Runs `what` on the engine's thread and waits for it. Throws what it throws.
template <class F>
void wait_for(Commands& commands, F what) {
  std::promise<void> done;
  const auto command = [&](EngineCore& core) {
    try {
      what(core);
      done.set_value();
    } catch (...) {
      done.set_exception(std::current_exception());
    }
  };
  if (!commands.post(command)) throw Error(ErrorKind::unavailable, "the engine has been stopped");
  done.get_future().get();
}

std::vector<const ModelInfo*> infos(const std::vector<SharedModel>& models) {
  std::vector<const ModelInfo*> list;
  for (const SharedModel& each : models) list.push_back(&each->model->info());
  return list;
}

// What it promises itself of each cache: all of it where it could use more than that.
std::vector<Promise> promises_of(const Request& request, const Room& room, const std::vector<SharedModel>& models) {
  const int prompt = static_cast<int>(request.prompt.size()),
            negative = static_cast<int>(request.negative_prompt.size());
  std::vector<Promise> promises;
  for (const SharedModel& each : models) {
    const ModelInfo& info = each->model->info();
    const int twins = request.config.guidance_scale != 1 ? std::max(negative, 1) + room.texts - 1 : 0;
    const int tried = promises.empty() ? room.tried * (twins > 0 ? 2 : 1) : 0;
    const int least = prompt + room.texts - 1 + twins + tried;
    if (least > info.n_cells) {
      throw Error(ErrorKind::unavailable,
                  "the prompt of {} tokens with {} texts needs at least {} positions of the cache of {}, which has {}: "
                  "shorten it, or raise --ctx-size",
                  prompt, room.texts, least, info.name, info.n_cells);
    }
    const auto cost = promises.empty() ? cost_of : cost_of_further;
    const int cells = cost(request.config, room, prompt, negative, info.n_context).cells;
    promises.push_back({each->id, std::min(cells, info.n_cells)});
  }
  return promises;
}

}  // namespace

Engine::Engine(EngineOptions options)
    : options_(options),
      commands_(std::make_shared<Commands>()),
      core_(std::make_unique<EngineCore>(options, commands_)),
      thread_([this] { core_->run(); }) {}

Engine::~Engine() {
  commands_->stop();
  thread_.join();
}

void Engine::load(const std::string& name, const MakeModel& make, int level) {
  const auto make_loaded = [&] {
    auto loaded = std::make_shared<LoadedModel>();
    loaded->name = name;
    loaded->model = make();
    loaded->level = level;
    return loaded;
  };
  models_.load(name, make_loaded,
               [&](const SharedModel& model) { wait_for(*commands_, [&](EngineCore& core) { core.enter(model); }); });
}

bool Engine::unload(const std::string& name) {
  const SharedModel model = models_.remove(name);
  if (model) commands_->post([model](EngineCore& core) { core.leave(model); });
  return model != nullptr;
}

std::shared_ptr<const Model> Engine::model(const std::string& name) const {
  const SharedModel found = models_.find(name);
  return {found, found->model.get()};
}

Ticket Engine::submit(Job job) {
  const StrategyRow& row = resolve_strategy(job.config);
  if (!job.from.model().empty() && job.from.model() != job.model) {
    throw Error(ErrorKind::usage, "the text was read by the model {}, not by {}: its tokens mean nothing there",
                job.from.model(), job.model);
  }
  std::vector<SharedModel> models = {models_.find(job.model)};
  const int drafting = n_drafting(row, job.config);
  for (const std::string& name : models_of(row, job.config)) {
    models.push_back(models_.find(name));
    if (name == job.model && drafting == 0) {
      throw Error(ErrorKind::usage, "strategy {} needs another model beside {}, not the same", row.name, name);
    }
  }
  const Room room = room_of(row, job.config);

  Candidacy candidacy;
  Request& request = candidacy.request;
  request.config = std::move(job.config);
  request.n_drafting = drafting;
  if (!request.config.seed) request.config.seed = random_seed();
  request.prompt = job.from.tokens();
  request.prompt.insert(request.prompt.end(), job.prompt.begin(), job.prompt.end());
  request.negative_prompt = std::move(job.negative_prompt);
  request.healed = std::move(job.healed);
  request.realm = job.realm;
  request.processors = std::move(job.processors);
  request.does = facts_of(row, request.config);
  if (!job.strategy) row.check_model(models[0]->model->info());
  request.strategy = job.strategy ? std::move(job.strategy) : StrategyFunction(row.run);
  const std::vector<const ModelInfo*> known = infos(models);
  check_prompts(request, known);
  compile(request, models[0]->model->vocab(), known);
  request.models.clear();
  for (const SharedModel& each : models) request.models.push_back(each->id);
  candidacy.promises = promises_of(request, room, models);
  candidacy.models = std::move(models);
  candidacy.wishes = job.wishes;
  candidacy.keeps_text = job.keeps_text && options_.kept_texts > 0;
  candidacy.bookmarks = job.bookmarks;
  auto bell = job.bell ? std::move(job.bell) : std::make_shared<Bell>();
  const auto ticket = std::make_shared<TicketState>(options_.max_events, std::move(bell));
  ticket->id = commands_->new_id();
  ticket->seed = *request.config.seed;
  candidacy.ticket = ticket;
  const auto posted = std::make_shared<Candidacy>(std::move(candidacy));  // a command is copyable
  const auto submit = [posted, ticket](EngineCore& core) {
    try {
      core.submit(std::move(*posted));
    } catch (...) {  // out of memory
      ticket->fail(std::current_exception());
    }
  };
  if (!commands_->post(submit)) {
    throw Error(ErrorKind::unavailable, "the engine has been stopped");
  }
  return Ticket(commands_, ticket);
}

void Engine::forget() {
  wait_for(*commands_, [](EngineCore& core) { core.forget(); });
}

Engine::Load Engine::load() const {
  Load load;
  wait_for(*commands_, [&](EngineCore& core) { load = core.load(); });
  return load;
}

}  // namespace decant
