// Tested by tests/cli/tree_view_test.cpp and beam_test.py.
#include "cli/tree_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace decant {
namespace {

constexpr int kStubs = 2;  // dead branches shown at one place

// The branch by which a node is reached, and all that is known of where it leads.
class Drawing {
 public:
  Drawing(const SearchTree& tree, const TreeStyle& how) : tree_(tree), how_(how), best_(tree.nodes.size(), -1) {
    for (std::size_t i = 0; i < tree.ends.size(); ++i) {
      for (int node = tree.ends[i].node;; node = tree.nodes[static_cast<std::size_t>(node)].parent) {
        int& best = best_[static_cast<std::size_t>(node)];
        if (best < 0) best = static_cast<int>(i);
        if (node == 0) break;
      }
    }
  }

  std::string lines() {
    text_.clear();
    follow(0, "");
    return std::move(text_);
  }

 private:
  const TreeNode& node(int id) const { return tree_.nodes[static_cast<std::size_t>(id)]; }
  int best(int id) const { return best_[static_cast<std::size_t>(id)]; }  // index of the best end behind it; -1: none

  // From a node that has been written downwards: its branches, and then the main text goes on.
  void follow(int id, const std::string& indent) {
    for (;;) {
      int main = -1;
      std::vector<int> living, dead;
      for (const int child : node(id).children) {
        if (best(child) < 0) {
          dead.push_back(child);
        } else {
          living.push_back(child);
        }
      }
      std::sort(living.begin(), living.end(), [&](int a, int b) { return best(a) < best(b); });
      if (!living.empty()) main = living.front();
      for (std::size_t i = 1; i < living.size(); ++i) branch(living[i], indent + "├─ ", indent + "│  ");
      stubs(id, dead, indent);
      if (main < 0) return;
      id = stretch(main, indent);
    }
  }

  void branch(int id, const std::string& first, const std::string& rest) { follow(stretch(id, first), rest); }

  // Writes the tokens from `id` on until the text branches or ends; returns the last one.
  int stretch(int id, const std::string& indent) {
    std::string text;
    double log_p = 0;
    for (;; id = node(id).children.front()) {
      text += how_.vocab.bytes(node(id).token);
      log_p += node(id).log_p;
      if (node(id).children.size() != 1 || best(node(id).children.front()) < 0) break;
    }
    std::string end;
    if (node(id).children.empty()) {
      const SearchEnd& found = tree_.ends[static_cast<std::size_t>(best(id))];
      end = fmt::format("{}{:.3f} ({:.2f}), {}", found.sequence < 0 ? "" : fmt::format("> {}: ", found.sequence + 1),
                        found.normalized, found.score, to_string(found.finish));
    }
    line(indent, text, std::exp(log_p), end, node(id).group, true);
    return id;
  }

  void stubs(int id, const std::vector<int>& dead, const std::string& indent) {
    int hidden = 0, shown = 0;
    for (const int child : dead) {
      if (shown++ >= kStubs) {
        ++hidden;
        continue;
      }
      std::string text;
      int last = child;
      for (int at = child; at > 0; at = node(at).children.empty() ? 0 : node(at).children.front()) {
        text += how_.vocab.bytes(node(at).token);
        last = at;
      }
      const bool was_alive = std::find(tree_.beams.begin(), tree_.beams.end(), last) != tree_.beams.end();
      const char* reason = was_alive ? "x the search was over" : "x others were better";
      line(indent + "├╴ ", text, std::exp(node(child).log_p), reason, node(child).group, false);
    }
    for (const SearchCandidate& each : node(id).pruned) {
      const bool tells = each.reason != PruneReason::rank;  // the rest is what every step drops
      if (!tells) continue;
      if (shown++ >= kStubs) {
        ++hidden;
        continue;
      }
      line(indent + "├╴ ", std::string(how_.vocab.bytes(each.token)), std::exp(each.log_p),
           fmt::format("x {}", why(each)), each.group, false);
    }
    if (hidden > 0) text_ += how_.style.quiet(fmt::format("{}├╴ and {} more", indent, hidden)) + "\n";
  }

  static std::string why(const SearchCandidate& each) {
    switch (each.reason) {
      case PruneReason::finished:
        return "ended too far back";
      case PruneReason::group_penalty:
        return fmt::format("group penalty {:.2f}", each.penalty);
      case PruneReason::constraint_bank:
        return "behind with its words";
      case PruneReason::constraint_unmet:
        return "ended without its words";
      case PruneReason::pool:
        return "finished texts are better";
      default:
        return "others were better";
    }
  }

