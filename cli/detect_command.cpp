// decant detect: whether a text carries the watermark of given options.
#include "base/error.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/session.h"
#include "processors/recipe.h"
#include "processors/watermark_detector.h"
#include "strategies/resolve.h"

namespace decant {
namespace {

struct Options {
  GenerationConfig config;
  ModelOptions model;
  PromptOptions text;
  WatermarkTest test;
  bool json = false, quiet = false;
};

// False when help was asked for, and given.
bool parse(const std::vector<std::string>& arguments, Options& options) {
  Flags flags("decant detect", "Say whether a text was written with --watermark. Give the text without its prompt.",
              "Example: decant run --temperature 1 --watermark \"My day\" | decant detect");
  flags.own("TEXT", options.text.argument, "the text; - is standard input, as is no text at all");
  flags.own("-f,--file", options.text.file, "a file with the text").type("FILE").group("Text");
  flags.own("--z-threshold", options.test.z_threshold, "above this z-score the text counts as marked [3]")
      .type("X")
      .group("Text");
  flags.own("--ignore-repeated-ngrams", options.test.ignore_repeated_ngrams, "what occurs again counts once")
      .group("Text");
  flags.own("--json", options.json, "one JSON object").group("Output");
  flags.own("--quiet", options.quiet, "no progress on standard error").group("Output");
  const auto table = generation_fields();
  for (const auto& field : table) {
    if (field.needs == "watermark") flags.add(Fields<GenerationConfig>(&field, 1), options.config);
  }
  flags.add(model_fields(), options.model);
  if (flags.parse(arguments)) return true;
  Output().write(flags.help());
  return false;
}

}  // namespace

int detect_command(const std::vector<std::string>& arguments) {
  Options options;
  if (!parse(arguments, options)) return 0;
  options.config.watermark = true;
  resolve_strategy(options.config);
  const std::string text = read_prompt(options.text);
  const auto file = load_model(options.model, options.quiet);
  const std::vector<Token> tokens = file->vocab().tokenize(text, false, false);
  const WatermarkFinding found =
      detect_watermark(tokens, watermark_config(options.config), file->vocab().size(), {}, options.test);
  Output output;
  if (options.json) {
    JsonWriter json;
    json.begin_object();
    json.field("is_watermarked", found.is_watermarked).field("z_score", found.z_score).field("p_value", found.p_value);
    json.field("n_scored", found.n_scored).field("n_green", found.n_green);
    json.field("green_fraction", found.green_fraction).end_object();
    output.write(json.text() + "\n");
  } else {
    output.write(fmt::format("{}: {} of {} tokens are green ({:.1f}%, by chance {:.1f}%), z = {:.2f}, p = {:.2g}\n",
                             found.is_watermarked ? "watermarked" : "no watermark found", found.n_green, found.n_scored,
                             100 * found.green_fraction, 100 * options.config.watermark_greenlist_ratio, found.z_score,
                             found.p_value));
  }
  return 0;
}

}  // namespace decant
