#include "files/gguf_check.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "support/gguf_builder.h"
#include "support/temporary.h"

namespace decant {
namespace {

using namespace test;
using namespace std::string_literals;

constexpr std::uint64_t kHuge = 0xffff'ffff'ffff'ffff;

GgufInfo check(const std::string& bytes) { return check_gguf(bytes, "m.gguf"); }

// What the check says of bad bytes; "accepted" for good ones.
std::string verdict(const std::string& bytes) {
  try {
    check(bytes);
    return "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::data);
    return error.what();
  }
}

TEST(GgufCheck, ReportsWhatCallersNeed) {
  const GgufInfo info = check(tiny_gguf().build());
  EXPECT_EQ(info.architecture, "llama");
  EXPECT_EQ(info.name, "tiny");
  EXPECT_EQ(info.n_layer, 1);
  EXPECT_EQ(info.n_context, 128);
  EXPECT_EQ(info.n_tensors, 3);
  EXPECT_EQ(info.file_type, 0);
  EXPECT_EQ(info.weight_type, "q8_0");  // 340 bytes against 144 of q4_0; the norm is no matrix
  EXPECT_FALSE(info.all_f32);
  EXPECT_TRUE(info.tied_embeddings);
  EXPECT_TRUE(info.has_chat_template);
  EXPECT_EQ(info.add_bos, true);
  EXPECT_EQ(info.bos, 1);
  EXPECT_EQ(info.eos, 2);
  EXPECT_EQ(info.eot, std::nullopt);  // 99 is beyond the vocabulary
  EXPECT_EQ(info.eom, std::nullopt);
  EXPECT_EQ(info.n_splits, 1);
  EXPECT_EQ(info.tokenizer, "llama");
  EXPECT_EQ(info.pre_tokenizer, "");
}

TEST(GgufCheck, AddsUpTheTensorsOfEachType) {
  const GgufInfo info = check(tiny_gguf().build());
  ASSERT_EQ(info.types.size(), 3u);
  const auto expect = [&](std::size_t i, std::string_view type, std::uint64_t parameters, std::uint64_t bytes) {
    EXPECT_EQ(info.types[i].type, type);
    EXPECT_EQ(info.types[i].tensors, 1);
    EXPECT_EQ(info.types[i].parameters, parameters);
    EXPECT_EQ(info.types[i].bytes, bytes);
  };
  expect(0, "q8_0", 64 * 5, 340);
  expect(1, "f32", 64, 256);
  expect(2, "q4_0", 64 * 2 * 2, 144);
}

TEST(GgufCheck, ReportsWhatIsAbsentAsAbsent) {
  GgufBuilder file = tiny_gguf();
  file.keys = {{"general.architecture", value_text("llama")}, {"llama.block_count", value_u32(512)}};
  file.tensors = {{"output.weight", {4, 2}, 0, 32, {}}};
  const GgufInfo info = check(file.build());
  EXPECT_EQ(info.name, "");
  EXPECT_EQ(info.n_layer, 512);
  EXPECT_EQ(info.n_context, 0);
  EXPECT_EQ(info.file_type, std::nullopt);
  EXPECT_EQ(info.add_bos, std::nullopt);
  EXPECT_EQ(info.bos, std::nullopt);
  EXPECT_FALSE(info.has_chat_template);
  EXPECT_FALSE(info.tied_embeddings);
  EXPECT_TRUE(info.all_f32);
  EXPECT_EQ(info.weight_type, "f32");
}

struct Case {
  std::string name;
  std::string says;  // part of the message, or "accepted"
  std::function<void(GgufBuilder&)> change;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class GgufCheckCase : public testing::TestWithParam<Case> {};

TEST_P(GgufCheckCase, Says) {
  GgufBuilder file = tiny_gguf();
  GetParam().change(file);
  const std::string said = verdict(file.build());
  EXPECT_NE(said.find(GetParam().says), std::string::npos) << said;
}

std::string repeat(std::uint64_t n, char c) { return std::string(n, c); }

// clang-format off
const Case kHeaderCases[] = {
    {"bad_magic", "m.gguf is not a GGUF file: it begins with 'GGML", [](auto& f) { f.magic = "GGML"; }},
    {"hostile_magic", "it begins with '?[2J", [](auto& f) { f.magic = "\x1b[2J"; }},
    {"version_0", "version 0, only 2 and 3", [](auto& f) { f.version = 0; }},
    {"version_1", "version 1, only 2 and 3", [](auto& f) { f.version = 1; }},
    {"version_2", "accepted", [](auto& f) { f.version = 2; }},
    {"version_4", "version 4, only 2 and 3", [](auto& f) { f.version = 4; }},
    {"big_endian", "is a big-endian GGUF file", [](auto& f) { f.version = 0x03000000; }},
    {"too_many_keys", "declares 65537 keys", [](auto& f) { f.n_keys = 65'537; }},
    {"keys_overflow", "keys, at most", [](auto& f) { f.n_keys = kHuge; }},
    {"more_keys_than_there_are", "m.gguf is damaged at byte", [](auto& f) { f.n_keys = f.keys.size() + 1; }},
    {"fewer_keys_than_there_are", "m.gguf is damaged at byte", [](auto& f) { f.n_keys = f.keys.size() - 1; }},
    {"too_many_tensors", "declares 100001 tensors", [](auto& f) { f.n_tensors = 100'001; }},
    {"tensors_overflow", "tensors, at most", [](auto& f) { f.n_tensors = kHuge; }},
    {"more_tensors_than_there_are", "m.gguf is damaged at byte", [](auto& f) { f.n_tensors = 4; }},
    {"no_tensors", "m.gguf holds no weights", [](auto& f) { f.tensors.clear(); }},
};
INSTANTIATE_TEST_SUITE_P(Header, GgufCheckCase, testing::ValuesIn(kHeaderCases),
                         [](const auto& i) { return i.param.name; });

const Case kKeyCases[] = {
    {"empty_key", "an empty key", [](auto& f) { f.set("", value_u32(1)); }},
    {"long_key", "a key has 65536 bytes", [](auto& f) { f.set(repeat(65'536, 'k'), value_u32(1)); }},
    {"longest_key", "accepted", [](auto& f) { f.set(repeat(65'535, 'k'), value_u32(1)); }},
    {"duplicate_key", "the key 'general.name' is there twice",
     [](auto& f) { f.keys.push_back({"general.name", value_u32(1)}); }},
    {"unknown_type", "'x' has type 13", [](auto& f) { f.set("x", raw<std::uint32_t>(13) + raw<std::uint64_t>(0)); }},
    {"negative_type", "'x' has type 4294967295", [](auto& f) { f.set("x", raw<std::int32_t>(-1)); }},
    {"array_of_arrays", "array of arrays", [](auto& f) { f.set("x", value_array(9, 0, "")); }},
    {"array_of_nothing_known", "'x' has type 77", [](auto& f) { f.set("x", value_array(77, 0, "")); }},
    {"empty_array", "accepted", [](auto& f) { f.set("x", value_array(8, 0, "")); }},
    {"every_type_of_number", "accepted",
     [](auto& f) {
       const int sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
       for (std::uint32_t type = 0; type < 13; ++type) {
         if (sizes[type] == 0) continue;
         f.set(std::string(1, static_cast<char>('a' + type)), raw(type) + repeat(sizes[type], '\x01'));
         f.set(std::string(1, static_cast<char>('A' + type)), value_array(type, 3, repeat(3 * sizes[type], '\x01')));
       }
     }},
    {"string_overflow", "a string has 18446744073709551615 bytes",
     [](auto& f) { f.set("x", raw<std::uint32_t>(8) + raw(kHuge)); }},
    {"string_past_the_end", "a string takes 60000 bytes, but only",
     [](auto& f) { f.set("x", raw<std::uint32_t>(8) + raw<std::uint64_t>(60'000)); }},
    {"string_over_64_MiB", "a string has 67108865 bytes",
     [](auto& f) { f.set("x", raw<std::uint32_t>(8) + raw<std::uint64_t>((64 << 20) + 1)); }},
    {"array_overflow", "'x' has 18446744073709551615 elements",
     [](auto& f) { f.set("x", value_array(10, kHuge, "")); }},
    {"array_size_wraps", "'x' has 2305843009213693953 elements",  // x 8 bytes = 8, modulo 2^64
     [](auto& f) { f.set("x", value_array(10, kHuge / 8 + 2, "12345678")); }},
    {"strings_overflow", "'x' has 18446744073709551615 strings",
     [](auto& f) { f.set("x", value_array(8, kHuge, "")); }},
    {"strings_past_the_end", "a string in an array takes 60000 bytes",
     [](auto& f) { f.set("x", value_array(8, 1, raw<std::uint64_t>(60'000))); }},
    {"template_of_1_MiB", "accepted",
     [](auto& f) { f.set("tokenizer.chat_template", value_text(repeat(1 << 20, 'x'))); }},
    {"template_over_1_MiB", "at most 1048576 are allowed",
     [](auto& f) { f.set("tokenizer.chat_template", value_text(repeat((1 << 20) + 1, 'x'))); }},
    {"named_template_over_1_MiB", "at most 1048576 are allowed",
     [](auto& f) { f.set("tokenizer.chat_template.tool", value_text(repeat((1 << 20) + 1, 'x'))); }},
};
INSTANTIATE_TEST_SUITE_P(Keys, GgufCheckCase, testing::ValuesIn(kKeyCases), [](const auto& i) { return i.param.name; });

const Case kModelCases[] = {
    {"no_architecture", "does not say its architecture", [](auto& f) { f.remove("general.architecture"); }},
    {"empty_architecture", "does not say its architecture",
     [](auto& f) { f.set("general.architecture", value_text("")); }},
    {"architecture_no_string", "'general.architecture' has a value of the wrong type",
     [](auto& f) { f.set("general.architecture", value_u32(1)); }},
    {"name_no_string", "'general.name' has a value of the wrong type",
     [](auto& f) { f.set("general.name", value_u32(1)); }},
    {"other_architecture", "holds no language model: it has no 'clip.block_count'",
     [](auto& f) { f.set("general.architecture", value_text("clip")); }},
    {"no_layers", "'llama.block_count' is 0, not 1 to 512", [](auto& f) { f.set("llama.block_count", value_u32(0)); }},
    {"too_many_layers", "'llama.block_count' is 513", [](auto& f) { f.set("llama.block_count", value_u32(513)); }},
    {"layers_no_u32", "'llama.block_count' has a value of the wrong type",
     [](auto& f) { f.set("llama.block_count", value_i32s({1})); }},
    {"alignment_0", "the alignment is 0", [](auto& f) { f.set("general.alignment", value_u32(0)); }},
    {"alignment_48", "the alignment is 48", [](auto& f) { f.set("general.alignment", value_u32(48)); }},
    {"alignment_2_GiB", "the alignment is 2147483648",
     [](auto& f) { f.set("general.alignment", value_u32(1u << 31)); }},
    {"alignment_no_u32", "'general.alignment' has a value of the wrong type",
     [](auto& f) { f.set("general.alignment", value_text("32")); }},
    {"alignment_64", "accepted", [](auto& f) { f.set("general.alignment", value_u32(64)), f.alignment = 64; }},
    {"alignment_1_MiB", "accepted",
     [](auto& f) { f.set("general.alignment", value_u32(1 << 20)), f.alignment = 1 << 20; }},
    {"alignment_unlike_the_data", "instead of 352",  // 340 padded to 32; the tensors lie 64 apart
     [](auto& f) { f.alignment = 64; }},
    {"first_of_two_parts", "accepted",
     [](auto& f) { f.set("split.count", value_u16(2)), f.set("split.no", value_u16(0)); }},
    {"second_part", "is part 2 of 2",
     [](auto& f) { f.set("split.count", value_u16(2)), f.set("split.no", value_u16(1)); }},
};
INSTANTIATE_TEST_SUITE_P(Model, GgufCheckCase, testing::ValuesIn(kModelCases),
                         [](const auto& i) { return i.param.name; });

const Case kVocabularyCases[] = {
    {"no_tokens", "'llama' tokenizer has no tokens", [](auto& f) { f.remove("tokenizer.ggml.tokens"); }},
    {"none", "accepted",
     [](auto& f) { f.remove("tokenizer.ggml.tokens"), f.set("tokenizer.ggml.model", value_text("none")); }},
    {"tokens_no_array", "'tokenizer.ggml.tokens' has a value of the wrong type",
     [](auto& f) { f.set("tokenizer.ggml.tokens", value_text("a")); }},
    {"tokens_no_strings", "'tokenizer.ggml.tokens' has elements of the wrong type",
     [](auto& f) { f.set("tokenizer.ggml.tokens", value_i32s({1, 2, 3, 4, 5})); }},
    {"few_scores", "5 tokens but 4 scores",
     [](auto& f) { f.set("tokenizer.ggml.scores", value_array(6, 4, std::string(16, '\0'))); }},
    {"integer_scores", "accepted", [](auto& f) { f.set("tokenizer.ggml.scores", value_i32s({1, 2, 3, 4, 5})); }},
    {"scores_no_numbers", "'tokenizer.ggml.scores' has elements of the wrong type",
     [](auto& f) { f.set("tokenizer.ggml.scores", value_texts({"", "", "", "", ""})); }},
    {"many_types", "5 tokens but 6 token types",
     [](auto& f) { f.set("tokenizer.ggml.token_type", value_i32s({2, 3, 3, 6, 1, 1})); }},
    {"types_no_integers", "'tokenizer.ggml.token_type' has elements of the wrong type",
     [](auto& f) { f.set("tokenizer.ggml.token_type", value_array(6, 5, std::string(20, '\0'))); }},
    {"same_token_twice", "has the token 'a' twice",
     [](auto& f) { f.set("tokenizer.ggml.tokens", value_texts({"<unk>", "<s>", "a", "<0x0A>", "a"})); }},
    {"same_token_twice_up_to_a_zero", "has the token 'a' twice",
     [](auto& f) { f.set("tokenizer.ggml.tokens", value_texts({"<unk>", "<s>", "a\0b"s, "<0x0A>", "a"})); }},
    {"two_empty_tokens", "accepted",
     [](auto& f) { f.set("tokenizer.ggml.tokens", value_texts({"<unk>", "", "", "<0x0A>", "a"})); }},
    {"byte_token_negative", "token 3 stands for a byte but is '<0x-1>'",
     [](auto& f) { f.set("tokenizer.ggml.tokens", value_texts({"<unk>", "<s>", "</s>", "<0x-1>", "a"})); }},
    {"byte_token_short", "token 3 stands for a byte but is '<0xA>'",
     [](auto& f) { f.set("tokenizer.ggml.tokens", value_texts({"<unk>", "<s>", "</s>", "<0xA>", "a"})); }},
    {"byte_token_long", "token 3 stands for a byte but is '<0x0AB>'",
     [](auto& f) { f.set("tokenizer.ggml.tokens", value_texts({"<unk>", "<s>", "</s>", "<0x0AB>", "a"})); }},
    {"byte_token_with_more", "token 3 stands for a byte but is '<0x0A>x'",
     [](auto& f) { f.set("tokenizer.ggml.tokens", value_texts({"<unk>", "<s>", "</s>", "<0x0A>x", "a"})); }},
    {"byte_token_empty", "token 3 stands for a byte but is ''",
     [](auto& f) { f.set("tokenizer.ggml.tokens", value_texts({"<unk>", "<s>", "</s>", "", "a"})); }},
    {"merges_no_strings", "'tokenizer.ggml.merges' has elements of the wrong type",
     [](auto& f) { f.set("tokenizer.ggml.merges", value_i32s({1})); }},
    {"bpe_without_merges", "'gpt2' tokenizer has no merges",
     [](auto& f) { f.set("tokenizer.ggml.model", value_text("gpt2")), f.remove("tokenizer.ggml.merges"); }},
    {"id_no_u32", "'tokenizer.ggml.eos_token_id' has a value of the wrong type",
     [](auto& f) { f.set("tokenizer.ggml.eos_token_id", value_text("2")); }},
    {"flag_no_bool", "'tokenizer.ggml.add_bos_token' has a value of the wrong type",
     [](auto& f) { f.set("tokenizer.ggml.add_bos_token", value_u32(1)); }},
    {"template_no_string", "'tokenizer.chat_template' has a value of the wrong type",
     [](auto& f) { f.set("tokenizer.chat_template", value_u32(1)); }},
};
INSTANTIATE_TEST_SUITE_P(Vocabulary, GgufCheckCase, testing::ValuesIn(kVocabularyCases),
                         [](const auto& i) { return i.param.name; });

const Case kTensorCases[] = {
    {"name_of_63", "accepted", [](auto& f) { f.tensors[0].name = repeat(63, 'n'); }},
    {"name_of_64", "the name of a tensor has 64 bytes", [](auto& f) { f.tensors[0].name = repeat(64, 'n'); }},
    {"duplicate_name", "the tensor 'token_embd.weight' is there twice",
     [](auto& f) { f.tensors[1].name = "token_embd.weight"; }},
    {"no_dims", "has 0 dimensions", [](auto& f) { f.tensors[1].dims.clear(); }},
    {"five_dims", "has 5 dimensions", [](auto& f) { f.tensors[1].dims = {64, 1, 1, 1, 1}; }},
    {"four_dims", "accepted", [](auto& f) { f.tensors[1].dims = {64, 1, 1, 1}; }},
    {"zero_dim", "dimension 1 of the tensor 'token_embd.weight' is 0", [](auto& f) { f.tensors[0].dims = {64, 0}; }},
    {"negative_dim", "dimension 0 of the tensor 'blk.0.attn_norm.weight' is 18446744073709551615",
     [](auto& f) { f.tensors[1].dims = {kHuge}; }},
    {"elements_overflow", "dimension 1 of the tensor", [](auto& f) { f.tensors[1].dims = {1ull << 40, 1ull << 40}; }},
    {"bytes_overflow", "more than can be addressed", [](auto& f) { f.tensors[1].dims = {1ull << 62}; }},
    {"size_wraps_when_padded", "ends at byte", [](auto& f) { f.tensors[1].dims = {(1ull << 61) - 1}; }},
    {"tiny_file_huge_tensor", "ends at byte", [](auto& f) { f.tensors[2].dims = {64, 1ull << 40}; }},
    {"type_43", "has type 43, which", [](auto& f) { f.tensors[1].type = 43; }},
    {"type_negative", "has type 4294967295, which", [](auto& f) { f.tensors[1].type = 0xffff'ffff; }},
    {"type_retired", "has type 4, which", [](auto& f) { f.tensors[1].type = 4; }},
    {"row_no_whole_blocks", "have 48 elements, but q8_0 comes in blocks of 32",
     [](auto& f) { f.tensors[0].dims = {48, 5}; }},
    {"offset_unaligned", "begins at 353 instead of 352", [](auto& f) { f.tensors[1].offset = 353; }},
    {"offset_leaves_a_gap", "begins at 384 instead of 352", [](auto& f) { f.tensors[1].offset = 384; }},
    {"offset_overlaps", "begins at 320 instead of 352", [](auto& f) { f.tensors[1].offset = 320; }},
    {"offset_outside", "instead of 0", [](auto& f) { f.tensors[0].offset = kHuge - 31; }},
};
// clang-format on
INSTANTIATE_TEST_SUITE_P(Tensors, GgufCheckCase, testing::ValuesIn(kTensorCases),
                         [](const auto& i) { return i.param.name; });

TEST(GgufCheck, EveryTruncationIsAnError) {
  const GgufBuilder file = tiny_gguf();
  const std::string bytes = file.build();
  // The last tensor holds 144 bytes, padded to 160: the padding may be missing, as it is in some writers' files.
  for (std::size_t n = 0; n <= bytes.size(); ++n) {
    const bool whole = n >= bytes.size() - 16;
    ASSERT_EQ(verdict(bytes.substr(0, n)) == "accepted", whole) << n;
  }
  EXPECT_EQ(verdict(""), "m.gguf is empty, not a GGUF file");
  EXPECT_EQ(verdict("GG"), "m.gguf is not a GGUF file: it begins with 'GG'");
  EXPECT_EQ(verdict(bytes.substr(0, 6)),
            "m.gguf is damaged at byte 4: the version takes 4 bytes, but only 2 are left in the file; download or "
            "convert it again");
  EXPECT_EQ(verdict(bytes.substr(0, bytes.size() - 17)).find("m.gguf is cut short: the tensor 'blk.0.ffn_up.weight'"),
            0);
}

TEST(GgufCheck, MessagesHoldNoControlCharacters) {
  GgufBuilder file = tiny_gguf();
  file.tensors[1].name = file.tensors[0].name = "\x1b]0;owned\a \xff";
  EXPECT_NE(verdict(file.build()).find("'?]0;owned? ?' is there twice"), std::string::npos);
}

TEST(GgufCheck, MutantsGiveAnErrorOrPass) {
  std::mt19937_64 random(7);
  int accepted = 0;
  for (int i = 0; i < 2'000; ++i) accepted += verdict(mutant(tiny_gguf(), random)) == "accepted";
  EXPECT_GT(accepted, 0);  // for example a changed letter of the name
  EXPECT_LT(accepted, 1'000);
}

ErrorKind kind(const std::filesystem::path& path) {
  try {
    check_gguf(path);
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos);
    return error.kind();
  }
  ADD_FAILURE() << path << " was accepted";
  return ErrorKind::internal;
}

TEST(GgufCheck, ReadsFilesAndTellsMissingFromBad) {
  const TemporaryFolder folder;
  const auto file = folder.write("m.gguf", tiny_gguf().build());
  EXPECT_EQ(check_gguf(file).n_tensors, 3);
  EXPECT_EQ(kind(folder.path() / "absent.gguf"), ErrorKind::no_input);
  EXPECT_EQ(kind(file / "below_a_file"), ErrorKind::no_input);
  EXPECT_EQ(kind(folder.path()), ErrorKind::data);
  EXPECT_EQ(kind("/dev/null"), ErrorKind::data);
  EXPECT_EQ(kind(folder.write("empty", "")), ErrorKind::data);
  EXPECT_EQ(kind(folder.write("script", "#!/bin/sh\n")), ErrorKind::data);
}

}  // namespace
}  // namespace decant
