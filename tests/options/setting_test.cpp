#include "options/setting.h"

#include <gtest/gtest.h>

#include "options/table.h"
#include "options/usage_error.h"

namespace decant {
namespace {

TEST(Setting, ReadsOptionsOfEveryKind) {
  const GenerationConfig config = parse_setting("temperature=0.3 top_k=5 do_sample=true stop_token_ids=1,2", {}).config;
  EXPECT_EQ(config.temperature, 0.3);
  EXPECT_EQ(config.top_k, 5);
  EXPECT_EQ(config.do_sample, true);
  EXPECT_EQ(config.stop_token_ids, (std::vector<int>{1, 2}));
  EXPECT_EQ(config.given.count(), 4u);
}

TEST(Setting, AnySeparatorsWillDo) {
  for (const char* text : {"temperature=0.3 top_k=5", "temperature=0.3,top_k=5", "temperature=0.3;top_k=5",
                           "temperature=0.3, top_k=5", "temperature=0.3; top_k=5", "  temperature=0.3   top_k=5 ",
                           ",temperature=0.3 ; ,top_k=5;", "--temperature=0.3 --top-k=5", "temp=0.3 top-k=5"}) {
    SCOPED_TRACE(text);
    GenerationConfig config;
    EXPECT_NO_THROW(config = parse_setting(text, {}).config);
    EXPECT_EQ(config.temperature, 0.3);
    EXPECT_EQ(config.top_k, 5);
  }
}

TEST(Setting, WhatIsNoOptionBelongsToTheValue) {
  const auto stops = [](std::string_view text) { return parse_setting(text, {}).config.stop_strings; };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(stops("stop_strings=one, two; three top_k=5"), Texts{"one, two; three"});
  EXPECT_EQ(stops("stop_strings=a=b c=d"), Texts{"a=b c=d"});
  EXPECT_EQ(stops("stop_strings=a stop_strings=b,c"), (Texts{"a", "b,c"}));
  EXPECT_EQ(stops("stop_strings=top_k"), Texts{"top_k"});
  const GenerationConfig config = parse_setting("logit_bias=5=-inf,suppress_tokens=1,2,3,top_k=4", {}).config;
  EXPECT_EQ(config.logit_bias, Texts{"5=-inf"});
  EXPECT_EQ(config.suppress_tokens, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(config.top_k, 4);
}

TEST(Setting, TheLabelIsTheNameOrTheTextItself) {
  const auto label = [](std::string_view text) { return parse_setting(text, {}).label; };
  EXPECT_EQ(label("temperature=0.3"), "temperature=0.3");
  EXPECT_EQ(label("  temperature=0.3  top_k=5 "), "temperature=0.3  top_k=5");
  EXPECT_EQ(label("cold: temperature=0.3"), "cold");
  EXPECT_EQ(label(" a cold one :temperature=0.3"), "a cold one");
  EXPECT_EQ(label("stop_strings=:"), "stop_strings=:");  // the colon belongs to a value
  EXPECT_EQ(label("all off:"), "all off");
  const Setting named = parse_setting("mine: stop_strings=a:b top_k=3", {});
  EXPECT_EQ(named.label, "mine");
  EXPECT_EQ(named.config.stop_strings, std::vector<std::string>{"a:b"});
  EXPECT_EQ(named.config.top_k, 3);
}

TEST(Setting, StandsOverItsBase) {
  GenerationConfig base;
  const auto table = generation_fields();
  set(base, get(table, "top_k"), "7");
  set(base, get(table, "temperature"), "0.9");
  set(base, get(table, "suppress_tokens"), "1,2");
  const GenerationConfig config = parse_setting("temperature=0.3 suppress_tokens=3 suppress_tokens=4", base).config;
  EXPECT_EQ(config.top_k, 7);
  EXPECT_EQ(config.temperature, 0.3);
  EXPECT_EQ(config.suppress_tokens, (std::vector<int>{3, 4}));  // instead of the base's
  EXPECT_EQ(config.given.count(), 3u);
  EXPECT_EQ(parse_setting("as it is:", base).config.given, base.given);
  EXPECT_EQ(parse_setting("", base).config.top_k, 7);
}

TEST(Setting, Errors) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"temperature", "the setting 'temperature' has 'temperature' where option=value is expected"},
      {"hot: very", "the setting 'hot' has 'very' where option=value is expected"},
      {"=3", "the setting '=3' has '=3' where option=value is expected"},
      {"tempratur=1", "unknown option tempratur: did you mean temperature?"},
      {"T=0.3: top_k=5", "unknown option T"},
      {"temperature=", "temperature is '': it must be a number of at least 0"},
      {"temperature=-1", "temperature is -1: it must be a number of at least 0"},
      {"temperature= 0.3", "temperature is ' 0.3': it must be a number of at least 0"},
      {"temperature=0.3 hot", "temperature is '0.3 hot': it must be a number of at least 0"},
      {"temperature=0.3 top_q=5", "temperature is '0.3 top_q=5': it must be a number of at least 0"},
      {"top_k=5,6", "top_k is '5,6': it must be a whole number of at least 0"},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(usage_error([&] { parse_setting(each.text, {}); }), each.message) << each.text;
  }
}

TEST(Setting, LooksLikeOne) {
  for (const char* text : {"top_k=5", " top_k=5", "cold: temperature=0.3", "--top-p=1 and more", "temp="}) {
    EXPECT_TRUE(looks_like_setting(text)) << text;
  }
  for (const char* text :
       {"", "top_k", "My name is", "a=b", "x: y=z", "temperature 0.3=", "=5", "1 + 1 = top_k=5", "so: it is"}) {
    EXPECT_FALSE(looks_like_setting(text)) << text;
  }
}

}  // namespace
}  // namespace decant
