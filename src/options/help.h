// Help and reference pages, made from option tables.
#pragma once

#include <string>
#include <vector>

#include "options/table.h"

namespace decant {

struct HelpRow {
  std::string group;
  std::string flags;  // "--temp, --temperature X"
  std::string doc;    // "divides the logits; 0 is greedy [1]"
  bool advanced = false;
};

HelpRow help_row(const FieldInfo& field, Value default_value);

template <class Options>
std::vector<HelpRow> help_rows(Fields<Options> table) {
  std::vector<HelpRow> rows;
  for (const Field<Options>& field : table) rows.push_back(help_row(field, default_of(field)));
  return rows;
}

// The rows under the headings of their groups, both in the order in which they first come, in lines of `width` columns.
std::string help_text(const std::vector<HelpRow>& rows, int width);

std::vector<std::string> help_lines(std::string_view text, int width);  // of an ASCII text, broken at blanks

std::string reference_row(const FieldInfo& field, Value default_value, std::string_view read_by);
std::string reference_heading(std::string_view group);

// Who reads an option.
using Readers = std::string (*)(const FieldInfo&);
inline std::string read_by_all(const FieldInfo&) { return "all"; }

// The same as a page in Markdown: a table for each group with range, default, advice, readers and aliases.
template <class Options>
std::string reference_text(Fields<Options> table, Readers readers = read_by_all) {
  std::string page;
  std::string_view group;
  for (const Field<Options>& field : table) {
    if (field.group != group) page += reference_heading(field.group);
    group = field.group;
    page += reference_row(field, default_of(field), readers(field));
  }
  return page;
}

}  // namespace decant
