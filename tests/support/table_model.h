// A language model given by a function of the prefix, behind the same cache that libllama has.
//
// It keeps cells with (position, token, sequences) and computes a row from the cells that the row would attend to, so
// a mistake in the bookkeeping above it changes the text or throws. It also records every batch. Outputs live in
// memory that the next forward() frees, so that AddressSanitizer sees a view kept too long.
//
// State 0 of a row is its token's embedding, and a row that brings an embedding is its token; any other state counts as
// a token of its own. Without keeps_rows_apart a row that is not finite spoils its whole batch, and its cell whatever
// is evaluated later, until the cell is used again or the cache cleared: so does attention that masks by adding.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/model.h"
#include "model/vocab.h"

namespace decant::testing {

class TableVocab : public Vocab {
 public:
  // Token i is texts[i]; `eos` are control tokens without text.
  explicit TableVocab(std::vector<std::string> texts, std::vector<Token> eos = {});

  int size() const override { return static_cast<int>(texts_.size()); }
  std::string_view bytes(Token token) const override { return bytes_[static_cast<std::size_t>(token)]; }
  std::string_view piece(Token token) const override { return texts_[static_cast<std::size_t>(token)]; }
  const std::vector<Token>& eos() const override { return eos_; }
  std::vector<Token> tokenize(std::string_view text, bool special, bool add_bos) const override;  // longest match first
  std::unique_ptr<const Grammar> grammar(std::string_view gbnf, std::span<const Token> end) const override {
    return make_grammar ? make_grammar(end) : Vocab::grammar(gbnf, end);
  }

  std::function<std::unique_ptr<const Grammar>(std::span<const Token> end)> make_grammar;  // whatever its text is

 private:
  std::vector<std::string> texts_, bytes_;
  std::vector<Token> eos_;
};

using Table = std::function<std::vector<float>(const std::vector<Token>& prefix)>;

// Logits in (-4, 4), different for every prefix and seed.
Table random_table(int n_vocab, std::uint64_t seed = 1);

struct TableShape {
  int n_vocab = 8;
  int n_embd = 4;
  int n_layer = 4;
  int n_cells = 256;
  int n_context = 128;
  int max_sequences = 16;
  int max_rows = 64;
  int max_outputs = 32;
  int rewind = kRewindAll;
  bool logits_from_hidden = false;  // they are the head's of the last hidden state, whatever the table says
  bool keeps_rows_apart = true;
};

struct LoggedRow {
  Token token;
  int position;
  int sequences;
  bool output;
  bool logits;                // asked for
  std::vector<Token> prefix;  // what the row saw, itself included
};

class TableModel : public Model {
 public:
  explicit TableModel(TableShape shape = {}, Table table = {});

  const ModelInfo& info() const override { return info_; }
  const TableVocab& vocab() const override { return vocab_; }
  void set_vocab(TableVocab vocab) { vocab_ = std::move(vocab); }

  void copy_sequence(SeqId from, SeqId to, int end) override;
  void trim_sequence(SeqId sequence, int begin) override;
  void clear() override;
  void forward(std::span<const Row> rows) override;
  std::span<const float> logits(int row) const override;
  std::span<const float> hidden(int row) const override;
  std::span<const float> layer_logits(int row, int layer) const override;
  std::span<const float> state(int row, int layer) const override;
  Head* head() override { return &head_; }

  int used_cells() const;
  int used_sequences() const;
  const std::vector<std::vector<LoggedRow>>& batches() const { return batches_; }
  int rows_evaluated() const;

  std::vector<float> logits_after(const std::vector<Token>& prefix) const { return table_(prefix); }
  std::vector<float> hidden_after(const std::vector<Token>& prefix) const;
  std::vector<float> layer_logits_after(const std::vector<Token>& prefix, int layer) const;
  std::vector<float> state_after(const std::vector<Token>& prefix, int layer) const;
  std::vector<float> embedding(Token token) const { return state_after({token}, 0); }
  // What a row with this state stands for in a prefix: a token, or, of a state that is no embedding, a number below -1.
  Token token_of(std::span<const float> state) const;

  Table hidden_table = {}, layer_table = {};  // in place of the own hidden states, and logits of every layer

  void set_table(Table table) { table_ = std::move(table); }
  std::function<bool(const std::vector<Token>& prefix)> fail_at = {};  // forward() with such a row throws an Error

  // What the cell of a row stands for.
  virtual Token read(const Row& row) const { return row.state.empty() ? row.token : token_of(row.state); }

  int fail_in = -1;  // forward() number `fail_in` from now throws an Error (0: the next)

 private:
  struct CellData {
    int position = -1;
    Token token = 0;
    std::vector<bool> sequences;
    bool spoilt = false;  // its data is not finite, whether it is used or not
    bool used() const { return position >= 0; }
  };
  struct RowOutputs {
    std::vector<float> logits, hidden;
    std::vector<std::pair<int, std::vector<float>>> layers, states;
    void spoil();
  };
  class TableHead : public Head {  // a matrix of random numbers
   public:
    TableHead(int n_embd, int n_vocab);
    void apply(std::span<const float> states, std::span<float> logits) override;

   private:
    std::size_t n_embd_, n_vocab_;
    std::vector<float> weights_;
  };
  struct SequenceData {  // where rewind is less than kRewindAll
    int can_go_back = 0;
    bool turned_back = false;
  };
  bool is_state() const { return info_.rewind != kRewindAll; }
  std::vector<Token> context(SeqId sequence, int end) const;
  void remember_states(std::span<const Row> rows);
  int end_of(SeqId sequence) const;
  void check(std::span<const Row> rows) const;
  CellData& place(const Row& row);
  RowOutputs outputs_after(const std::vector<Token>& prefix, const Outputs& wanted) const;

  ModelInfo info_;
  TableVocab vocab_;
  Table table_;
  mutable TableHead head_;
  std::vector<CellData> cells_;
  std::vector<SequenceData> sequences_;
  std::vector<RowOutputs> outputs_;
  std::vector<std::vector<LoggedRow>> batches_;
};

}  // namespace decant::testing
