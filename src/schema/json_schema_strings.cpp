#include "schema/json_schema_strings.h"

#include <algorithm>

#include "base/error.h"
#include "schema/automaton_gbnf.h"
#include "schema/json_schema_types.h"
#include "schema/string_formats.h"

namespace decant {
namespace {

// Runs f; what it throws is said of `what` at `place`.
template <class F>
auto said_of(const std::string& what, const std::string& place, F f) {
  try {
    return f();
  } catch (const Error& error) {
    refuse_schema(place, what + ' ' + error.what());
  }
}

// A keyword's texts: one, or an array of those that hold together (SchemaMerger).
std::vector<std::string> texts(const OrderedJson& flat, const char* keyword, const std::string& place) {
  std::vector<std::string> result;
  if (!flat.contains(keyword)) return result;
  const OrderedJson& value = flat[keyword];
  for (const OrderedJson& each : value.is_array() ? value : OrderedJson::array({value})) {
    if (!each.is_string()) refuse_schema(place, fmt::format("{} must be a string", keyword));
    result.push_back(each.get<std::string>());
  }
  return result;
}

CharacterRun limited(CharacterRun run, long least, long most) {
  run.least = std::max(run.least, least);
  if (most >= 0) run.most = run.most < 0 ? most : std::min(run.most, most);
  return run;
}

}  // namespace

long count_of(const OrderedJson& flat, const char* keyword, long absent, const std::string& place) {
  if (!flat.contains(keyword)) return absent;
  const OrderedJson& value = flat[keyword];
  if (!value.is_number() || value < 0 || type_of(value) != "integer") {
    refuse_schema(place, fmt::format("{} must be a whole number that is not negative", keyword));
  }
  constexpr double beyond_every_text = 1L << 40;
  return value.get<double>() > beyond_every_text ? 1L << 40 : value.get<long>();
}

Dfa pattern_automaton(const std::string& pattern, const std::string& place) {
  return said_of("pattern " + pattern, place, [&] { return Regex(pattern).automaton(); });
}

StringLanguage::StringLanguage(const OrderedJson& flat, const std::string& place) : run_{every_character(), 0, -1} {
  const long least = count_of(flat, "minLength", 0, place), most = count_of(flat, "maxLength", -1, place);
  const auto patterns = texts(flat, "pattern", place);
  std::string what;
  const auto narrow = [&](const Dfa& dfa, const std::string& said) {
    what += (what.empty() ? "" : " and ") + said;
    dfa_ = dfa_ ? said_of(what, place, [&] { return intersection(*dfa_, dfa); }) : dfa;
  };
  for (const std::string& pattern : patterns) {
    const std::string said = "pattern " + pattern;
    const auto run = said_of(said, place, [&] { return Regex(pattern).run(); });
    if (run && patterns.size() == 1 && !flat.contains("format")) {
      run_ = *run;
    } else {
      narrow(pattern_automaton(pattern, place), said);
    }
  }
  for (const std::string& format : texts(flat, "format", place)) {
    if (const auto dfa = automaton_of_format(format)) narrow(*dfa, "format " + format);
  }
  if (dfa_ && !dfa_->is_empty()) {
    if (const auto run = run_of(*dfa_)) {
      run_ = *run;
      dfa_.reset();
    }
  }
  if (!dfa_) {
    run_ = limited(run_, least, most);
  } else if (!dfa_->is_empty()) {
    limit(least, most, fmt::format("{} with minLength {} and maxLength {}", what, least, most), place);
  }
}

// Counts in the automaton's states or, if they are too many for that, shares the length out.
void StringLanguage::limit(long least, long most, const std::string& said, const std::string& place) {
  try {
    dfa_ = decant::limited(*dfa_, least, most);
    return;
  } catch (const Error& error) {
    if (most < 0) refuse_schema(place, said + ' ' + error.what());
  }
  dfa_ = said_of(said, place, [&] { return decant::limited(*dfa_, least, -1); });
  most_ = most;
  written_ = with_shared_length(*dfa_, most);
  if (!written_) said_of(said, place, [&] { return decant::limited(*dfa_, 0, most); });
}

bool StringLanguage::is_empty() const { return dfa_ ? dfa_->is_empty() : run_.most >= 0 && run_.most < run_.least; }

bool StringLanguage::contains(std::u32string_view text) const {
  const long length = static_cast<long>(text.size());
  if (dfa_) return dfa_->contains(text) && (most_ < 0 || length <= most_);
  return run_.least <= length && (run_.most < 0 || length <= run_.most) &&
         std::all_of(text.begin(), text.end(), [this](char32_t c) { return decant::contains(run_.set, c); });
}

long StringLanguage::least_number(long enough) const {
  if (is_empty()) return 0;
  if (written_ || dfa_) return decant::least_number(written_ ? written_->dfa : *dfa_, enough);
  if (run_.most < 0 || run_.most >= enough) return enough;  // one of each length
  long letters = 0, n = run_.least == 0 ? 1 : 0, power = 1;
  for (const auto [first, last] : run_.set) letters = std::min(enough, letters + static_cast<long>(last - first) + 1);
  for (long length = 1; length <= run_.most && n < enough; ++length) {
    power = std::min(enough, power * letters);
    if (length >= run_.least) n += power;
  }
  return std::min(n, enough);
}

Dfa StringLanguage::automaton() const {
  if (dfa_) return decant::limited(*dfa_, 0, most_);
  Nfa nfa;
  nfa.start = nfa.accept = nfa.add_state();
  nfa.add_edge(0, {.kind = Nfa::characters, .to = 0, .set = run_.set});
  return limited(Dfa(nfa), run_.least, run_.most);
}

std::string StringLanguage::gbnf(GbnfRules& rules) const {
  if (written_) return json_strings_gbnf(written_->dfa, rules, written_->most_loops);
  return dfa_ ? json_strings_gbnf(*dfa_, rules) : json_strings_gbnf(run_.set, run_.least, run_.most, rules);
}

}  // namespace decant
