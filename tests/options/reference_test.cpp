// docs/options.md and web/src/data/options.json are made from the tables of options and strategies.
// DECANT_UPDATE_DOCS=1 engine_test writes them anew.
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "options/generation_config.h"
#include "options/help.h"
#include "options/model_options.h"
#include "strategies/row.h"
#include "support/paths.h"

namespace decant {
namespace {

void expect_file(const char* name, const std::string& made) {
  const std::filesystem::path path = test::source_folder() / name;
  if (std::getenv("DECANT_UPDATE_DOCS")) std::ofstream(path) << made;
  std::ifstream file(path);
  std::ostringstream found;
  found << file.rdbuf();
  EXPECT_EQ(found.str(), made) << "run: DECANT_UPDATE_DOCS=1 build/release/engine_test --gtest_filter=Reference.*";
}

TEST(Reference, ThePageInDocsIsTheOneThatTheTablesMake) {
  expect_file(
      "docs/options.md",
      "# Options\n\nMade from the option tables in `src/options/`. As a flag, an option is written with dashes: "
      "`--max-new-tokens 64`; in JSON it has the name given here.\n\n# Generation\n" +
          reference_text(generation_fields(), readers) + "\n# Model\n" + reference_text(model_fields()));
}

// What pages have to know of each option: "off" is the value that does nothing, or the default; where the default does
// something, it stands beside. "told": a sentence on a text names it.
std::string json_of(const Field<GenerationConfig>& field) {
  GenerationConfig off;
  if (!field.off.empty()) set(off, field, field.off);
  JsonWriter json;
  json.begin_object().field("name", field.name).key("off");
  write_json(json, value_of(off, field));
  if (!field.off.empty()) {
    json.key("default");
    write_json(json, default_of(field));
  }
  json.field("told", field.told).field("sampling", field.group == sampling_group);
  if (readers(field) == "all") json.field("read_by_all", true);
  json.end_object();
  return json.text();
}

std::string json_of(const StrategyRow& row) {
  GenerationConfig sampling;
  sampling.do_sample = true;
  JsonWriter json;
  json.begin_object().field("name", row.name);
  json.field("draws", row.draws({}) ? "always" : row.draws(sampling) ? "when asked" : "never");
  json.key("reads").begin_array();
  for (const std::string_view each : row.reads) {
    if (find(generation_fields(), each)) json.value(each);
  }
  json.end_array().end_object();
  return json.text();
}

TEST(Reference, ThePagesReadTheTables) {
  std::vector<std::string> options, rows;
  for (const auto& field : generation_fields()) options.push_back("    " + json_of(field));
  for (const StrategyRow* row : strategies()) rows.push_back("    " + json_of(*row));
  expect_file("web/src/data/options.json",
              fmt::format("{{\n  \"options\": [\n{}\n  ],\n  \"strategies\": [\n{}\n  ]\n}}\n",
                          fmt::join(options, ",\n"), fmt::join(rows, ",\n")));
}

}  // namespace
}  // namespace decant
