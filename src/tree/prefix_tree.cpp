// Tested by tests/tree/prefix_tree_test.cpp.
#include "tree/prefix_tree.h"

#include <cassert>

namespace decant {

PrefixTree::PrefixTree() {
  records_.emplace_back();
  at(kRoot).references = 1;
}

NodeId PrefixTree::ancestor(NodeId id, int length) const {
  assert(0 <= length && length <= at(id).length);
  while (at(id).length > length) id = at(id).parent;
  return id;
}

Node PrefixTree::text(std::span<const Token> tokens, Realm realm) {
  if (tokens.empty()) return root();
  Node node(*this, child(kRoot, tokens[0], realm));
  for (const Token token : tokens.subspan(1)) node = node.child(token);
  return node;
}

NodeId PrefixTree::child(NodeId parent, Token token, Realm realm) {
  for (NodeId id = at(parent).first_child; id != kNoNode; id = at(id).next) {
    if (at(id).token == token && at(id).realm == realm) return id;
  }
  NodeId id;
  if (free_.empty()) {
    id = static_cast<NodeId>(records_.size());
    records_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  Record& record = at(id);
  record = {};
  record.parent = parent;
  record.token = token;
  record.realm = realm;
  record.serial = ++made_;
  record.length = at(parent).length + 1;
  record.next = at(parent).first_child;
  if (record.next != kNoNode) at(record.next).previous = id;
  at(parent).first_child = id;
  retain(parent);
  ++at(parent).children;
  ++live_;
  return id;
}

// A loop, not a recursion: the last reference to a long text frees thousands of nodes.
void PrefixTree::release(NodeId id) {
  while (--at(id).references == 0) {
    assert(id != kRoot && at(id).first_child == kNoNode);
    for (Observer* observer : observers_) observer->released(id);
    const NodeId parent = at(id).parent;
    unlink(id);
    free_.push_back(id);
    --live_;
    id = parent;
  }
}

void PrefixTree::unlink(NodeId id) {
  const Record& record = at(id);
  if (record.previous != kNoNode) {
    at(record.previous).next = record.next;
  } else {
    at(record.parent).first_child = record.next;
  }
  if (record.next != kNoNode) at(record.next).previous = record.previous;
  --at(record.parent).children;
}

Node::Node(PrefixTree& tree, NodeId id) : tree_(&tree), id_(id) { tree_->retain(id_); }

Node::Node(const Node& other) : tree_(other.tree_), id_(other.id_), memory_(other.memory_) {
  if (tree_) tree_->retain(id_);
}

Node::~Node() {
  if (tree_) tree_->release(id_);
}

std::uint64_t Node::serial() const { return tree_->serial(id_); }
Token Node::token() const { return tree_->token(id_); }
int Node::length() const { return tree_->length(id_); }
Node Node::parent() const { return Node(*tree_, tree_->parent(id_)); }
Node Node::child(Token token) const { return Node(*tree_, tree_->child(id_, token)); }

void Node::path(std::vector<Token>& tokens) const {
  tokens.resize(static_cast<std::size_t>(length()));
  NodeId id = id_;
  for (auto token = tokens.rbegin(); token != tokens.rend(); ++token, id = tree_->parent(id)) *token = tree_->token(id);
}

}  // namespace decant
