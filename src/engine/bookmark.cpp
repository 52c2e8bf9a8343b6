// Tested by tests/engine/engine_test.cpp.
#include "engine/bookmark.h"

#include <cassert>

#include "engine/core.h"

namespace decant {

Bookmark::Mark::~Mark() {
  commands->post([id = id](EngineCore& core) { core.drop_bookmark(id); });
}

const std::vector<Token>& Bookmark::tokens() const {
  static const std::vector<Token> none;
  return mark_ ? mark_->tokens : none;
}

const std::string& Bookmark::model() const {
  static const std::string none;
  return mark_ ? mark_->model : none;
}

Bookmark Bookmark::first(std::size_t length) const {
  assert(length <= tokens().size());
  if (length == tokens().size()) return *this;
  if (length == 0) return {};
  const std::uint64_t id = mark_->commands->new_id();
  std::vector<Token> shorter(tokens().begin(), tokens().begin() + static_cast<std::ptrdiff_t>(length));
  const Realm realm = mark_->realm;
  mark_->commands->post([id, shorter, realm](EngineCore& core) { core.bookmark(id, shorter, realm); });
  return Bookmark(std::make_shared<const Mark>(mark_->commands, id, mark_->model, std::move(shorter), realm));
}

}  // namespace decant
