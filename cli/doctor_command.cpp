// decant doctor: what this machine has for a model, and what is slow or missing, and why.
#include <llama.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "base/cpus.h"
#include "base/shared_library.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/style.h"
#include "hub/hub.h"
#include "hub/hub_cache.h"
#include "hub/hub_download.h"
#include "kernels/isa.h"
#include "llama/model_facts.h"
#include "options/table.h"

namespace fs = std::filesystem;

namespace decant {
namespace {

struct Finding {
  std::string what, value;
  std::string advice = {};  // what is wrong with it, and what to do; "": nothing
};

std::string gigabytes(double bytes) {
  return bytes < 1e9 ? fmt::format("{:.0f} MB", bytes / 1e6) : fmt::format("{:.1f} GB", bytes / 1e9);
}

// "model name : X" in a file of such lines.
std::string line_of(const char* path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t begin = line.find_first_not_of(" \t", line.find(':') + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

double memory_available() {  // bytes
  const std::string text = line_of("/proc/meminfo", "MemAvailable");
  return std::strtod(text.c_str(), nullptr) * 1024;
}

void examine_program(std::vector<Finding>& found) {
  found.push_back({"program", fmt::format("decant {}, with libllama's {}", DECANT_VERSION, llama_version())});
  const SharedLibrary curl({"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.4.dylib"}),
      edit({"libedit.so.2", "libedit.3.dylib"});
  found.push_back(
      {"libcurl", curl ? "found" : "not found", curl ? "" : "hf: models cannot be fetched: install libcurl4"});
  found.push_back(
      {"libedit", edit ? "found" : "not found", edit ? "" : "chat edits lines as the terminal does: install libedit2"});
}

void examine_processor(std::vector<Finding>& found) {
  const std::string name = line_of("/proc/cpuinfo", "model name");
  found.push_back({"processor", name.empty() ? "unknown" : name});
  const auto isa = kernels::best_isa();
  const auto available = kernels::available_isas();
  found.push_back(
      {"kernels", isa ? fmt::format("ours, with {}", kernels::isa_name(*isa)) : "ggml's",
       isa ? "" : fmt::format("ours need AVX2; this processor has {}", kernels::isa_name(available.back()))});
  const int cpus = usable_cpus(), machine = static_cast<int>(std::thread::hardware_concurrency());
  found.push_back({"CPUs", fmt::format("{} of {}", cpus, machine),
                   cpus < machine ? "affinity or the quota of a control group leaves no more" : ""});
  double load = 0;
  if (getloadavg(&load, 1) == 1) {
    found.push_back(
        {"load", fmt::format("{:.1f}", load),
         load > cpus * 0.75 ? "others compute as well, so everything here takes longer; -t 1 may be the fastest" : ""});
  }
}

void examine_folder(std::vector<Finding>& found, const char* what, const fs::path& folder) {
  fs::path there = folder;
  std::error_code error;
  while (!there.empty() && there != there.parent_path() && !fs::exists(there, error)) there = there.parent_path();
  const bool writable = access(there.c_str(), W_OK) == 0;
  const fs::space_info space = fs::space(there, error);
  found.push_back(
      {what, fmt::format("{}, {} free", folder.string(), error ? "?" : gigabytes(static_cast<double>(space.available))),
       writable ? "" : "it cannot be written: no model can be fetched into it"});
}

void examine_model(std::vector<Finding>& found, ModelOptions options) {
  fs::path path;
  try {
    path = resolve_model(options.model, DownloadProgress::silent, Network::none);
  } catch (const Error& error) {
    found.push_back({"model", options.model,
                     error.kind() == ErrorKind::unavailable
                         ? fmt::format("it is not here yet: decant models pull {}", options.model)
                         : error.what()});
    return;
  }
  options.model = path.string();
  try {
    const auto file = load_model(options, true, false, {.none = true});
    const ModelFacts facts = model_facts(file, options);
    const double needed = static_cast<double>(facts.memory.weights + facts.memory.default_cache + facts.memory.compute);
    const double available = memory_available();
    found.push_back(
        {"model", fmt::format("{}, {}", path.string(), gigabytes(static_cast<double>(file->weight_bytes())))});
    found.push_back({"memory", fmt::format("{} available, {} needed", gigabytes(available), gigabytes(needed)),
                     available > 0 && needed > available
                         ? "it does not fit, and would be read from disk again and again: a smaller quantisation or -c"
                         : ""});
    double ours = 0, ggml = 0;
    for (const TypeProducts& each : facts.kernels.products)
      ours += static_cast<double>(each.ours), ggml += static_cast<double>(each.ggml);
    const double part = ours + ggml > 0 ? ours / (ours + ggml) : 0;
    found.push_back({"computed by", fmt::format("our kernels for {:.0f}% of the weights", 100 * part),
                     part < 0.9 && options.kernels != "off"
                         ? "ggml's kernels compute the rest, which is slower for several texts at a time: Q4_0, Q8_0 "
                           "and K-quants are ours"
                         : ""});
  } catch (const Error& error) {
    found.push_back({"model", path.string(), error.what()});
  }
}

}  // namespace

int doctor_command(const std::vector<std::string>& arguments) {
  ModelOptions model;
  bool json = false;
  std::string color = "auto";
  Flags flags("decant doctor", "Say what this machine has for a model, and what is slow or missing, and why.",
              "Example: decant doctor -m model.gguf");
  flags.own("--json", json, "one JSON object").group("Output");
  flags.own("--color", color, "auto, always, never [auto]").type("WHEN").group("Output");
  flags.add(model_fields(), model);
  if (!flags.parse(arguments)) {
    Output().write(flags.help());
    return 0;
  }
  check_ranges(model_fields(), model);
  std::vector<Finding> found;
  examine_program(found);
  examine_processor(found);
  examine_folder(found, "models", cache_folder() / "models");
  examine_folder(found, "hub", hub_folder());
  found.push_back(
      {"network", is_offline() || model.offline ? "not asked (offline)" : "asked for models that are not here"});
  examine_model(found, model);

  Output output;
  const Style style(wants_color(color, output.is_terminal()));
  if (json) {
    JsonWriter writer;
    writer.begin_object();
    for (const Finding& each : found) {
      writer.key(each.what).begin_object().field("value", each.value).key("advice");
      each.advice.empty() ? writer.value(nullptr) : writer.value(each.advice);
      writer.end_object();
    }
    output.write(writer.end_object().text() + "\n");
    return 0;
  }
  const int width = terminal_width();
  std::string text;
  for (const Finding& each : found) {
    text += wrap(fmt::format("  {:<13}{}", each.what, harmless(each.value)), width, 15) + "\n";
    if (!each.advice.empty())
      text += style.rejected(wrap(fmt::format("!              {}", harmless(each.advice)), width, 15)) + "\n";
  }
  output.write_styled(text);
  return 0;
}

}  // namespace decant
