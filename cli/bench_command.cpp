// decant bench: what the machine and the model allow, without any strategy. `rows` is the only benchmark so far.
#include <map>

#include "base/error.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/rows_bench.h"

namespace decant {
namespace {

struct Options {
  RowsBenchOptions bench;
  std::vector<ModelVariant> variants = {{}};
  bool json = false, quiet = false;
};

// A model option takes one value or several, but for the file, whose name may have commas; the cache is as large as the
// branches need.
void add_model_flags(Flags& flags, std::map<const Field<ModelOptions>*, std::string>& given) {
  const auto table = model_fields();
  for (const Field<ModelOptions>& field : table) {
    if (field.name == "ctx_size") continue;
    flags.add(field, default_of(field), [&given, &field](std::string_view text) {
      if (!given.emplace(&field, text).second)
        throw Error(ErrorKind::usage, "{} was given more than once", dashed(field.name));
    });
  }
}

// False when help was asked for, and given.
bool parse(const std::vector<std::string>& arguments, Options& options) {
  Flags flags("decant bench rows",
              "Milliseconds of one forward of some rows, beside a read of as many bytes as the weights have.\n"
              "Several values of a model option, separated by commas, are measured in turn.",
              "Example: decant bench rows --rows 1,4,8 --flash-attn on,off");
  flags.own("--json", options.json, "one JSON object").group("Output");
  flags.own("--quiet", options.quiet, "no progress on standard error").group("Output");
  std::map<const Field<ModelOptions>*, std::string> model;
  flags.add(rows_bench_fields(), options.bench);
  add_model_flags(flags, model);
  if (!flags.parse(arguments)) {
    Output().write(flags.help());
    return false;
  }
  for (const auto& [field, text] : model) {
    if (field->name == "model") {
      for (ModelVariant& variant : options.variants) set(variant.options, *field, text);
    } else {
      options.variants = vary(options.variants, *field, text);
    }
  }
  return true;
}

}  // namespace

int bench_command(const std::vector<std::string>& arguments) {
  const std::string what = arguments.empty() ? "" : arguments[0];
  if (what == "--help" || what == "-h") {
    Output().write(
        "Usage: decant bench rows [options]\nMeasures the model without any strategy: decant bench rows --help\n");
    return 0;
  }
  if (what.empty()) throw Error(ErrorKind::usage, "bench needs to know what to measure: decant bench rows");
  if (what != "rows") throw Error(ErrorKind::usage, "unknown benchmark {}: there is decant bench rows", what);
  Options options;
  if (!parse({arguments.begin() + 1, arguments.end()}, options)) return 0;
  const RowsBenchTimes times = measure_rows(options.bench, options.variants, options.quiet);
  Output().write(options.json ? rows_bench_json(times) : rows_bench_text(times));
  return 0;
}

}  // namespace decant
