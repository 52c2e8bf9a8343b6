#include "cli/flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <sstream>
#include <type_traits>
#include <utility>

#include "cli/output.h"
#include "cli/style.h"

namespace decant {
namespace {

// Long flags in both spellings, for CLI11: "--top-p,--top_p".
std::string both_spellings(std::string_view name) {
  const std::string with_dashes = dashed(name.starts_with("--") ? name.substr(2) : name);
  std::string with_underscores = with_dashes;
  std::replace(with_underscores.begin() + 2, with_underscores.end(), '-', '_');
  return with_dashes == with_underscores ? with_dashes : with_dashes + "," + with_underscores;
}

bool is_flag(std::string_view argument) {  // not "-" (stdin), a negative number, or "- a list item"
  constexpr std::string_view starts_no_flag = "0123456789 \n";
  return argument.size() > 1 && argument[0] == '-' && starts_no_flag.find(argument[1]) == argument.npos;
}

HelpRow help_row(const CLI::Option& option) {
  std::string flags;
  for (const std::string& name : option.get_snames()) flags += (flags.empty() ? "-" : ", -") + name;
  for (const std::string& name : option.get_lnames()) flags += (flags.empty() ? "--" : ", --") + name;
  if (flags.empty()) return {option.get_group(), option.get_name(true), option.get_description(), false};
  if (option.get_items_expected_max() > 0) flags += " " + option.get_type_name();
  return {option.get_group(), flags, option.get_description(), false};
}

// A command broken between its arguments in the shell's way, so that it can still be copied.
std::string wrap_command(std::string_view command, int width) {
  std::string text;
  int used = 0;
  while (!command.empty()) {
    bool quoted = false;
    std::size_t length = 0;
    for (; length < command.size() && (quoted || command[length] != ' '); ++length) quoted ^= command[length] == '"';
    const std::string_view word = command.substr(0, length);
    command.remove_prefix(std::min(length + 1, command.size()));
    const bool last = command.empty();
    if (used > 0 && used + 1 + columns(word) + (last ? 0 : 2) > width) {
      text += " \\\n   ";
      used = 3;
    }
    text += used > 0 ? " " : "";
    text += word;
    used += (used > 0 ? 1 : 0) + columns(word);
  }
  return text;
}

}  // namespace

int help_width() {
  for (const StandardStream stream : {StandardStream::output, StandardStream::error}) {
    const int columns = terminal_size(stream).columns;
    if (columns > 0) return std::clamp(columns, 40, 120);
  }
  return 120;
}

OwnOption OwnOption::type(const std::string& name) {
  option_->type_name(name);
  return *this;
}

OwnOption OwnOption::group(const std::string& title) {
  option_->group(title);
  return *this;
}

Flags::Flags(const std::string& command, const std::string& description, const std::string& footer)
    : app_(std::make_unique<CLI::App>(description, command)) {
  app_->footer(footer);
  app_->set_help_all_flag("--help-all", "every option");
}

Flags::~Flags() = default;

template <class Value>
OwnOption Flags::own(const std::string& names, Value& value, const std::string& doc) {
  if constexpr (std::is_same_v<Value, bool>) {
    return OwnOption(app_->add_flag(names, value, doc));
  } else if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
    return OwnOption(app_->add_option(names, value, doc)->allow_extra_args(false));
  } else {
    return OwnOption(app_->add_option(names, value, doc));
  }
}

template OwnOption Flags::own(const std::string&, bool&, const std::string&);
template OwnOption Flags::own(const std::string&, int&, const std::string&);
template OwnOption Flags::own(const std::string&, double&, const std::string&);
template OwnOption Flags::own(const std::string&, std::string&, const std::string&);
template OwnOption Flags::own(const std::string&, std::optional<int>&, const std::string&);
template OwnOption Flags::own(const std::string&, std::optional<std::string>&, const std::string&);
template OwnOption Flags::own(const std::string&, std::vector<std::string>&, const std::string&);

OwnOption Flags::own_function(const std::string& names, std::function<void(const std::string&)> set_value,
                              const std::string& doc) {
  return OwnOption(app_->add_option_function(names, std::move(set_value), doc));
}

