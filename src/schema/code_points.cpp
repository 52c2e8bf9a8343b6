#include "schema/code_points.h"

#include <algorithm>
#include <utility>

#include "schema/unicode_table.h"

namespace decant {
namespace {

constexpr char32_t kLast = 0x10FFFF, kFirstSurrogate = 0xD800, kLastSurrogate = 0xDFFF;

template <class F>
CodePointSet of_runs(std::span<const std::uint32_t> runs, F is_meant) {
  CodePointSet result;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const char32_t last = i + 1 < runs.size() ? (runs[i + 1] >> 8) - 1 : kLast;
    if (is_meant(runs[i] & 0xFF)) result.push_back({runs[i] >> 8, last});
  }
  return intersection(united(std::move(result)), every_character());
}

std::optional<CodePointSet> of_category(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kLongNames[] = {{"Letter", "L"},
                                                                                 {"Cased_Letter", "LC"},
                                                                                 {"Uppercase_Letter", "Lu"},
                                                                                 {"Lowercase_Letter", "Ll"},
                                                                                 {"Titlecase_Letter", "Lt"},
                                                                                 {"Modifier_Letter", "Lm"},
                                                                                 {"Other_Letter", "Lo"},
                                                                                 {"Mark", "M"},
                                                                                 {"Combining_Mark", "M"},
                                                                                 {"Nonspacing_Mark", "Mn"},
                                                                                 {"Spacing_Mark", "Mc"},
                                                                                 {"Enclosing_Mark", "Me"},
                                                                                 {"Number", "N"},
                                                                                 {"Decimal_Number", "Nd"},
                                                                                 {"digit", "Nd"},
                                                                                 {"Letter_Number", "Nl"},
                                                                                 {"Other_Number", "No"},
                                                                                 {"Punctuation", "P"},
                                                                                 {"punct", "P"},
                                                                                 {"Connector_Punctuation", "Pc"},
                                                                                 {"Dash_Punctuation", "Pd"},
                                                                                 {"Open_Punctuation", "Ps"},
                                                                                 {"Close_Punctuation", "Pe"},
                                                                                 {"Initial_Punctuation", "Pi"},
                                                                                 {"Final_Punctuation", "Pf"},
                                                                                 {"Other_Punctuation", "Po"},
                                                                                 {"Symbol", "S"},
                                                                                 {"Math_Symbol", "Sm"},
                                                                                 {"Currency_Symbol", "Sc"},
                                                                                 {"Modifier_Symbol", "Sk"},
                                                                                 {"Other_Symbol", "So"},
                                                                                 {"Separator", "Z"},
                                                                                 {"Space_Separator", "Zs"},
                                                                                 {"Line_Separator", "Zl"},
                                                                                 {"Paragraph_Separator", "Zp"},
                                                                                 {"Other", "C"},
                                                                                 {"Control", "Cc"},
                                                                                 {"cntrl", "Cc"},
                                                                                 {"Format", "Cf"},
                                                                                 {"Surrogate", "Cs"},
                                                                                 {"Private_Use", "Co"},
                                                                                 {"Unassigned", "Cn"}};
  for (const auto& [longer, code] : kLongNames) {
    if (name == longer) return of_category(code);
  }
  const auto all = unicode::categories();
  const auto is_meant = [&](std::size_t index) {
    if (name == "LC") return all[index] == "Lu" || all[index] == "Ll" || all[index] == "Lt";
    return name.size() == 1 ? all[index][0] == name[0] : all[index] == name;
  };
  bool known = name == "LC";
  for (std::size_t i = 0; i < all.size(); ++i) known = known || is_meant(i);
  if (!known) return std::nullopt;
  return of_runs(unicode::category_runs(), is_meant);
}

std::optional<CodePointSet> of_script(std::string_view name) {
  const auto all = unicode::scripts();
  const auto found =
      std::find_if(all.begin(), all.end(), [name](const auto& each) { return name == each.code || name == each.name; });
  if (found == all.end()) return std::nullopt;
  const auto index = static_cast<std::size_t>(found - all.begin());
  return of_runs(unicode::script_runs(), [index](std::size_t each) { return each == index; });
}

// f(character, the one it is matched as) for those of a run.
template <class F>
void each_pair(const unicode::CaseRun& run, F f) {
  for (char32_t c = run.first; c <= run.last; c += static_cast<char32_t>(run.step)) {
    f(c, static_cast<char32_t>(static_cast<std::int32_t>(c) + run.distance));
  }
}

}  // namespace

CodePointSet every_character() { return {{0, kFirstSurrogate - 1}, {kLastSurrogate + 1, kLast}}; }

CodePointSet united(CodePointSet ranges) {
  std::sort(ranges.begin(), ranges.end());
  CodePointSet result;
  for (const CodePoints& each : ranges) {
    if (!result.empty() && each.first <= result.back().last + 1) {
      result.back().last = std::max(result.back().last, each.last);
    } else {
      result.push_back(each);
    }
  }
  return result;
}

CodePointSet complement(const CodePointSet& set) {
  CodePointSet result;
  char32_t next = 0;
  for (const auto [first, last] : set) {
    if (next < first) result.push_back({next, first - 1});
    next = last + 1;
  }
  if (next <= kLast) result.push_back({next, kLast});
  return intersection(result, every_character());
}

CodePointSet intersection(const CodePointSet& a, const CodePointSet& b) {
  CodePointSet result;
  for (auto one = a.begin(), other = b.begin(); one != a.end() && other != b.end();) {
    const CodePoints both{std::max(one->first, other->first), std::min(one->last, other->last)};
    if (both.first <= both.last) result.push_back(both);
    one->last < other->last ? ++one : ++other;
  }
  return result;
}

CodePointSet without(const CodePointSet& set, const CodePointSet& others) {
  return intersection(set, complement(others));
}

bool contains(const CodePointSet& set, char32_t c) {
  const auto behind = std::upper_bound(set.begin(), set.end(), c, [](char32_t x, CodePoints y) { return x < y.first; });
  return behind != set.begin() && c <= std::prev(behind)->last;
}

bool includes(const CodePointSet& set, const CodePointSet& part) { return without(part, set).empty(); }

CodePointSet in_any_case(const CodePointSet& set) {
  CodePointSet folded = set;  // with what the members are matched as
  for (const auto& run : unicode::case_runs()) {
    each_pair(run, [&](char32_t c, char32_t other) {
      if (contains(set, c)) folded.push_back({other, other});
    });
  }
  folded = united(std::move(folded));
  CodePointSet result = folded;
  for (const auto& run : unicode::case_runs()) {
    each_pair(run, [&](char32_t c, char32_t other) {
      if (contains(folded, other)) result.push_back({c, c});
    });
  }
  return united(std::move(result));
}

std::optional<CodePointSet> unicode_property(std::string_view text) {
  if (text == "Any") return every_character();
  if (text == "ASCII") return CodePointSet{{0, 0x7F}};
  if (text == "Assigned") return complement(*of_category("Cn"));
  const std::size_t equals = text.find('=');
  if (equals == text.npos) return of_category(text);
  const std::string_view name = text.substr(0, equals), value = text.substr(equals + 1);
  if (name == "General_Category" || name == "gc") return of_category(value);
  if (name == "Script" || name == "sc") return of_script(value);
  return std::nullopt;
}

}  // namespace decant
