#include "llama/load_probe.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>

#include "base/error.h"
#include "support/gguf_builder.h"
#include "support/temporary.h"

namespace fs = std::filesystem;

namespace decant {
namespace {

using namespace test;

// A llama of one layer and 32 dimensions, all weights zero, that libllama loads and evaluates.
GgufBuilder loadable_gguf() {
  GgufBuilder file;
  file.keys = {{"general.architecture", value_text("llama")},
               {"llama.block_count", value_u32(1)},
               {"llama.context_length", value_u32(128)},
               {"llama.embedding_length", value_u32(32)},
               {"llama.feed_forward_length", value_u32(32)},
               {"llama.attention.head_count", value_u32(1)},
               {"llama.attention.layer_norm_rms_epsilon", value_f32(1e-5f)},
               {"tokenizer.ggml.model", value_text("llama")},
               {"tokenizer.ggml.tokens", value_texts({"<unk>", "<s>", "</s>", "<0x0A>", "a"})},
               {"tokenizer.ggml.scores", value_i32s({0, 0, 0, 0, 0})},
               {"tokenizer.ggml.token_type", value_i32s({2, 3, 3, 6, 1})}};
  file.tensors = {{"token_embd.weight", {32, 5}, 0, 640, {}},
                  {"output_norm.weight", {32}, 0, 128, {}},
                  {"blk.0.attn_norm.weight", {32}, 0, 128, {}},
                  {"blk.0.ffn_norm.weight", {32}, 0, 128, {}}};
  for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"}) {
    file.tensors.push_back({std::string("blk.0.") + name + ".weight", {32, 32}, 0, 4096, {}});
  }
  return file;
}

class LoadProbe : public testing::Test {
 protected:
  std::string verdict(const fs::path& path) const {
    try {
      probe_model(path);
      return "passed";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::data);
      return error.what();
    }
  }

  std::size_t records() const {
    const fs::path probes = folder_.path() / "cache/probes";
    return fs::exists(probes) ? std::distance(fs::directory_iterator(probes), fs::directory_iterator()) : 0;
  }

  // Like write(), but to size, time and inode the file is the one it was.
  void change_secretly(const fs::path& path, std::string bytes) const {
    struct stat before {};
    ASSERT_EQ(stat(path.c_str(), &before), 0);
    bytes.resize(static_cast<std::size_t>(before.st_size));
    folder_.write(path.filename(), bytes);
    const timespec times[] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  const TemporaryFolder folder_;
  const TemporaryVariable cache_{"DECANT_CACHE", (folder_.path() / "cache").string()};
  const TemporaryVariable switch_{"DECANT_NO_PROBE", std::nullopt};
};

TEST_F(LoadProbe, PassesAModelAndPrintsNothing) {
  const fs::path file = folder_.write("m.gguf", loadable_gguf().build());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const std::string said = verdict(file);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(said, "passed");
}

TEST_F(LoadProbe, TurnsAnAbortInsideTheLibraryIntoAnError) {
  GgufBuilder bad = loadable_gguf();
  bad.set("llama.attention.layer_norm_rms_epsilon", value_f32(-1.0f));  // GGML_ASSERT(eps >= 0) while evaluating
  testing::internal::CaptureStderr();
  const std::string said = verdict(folder_.write("m.gguf", bad.build()));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(said.find("libllama crashes when it loads " + (folder_.path() / "m.gguf").string()), 0) << said;
  EXPECT_NE(said.find("GGML_ASSERT(eps >= 0"), std::string::npos) << said;
  EXPECT_EQ(said.find("/ggml"), std::string::npos) << "where the library was built is nobody's business: " << said;
}

TEST_F(LoadProbe, PassesOnWhyTheLibraryRefuses) {
  GgufBuilder bad = loadable_gguf();
  bad.tensors.pop_back();
  const std::string said = verdict(folder_.write("m.gguf", bad.build()));
  EXPECT_NE(said.find("libllama cannot load"), std::string::npos) << said;
  EXPECT_NE(said.find("ffn_down"), std::string::npos) << said;
}

TEST_F(LoadProbe, ChecksTheFileBeforeTheLibrarySeesIt) {
  EXPECT_NE(verdict(folder_.write("m.gguf", "GGUF")).find("is damaged at byte 4"), std::string::npos);
  EXPECT_THROW(probe_model(folder_.path() / "absent.gguf"), Error);
}

TEST_F(LoadProbe, RemembersWhatPassedUntilTheFileChanges) {
  GgufBuilder bad = loadable_gguf();
  bad.set("llama.attention.layer_norm_rms_epsilon", value_f32(-1.0f));
  const fs::path file = folder_.write("m.gguf", loadable_gguf().build());
  EXPECT_EQ(verdict(file), "passed");
  EXPECT_EQ(records(), 1);
  change_secretly(file, bad.build());
  EXPECT_EQ(verdict(file), "passed");  // not looked at again
  fs::last_write_time(file, fs::last_write_time(file) + std::chrono::seconds(1));
  EXPECT_NE(verdict(file), "passed");
  EXPECT_NE(verdict(file), "passed");  // a failure is not remembered
  EXPECT_EQ(records(), 1);
}

TEST_F(LoadProbe, WorksWithNowhereToRemember) {
  const fs::path file = folder_.write("m.gguf", loadable_gguf().build());
  folder_.write("cache", "a file where the folder should be");
  EXPECT_EQ(verdict(file), "passed");
  const TemporaryVariable cache("DECANT_CACHE", std::nullopt), xdg("XDG_CACHE_HOME", std::nullopt),
      home("HOME", std::nullopt);
  EXPECT_EQ(verdict(file), "passed");
}

TEST_F(LoadProbe, CanBeTurnedOff) {
  const fs::path file = folder_.write("m.gguf", "no model at all");
  const TemporaryVariable off("DECANT_NO_PROBE", "1");
  EXPECT_EQ(verdict(file), "passed");
  const TemporaryVariable on("DECANT_NO_PROBE", "0");
  EXPECT_NE(verdict(file), "passed");
}

}  // namespace
}  // namespace decant
