// docs/options.md is made from the option tables. DECANT_UPDATE_DOCS=1 engine_test writes it anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "options/generation_config.h"
#include "options/help.h"
#include "options/model_options.h"
#include "support/paths.h"

namespace decant {
namespace {

TEST(Reference, ThePageInDocsIsTheOneThatTheTablesMake) {
  const std::filesystem::path path = test::source_folder() / "docs/options.md";
  const std::string page =
      "# Options\n\nMade from the option tables in `src/options/`. As a flag, an option is written with dashes: "
      "`--max-new-tokens 64`; in JSON it has the name given here.\n\n# Generation\n" +
      reference_text(generation_fields()) + "\n# Model\n" + reference_text(model_fields());
  if (std::getenv("DECANT_UPDATE_DOCS")) std::ofstream(path) << page;
  std::ifstream file(path);
  std::ostringstream found;
  found << file.rdbuf();
  EXPECT_EQ(found.str(), page) << "run: DECANT_UPDATE_DOCS=1 build/release/engine_test --gtest_filter=Reference.*";
}

}  // namespace
}  // namespace decant
