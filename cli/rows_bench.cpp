#include "cli/rows_bench.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "cli/progress.h"
#include "cli/session.h"
#include "measure/forward_time.h"
#include "measure/stream_read.h"
#include "options/table.h"

namespace decant {
namespace {

constexpr std::string_view group = "Measuring";
constexpr int kMostRows = 64;  // that a LlamaModel gives logits for in one forward

constexpr Field<RowsBenchOptions> fields[] = {
    {{.name = "rows",
      .group = group,
      .range = between(1, kMostRows),
      .doc = "rows of a forward, each a branch of one cached prefix, all with logits",
      .when = "as many as a strategy has beams or candidates, or a server requests"},
     &RowsBenchOptions::rows},
    {{.name = "context",
      .group = group,
      .range = at_least(1),
      .doc = "tokens of the cached prefix",
      .when = "longer to see what attention costs"},
     &RowsBenchOptions::context},
    {{.name = "prefill",
      .group = group,
      .range = at_least(1),
      .doc = "also prompts of this many tokens, logits for the last only",
      .when = "to see how fast prompts are read"},
     &RowsBenchOptions::prefill},
    {{.name = "rounds",
      .group = group,
      .range = at_least(1),
      .doc = "times that everything is measured; figures are medians",
      .when = "more on a machine that has other work"},
     &RowsBenchOptions::rounds},
};

// A variant's model, loaded, with a cache for the branches and one for the prompts.
class Loaded {
 public:
  Loaded(const RowsBenchOptions& bench, const ModelVariant& variant, bool quiet)
      : options_(variant.options), file_(load_model(options_, quiet)) {
    check_length("context", bench.context, 1);
    const int most_rows = std::ranges::max(bench.rows);
    branches_.emplace(file_, options_, bench.context + most_rows, most_rows);
    forward_.emplace(*branches_, bench.context, most_rows);
    if (bench.prefill.empty()) return;
    const int longest = std::ranges::max(bench.prefill);
    check_length("prefill", longest, 0);
    prompts_.emplace(file_, options_, longest, 1);
  }

  const LlamaFile& file() const { return *file_; }
  const LlamaModel& model() const { return *branches_; }
  double rows(int rows) { return forward_->seconds(rows); }
  double prompt(int tokens) { return prompt_seconds(*prompts_, tokens, options_.prefill_chunk_size); }

 private:
  void check_length(std::string_view name, int tokens, int more) const {
    const int most = file_->trained_context() - more;
    if (tokens > most)
      throw Error(ErrorKind::usage, "{} is {}: {} has room for {} tokens", name, tokens, file_->name(), most);
  }

  ModelOptions options_;
  std::shared_ptr<const LlamaFile> file_;
  std::optional<LlamaModel> branches_, prompts_;
  std::optional<BranchForward> forward_;
};

template <class Measure>
double second_time(Measure measure) {
  measure();
  return measure();
}

void check(const RowsBenchOptions& options, const std::vector<ModelVariant>& variants) {
  check_ranges(rows_bench_fields(), options);
  for (const ModelVariant& variant : variants) check_ranges(model_fields(), variant.options);
}

}  // namespace

Fields<RowsBenchOptions> rows_bench_fields() { return fields; }

std::vector<ModelVariant> vary(const std::vector<ModelVariant>& variants, const Field<ModelOptions>& field,
                               std::string_view text) {
  const bool several = text.find(',') != text.npos;
  std::vector<ModelVariant> more;
  for (const ModelVariant& variant : variants) {
    for (std::string_view rest = text;;) {
      const std::string_view value = rest.substr(0, rest.find(','));
      more.push_back(variant);
      set(more.back().options, field, value);
      if (several) more.back().varied.push_back(&field);
      if (value.size() == rest.size()) break;
      rest.remove_prefix(value.size() + 1);
    }
  }
  return more;
}

RowsBenchTimes measure_rows(const RowsBenchOptions& options, const std::vector<ModelVariant>& variants, bool quiet) {
  check(options, variants);
  RowsBenchTimes times{.options = options};
  std::vector<std::unique_ptr<Loaded>> loaded;
  for (const ModelVariant& variant : variants) {
    loaded.push_back(std::make_unique<Loaded>(options, variant, quiet));
    const LlamaModel& model = loaded.back()->model();
    times.threads = std::max(times.threads, model.threads());
    times.variants.push_back({variant, model.describe(), std::vector<std::vector<double>>(options.rows.size()),
                              std::vector<std::vector<double>>(options.prefill.size())});
  }
  times.model = loaded[0]->file().name();
  times.bytes = loaded[0]->file().weight_bytes();
  StreamRead memory(times.bytes, times.threads);
  Progress progress("measuring", !quiet);
  for (int round = 0; round < options.rounds; ++round) {
    progress.update(static_cast<double>(round) / options.rounds);
    times.memory.push_back(second_time([&] { return memory.seconds(); }));
    for (std::size_t i = 0; i < loaded.size(); ++i) {
      for (std::size_t k = 0; k < options.rows.size(); ++k) {
        times.variants[i].rows[k].push_back(second_time([&] { return loaded[i]->rows(options.rows[k]); }));
      }
      for (std::size_t k = 0; k < options.prefill.size(); ++k) {
        times.variants[i].prefill[k].push_back(second_time([&] { return loaded[i]->prompt(options.prefill[k]); }));
      }
    }
  }
  return times;
}

}  // namespace decant
