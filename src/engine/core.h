// What stands on the engine's thread: the scheduler, the requests that are alive and those in line.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <vector>

#include "engine/admission.h"
#include "engine/engine.h"
#include "engine/prefixes.h"
#include "run/run.h"

namespace decant {

// A request on its way to becoming a Run, and what goes with it.
struct Candidacy {
  std::shared_ptr<TicketState> ticket;
  Request request;
  std::vector<SharedModel> models;
  std::vector<Promise> promises;
  Wishes wishes;
  bool keeps_text = false, bookmarks = false;
  bool held = false;  // by its owner
};

class EngineCore {
 public:
  EngineCore(const EngineOptions& options, std::shared_ptr<Commands> commands);
  ~EngineCore();

  void run();  // until the commands are stopped

  // ---- commands -----------------------------------------------------------------------------------------------------
  void enter(const SharedModel& model);
  void leave(const SharedModel& model);
  void submit(Candidacy candidacy);
  void cancel(std::uint64_t ticket);
  void hold(std::uint64_t ticket, bool held);
  void emptied(std::uint64_t ticket);  // its mailbox, by half
  void bookmark(std::uint64_t id, std::span<const Token> tokens, Realm realm);
  void drop_bookmark(std::uint64_t id) { bookmarks_.erase(id); }
  void forget();
  Engine::Load load() const;

 private:
  class Live;

  void carry_out(const EngineCommand& command);
  void admit();
  bool step();
  bool end_done();
  void end(std::unique_ptr<Live> live, std::exception_ptr error, bool cancelled);
  void refuse(const Candidacy& candidacy, std::exception_ptr error, bool cancelled);
  void release(const std::vector<SharedModel>& models);
  void drop(const SharedModel& model);
  void make_room();
  Bookmark new_bookmark(Node node, const std::string& model, std::vector<Token> tokens, Realm realm);
  Live* find(std::uint64_t ticket);
  Candidacy* find_in_line(std::uint64_t ticket);

  EngineOptions options_;
  std::shared_ptr<Commands> commands_;
  Scheduler scheduler_;
  Admission admission_;
  Prefixes prefixes_;
  std::map<std::uint64_t, Node> bookmarks_;
  std::vector<SharedModel> models_;
  std::vector<std::unique_ptr<Live>> live_;
  std::list<Candidacy> line_;
};

}  // namespace decant
