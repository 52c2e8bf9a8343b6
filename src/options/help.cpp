#include "options/help.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace decant {
namespace {

constexpr int widest_flags = 30;  // the text of longer ones follows them, or stands below
constexpr int narrowest = 24;     // for a text beside its flags

std::string code(std::string_view text) { return text.empty() ? "" : fmt::format("`{}`", text); }

std::string visible(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos; ++at) text.replace(at, 1, "\\n");
  return text;
}

}  // namespace

HelpRow help_row(const FieldInfo& field, Value default_value) {
  const std::string_view alias = field.aliases[0];
  const std::string text = visible(to_text(default_value));
  std::string flags = alias.empty() ? "" : fmt::format("{}, ", alias);
  flags += fmt::format("{} {}", dashed(field.name), placeholder(default_value, field));
  const std::string doc = text.empty() ? std::string(field.doc) : fmt::format("{} [{}]", field.doc, text);
  return {std::string(field.group), flags, doc, field.advanced};
}

std::vector<std::string> help_lines(std::string_view text, int width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (!lines.back().empty() && std::ssize(lines.back()) + 1 + std::ssize(word) > width) lines.emplace_back();
    lines.back() += lines.back().empty() ? std::string(word) : fmt::format(" {}", word);
  }
  return lines;
}

std::string help_text(const std::vector<HelpRow>& rows, int width) {
  int column = 0;
  std::vector<std::string_view> groups;
  for (const HelpRow& row : rows) {
    if (std::ssize(row.flags) <= widest_flags) column = std::max(column, static_cast<int>(row.flags.size()));
    if (std::find(groups.begin(), groups.end(), row.group) == groups.end()) groups.push_back(row.group);
  }
  column = std::min(column + 4, std::max(width - narrowest, 6));
  std::string text;
  for (const std::string_view group : groups) {
    for (const std::string& part : help_lines(fmt::format("{}:", group), width)) text += part + "\n";
    for (const HelpRow& row : rows) {
      if (row.group != group) continue;
      std::string line = "  " + row.flags;
      if (std::ssize(line) > column - 2 && std::ssize(line) + 2 + std::ssize(row.doc) <= width) {
        text += fmt::format("{}  {}\n", line, row.doc);
        continue;
      }
      if (std::ssize(line) + 2 > column) {
        for (const std::string& part : help_lines(row.flags, width - 2)) text += "  " + part + "\n";
        line.clear();
      }
      for (const std::string& part : help_lines(row.doc, width - column)) {
        text += fmt::format("{:<{}}{}\n", line, column, part);
        line.clear();
      }
    }
  }
  return text;
}

std::string reference_heading(std::string_view group) {
  return fmt::format("\n## {}\n\n", group) +
         "| option | default | value | meaning | when to change it | read by | also |\n"
         "|---|---|---|---|---|---|---|\n";
}

std::string reference_row(const FieldInfo& field, Value default_value, std::string_view read_by) {
  std::string also;
  for (const std::string_view alias : aliases(field)) also += (also.empty() ? "" : ", ") + code(alias);
  return fmt::format("| `{}` | {} | {} | {} | {} | {} | {} |\n", field.name, code(visible(to_text(default_value))),
                     requirement(default_value, field), field.doc, field.when, read_by, also);
}

}  // namespace decant
