// What model.h promises of states, of the head, of going back and of positions, kept by LlamaModel.
#include <gtest/gtest.h>

#include <cmath>

#include "llama/llama_model.h"
#include "support/gguf_builder.h"
#include "support/real_models.h"
#include "support/temporary.h"

namespace decant {
namespace {

using namespace test;

using Numbers = std::vector<float>;

constexpr float kRounding = 1e-4f;  // of a logit of 25
const Outputs kLogits{.logits = true, .hidden = false, .layers = {}};
const Outputs kHidden{.logits = false, .hidden = true, .layers = {}};
const Outputs kStates{.logits = false, .hidden = false, .layers = {1, 0}, .states = {0, 1}};
const std::vector<Token> kText = {5, 9, 2, 7, 40, 3};

Numbers copy(std::span<const float> values) { return {values.begin(), values.end()}; }

// A text in sequence 0, row by row as it is added to.
struct Text {
  explicit Text(Model& reader) : model(reader) {}

  void add(Token token, const Outputs* outputs = nullptr, std::span<const float> state = {}) {
    rows.push_back({token, end++, sequence, outputs, state});
  }
  void read() {
    model.forward(rows);
    rows.clear();
  }

  Model& model;
  const std::vector<SeqId> sequence = {0};
  std::vector<Row> rows = {};
  int end = 0;
};

class Seam : public ::testing::Test {
 protected:
  LlamaModel model_{model_file(kMicro), one_thread(), 256, 4};

