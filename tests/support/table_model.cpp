#include "support/table_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "base/error.h"

namespace decant::testing {
namespace {

std::uint64_t mix(std::uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::vector<float> random_row(const std::vector<Token>& prefix, std::uint64_t seed, int size) {
  std::uint64_t state = mix(seed);
  for (const Token token : prefix) state = mix(state ^ static_cast<std::uint64_t>(token + 1));
  std::vector<float> row(static_cast<std::size_t>(size));
  for (float& value : row) {
    state = mix(state);
    value = static_cast<float>(static_cast<double>(state >> 40) / static_cast<double>(1 << 24) * 8 - 4);
  }
  return row;
}

std::vector<std::string> letters(int n) {
  std::vector<std::string> texts;
  for (int i = 0; i < n; ++i)
    texts.push_back(i < 26 ? std::string(1, static_cast<char>('a' + i)) : fmt::format("t{}", i));
  return texts;
}

[[noreturn]] void broken(const std::string& what) { throw std::logic_error("TableModel: " + what); }

}  // namespace

TableVocab::TableVocab(std::vector<std::string> texts, std::vector<Token> eos)
    : texts_(std::move(texts)), bytes_(texts_), eos_(std::move(eos)) {
  for (const Token token : eos_) bytes_[static_cast<std::size_t>(token)].clear();
}

std::vector<Token> TableVocab::tokenize(std::string_view text, bool, bool) const {
  std::vector<Token> tokens;
  while (!text.empty()) {
    Token best = -1;
    for (Token token = 0; token < size(); ++token) {
      const auto& candidate = texts_[static_cast<std::size_t>(token)];
      if (!candidate.empty() && text.starts_with(candidate) &&
          (best < 0 || candidate.size() > texts_[static_cast<std::size_t>(best)].size())) {
        best = token;
      }
    }
    if (best < 0) broken("no token for '" + std::string(text) + "'");
    tokens.push_back(best);
    text.remove_prefix(texts_[static_cast<std::size_t>(best)].size());
  }
  return tokens;
}

Table random_table(int n_vocab, std::uint64_t seed) {
  return [=](const std::vector<Token>& prefix) { return random_row(prefix, seed, n_vocab); };
}

TableModel::TableModel(TableShape shape, Table table)
    : vocab_(letters(shape.n_vocab)),
      table_(table ? std::move(table) : random_table(shape.n_vocab)),
      head_(shape.n_embd, shape.n_vocab) {
  info_ = {.name = "table",
           .n_vocab = shape.n_vocab,
           .n_embd = shape.n_embd,
           .n_layer = shape.n_layer,
           .n_cells = shape.n_cells,
           .n_context = shape.n_context,
           .max_sequences = shape.max_sequences,
           .max_rows = shape.max_rows,
           .max_outputs = shape.max_outputs,
           .tied_embeddings = true,
           .has_layers = true,
           .logits_from_hidden = shape.logits_from_hidden,
           .rewind = shape.rewind,
           .keeps_rows_apart = shape.keeps_rows_apart};
  if (shape.logits_from_hidden) {
    table_ = [this](const std::vector<Token>& prefix) {
      std::vector<float> logits(static_cast<std::size_t>(info_.n_vocab));
      head_.apply(hidden_after(prefix), logits);
      return logits;
    };
  }
  cells_.resize(static_cast<std::size_t>(shape.n_cells));
  for (CellData& cell : cells_) cell.sequences.resize(static_cast<std::size_t>(shape.max_sequences));
  sequences_.resize(static_cast<std::size_t>(shape.max_sequences));
}

int TableModel::end_of(SeqId sequence) const {
  int end = 0;
  for (const CellData& cell : cells_) {
    if (cell.used() && cell.sequences[static_cast<std::size_t>(sequence)]) end = std::max(end, cell.position + 1);
  }
  return end;
}

std::vector<Token> TableModel::context(SeqId sequence, int end) const {
  std::vector<Token> tokens(static_cast<std::size_t>(end), -1);
  for (const CellData& cell : cells_) {
    if (!cell.used() || !cell.sequences[static_cast<std::size_t>(sequence)] || cell.position >= end) continue;
    Token& token = tokens[static_cast<std::size_t>(cell.position)];
    if (token != -1) broken("two cells at one position of a sequence");
    token = cell.token;
  }
  for (const Token token : tokens) {
    if (token == -1) broken("a position of a sequence has no cell");
  }
  return tokens;
}

void TableModel::copy_sequence(SeqId from, SeqId to, int end) {
  if (end_of(to) != 0) broken("copy to a sequence in use");
  if (is_state() && end_of(from) != end) broken("copy of a state as it was before");
  if (is_state() && sequences_[static_cast<std::size_t>(from)].turned_back)
    broken("copy of a state that was taken back");
  for (CellData& cell : cells_) {
    if (cell.used() && cell.position < end && cell.sequences[static_cast<std::size_t>(from)]) {
      cell.sequences[static_cast<std::size_t>(to)] = true;
    }
  }
}

void TableModel::trim_sequence(SeqId sequence, int begin) {
  SequenceData& state = sequences_[static_cast<std::size_t>(sequence)];
  const int back = end_of(sequence) - begin;
  if (is_state() && begin > 0 && back > state.can_go_back) {
    throw Error(ErrorKind::internal, "table cannot go back to position {}", begin);
  }
  if (is_state() && back > 0) state = {.can_go_back = 0, .turned_back = begin > 0};
  for (CellData& cell : cells_) {
    if (!cell.used() || cell.position < begin) continue;
    cell.sequences[static_cast<std::size_t>(sequence)] = false;
    if (std::none_of(cell.sequences.begin(), cell.sequences.end(), [](bool held) { return held; })) cell.position = -1;
  }
}

void TableModel::clear() {
  for (CellData& cell : cells_) {
    cell.position = -1;
    cell.spoilt = false;
    std::fill(cell.sequences.begin(), cell.sequences.end(), false);
  }
  sequences_.assign(sequences_.size(), {});
}

void TableModel::check(std::span<const Row> rows) const {
  if (rows.empty()) broken("empty batch");
  if (static_cast<int>(rows.size()) > info_.max_rows) broken("too many rows");
  int outputs = 0;
  for (const Row& row : rows) {
    if (row.sequences.empty()) broken("a row without a sequence");
    if (is_state() && row.sequences.size() > 1) broken("a state of several sequences");
    if (row.state.empty() && (row.token < 0 || row.token >= info_.n_vocab)) broken("token out of range");
    if (!row.state.empty() && static_cast<int>(row.state.size()) != info_.n_embd) broken("a state of another size");
    if (row.position >= info_.n_context) throw Error(ErrorKind::usage, "table has no position {}", row.position);
    if (!row.outputs) continue;
    outputs += row.outputs->any_logits();
    for (const std::vector<int>* layers : {&row.outputs->layers, &row.outputs->states}) {
      for (const int layer : *layers) {
        if (layer < 0 || layer >= info_.n_layer) broken("no such layer");
      }
    }
  }
  if (outputs > info_.max_outputs) broken("too many rows with logits");
}

TableModel::CellData& TableModel::place(const Row& row) {
  for (const SeqId sequence : row.sequences) {
    if (end_of(sequence) != row.position) broken("a sequence does not end where the row begins");
  }
  const auto free = std::find_if(cells_.begin(), cells_.end(), [](const CellData& cell) { return !cell.used(); });
  if (free == cells_.end()) broken("the cache is full");
  free->position = row.position;
  free->token = read(row);
  free->spoilt = false;
  for (const SeqId sequence : row.sequences) free->sequences[static_cast<std::size_t>(sequence)] = true;
  return *free;
}

void TableModel::forward(std::span<const Row> rows) {
  if (fail_in == 0) {
    fail_in = -1;
    throw Error(ErrorKind::internal, "TableModel was told to fail");
  }
  if (fail_in > 0) --fail_in;
  check(rows);
  outputs_.clear();
  outputs_.resize(rows.size());
  batches_.emplace_back();
  std::vector<CellData*> cells;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    cells.push_back(&place(row));
    const std::vector<Token> prefix = context(row.sequences.front(), row.position + 1);
    for (const SeqId sequence : row.sequences) {
      if (context(sequence, row.position + 1) != prefix) broken("the sequences of a row see different texts");
    }
    if (fail_at && fail_at(prefix)) {
      for (CellData* cell : cells) {  // as if nothing had been
        cell->position = -1;
        std::fill(cell->sequences.begin(), cell->sequences.end(), false);
      }
      throw Error(ErrorKind::internal, "TableModel was told to fail at a text of {} tokens", prefix.size());
    }
    batches_.back().push_back({cells[i]->token, row.position, static_cast<int>(row.sequences.size()),
                               row.outputs != nullptr, row.outputs && row.outputs->logits, prefix});
    if (row.outputs) outputs_[i] = outputs_after(prefix, *row.outputs);
    if (!info_.keeps_rows_apart) {
      const std::vector<float> logits = table_(prefix);
      cells[i]->spoilt = !std::all_of(logits.begin(), logits.end(), [](float x) { return std::isfinite(x); });
    }
  }
  remember_states(rows);
  if (std::none_of(cells_.begin(), cells_.end(), [](const CellData& cell) { return cell.spoilt; })) return;
  for (CellData* cell : cells) cell->spoilt = true;
  for (RowOutputs& outputs : outputs_) outputs.spoil();
}

// A state is kept behind each of the batch's rows.
void TableModel::remember_states(std::span<const Row> rows) {
  std::vector<int> read(sequences_.size());
  for (const Row& row : rows) {
    for (const SeqId sequence : row.sequences) ++read[static_cast<std::size_t>(sequence)];
  }
  for (std::size_t i = 0; i < read.size(); ++i) {
    sequences_[i].can_go_back = std::min(info_.rewind, std::max(0, read[i] - 1));
    if (read[i] > 0) sequences_[i].turned_back = false;
  }
}

TableModel::RowOutputs TableModel::outputs_after(const std::vector<Token>& prefix, const Outputs& wanted) const {
  RowOutputs outputs;
  if (wanted.logits) outputs.logits = table_(prefix);
  if (wanted.hidden) outputs.hidden = hidden_after(prefix);
  for (const int layer : wanted.layers) outputs.layers.emplace_back(layer, layer_logits_after(prefix, layer));
  for (const int layer : wanted.states) outputs.states.emplace_back(layer, state_after(prefix, layer));
  return outputs;
}

void TableModel::RowOutputs::spoil() {
  const auto spoil = [](std::vector<float>& values) {
    std::fill(values.begin(), values.end(), std::numeric_limits<float>::quiet_NaN());
  };
  spoil(logits);
  spoil(hidden);
  for (auto& [layer, values] : layers) spoil(values);
  for (auto& [layer, values] : states) spoil(values);
}

TableModel::TableHead::TableHead(int n_embd, int n_vocab)
    : n_embd_(static_cast<std::size_t>(n_embd)),
      n_vocab_(static_cast<std::size_t>(n_vocab)),
      weights_(random_row({}, 4000, n_embd * n_vocab)) {}

void TableModel::TableHead::apply(std::span<const float> states, std::span<float> logits) {
  const std::size_t rows = states.size() / n_embd_;
  if (states.size() != rows * n_embd_ || logits.size() != rows * n_vocab_) broken("states or logits of another size");
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const auto state = states.subspan(i / n_vocab_ * n_embd_, n_embd_);
    const auto weights = std::span(weights_).subspan(i % n_vocab_ * n_embd_, n_embd_);
    logits[i] = std::inner_product(state.begin(), state.end(), weights.begin(), 0.0f) / 4;
  }
}

