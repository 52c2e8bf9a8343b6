#include "fuzz/replay.h"
#include "fuzz/targets.h"

namespace decant::fuzz {
namespace {

TEST(Corpus, Gguf) { replay("gguf", gguf); }
TEST(Corpus, Options) { replay("options", options); }
TEST(Corpus, Schema) { replay("schema", schema); }
TEST(Corpus, Utf8) { replay("utf8", utf8); }

TEST(Corpus, TheTestCanFail) { EXPECT_THROW(hold(false, "anything"), std::logic_error); }

}  // namespace
}  // namespace decant::fuzz
