// What must hold of every row of every table, and the operations on tables.
#include "options/table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "options/generation_config.h"
#include "options/model_options.h"
#include "options/usage_error.h"

namespace decant {
namespace {

template <class Options>
Fields<Options> table();
template <>
Fields<GenerationConfig> table() {
  return generation_fields();
}
template <>
Fields<ModelOptions> table() {
  return model_fields();
}

// Texts that the row must accept and give back.
template <class Options>
std::vector<std::string> good_texts(const Field<Options>& field) {
  const std::string kind = placeholder(default_of(field), field);
  if (kind == "true|false") return {"true", "false"};
  if (kind == "TEXT") return {"some text", "a,b", "-1", "é\n"};
  if (!field.range.words.empty()) return {field.range.words.begin(), field.range.words.end()};
  std::vector<std::string> numbers;
  if (field.range.high >= 1) numbers.push_back("1");
  if (std::isfinite(field.range.low) && !field.range.low_is_open) numbers.push_back(fmt::format("{}", field.range.low));
  if (std::isfinite(field.range.high)) numbers.push_back(fmt::format("{}", field.range.high));
  if (kind == "X" && field.range.low < 0.001) numbers.push_back("0.001");
  if (kind == "X,X,...") numbers.push_back("1,-0.5");
  if (kind == "N,N,...") numbers.push_back("1,2,3");
  return numbers;
}

template <class Options>
std::vector<std::string> bad_texts(const Field<Options>& field) {
  const std::string kind = placeholder(default_of(field), field);
  std::vector<std::string> texts = {""};
  if (kind == "TEXT") return texts;
  for (const char* text : {"abc", "nan", "5x", " 1", "1 ", "1;2"}) texts.push_back(text);
  if (std::isfinite(field.range.low))
    texts.push_back(fmt::format("{}", std::min(field.range.low - 1, field.range.low * 2)));
  if (field.range.low_is_open) texts.push_back(fmt::format("{}", field.range.low));
  if (std::isfinite(field.range.high))
    texts.push_back(fmt::format("{}", std::max(field.range.high + 1, field.range.high * 2)));
  return texts;
}

template <class Options>
class EveryRow : public testing::Test {};
using AllOptions = testing::Types<GenerationConfig, ModelOptions>;
TYPED_TEST_SUITE(EveryRow, AllOptions, );

TYPED_TEST(EveryRow, IsDescribed) {
  for (const Field<TypeParam>& field : table<TypeParam>()) {
    SCOPED_TRACE(field.name);
    for (const std::string_view text : {field.name, field.group, field.doc, field.when}) EXPECT_FALSE(text.empty());
    for (const std::string_view line : {field.doc, field.when}) {
      EXPECT_EQ(line.find_first_of("\n|"), line.npos) << "one line, fit for a Markdown table";
      EXPECT_NE(line.back(), '.');
    }
    EXPECT_EQ(field.name.find('-'), field.name.npos);
    for (const std::string_view alias : aliases(field)) EXPECT_EQ(alias[0], '-') << alias;
  }
}

TYPED_TEST(EveryRow, HasADefaultInItsRange) {
  for (const Field<TypeParam>& field : table<TypeParam>()) {
    SCOPED_TRACE(field.name);
    if (to_text(default_of(field)).empty()) continue;  // "not set", as no text can say it
    EXPECT_NO_THROW(check_range(default_of(field), field));
  }
  EXPECT_NO_THROW(check_ranges(table<TypeParam>(), TypeParam{}));
}

TYPED_TEST(EveryRow, ReadsAndWritesText) {
  for (const Field<TypeParam>& field : table<TypeParam>()) {
    for (const std::string& text : good_texts(field)) {
      SCOPED_TRACE(fmt::format("{} '{}'", field.name, text));
      TypeParam options;
      set(options, field, text);
      EXPECT_EQ(to_text(value_of(options, field)), text);
      EXPECT_TRUE(is_given(options, field));
      EXPECT_EQ(options.given.count(), 1u);
      EXPECT_NO_THROW(check_ranges(table<TypeParam>(), options));
    }
  }
}

TYPED_TEST(EveryRow, RejectsBadTextByName) {
  for (const Field<TypeParam>& field : table<TypeParam>()) {
    for (const std::string& text : bad_texts(field)) {
      SCOPED_TRACE(fmt::format("{} '{}'", field.name, text));
      TypeParam options;
      const std::string message = usage_error([&] { set(options, field, text); });
      EXPECT_TRUE(message.starts_with(fmt::format("{} is ", field.name))) << message;
      EXPECT_NE(message.find("it must be"), message.npos) << message;
      EXPECT_TRUE(is_equal(value_of(options, field), default_of(field)));
      EXPECT_TRUE(options.given.none());
    }
  }
}

TYPED_TEST(EveryRow, IsFoundByAllItsNames) {
  for (const Field<TypeParam>& field : table<TypeParam>()) {
    SCOPED_TRACE(field.name);
    EXPECT_EQ(find(table<TypeParam>(), field.name), &field);
    EXPECT_EQ(find(table<TypeParam>(), dashed(field.name)), &field);
    EXPECT_EQ(find(table<TypeParam>(), "--" + std::string(field.name)), &field);
    for (const std::string_view alias : aliases(field)) EXPECT_EQ(find(table<TypeParam>(), alias), &field) << alias;
  }
}

TEST(Table, NamesAreUniqueAcrossTablesAndAliases) {
  std::set<std::string> seen;
  const auto add = [&](auto rows) {
    for (const auto& field : rows) {
      EXPECT_TRUE(seen.insert(dashed(field.name)).second) << field.name;
      for (const std::string_view alias : aliases(field)) EXPECT_TRUE(seen.insert(std::string(alias)).second) << alias;
    }
  };
  add(generation_fields());
  add(model_fields());
}

TEST(Table, DashesAndUnderscoresAreEqual) {
  EXPECT_TRUE(is_same_name("--top-p", "top_p"));
  EXPECT_TRUE(is_same_name("top-p", "top_p"));
  EXPECT_FALSE(is_same_name("top_p", "top_k"));
  EXPECT_FALSE(is_same_name("top_p", "top_p_"));
  EXPECT_FALSE(is_same_name("n", "-n"));
  EXPECT_EQ(dashed("include_stop_str_in_output"), "--include-stop-str-in-output");
}

TEST(Table, UnknownNamesAreAnsweredWithTheNearest) {
  const auto ask = [](std::string_view name) { return usage_error([&] { get(generation_fields(), name); }); };
  EXPECT_EQ(ask("temprature"), "unknown option temprature: did you mean temperature?");
  EXPECT_EQ(ask("topp"), "unknown option topp: did you mean top_p?");
  EXPECT_EQ(ask("quality_beta"), "unknown option quality_beta");
  EXPECT_EQ(&get(generation_fields(), "top-k"), find(generation_fields(), "top_k"));
}

TEST(Table, SetMeansGivenOrChanged) {
  const Field<GenerationConfig>& temperature = get(generation_fields(), "temperature");
  GenerationConfig config;
  EXPECT_FALSE(is_set(config, temperature));
  config.temperature = 0.7;
  EXPECT_TRUE(is_set(config, temperature));
  EXPECT_FALSE(is_given(config, temperature));
  config = {};
  set(config, temperature, "1");  // the default, but said
  EXPECT_TRUE(is_set(config, temperature));
}

TEST(Table, RepeatedListsGrow) {
  const Field<GenerationConfig>& stop = get(generation_fields(), "--stop");
  GenerationConfig config;
  config.stop_strings = {"from elsewhere"};
  set(config, stop, "a");
  set(config, stop, "b");
  EXPECT_EQ(config.stop_strings, (std::vector<std::string>{"a", "b"}));
}

TEST(Table, ChecksEveryValue) {
  EXPECT_EQ(usage_error([] { check_ranges(generation_fields(), GenerationConfig{.top_p = 0}); }),
            "top_p is 0: it must be a number greater than 0 and at most 1");
  EXPECT_EQ(usage_error([] { check_ranges(model_fields(), ModelOptions{.cache_type = ""}); }),
            "cache_type is '': it must be one of auto, f32, f16, q8_0");
}

TEST(Table, WritesJson) {
  GenerationConfig config;
  config.exponential_decay_length_penalty = {1, .5};
  JsonWriter json;
  write_json(json, generation_fields(), config);
  const std::string_view text = json.text();
  EXPECT_TRUE(text.starts_with(R"({"strategy":"","do_sample":null,"num_return_sequences":1,"seed":null,)")) << text;
  EXPECT_NE(text.find(R"(,"penalty_last_n":-1,)"), text.npos) << text;
  EXPECT_NE(text.find(R"(,"exponential_decay_length_penalty":[1,0.5],)"), text.npos) << text;
  EXPECT_NE(text.find(R"(,"stop_token_ids":[],"eos_token_id":null,"ignore_eos":false,)"), text.npos) << text;
  EXPECT_TRUE(text.ends_with("}")) << text;
  std::size_t keys = 0;
  for (const auto& field : generation_fields()) keys += text.find(fmt::format("\"{}\":", field.name)) != text.npos;
  EXPECT_EQ(keys, generation_fields().size());

  json.clear();
  write_json(json, model_fields(), ModelOptions{.model = "a \"b\".gguf", .threads = 4});
  EXPECT_EQ(json.text(), R"({"model":"a \"b\".gguf","threads":4,"ctx_size":0,"cache_type":"auto","flash_attn":"auto",)"
                         R"("prefill_chunk_size":256,"n_gpu_layers":-1,"kernels":"auto","exact":false,"offline":false})");
}

}  // namespace
}  // namespace decant
