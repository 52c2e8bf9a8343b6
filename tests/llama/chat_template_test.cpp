#include "llama/chat_template.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "llama/load_probe.h"
#include "support/temporary.h"

namespace decant {
namespace {

using namespace test;

const std::vector<Message> kHello = {{"user", "Hello"}};

ChatTemplate elsewhere(const std::string& source) { return {source, "<s>", "</s>", default_probe_program()}; }

// The text, or why there is none.
std::string rendered(const ChatTemplate& chat, const std::vector<Message>& messages = kHello) {
  try {
    return chat.render(messages);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::data);
    const std::string text = error.what(), head = "the model's chat template could not be rendered: ",
                      tail = "; --no-chat-template goes without";
    EXPECT_TRUE(text.starts_with(head) && text.ends_with(tail)) << text;
    EXPECT_EQ(text.find('\n'), text.npos) << text;
    return "no: " + text.substr(head.size(), text.size() - head.size() - tail.size());
  }
}

std::string rendered_here(const std::string& source) { return rendered({source, "<s>", "</s>", ""}); }

const std::string kPlain =
    "{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{{ eos_token }}";

TEST(ChatTemplate, IsTheSameHereAndElsewhere) {
  EXPECT_EQ(rendered(elsewhere(kPlain)), "<s>user: Hello\n</s>");
  EXPECT_EQ(rendered_here(kPlain), "<s>user: Hello\n</s>");
  for (const char* wrong : {"{% for m in messages %}", "{{ raise_exception('no, not that') }}", "{{ messages[",
                            "{% break %}", "{{ x.y() }}", "{% for m in messages %}{% endfor %}", "\\{{ \\ }}"}) {
    EXPECT_EQ(rendered(elsewhere(wrong)), rendered_here(wrong)) << wrong;
    EXPECT_TRUE(rendered_here(wrong).starts_with("no: ")) << rendered_here(wrong);
  }
}

TEST(ChatTemplate, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(rendered_here("a\n{{ raise_exception('no, not\nthat') }}"),
            "no: Jinja Exception: no, not that at line 2, column 19");
  EXPECT_EQ(rendered_here("{% for m in messages %}{% endfor %}"), "no: it writes nothing");
}

TEST(ChatTemplate, AnyBytesGoThereAndBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::vector<Message> messages = {{"sys\"tem", all + all}, {"", std::string(300'000, 'x')}, {"user", ""}};
  const ChatTemplate chat = elsewhere("{% for m in messages %}{{ m.role }}{{ m.content }}{% endfor %}");
  EXPECT_EQ(rendered(chat, messages), "sys\"tem" + all + all + std::string(300'000, 'x') + "user");
}

TEST(ChatTemplate, ManyConversationsAndAFailureBetweenThem) {
  const ChatTemplate chat =
      elsewhere("{% if messages|length > 1 %}{{ raise_exception('one') }}{% endif %}{{ messages[0].content }}");
  const std::vector<Message> two = {{"user", "a"}, {"user", "b"}};
  for (int i = 0; i < 50; ++i) ASSERT_EQ(rendered(chat, {{"user", std::to_string(i)}}), std::to_string(i));
  EXPECT_TRUE(rendered(chat, two).starts_with("no: Jinja Exception: one"));
  EXPECT_EQ(rendered(chat), "Hello");
}

TEST(ChatTemplate, StepsAreCounted) {
  const auto loop = [](int times, const std::string& body) {
    return fmt::format("{{% for i in range({}) %}}{}{{% endfor %}}.", times, body);
  };
  EXPECT_EQ(rendered_here(loop(kTemplateSteps - 10, "")), ".");  // an empty loop is a step each time
  for (const std::string& many :
       {loop(kTemplateSteps + 10, ""), loop(kTemplateSteps / 2, "{% if i %}x{% endif %}"),
        loop(kTemplateSteps / 3, "{% set a %}{{ i }}x{% endset %}"), loop(400, loop(400, "")),
        loop(200, "{% if 0 %}{% else %}" + loop(700, "") + "{% endif %}"),
        "{% macro a() %}xxx{{ 1 }}{% endmacro %}" + loop(kTemplateSteps / 3, "{% set b = a() %}"),
        loop(kTemplateSteps / 3, "{% filter upper %}x{{ i }}{% endfilter %}")}) {
    EXPECT_EQ(rendered_here(many), "no: it takes more than 100000 steps") << many;
  }
}

TEST(ChatTemplate, OutputIsBoundedBesideTheMessages) {
  EXPECT_EQ(rendered_here("{{ 'a' * 1000000 }}").size(), kTemplateBytes);
  EXPECT_EQ(rendered_here("{{ 'a' * 1000020 }}"), "no: it writes more than 1000000 bytes");
  const std::vector<Message> long_one = {{"user", std::string(3'000'000, 'x')}};
  EXPECT_EQ(rendered(elsewhere("{{ messages[0].content }}"), long_one), long_one[0].content);
}

TEST(ChatTemplate, WhatWouldEndUsEndsTheOther) {
  const auto repeated = [](std::string_view text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  const struct {
    std::string source, expected;
  } cases[] = {
      {"{{ " + repeated("(", 20'000) + "1" + repeated(")", 20'000) + " }}", "no: it is nested too deeply"},
      {"{{ " + repeated("not ", 20'000) + "1 }}", "no: it is nested too deeply"},
      {repeated("{% if 1 %}", 10'000) + repeated("{% endif %}", 10'000), "no: it is nested too deeply"},
      {"{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "no: it is nested too deeply"},
      {"{{ 'a' * 1000000000 }}", "no: it needs more than 128 MB of memory"},
      {"{% set s = 'ab' * 1000 %}" + repeated("{% set s = s ~ s %}", 40), "no: it "},
      {"{{ range(1000)|join(range(1000000)|list|tojson|wordwrap) }}", "no: "},
      {"{% for i in range(300) %}{% for j in range(300) %}{% if range(300)|list == range(300)|list %}{% endif %}{% "
       "endfor %}{% endfor %}",
       "no: it takes more than 100 ms"},
  };
  for (const auto& each : cases) {
    const std::string said = rendered(elsewhere(each.source));
    EXPECT_TRUE(said.starts_with(each.expected)) << each.source.substr(0, 60) << ": " << said;
  }
}

TEST(ChatTemplate, WhereNoProgramRendersItIsDoneHere) {
  const TemporaryFolder folder;
  const auto other = folder.write("decant", "#!/bin/sh\necho something else entirely; exit 64\n");
  std::filesystem::permissions(other, std::filesystem::perms::owner_all);
  for (const std::filesystem::path& program : {folder.path() / "absent", other}) {
    EXPECT_EQ(rendered({kPlain, "<s>", "</s>", program}), "<s>user: Hello\n</s>");
  }
}

}  // namespace
}  // namespace decant
