#include "measure/forward_time.h"

#include <algorithm>
#include <chrono>
#include <numeric>

namespace decant {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

const Outputs logits{.logits = true, .hidden = false, .layers = {}};

// Any tokens do, as long as they differ: what a forward costs does not depend on them. (Experts are chosen by them.)
Token token_at(const Model& model, int place) {
  return static_cast<Token>((7919LL * place + 1) % model.info().n_vocab);
}

void read_prompt(Model& model, int tokens, int chunk, const Outputs* last) {
  const SeqId sequence = 0;
  std::vector<Row> rows;
  for (int position = 0; position < tokens; ++position) {
    const bool is_last = position + 1 == tokens;
    rows.push_back({token_at(model, position), position, std::span(&sequence, 1), is_last ? last : nullptr});
    if (!is_last && std::ssize(rows) < chunk) continue;
    model.forward(rows);
    if (!is_last) rows.clear();
  }
  if (last) model.logits(static_cast<int>(rows.size()) - 1);
}

}  // namespace

BranchForward::BranchForward(Model& model, int context, int branches)
    : model_(model), context_(context), branches_(static_cast<std::size_t>(branches)) {
  std::iota(branches_.begin(), branches_.end(), 0);
  read_prompt(model_, context_, model_.info().max_rows, nullptr);
  for (const SeqId branch : std::span(branches_).subspan(1)) model_.copy_sequence(0, branch, context_);
}

BranchForward::~BranchForward() {
  for (const SeqId branch : branches_) model_.trim_sequence(branch, 0);
}

double BranchForward::seconds(int rows) {
  const auto branches = std::span(branches_).first(static_cast<std::size_t>(rows));
  std::vector<Row> batch;
  for (const SeqId& branch : branches) {
    batch.push_back({token_at(model_, context_ + branch), context_, std::span(&branch, 1), &logits});
  }
  const auto begin = Clock::now();
  model_.forward(batch);
  model_.logits(rows - 1);
  const double seconds = since(begin);
  for (const SeqId branch : branches) model_.trim_sequence(branch, context_);
  return seconds;
}

double prompt_seconds(Model& model, int tokens, int chunk) {
  const auto begin = Clock::now();
  read_prompt(model, tokens, std::min(chunk, model.info().max_rows), &logits);
  const double seconds = since(begin);
  model.trim_sequence(0, 0);
  return seconds;
}

}  // namespace decant
