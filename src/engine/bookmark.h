// A place in a text that an engine has read: another request can go on from there without reading it again.
//
// While somebody holds a Bookmark the text's nodes live, and with them what the caches hold of it; where the room is
// needed for others it is read again. Going on from a shorter one is undo, or a branch. Copies are cheap, and safe on
// any thread; one that outlives its engine is only its tokens.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/token.h"
#include "engine/commands.h"
#include "tree/prefix_tree.h"

namespace decant {

class Bookmark {
 public:
  Bookmark() = default;  // the empty text, of any model

  const std::vector<Token>& tokens() const;  // of the text, from its beginning
  const std::string& model() const;          // that has read it

  // The text's first `length` tokens. REQUIRES: length <= tokens().size().
  Bookmark first(std::size_t length) const;

 private:
  friend class EngineCore;
  struct Mark {
    Mark(std::shared_ptr<Commands> to, std::uint64_t number, std::string of, std::vector<Token> text, Realm whose)
        : commands(std::move(to)), id(number), model(std::move(of)), tokens(std::move(text)), realm(whose) {}
    ~Mark();
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;

    std::shared_ptr<Commands> commands;
    std::uint64_t id;  // of the node, on the engine's thread
    std::string model;
    std::vector<Token> tokens;
    Realm realm;
  };
  explicit Bookmark(std::shared_ptr<const Mark> mark) : mark_(std::move(mark)) {}
  std::shared_ptr<const Mark> mark_;
};

}  // namespace decant