std::span<const float> TableModel::logits(int row) const { return outputs_.at(static_cast<std::size_t>(row)).logits; }
std::span<const float> TableModel::hidden(int row) const { return outputs_.at(static_cast<std::size_t>(row)).hidden; }

std::span<const float> TableModel::layer_logits(int row, int layer) const {
  for (const auto& [each, logits] : outputs_.at(static_cast<std::size_t>(row)).layers) {
    if (each == layer) return logits;
  }
  broken("layer logits were not asked for");
}

std::span<const float> TableModel::state(int row, int layer) const {
  for (const auto& [each, state] : outputs_.at(static_cast<std::size_t>(row)).states) {
    if (each == layer) return state;
  }
  broken("a state was not asked for");
}

std::vector<float> TableModel::hidden_after(const std::vector<Token>& prefix) const {
  if (hidden_table) return hidden_table(prefix);
  return random_row(prefix, 1001, info_.n_embd);
}
std::vector<float> TableModel::layer_logits_after(const std::vector<Token>& prefix, int layer) const {
  if (layer_table) return layer_table(prefix);
  std::vector<float> logits(static_cast<std::size_t>(info_.n_vocab));
  head_.apply(state_after(prefix, layer), logits);
  return logits;
}

std::vector<float> TableModel::state_after(const std::vector<Token>& prefix, int layer) const {
  if (layer == 0) return random_row({prefix.back()}, 2000, info_.n_embd);
  return random_row(prefix, 2000 + static_cast<std::uint64_t>(layer), info_.n_embd);
}

Token TableModel::token_of(std::span<const float> state) const {
  for (Token token = 0; token < info_.n_vocab; ++token) {
    if (std::ranges::equal(state, embedding(token))) return token;
  }
  std::uint64_t hash = 0;
  for (const float value : state) hash = mix(hash ^ std::bit_cast<std::uint32_t>(value));
  return -2 - static_cast<Token>(hash >> 34);
}

int TableModel::used_cells() const {
  return static_cast<int>(
      std::count_if(cells_.begin(), cells_.end(), [](const CellData& cell) { return cell.used(); }));
}

int TableModel::used_sequences() const {
  int used = 0;
  for (SeqId sequence = 0; sequence < info_.max_sequences; ++sequence) used += end_of(sequence) > 0;
  return used;
}

int TableModel::rows_evaluated() const {
  int rows = 0;
  for (const auto& batch : batches_) rows += static_cast<int>(batch.size());
  return rows;
}

}  // namespace decant::testing
