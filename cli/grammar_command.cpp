// decant grammar: the GBNF of a schema, and whether a text follows a grammar. No model is needed.
#include <algorithm>

#include "base/error.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "cli/style.h"
#include "grammar/text_check.h"
#include "llama/llama_grammar.h"
#include "schema/json_schema.h"

namespace decant {
namespace {

struct Options {
  std::optional<std::string> grammar, grammar_file, schema, schema_file;
  PromptOptions text;
};

constexpr const char* kGroup = "Grammar";

bool parse(const std::string& action, const std::vector<std::string>& arguments, Options& options) {
  const bool checks = action == "check";
  Flags flags("decant grammar " + action,
              checks ? "Say whether a text follows a grammar. Exit code 0 if the whole text does, 65 if not."
                     : "Print the GBNF grammar that texts of a JSON schema follow.",
              checks ? "Example: decant grammar check --json-schema '{\"type\":\"integer\"}' 42"
                     : "Example: decant grammar show --json-schema '{\"type\":\"integer\",\"minimum\":1}'");
  const auto option = [&](const char* names, auto& value, const char* type, const char* doc) {
    flags.own(names, value, doc).type(type).group(kGroup);
  };
  if (checks) {
    flags.own("TEXT", options.text.argument, "the text; - is standard input, as is no text at all");
    flags.own("-f,--file", options.text.file, "a file with the text; - is standard input").type("FILE").group("Text");
  }
  option("--grammar", options.grammar, "TEXT", "a GBNF grammar");
  option("--grammar-file,--grammar_file", options.grammar_file, "FILE", "a file with the grammar");
  option("-j,--json-schema,--json_schema", options.schema, "TEXT", "a JSON schema");
  option("--json-schema-file,--json_schema_file", options.schema_file, "FILE", "a file with the schema");
  if (flags.parse(arguments)) return true;
  Output().write(flags.help());
  return false;
}

std::string gbnf(const Options& options) {
  const std::optional<std::string>* sources[] = {&options.grammar, &options.grammar_file, &options.schema,
                                                 &options.schema_file};
  if (std::count_if(std::begin(sources), std::end(sources), [](const auto* each) { return each->has_value(); }) != 1) {
    throw Error(ErrorKind::usage,
                "give one of --grammar, --grammar-file, --json-schema and --json-schema-file, and only one");
  }
  if (options.grammar) return *options.grammar;
  if (options.grammar_file) return read_text_file(*options.grammar_file, "--grammar-file");
  return json_schema_to_gbnf(options.schema ? *options.schema
                                            : read_text_file(*options.schema_file, "--json-schema-file"));
}

// Throws Error(data) with the place where the text leaves the grammar.
void check(const Options& options) {
  const GrammarRules rules = parse_gbnf(gbnf(options));
  const std::string text = read_text(options.text);
  const auto fault = check_text(rules, text);
  if (!fault) return;
  const std::string_view before = std::string_view(text).substr(0, fault->at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::string_view in_line = before.substr(before.rfind('\n') + 1);
  const auto column = 1 + std::count_if(in_line.begin(), in_line.end(), [](char c) { return (c & 0xC0) != 0x80; });
  throw Error(ErrorKind::data, "line {}, column {} (byte {}): {}; what can stand there: {}", line, column, fault->at,
              fault->at == text.size() ? "the text ends too soon" : "the text leaves the grammar", fault->expected);
}

}  // namespace

int grammar_command(const std::vector<std::string>& arguments) {
  const std::string action = arguments.empty() ? "--help" : arguments[0];
  if (action == "--help" || action == "-h" || action == "--help-all") {
    const int width = help_width();
    Output().write(wrap("Usage: decant grammar show|check [options]", width) + "\n" +
                   help_text({{"Actions", "show", "print the GBNF grammar of a JSON schema"},
                              {"Actions", "check", "say whether a text follows a grammar or a JSON schema"}},
                             width) +
                   wrap("decant grammar show --help and decant grammar check --help list the options.", width) + "\n");
    return 0;
  }
  if (action != "show" && action != "check") {
    throw Error(ErrorKind::usage, "decant grammar {}: it can be show or check", action);
  }
  Options options;
  if (!parse(action, {arguments.begin() + 1, arguments.end()}, options)) return 0;
  if (action == "check") {
    check(options);
    return 0;
  }
  const std::string text = gbnf(options);
  parse_gbnf(text);
  Output().write(text.ends_with('\n') ? text : text + "\n");
  return 0;
}

}  // namespace decant
