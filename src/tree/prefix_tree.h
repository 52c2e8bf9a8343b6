// The prefix tree: every text that any live Run may still continue, each common prefix stored once.
//
// A node is one token after its parent's path. Node is a counted reference: a node lives while a Node or a child refers
// to it, and is released the moment none does. child() returns the live node when there is one, so two Runs with a
// common prompt, or two branches that choose the same token, share nodes (and, one level down, cells). Texts of
// different realms share nothing: their users are to learn nothing of each other, not even by how soon an answer comes.
//
// Not thread-safe: one tree belongs to one scheduler.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/token.h"

namespace decant {

using NodeId = std::int32_t;
inline constexpr NodeId kNoNode = -1;
using Realm = std::uint32_t;
inline constexpr NodeId kRoot = 0;  // the empty text: no token, length 0, never released

class PrefixTree;

class Node {
 public:
  Node() = default;
  Node(PrefixTree& tree, NodeId id);
  Node(const Node& other);
  Node(Node&& other) noexcept
      : tree_(std::exchange(other.tree_, nullptr)),
        id_(std::exchange(other.id_, kNoNode)),
        memory_(std::move(other.memory_)) {}
  Node& operator=(Node other) noexcept {
    std::swap(tree_, other.tree_);
    std::swap(id_, other.id_);
    std::swap(memory_, other.memory_);
    return *this;
  }
  ~Node();

  explicit operator bool() const { return tree_ != nullptr; }
  bool operator==(const Node& other) const { return tree_ == other.tree_ && id_ == other.id_; }

  NodeId id() const { return id_; }
  std::uint64_t serial() const;  // of the node: unlike its id never used again
  Token token() const;
  int length() const;  // tokens on the path from the root to here, this one included
  Node parent() const;
  Node child(Token token) const;
  void path(std::vector<Token>& tokens) const;  // overwrites: the path's tokens, first to last

  // What somebody above the tree remembers about the text up to here. It goes with copies of this Node, not with others
  // of the same text: parent() and child() have none.
  const std::shared_ptr<const void>& memory() const { return memory_; }
  void remember(std::shared_ptr<const void> memory) { memory_ = std::move(memory); }

 private:
  PrefixTree* tree_ = nullptr;
  NodeId id_ = kNoNode;
  std::shared_ptr<const void> memory_;
};

class PrefixTree {
 public:
  // Told of a node just before it goes, while its parent is still known.
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void released(NodeId node) = 0;
  };

  PrefixTree();
  PrefixTree(const PrefixTree&) = delete;
  PrefixTree& operator=(const PrefixTree&) = delete;

  Node root() { return Node(*this, kRoot); }
  Node text(std::span<const Token> tokens, Realm realm = 0);  // from its beginning
  void observe(Observer* observer) { observers_.push_back(observer); }
  void forget(Observer* observer) { std::erase(observers_, observer); }

  std::uint64_t serial(NodeId id) const { return at(id).serial; }
  Token token(NodeId id) const { return at(id).token; }
  int length(NodeId id) const { return at(id).length; }
  NodeId parent(NodeId id) const { return at(id).parent; }
  NodeId first_child(NodeId id) const { return at(id).first_child; }
  NodeId next_sibling(NodeId id) const { return at(id).next; }
  NodeId ancestor(NodeId id, int length) const;                                  // REQUIRES: 0 <= length <= length(id)
  bool is_held(NodeId id) const { return at(id).references > at(id).children; }  // by a Node, and not by children alone
  int live_nodes() const { return live_; }                                       // the root not counted

 private:
  friend class Node;
  struct Record {
    NodeId parent = kNoNode;
    NodeId first_child = kNoNode;
    NodeId previous = kNoNode, next = kNoNode;  // among the parent's children
    Token token = -1;
    std::int32_t length = 0;
    std::int32_t references = 0;  // Nodes and children
    std::int32_t children = 0;
    std::uint64_t serial = 0;
    Realm realm = 0;  // of a text's first token; behind it the way here says it
  };

  const Record& at(NodeId id) const { return records_[static_cast<std::size_t>(id)]; }
  Record& at(NodeId id) { return records_[static_cast<std::size_t>(id)]; }
  NodeId child(NodeId parent, Token token, Realm realm = 0);
  void retain(NodeId id) { ++at(id).references; }
  void release(NodeId id);
  void unlink(NodeId id);

  std::vector<Record> records_;
  std::vector<NodeId> free_;
  std::vector<Observer*> observers_;
  int live_ = 0;
  std::uint64_t made_ = 0;
};

}  // namespace decant