  // The text in quotes, cut in the middle; then, below it where a line is too short for both, its probability and what
  // became of it. Of a deep indentation the right part is shown.
  void line(const std::string& whole_indent, const std::string& bytes, double p, const std::string& end, int group,
            bool lives) {
    constexpr int least_text = 12;
    const std::string indent = fit_end(whole_indent, how_.width / 3);
    const std::string tag = n_groups() > 1 ? fmt::format(" g{}", group + 1) : "";
    std::string tail = fmt::format(" {:.3g}{}{}{}", p, tag, end.empty() ? "" : "  ", end);
    const std::string text = harmless(bytes);
    int room = how_.width - columns(indent) - columns(tail) - 2;
    const bool below = room < least_text && columns(text) > room;
    if (below) {
      room = how_.width - columns(indent) - 2;
      tail = tail.substr(1);
      if (columns(tail) > room + 2) tail = fit_end(end, room + 2);
    }
    const std::string shown = fmt::format("\"{}\"", cut_middle(text, room));
    const std::string between =
        below ? "\n" + std::string(static_cast<std::size_t>(columns(indent)), ' ') : std::string();
    const Style& style = how_.style;
    if (!lives && !below) {
      text_ += indent + style.quiet(shown + tail);
    } else if (!lives) {
      text_ += indent + style.quiet(shown) + between + style.quiet(tail);
    } else if (end.starts_with('>')) {
      text_ += indent + style.chosen(shown) + between + tail;
    } else {
      text_ += indent + shown + between + style.probability(tail);
    }
    text_ += '\n';
  }

  static std::string cut_middle(const std::string& text, int width) {
    if (columns(text) <= width) return text;
    return fmt::format("{}…{}", first_columns(text, width / 2 - 1), last_columns(text, width - width / 2));
  }

  int n_groups() const {
    int most = 0;
    for (const TreeNode& each : tree_.nodes) most = std::max(most, each.group);
    return most + 1;
  }

  const SearchTree& tree_;
  const TreeStyle& how_;
  std::vector<int> best_;
  std::string text_;
};

std::string text_of(const SearchTree& tree, int node, const Vocab& vocab) {
  std::string bytes;
  std::vector<Token> tokens;
  for (; node > 0; node = tree.nodes[static_cast<std::size_t>(node)].parent)
    tokens.push_back(tree.nodes[static_cast<std::size_t>(node)].token);
  for (auto token = tokens.rbegin(); token != tokens.rend(); ++token) bytes += vocab.bytes(*token);
  return harmless(bytes);
}

std::string show_ends(const SearchTree& tree, const TreeStyle& how) {
  const bool narrow = how.width < 64;  // no room for the sum, the length and the reason
  std::string table =
      how.style.bold(narrow ? "\n  normalised  text" : "\n  normalised        sum  length  why      text");
  table += "\n";
  for (const SearchEnd& end : tree.ends) {
    std::string missing;
    for (const std::string& each : end.unmet) missing += fmt::format(" without {}", harmless(each));
    std::string front = fmt::format("{} {:>10.4f} ", end.sequence < 0 ? " " : ">", end.normalized);
    if (!narrow) front += fmt::format("{:>10.4f} {:>7}  {:<8} ", end.score, end.length, to_string(end.finish));
    const int room = how.width - columns(front);
    missing = first_columns(missing, room / 2);
    const std::string row = front + fit_end(text_of(tree, end.node, how.vocab), room - columns(missing)) + missing;
    table += (end.sequence < 0 ? how.style.quiet(row) : row) + "\n";
  }
  return table;
}

}  // namespace

void SearchTree::add(const SearchStep& step) {
  beams.clear();
  std::vector<std::pair<int, int>> lanes;
  for (const SearchCandidate& each : step.candidates) {
    const auto parent = static_cast<std::size_t>(each.parent);
    if (each.node < 0) {
      nodes[parent].pruned.push_back(each);
      continue;
    }
    nodes.resize(std::max(nodes.size(), static_cast<std::size_t>(each.node) + 1));
    nodes[static_cast<std::size_t>(each.node)] = {each.parent, each.token, each.group, each.log_p, each.score};
    nodes[parent].children.push_back(each.node);
    if (each.fate == Fate::kept) lanes.emplace_back(each.lane, each.node);
  }
  std::sort(lanes.begin(), lanes.end());
  for (const auto& [lane, node] : lanes) beams.push_back(node);
}

std::string show_tree(const SearchTree& tree, const TreeStyle& how) {
  return Drawing(tree, how).lines() + show_ends(tree, how);
}

std::string show_beams(const SearchTree& tree, const TreeStyle& how) {
  std::string text;
  int rank = 0;
  for (const int beam : tree.beams) {
    const TreeNode& node = tree.nodes[static_cast<std::size_t>(beam)];
    const std::string front = fmt::format("{:>3} {:>9.3f}  ", ++rank, node.score);
    text += front + fit_end(text_of(tree, beam, how.vocab), how.width - columns(front) - 1) + "\n";
  }
  return text;
}

void TreeView::search(const SearchStep& step) {
  tree_.add(step);
  if (!beams_.are_due()) return;
  TreeStyle how = how_;
  const int columns = terminal_size(StandardStream::output).columns;
  if (columns > 0) how.width = columns;  // it may have been made narrower
  beams_.draw(show_beams(tree_, how));
}

void TreeView::end() {
  beams_.wipe();
  output_.write_styled(tree_.ends.empty() ? show_beams(tree_, how_) : show_tree(tree_, how_));  // none: interrupted
}

}  // namespace decant
