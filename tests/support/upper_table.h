// The upper layers over another TableModel: what they say of a text depends on the states that the lower ones leave
// along it, so a state of another text, or none, is another text to them.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "support/table_model.h"

namespace decant::testing {

class UpperTable : public TableModel {
 public:
  UpperTable(TableShape shape, std::shared_ptr<TableModel> lower)
      : TableModel(shape, random_table(shape.n_vocab, 77)), lower_(std::move(lower)) {}

  std::shared_ptr<Model> lower() override { return lower_; }

  // Of the undivided model.
  std::vector<float> logits_of(const std::vector<Token>& text) const {
    std::vector<Token> states;
    for (std::size_t n = 1; n <= text.size(); ++n) {
      const std::vector<Token> prefix(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(n));
      states.push_back(token_of(lower_->state_after(prefix, lower_->info().n_layer - 1)));
    }
    return logits_after(states);
  }

 private:
  std::shared_ptr<TableModel> lower_;
};

}  // namespace decant::testing
