// A head for further tokens on another TableModel: what it says of a text depends on its tokens and on the states that
// came with them, which are the model's of the text before, or the head's own.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "support/table_model.h"

namespace decant::testing {

class HeadTable : public TableModel {
 public:
  HeadTable(TableShape shape, std::shared_ptr<TableModel> lower, Table table = {})
      : TableModel(shape, table ? std::move(table) : random_table(shape.n_vocab, 99)), lower_(std::move(lower)) {}

  std::shared_ptr<Model> lower() override { return lower_; }
  Carry carry() override { return {.of_lower = {.hidden = true}, .from_parent = true}; }

  Token read(const Row& row) const override {
    return row.state.empty() ? row.token : read(row.token, {row.state.begin(), row.state.end()});
  }
  Token read(Token token, const std::vector<float>& state) const {
    return -2 - (static_cast<Token>(1000003u * static_cast<unsigned>(token_of(state)) + static_cast<unsigned>(token)) &
                 0x3fffffff);
  }

  // What its cells hold of a text of which the model has read the first `known` tokens before.
  std::vector<Token> cells_of(const std::vector<Token>& text, std::size_t known) const {
    std::vector<Token> cells;
    for (std::size_t i = 0; i < text.size(); ++i)
      cells.push_back(read(text[i], i <= known ? true_state(text, i) : hidden_after(cells)));
    return cells;
  }

  // How many of the cells hold what the head itself has said; -1: one holds what belongs to another text.
  int guesses_in(const std::vector<Token>& cells, const std::vector<Token>& text) const {
    int guesses = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (cells[i] == read(text[i], true_state(text, i))) continue;
      const std::vector<Token> before(cells.begin(), cells.begin() + static_cast<std::ptrdiff_t>(i));
      if (cells[i] != read(text[i], hidden_after(before))) return -1;
      ++guesses;
    }
    return guesses;
  }

 private:
  std::vector<float> true_state(const std::vector<Token>& text, std::size_t i) const {
    if (i == 0) return std::vector<float>(static_cast<std::size_t>(info().n_embd));
    return lower_->hidden_after({text.begin(), text.begin() + static_cast<std::ptrdiff_t>(i)});
  }

  std::shared_ptr<TableModel> lower_;
};

}  // namespace decant::testing
