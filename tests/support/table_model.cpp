#include "support/table_model.h"

#include <fmt/format.h>

#include <algorithm>
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
    : vocab_(letters(shape.n_vocab)), table_(table ? std::move(table) : random_table(shape.n_vocab)) {
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
           .has_layers = true};
  cells_.resize(static_cast<std::size_t>(shape.n_cells));
  for (CellData& cell : cells_) cell.sequences.resize(static_cast<std::size_t>(shape.max_sequences));
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
    if (token >= 0) broken("two cells at one position of a sequence");
    token = cell.token;
  }
  for (const Token token : tokens) {
    if (token < 0) broken("a position of a sequence has no cell");
  }
  return tokens;
}

void TableModel::copy_sequence(SeqId from, SeqId to, int end) {
  if (end_of(to) != 0) broken("copy to a sequence in use");
  for (CellData& cell : cells_) {
    if (cell.used() && cell.position < end && cell.sequences[static_cast<std::size_t>(from)]) {
      cell.sequences[static_cast<std::size_t>(to)] = true;
    }
  }
}

void TableModel::trim_sequence(SeqId sequence, int begin) {
  for (CellData& cell : cells_) {
    if (!cell.used() || cell.position < begin) continue;
    cell.sequences[static_cast<std::size_t>(sequence)] = false;
    if (std::none_of(cell.sequences.begin(), cell.sequences.end(), [](bool held) { return held; })) cell.position = -1;
  }
}

void TableModel::forward(std::span<const Row> rows) {
  if (fail_in == 0) {
    fail_in = -1;
    throw Error(ErrorKind::internal, "TableModel was told to fail");
  }
  if (fail_in > 0) --fail_in;
  if (rows.empty()) broken("empty batch");
  if (static_cast<int>(rows.size()) > info_.max_rows) broken("too many rows");
  outputs_.clear();
  outputs_.resize(rows.size());
  batches_.emplace_back();
  int outputs = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    if (row.sequences.empty()) broken("a row without a sequence");
    if (row.token < 0 || row.token >= info_.n_vocab) broken("token out of range");
    for (const SeqId sequence : row.sequences) {
      if (end_of(sequence) != row.position) broken("a sequence does not end where the row begins");
    }
    const auto free = std::find_if(cells_.begin(), cells_.end(), [](const CellData& cell) { return !cell.used(); });
    if (free == cells_.end()) broken("the cache is full");
    free->position = row.position;
    free->token = row.token;
    for (const SeqId sequence : row.sequences) free->sequences[static_cast<std::size_t>(sequence)] = true;

    const std::vector<Token> prefix = context(row.sequences.front(), row.position + 1);
    for (const SeqId sequence : row.sequences) {
      if (context(sequence, row.position + 1) != prefix) broken("the sequences of a row see different texts");
    }
    batches_.back().push_back(
        {row.token, row.position, static_cast<int>(row.sequences.size()), row.outputs != nullptr, prefix});
    if (!row.outputs) continue;
    outputs += row.outputs->has_logits();
    if (row.outputs->logits) outputs_[i].logits = table_(prefix);
    if (row.outputs->hidden) outputs_[i].hidden = hidden_after(prefix);
    for (const int layer : row.outputs->layers)
      outputs_[i].layers.emplace_back(layer, layer_logits_after(prefix, layer));
  }
  if (outputs > info_.max_outputs) broken("too many rows with outputs");
}

std::span<const float> TableModel::logits(int row) const { return outputs_.at(static_cast<std::size_t>(row)).logits; }
std::span<const float> TableModel::hidden(int row) const { return outputs_.at(static_cast<std::size_t>(row)).hidden; }

std::span<const float> TableModel::layer_logits(int row, int layer) const {
  for (const auto& [each, logits] : outputs_.at(static_cast<std::size_t>(row)).layers) {
    if (each == layer) return logits;
  }
  broken("layer logits were not asked for");
}

std::vector<float> TableModel::hidden_after(const std::vector<Token>& prefix) const {
  if (hidden_table) return hidden_table(prefix);
  return random_row(prefix, 1001, info_.n_embd);
}
std::vector<float> TableModel::layer_logits_after(const std::vector<Token>& prefix, int layer) const {
  if (layer_table) return layer_table(prefix);
  return random_row(prefix, 2000 + static_cast<std::uint64_t>(layer), info_.n_vocab);
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