void Flags::add(const FieldInfo& field, Value default_value, std::function<void(std::string_view)> set_field) {
  std::string names = both_spellings(field.name);
  for (const std::string_view alias : aliases(field)) {
    if (alias.starts_with("--")) {
      names += "," + both_spellings(alias);
    } else if (alias.size() == 2) {
      names += "," + std::string(alias);
    } else {
      long_names_.emplace(alias, dashed(field.name));
    }
  }
  CLI::callback_t callback = [set_field = std::move(set_field)](const CLI::results_t& texts) {
    for (const std::string& text : texts) set_field(text);
    return true;
  };
  const CLI::Option* option =
      app_->add_option(names, std::move(callback))->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  Row row{decant::help_row(field, default_value), is_boolean(default_value), placeholder(default_value, field)};
  const auto words = field.range.choices ? field.range.choices() : field.range.words;
  row.words.assign(words.begin(), words.end());
  rows_.emplace(option, std::move(row));
}

bool Flags::is_switch(const CLI::Option* option) const {
  const auto row = rows_.find(option);
  return row != rows_.end() && row->second.is_switch;
}

// Null for several one-letter flags, or one with its value, in one argument ("-n5"): CLI11 takes them apart.
const CLI::Option* Flags::find_flag(const std::string& flag) const {
  if (const CLI::Option* option = app_->get_option_no_throw(flag)) return option;
  const bool is_long = flag.starts_with("--");
  if (is_long || flag.size() == 2 || !app_->get_option_no_throw(flag.substr(0, 2)) ||
      app_->get_option_no_throw("-" + flag)) {
    reject_unknown(flag);
  }
  return nullptr;
}

void Flags::reject_unknown(std::string_view flag) const {
  std::string bare(flag.substr(std::min(flag.find_first_not_of('-'), flag.size())));
  std::replace(bare.begin(), bare.end(), '_', '-');
  std::vector<std::string_view> names;
  for (const CLI::Option* option : app_->get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (name.find('_') == std::string::npos) names.push_back(name);
    }
  }
  const std::string_view near = bare.size() > 1 ? closest(bare, names) : "";
  if (!near.empty()) throw Error(ErrorKind::usage, "unknown option {}: did you mean --{}?", flag, near);
  throw Error(ErrorKind::usage, "unknown option {}: see --help, or put -- before a text that begins with a dash", flag);
}

// The same arguments, with each flag that takes a value followed by just that value in an argument of its own. False if
// they ask for help.
bool Flags::clarify(const std::vector<std::string>& arguments, std::vector<std::string>& clear) {
  for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
    if (*argument == "--") {
      clear.insert(clear.end(), argument, arguments.end());
      return true;
    }
    if (!is_flag(*argument)) {
      clear.push_back(*argument);
      continue;
    }
    const std::size_t equals = argument->starts_with("--") ? argument->find('=') : std::string::npos;
    std::string flag = argument->substr(0, equals);
    if (const auto full = long_names_.find(flag); full != long_names_.end()) flag = full->second;
    const CLI::Option* option = find_flag(flag);
    help_all_ = option && option == app_->get_help_all_ptr();
    if (help_all_ || (option && option == app_->get_help_ptr())) return false;
    if (!option || option->get_items_expected_min() == 0) {
      const std::string value = equals == std::string::npos ? "true" : argument->substr(equals + 1);
      if (!parse_boolean(value)) throw Error(ErrorKind::usage, "{} is '{}': it must be true or false", flag, value);
      clear.push_back(*argument);
      continue;
    }
    clear.push_back(flag);
    const auto next = std::next(argument);
    if (equals != std::string::npos) {
      clear.push_back(argument->substr(equals + 1));
    } else if (is_switch(option) && (next == arguments.end() || !parse_boolean(*next))) {
      clear.push_back("true");
    } else if (next != arguments.end()) {
      clear.push_back(*next);
      argument = next;
    } else {
      throw Error(ErrorKind::usage, "{} needs a value", flag);
    }
  }
  return true;
}

