#include "fuzz/replay.h"
#include "fuzz/targets.h"

namespace decant::fuzz {
namespace {

TEST(Corpus, Config) { replay("config", config); }
TEST(Corpus, Grammar) { replay("grammar", grammar); }
TEST(Corpus, Templates) { replay("templates", templates); }
TEST(Corpus, Trace) { replay("trace", trace); }
TEST(Corpus, Yaml) { replay("yaml", yaml); }

}  // namespace
}  // namespace decant::fuzz
