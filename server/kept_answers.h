// Answers that one may go on from: the latest of them, for a while. From any thread.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/bookmark.h"

namespace decant {

inline constexpr std::size_t kKeptAnswers = 64;
inline constexpr std::chrono::minutes kKeptFor{10};  // after it was last gone on from

struct KeptAnswer {
  std::string model;
  Realm realm = 0;                   // of the key that asked
  bool chat = false;                 // its turns end
  std::size_t prompt = 0;            // tokens
  std::vector<Bookmark> texts = {};  // prompt and all
};

class KeptAnswers {
 public:
  std::string keep(KeptAnswer answer);                                           // returns its name
  std::shared_ptr<const KeptAnswer> find(const std::string& name, Realm realm);  // null: there is none for this key

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    std::string name;
    std::shared_ptr<const KeptAnswer> answer;
    Clock::time_point used;
  };
  void drop_old();

  std::mutex mutex_;
  std::list<Entry> entries_;  // the latest first
};

}  // namespace decant