CommandFacts Flags::facts() const {
  CommandFacts facts{app_->get_name(), app_->get_description(), app_->get_footer(), {}, {}};
  for (const CLI::Option* option : app_->get_options()) {
    const auto row = rows_.find(option);
    const bool own = row == rows_.end();
    FlagFacts flag{
        .names = {}, .value = {}, .words = {}, .doc = option->get_description(), .group = option->get_group()};
    for (const std::string& name : option->get_snames()) flag.names.push_back("-" + name);
    for (const auto& [name, full] : long_names_) {
      if (option->check_lname(full.substr(2))) flag.names.push_back(name);
    }
    for (const std::string& name : option->get_lnames()) {
      if (name.find('_') == std::string::npos) flag.names.push_back("--" + name);
    }
    if (option->get_items_expected_max() > 0) flag.value = own ? option->get_type_name() : row->second.value;
    if (!own) {
      flag.doc = row->second.help.doc;
      flag.group = row->second.help.group;
      flag.words = row->second.words;
    }
    if (flag.words.empty() && flag.value.find('|') != std::string::npos) {
      std::istringstream words(flag.value);
      for (std::string word; std::getline(words, word, '|');) flag.words.push_back(word);
    }
    if (option->get_positional()) flag.value = option->get_name(true);
    (option->get_positional() ? facts.arguments : facts.flags).push_back(std::move(flag));
  }
  return facts;
}

namespace {

CommandFacts* listener = nullptr;  // to what a command says of itself

}  // namespace

CommandFacts describe(int (*command)(const std::vector<std::string>&), const std::vector<std::string>& arguments) {
  CommandFacts facts;
  listener = &facts;
  command(arguments);
  listener = nullptr;
  return facts;
}

bool Flags::parse(const std::vector<std::string>& arguments) {
  if (listener) {
    *listener = facts();
    return false;
  }
  std::vector<std::string> clear;
  if (!clarify(arguments, clear)) return false;
  std::reverse(clear.begin(), clear.end());  // the order that CLI11 wants
  try {
    app_->parse(std::move(clear));
  } catch (const CLI::ExtrasError&) {
    const std::vector<std::string> surplus = app_->remaining();
    const auto first = std::find_if(surplus.begin(), surplus.end(), [](const auto& text) { return text != "--"; });
    throw Error(ErrorKind::usage, "unexpected argument '{}': put a text with blanks in quotes",
                first == surplus.end() ? "--" : *first);
  } catch (const CLI::ArgumentMismatch& error) {  // "--file: ...", of an own option, or of "-qn" without a number
    const std::string_view text = error.what();
    const bool is_missing = text.ends_with("missing");
    throw Error(ErrorKind::usage, "{} {}", text.substr(0, text.find(':')),
                is_missing ? "needs a value" : "was given more than once");
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::usage, error.what());
  }
  return true;
}

std::string Flags::help() const {
  if (listener) return "";  // it knows already
  std::string usage = fmt::format("Usage: {} [options]", app_->get_name());
  std::vector<HelpRow> rows, late;  // late: a command's own among the table's groups, whose order is the table's
  bool hidden = false;
  for (const CLI::Option* option : app_->get_options()) {
    if (option->get_positional()) usage += fmt::format(" [{}]", option->get_name(true));
    if (option->get_group().empty()) continue;
    const auto row = rows_.find(option);
    const bool own = row == rows_.end();
    const HelpRow help = own ? help_row(*option) : row->second.help;
    const bool hide = help.advanced && !help_all_;
    hidden = hidden || hide;
    if (!hide) (own && is_of_table(help.group) ? late : rows).push_back(help);
  }
  rows.insert(rows.end(), late.begin(), late.end());
  const int width = help_width();
  const auto lines = [width](const std::string& text) { return text.empty() ? "" : wrap(text, width) + "\n"; };
  return lines(usage) + lines(app_->get_description()) + help_text(rows, width) +
         lines(hidden ? "--help-all lists every option." : "") + wrap_command(app_->get_footer(), width) + "\n";
}

bool Flags::is_of_table(std::string_view group) const {
  return std::any_of(rows_.begin(), rows_.end(), [&](const auto& row) { return row.second.help.group == group; });
}

}  // namespace decant