  Numbers logits_of(const std::vector<Token>& tokens) {
    Text text(model_);
    for (const Token token : tokens) text.add(token, &kLogits);
    text.read();
    Numbers logits = copy(model_.logits(static_cast<int>(tokens.size()) - 1));
    model_.trim_sequence(0, 0);
    return logits;
  }
};

TEST_F(Seam, TheHeadOfAStateIsTheLogitsOfItsLayer) {
  Text text(model_);
  for (const Token token : kText) text.add(token, &kStates);
  text.read();
  Numbers logits(static_cast<std::size_t>(model_.info().n_vocab));
  for (const int row : {0, 5}) {
    for (const int layer : {0, 1}) {
      ASSERT_EQ(std::ssize(model_.state(row, layer)), model_.info().n_embd);
      model_.head()->apply(model_.state(row, layer), logits);
      EXPECT_LE(max_difference(logits, model_.layer_logits(row, layer)), kRounding) << row << ", layer " << layer;
    }
  }
  EXPECT_NE(copy(model_.state(5, 0)), copy(model_.state(5, 1)));
  EXPECT_NE(copy(model_.state(0, 0)), copy(model_.state(5, 0)));
}

// State 0 is the token's embedding: read in the token's place it is the token.
TEST_F(Seam, ARowOfAStateIsReadAsItsToken) {
  const Numbers expected = logits_of(kText);
  std::vector<Numbers> embeddings;
  Text text(model_);
  for (const Token token : kText) text.add(token, &kStates);
  text.read();
  for (std::size_t i = 0; i < kText.size(); ++i) embeddings.push_back(copy(model_.state(static_cast<int>(i), 0)));
  model_.trim_sequence(0, 0);

  for (const int kind : {0, 1, 2}) {  // states only; tokens and states in turn; two of each
    Text mixed(model_);
    for (std::size_t i = 0; i < kText.size(); ++i) {
      const bool state = kind == 0 || (kind == 1 ? i % 2 == 1 : i / 2 % 2 == 0);
      mixed.add(state ? 0 : kText[i], i > 3 ? &kLogits : nullptr, state ? embeddings[i] : std::span<const float>());
    }
    mixed.read();
    EXPECT_LE(max_difference(model_.logits(5), expected), kRounding) << kind;
    EXPECT_GT(max_difference(model_.logits(4), expected), 0.1f) << kind;
    model_.trim_sequence(0, 0);
  }
  embeddings[3][0] += 1;
  Text other(model_);
  for (std::size_t i = 0; i < kText.size(); ++i) {
    other.add(kText[i], &kLogits, i == 3 ? embeddings[i] : std::span<const float>());
  }
  other.read();
  EXPECT_GT(max_difference(model_.logits(5), expected), 0.01f);
}

TEST_F(Seam, EveryOutputOfAMixedBatchIsItsRows) {
  const Outputs all{.logits = true, .hidden = true, .layers = {1}, .states = {0, 1}};
  Text text(model_);
  for (const Token token : kText) text.add(token, &all);
  text.read();
  struct Row {
    Numbers logits, hidden, layer, state0, state1;
  };
  const auto outputs = [&](int i) {
    return Row{copy(model_.logits(i)), copy(model_.hidden(i)), copy(model_.layer_logits(i, 1)),
               copy(model_.state(i, 0)), copy(model_.state(i, 1))};
  };
  std::vector<Row> alone;
  for (int i = 0; i < std::ssize(kText); ++i) alone.push_back(outputs(i));
  model_.trim_sequence(0, 0);
  Text mixed(model_);
  for (std::size_t i = 0; i < kText.size(); ++i) {
    mixed.add(kText[i], &all, i % 2 ? std::span<const float>(alone[i].state0) : std::span<const float>());
  }
  mixed.read();
  for (int i = 0; i < std::ssize(kText); ++i) {
    const Row found = outputs(i), &expected = alone[static_cast<std::size_t>(i)];
    EXPECT_LE(max_difference(found.logits, expected.logits), kRounding) << i;
    EXPECT_LE(max_difference(found.hidden, expected.hidden), kRounding) << i;
    EXPECT_LE(max_difference(found.layer, expected.layer), kRounding) << i;
    EXPECT_LE(max_difference(found.state0, expected.state0), kRounding) << i;
    EXPECT_LE(max_difference(found.state1, expected.state1), kRounding) << i;
  }
}

// The rows of states do not fit any more: the rows of tokens before them are taken back.
TEST_F(Seam, AMixedBatchThatFailsLeavesTheCacheAsItWas) {
  const Outputs outputs{.logits = false, .hidden = false, .layers = {}, .states = {0}};
  Text first(model_);
  first.add(1, &outputs);
  first.read();
  const Numbers embedding = copy(model_.state(0, 0));
  for (int i = 1; i < 100; ++i) first.add(1);
  first.read();
  const std::vector<SeqId> second = {1}, third = {2};
  std::vector<Row> rows;
  for (int i = 0; i < 100; ++i) rows.push_back({.token = 2, .position = i, .sequences = second});
  for (int i = 0; i < 100; ++i) rows.push_back({.position = i, .sequences = third, .state = embedding});
  EXPECT_THROW(model_.forward(rows), Error);
  rows.erase(rows.begin() + 100, rows.end());
  EXPECT_NO_THROW(model_.forward(rows));  // at position 0 again
  rows.clear();
  for (int i = 0; i < 56; ++i) rows.push_back({.position = i, .sequences = third, .state = embedding});
  EXPECT_NO_THROW(model_.forward(rows));  // the last cells
}

// Whether the head is ours to leave out (llama) or not.
TEST_F(Seam, AsManyHiddenRowsAsABatchHas) {
  std::vector<Token> tokens;
  for (int i = 0; i < 200; ++i) tokens.push_back((i * 37 + 11) % model_.info().n_vocab);
  ASSERT_GT(std::ssize(tokens), 3 * model_.info().max_outputs);
  ASSERT_GE(model_.info().max_rows, 200);
  Text together(model_);
  for (const Token token : tokens) together.add(token, &kHidden);
  together.read();
  std::vector<Numbers> hidden;
  for (int i = 0; i < 200; ++i) hidden.push_back(copy(model_.hidden(i)));
  model_.trim_sequence(0, 0);
  Text single(model_);
  for (std::size_t i = 0; i < 200; ++i) {
    single.add(tokens[i], &kHidden);
    single.read();
    ASSERT_LE(max_difference(model_.hidden(0), hidden[i]), kRounding) << i;
  }
}

TEST_F(Seam, ClearForgetsEverything) {
  const Numbers expected = logits_of(kText);
  Text text(model_);
  for (const Token token : kText) text.add(token);
  text.read();
  model_.copy_sequence(0, 1, 3);
  model_.clear();
  EXPECT_EQ(logits_of(kText), expected);
  Text whole(model_);  // as much as an empty cache holds
  for (int i = 0; i < model_.info().n_cells; ++i)
    whole.add(i % 100, i + 1 == model_.info().n_cells ? &kLogits : nullptr);
  EXPECT_NO_THROW(whole.read());
}

TEST(SeamInfo, SaysWhetherRowsAreKeptApart) {
  const auto apart = [](const char* kernels, const char* flash) {
    ModelOptions options = one_thread();
    options.kernels = kernels, options.flash_attn = flash;
    LlamaModel model(std::make_shared<const LlamaFile>(model_path(kMicro), options), options, 256, 2);
    Text text(model);
    text.add(1, &kLogits);
    text.read();
    return model.info().keeps_rows_apart;
  };
  EXPECT_TRUE(apart("on", "on"));
  EXPECT_FALSE(apart("off", "on"));
  EXPECT_FALSE(apart("on", "off"));
  EXPECT_FALSE(apart("on", "auto"));  // an F32 file
}

// ---- learned positions ----------------------------------------------------------------------------------------------

constexpr int kPositions = 8;

// A GPT-2 of one layer and 32 dimensions, all weights zero, with a table of 8 positions: beyond them ggml aborts.
std::string learned_positions() {
  GgufBuilder file;
  file.keys = {{"general.architecture", value_text("gpt2")},
               {"gpt2.block_count", value_u32(1)},
               {"gpt2.context_length", value_u32(kPositions)},
               {"gpt2.embedding_length", value_u32(32)},
               {"gpt2.feed_forward_length", value_u32(32)},
               {"gpt2.attention.head_count", value_u32(1)},
               {"gpt2.attention.layer_norm_epsilon", value_f32(1e-5f)},
               {"tokenizer.ggml.model", value_text("llama")},
               {"tokenizer.ggml.tokens", value_texts({"<unk>", "<s>", "</s>", "<0x0A>", "a"})},
               {"tokenizer.ggml.scores", value_i32s({0, 0, 0, 0, 0})},
               {"tokenizer.ggml.token_type", value_i32s({2, 3, 3, 6, 1})}};
  const auto add = [&](const std::string& name, std::vector<std::uint64_t> dims) {
    std::uint64_t size = 4;
    for (const std::uint64_t dim : dims) size *= dim;
    file.tensors.push_back({name, std::move(dims), 0, size, {}});
  };
  add("token_embd.weight", {32, 5});
  add("position_embd.weight", {32, kPositions});
  for (const std::string norm : {"output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"}) {
    add(norm + ".weight", {32});
    add(norm + ".bias", {32});
  }
  for (const std::string matrix : {"attn_qkv", "attn_output", "ffn_up", "ffn_down"}) {
    const std::uint64_t outputs = matrix == "attn_qkv" ? 96 : 32;
    add("blk.0." + matrix + ".weight", {32, outputs});
    add("blk.0." + matrix + ".bias", {outputs});
  }
  return file.build();
}

TEST(SeamPositions, NoneIsReadBeyondTheContext) {
  const TemporaryFolder folder;
  const auto file = std::make_shared<const LlamaFile>(folder.write("m.gguf", learned_positions()), ModelOptions{});
  LlamaModel model(file, one_thread());
  ASSERT_EQ(model.info().n_context, kPositions);
  ASSERT_GT(model.info().n_cells, kPositions);
  Text text(model);
  for (int i = 0; i < kPositions; ++i) text.add(4, i + 1 == kPositions ? &kLogits : nullptr);
  text.read();
  EXPECT_EQ(model.logits(kPositions - 1).size(), 5u);
  text.add(4, &kLogits);
  try {
    text.read();
    ADD_FAILURE() << "it was read";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), "m has no position 8: a text may have 8 tokens");
  }
}

TEST(SeamPositions, StatesAreNotReadWherePositionsAreAddedToThem) {
  const TemporaryFolder folder;
  const auto file = std::make_shared<const LlamaFile>(folder.write("m.gguf", learned_positions()), ModelOptions{});
  LlamaModel model(file, one_thread());
  const Numbers state(32);
  Text brought(model);
  brought.add(0, &kLogits, state);
  EXPECT_THROW(brought.read(), Error);
  Text hidden(model);  // libllama's head is left out where nobody wants its logits
  for (int i = 0; i < kPositions; ++i) hidden.add(4, &kHidden);
  hidden.read();
  EXPECT_EQ(model.hidden(kPositions - 1).size(), 32u);
}

}  // namespace
}  // namespace decant
