// Tested by tests/server/serve_test.py.
#include "server/kept_answers.h"

#include <algorithm>

#include "server/random_name.h"

namespace decant {

std::string KeptAnswers::keep(KeptAnswer answer) {
  std::string name = random_name("");
  const std::lock_guard lock(mutex_);
  entries_.push_front({name, std::make_shared<const KeptAnswer>(std::move(answer)), Clock::now()});
  drop_old();
  return name;
}

std::shared_ptr<const KeptAnswer> KeptAnswers::find(const std::string& name, Realm realm) {
  const std::lock_guard lock(mutex_);
  drop_old();
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& each) { return each.name == name; });
  if (found == entries_.end() || found->answer->realm != realm) return nullptr;
  found->used = Clock::now();
  entries_.splice(entries_.begin(), entries_, found);
  return found->answer;
}

void KeptAnswers::drop_old() {
  while (!entries_.empty() && (entries_.size() > kKeptAnswers || Clock::now() - entries_.back().used > kKeptFor))
    entries_.pop_back();
}

}  // namespace decant
