#include "schema/string_formats.h"

#include <fmt/format.h>

#include <compare>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "schema/punycode.h"
#include "schema/regex.h"

namespace decant {
namespace {

Dfa matching(const std::string& pattern) { return Regex("^(" + pattern + ")$").automaton(); }

std::string either(const std::string& a, const std::string& b) { return "(" + a + "|" + b + ")"; }

// ---- RFC 3339 -------------------------------------------------------------------------------------------------------

const std::string kYear = "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)";
const std::string kDate =
    kYear +
    "-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|"
    "30)|(0[13578]|1[02])-31)|([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-02-29";
const std::string kFraction = "(\\.[0-9]+)?";
const std::string kTime =
    "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]" + kFraction + "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";

// 23:59:60 UTC, said at a whole number of quarters of an hour from `first` minutes on, east or west of it.
std::string leap_seconds(char sign, int first) {
  std::string result;
  for (int offset = first; offset < 24 * 60; offset += 15) {
    const int local = (23 * 60 + 59 + (sign == '+' ? offset : 24 * 60 - offset)) % (24 * 60);
    result += fmt::format("{}{:02}:{:02}:60{}\\{}{:02}:{:02}", result.empty() ? "" : "|", local / 60, local % 60,
                          kFraction, sign, offset / 60, offset % 60);
  }
  return result;
}

std::string leap_second_today() { return "23:59:60" + kFraction + "([Zz]|\\+00:00)|" + leap_seconds('-', 0); }
std::string leap_second_tomorrow() { return leap_seconds('+', 15); }  // by the local calendar

std::string time() { return kTime + "|" + leap_second_today() + "|" + leap_second_tomorrow(); }

std::string date_time() {
  return "(" + kDate + ")[Tt]" + kTime + "|" + kYear + "-(06-30|12-31)[Tt](" + leap_second_today() + ")|" + kYear +
         "-(07-01|01-01)[Tt](" + leap_second_tomorrow() + ")";
}

std::string duration() {
  const std::string time = "T([0-9]+H([0-9]+M([0-9]+S)?)?|[0-9]+M([0-9]+S)?|[0-9]+S)";
  const std::string date = "([0-9]+D|[0-9]+M([0-9]+D)?|[0-9]+Y([0-9]+M([0-9]+D)?)?)";
  return "P(" + date + "(" + time + ")?|" + time + "|[0-9]+W)";
}

// ---- hosts ----------------------------------------------------------------------------------------------------------

const std::string kIpv4 =
    "((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";

std::string ipv6() {  // IPv6address of RFC 3986
  const std::string group = "[0-9A-Fa-f]{1,4}", last = "(" + group + ":" + group + "|" + kIpv4 + ")";
  std::string result = "(" + group + ":){6}" + last;
  for (int behind = 5; behind >= -1; --behind) {  // groups behind ::, of the last two not counted
    const int most = 5 - behind;                  // before it, less one
    const std::string before = most > 0 ? fmt::format("(({0}:){{0,{1}}}{0})?", group, most - 1) : std::string();
    const std::string rest = behind > 0    ? fmt::format("({}:){{{}}}{}", group, behind, last)
                             : behind == 0 ? last
                                           : group;
    result += "|" + before + "::" + rest;
  }
  return result + "|((" + group + ":){0,6}" + group + ")?::";
}

// A text of each, one behind the other.
Dfa joined(const Dfa& a, const Dfa& b) {
  Nfa nfa = a.as_nfa();
  const Nfa second = b.as_nfa();
  const int offset = static_cast<int>(nfa.states.size());
  for (const auto& edges : second.states) {
    nfa.states.push_back(edges);
    for (Nfa::Edge& edge : nfa.states.back()) edge.to += offset;
  }
  nfa.add_edge(nfa.accept, {.kind = Nfa::empty, .to = second.start + offset});
  nfa.accept = second.accept + offset;
  return Dfa(nfa);
}

Dfa any_of(const Dfa& a, const Dfa& b) { return complement(intersection(complement(a), complement(b))); }

// RFC 1123: labels of up to 63 letters, digits and inner hyphens, in all up to 253 characters. Each label is counted
// with three more characters and rounded up to sixteens, of which there are sixteen.
Dfa ascii_hostname() {
  struct State {
    int labels = 0;  // sixteens of those before
    int length = 0;  // of the label
    bool hyphen = false;
    int prefix = 0;  // how much of xn--; -1: it begins otherwise
    auto operator<=>(const State&) const = default;
  };
  const Alphabet alphabet({{{U'.', U'.'}},
                           {{U'-', U'-'}},
                           {{U'X', U'X'}, {U'x', U'x'}},
                           {{U'N', U'N'}, {U'n', U'n'}},
                           {{U'0', U'9'}, {U'A', U'Z'}, {U'a', U'z'}}});
  const auto sixteens = [](int length) { return (length + 3 + 15) / 16; };
  const auto ends = [](const State& at) { return at.length > 0 && !at.hyphen; };
  const auto step = [&](const State& at, int letter) -> std::optional<State> {
    const CodePointSet& set = alphabet.characters(letter);
    const auto is = [&set](char32_t c) { return contains(set, c); };
    if (is(U'.')) {
      return ends(at) ? std::optional(State{.labels = at.labels + sixteens(at.length)}) : std::nullopt;
    }
    if (!is(U'-') && !is(U'a') && !is(U'x') && !is(U'n')) return std::nullopt;
    if ((is(U'-') && at.length == 0) || at.length == 63) return std::nullopt;
    if (at.labels + sixteens(at.length + 1) > 16) return std::nullopt;
    const bool goes_on = (at.prefix == 0 && is(U'x')) || (at.prefix == 1 && is(U'n')) || (at.prefix >= 2 && is(U'-'));
    const int prefix = at.prefix >= 0 && goes_on ? at.prefix + 1 : -1;
    if (prefix == 4) return std::nullopt;
    return State{.labels = at.labels, .length = at.length + 1, .hyphen = is(U'-'), .prefix = prefix};
  };
  return Dfa::explored(alphabet, State(), step, ends);
}

// Up to three labels.
Dfa hosts_of(const Dfa& first, const Dfa& later, const std::string& dot) {
  const Dfa next = joined(matching(dot), later);
  return any_of(first, any_of(joined(first, next), joined(joined(first, next), next)));
}

// All texts of a character of the first set, `between`, and one of the second, as labels of the DNS.
Dfa labels_between(const CodePointSet& first, const std::u32string& between, const CodePointSet& second) {
  std::vector<std::u32string> labels;
  const auto each = [](const CodePointSet& set, auto f) {
    for (const auto [low, high] : set) {
      for (char32_t c = low; c <= high; ++c) f(c);
    }
  };
  each(first, [&](char32_t a) {
    each(second, [&](char32_t b) {
      const std::string label = "xn--" + punycode(a + between + b);
      labels.emplace_back(label.begin(), label.end());
    });
  });
  return Dfa::of_texts(labels);
}

const CodePointSet kGreek = {{U'α', U'ω'}}, kHebrew = {{U'א', U'ת'}}, kDevanagari = {{U'क', U'ह'}};
const CodePointSet kArabic = {{0x620, 0x63F}, {0x641, 0x64A}, {0x6FD, 0x6FE}};

// Hosts with labels that begin with xn--: of those that are two letters with nothing between, or with what calls for
// letters on its sides (RFC 5892, appendix A).
Dfa encoded_hostname() {
  const CodePointSet l = {{U'l', U'l'}}, dot = {{0x30FB, 0x30FB}}, kana = {{U'ぁ', U'ゖ'}, {U'ァ', U'ヺ'}};
  Dfa label = labels_between(l, U"·", l);
  for (const Dfa& more : {labels_between(kGreek, U"", kGreek), labels_between(kGreek, U"\u0375", kGreek),
                          labels_between(kDevanagari, U"\u094D\u200C", kDevanagari),
                          labels_between(kDevanagari, U"\u094D\u200D", kDevanagari), labels_between(dot, U"", kana),
                          labels_between({{0x6F0, 0x6F9}}, U"", {{U'0', U'9'}})}) {
    label = any_of(label, more);
  }
  Dfa right_to_left = any_of(labels_between(kArabic, U"", kArabic), labels_between(kArabic, U"\u0660", kArabic));
  for (const std::u32string between : {U"", U"\u05F3", U"\u05F4"}) {
    right_to_left = any_of(right_to_left, labels_between(kHebrew, between, kHebrew));
  }
  const Dfa plain = limited(matching("[A-Za-z0-9]+(-[A-Za-z0-9]+)*"), 1, 63);
  return any_of(hosts_of(label, plain, "\\."), right_to_left);
}

Dfa hostname() { return any_of(ascii_hostname(), encoded_hostname()); }

// IDNA 2008 (RFC 5892, 5893), of which these are labels in any case: up to 12 letters that are their own small form and
// normal form, of scripts written from left to right, or all of Hebrew or all of Arabic; joiners and dots between the
// letters that call for them.
Dfa idn_hostname(const std::string& dot, const Dfa& ascii) {
  const std::string latin = "a-zà-öø-ÿāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįıķĸĺļľłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷźżž";
  const std::string east = "ぁ-ゖァ-ヺー一-鿿々〇";
  const std::string first = latin + "ά-ώа-џა-ჰक-हก-ะ가-힣" + east + "0-9\u06F0-\u06F9";
  const std::string between = "(?<=l)·(?=l)|\u0375(?=[ά-ώ])|(?<=\u094D)[\u200C\u200D](?=[क-ह])|[\u094D\u0F0B]";
  const std::string left = "[" + first + "](([" + first + "-]|" + between + "){0,10}[" + first + "])?";
  const std::string dotted = "(?=.*[" + east + "])[・" + east + "]{1,12}";
  const std::string hebrew = "[א-ת]([א-ת]|(?<=[א-ת])[\u05F3\u05F4](?=[א-ת])){0,11}";
  const std::string letters = "\u0620-\u063F\u0641-\u064A\u06FD\u06FE";
  const std::string arabic = "[" + letters + "]([" + letters + "]|[\u0660-\u0669]|(?<=[بي])\u200C(?=[بي])){0,11}";
  const auto host = [&dot](const Dfa& label) { return hosts_of(label, label, dot); };
  const Dfa plain = any_of(difference(matching(left), matching(".{2}--.*")), Regex("^" + dotted + "$").automaton());
  const Dfa right_to_left = any_of(matching(hebrew), matching(arabic));
  return any_of(any_of(host(plain), host(right_to_left)), ascii);
}

// ---- mail -----------------------------------------------------------------------------------------------------------

// Letters that are written with marks, which RFC 6531 does not want to be in normal form.
Dfa marked_hostname() {
  return matching("([a-z]|[a-z][\u0300-\u0304\u0306-\u030C\u0327\u0328]){1,12}(\\.[a-z]{2,12}){1,2}");
}

// RFC 5321, and what RFC 6531 adds to it. The part before the sign has up to 64 characters.
Dfa email(const std::string& more, const Dfa& domain) {
  const std::string atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~" + more + "-]+";
  const std::string quoted = "\"([ !#-\\[\\]-~" + more + "]|\\\\[ -~])*\"";
  const Dfa local = limited(matching(atom + "(\\." + atom + ")*|" + quoted), 1, 64);
  const Dfa address = matching("\\[(" + kIpv4 + "|IPv6:(" + ipv6() + "))\\]");
  return joined(joined(local, matching("@")), any_of(domain, address));
}

// ---- RFC 3986, 3987, 6570, 6901 -------------------------------------------------------------------------------------

const std::string kPercent = "%[0-9A-Fa-f]{2}";
const std::string kUcschar =
    "\\u{A0}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFEF}\\u{10000}-\\u{1FFFD}\\u{20000}-\\u{2FFFD}\\u{30000}-\\u{"
    "3FFFD}\\u{40000}-\\u{4FFFD}\\u{50000}-\\u{5FFFD}\\u{60000}-\\u{6FFFD}\\u{70000}-\\u{7FFFD}\\u{80000}-\\u{8FFFD}"
    "\\u{90000}-\\u{9FFFD}\\u{A0000}-\\u{AFFFD}\\u{B0000}-\\u{BFFFD}\\u{C0000}-\\u{CFFFD}\\u{D0000}-\\u{DFFFD}\\u{"
    "E1000}-\\u{EFFFD}";
const std::string kIprivate = "\\u{E000}-\\u{F8FF}\\u{F0000}-\\u{FFFFD}\\u{100000}-\\u{10FFFD}";

class Uri {
 public:
  explicit Uri(bool international) : more_(international ? kUcschar : ""), private_(international ? kIprivate : "") {}

  std::string absolute() const {
    const std::string segments = "(/" + character(":@") + "*)*";
    const std::string path = "/(" + character(":@") + "+" + segments + ")?|" + character(":@") + "+" + segments + "|";
    return "[A-Za-z][A-Za-z0-9+.-]*:(" + with_authority() + "|" + path + ")" + rest();
  }

  std::string reference() const {
    const std::string segments = "(/" + character(":@") + "*)*";
    const std::string path = "/(" + character(":@") + "+" + segments + ")?|" + character("@") + "+" + segments + "|";
    return absolute() + "|(" + with_authority() + "|" + path + ")" + rest();
  }

 private:
  std::string character(const std::string& beside) const {
    return either("[A-Za-z0-9._~!$&'()*+,;=" + beside + more_ + "-]", kPercent);
  }

  std::string with_authority() const {
    const std::string literal = "\\[(" + ipv6() + "|[vV][0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\\]";
    return "//(" + character(":") + "*@)?(" + literal + "|" + character("") + "*)(:[0-9]*)?(/" + character(":@") +
           "*)*";
  }

  std::string rest() const { return "(\\?" + character(":@/?" + private_) + "*)?(#" + character(":@/?") + "*)?"; }

  std::string more_, private_;
};

std::string uri_template() {
  const std::string literal = either("[!#$&'-;=?-\\[\\]_a-z~" + kUcschar + kIprivate + "]", kPercent);
  const std::string character = either("[A-Za-z0-9_]", kPercent);
  const std::string variable = character + "(\\.?" + character + ")*(:[1-9][0-9]{0,3}|\\*)?";
  return "(" + literal + "|\\{[+#./;?&]?" + variable + "(," + variable + ")*\\})*";
}

const std::string kPointer = "(/([^~/]|~[01])*)*";

// Of ECMA-262 what can be told without memory: groups three deep, ranges of small and of capital letters and of digits.
Dfa regex() {
  const std::string escape =
      "\\\\([dDwWsStnvfr0]|c[A-Za-z]|x[0-9A-Fa-f]{2}|u[0-9A-Ca-c][0-9A-Fa-f]{3}|[\\^$\\\\.*+?()\\[\\]{}|/])";
  const std::string member = "([^\\\\\\]\\[&^~|-]|" + escape + "|a-z|A-Z|0-9)";
  const std::string one = "([^\\\\^$.*+?()\\[\\]{}|/]|\\.|" + escape + "|\\[\\^?" + member + "*\\])";
  const std::string times = "([*+?]|\\{[0-9]{1,3}(,|,[1-9][0-9]{3})?\\})\\??";
  const std::string edge = "([\\^$]|\\\\[bB])";
  const std::string flat = "(" + edge + "|" + one + "(" + times + ")?)*";
  std::string inner = flat;
  for (int depth = 0; depth < 3; ++depth) {
    const std::string group = "\\((\\?:)?" + inner + "(\\|" + inner + ")*\\)(" + times + ")?";
    const std::string look = "\\(\\?(<?[=!])" + inner + "(\\|" + inner + ")*\\)";
    inner = "(" + edge + "|" + one + "(" + times + ")?|" + group + "|" + look + ")*";
  }
  const Dfa plain = matching(inner + "(\\|" + inner + ")*");
  const std::string name = "[A-Za-z_$][A-Za-z0-9_$]*";
  const Dfa named = matching("\\(\\?<" + name + ">" + flat + "(\\|" + flat + ")*\\)(" + times + ")?");
  return any_of(plain, joined(joined(plain, named), plain));
}

}  // namespace

std::optional<Dfa> automaton_of_format(std::string_view format) {
  const std::pair<std::string_view, Dfa (*)()> makers[] = {
      {"date", [] { return matching(kDate); }},
      {"time", [] { return matching(time()); }},
      {"date-time", [] { return matching(date_time()); }},
      {"duration", [] { return matching(duration()); }},
      {"email", [] { return email("", ascii_hostname()); }},
      {"idn-email",
       [] { return email("\\u{80}-\\u{10FFFF}", any_of(idn_hostname("\\.", ascii_hostname()), marked_hostname())); }},
      {"hostname", hostname},
      {"idn-hostname", [] { return idn_hostname("[.。．｡]", hostname()); }},
      {"ipv4", [] { return matching(kIpv4); }},
      {"ipv6", [] { return matching(ipv6()); }},
      {"uri", [] { return matching(Uri(false).absolute()); }},
      {"uri-reference", [] { return matching(Uri(false).reference()); }},
      {"uri-template", [] { return matching(uri_template()); }},
      {"iri", [] { return matching(Uri(true).absolute()); }},
      {"iri-reference", [] { return matching(Uri(true).reference()); }},
      {"uuid", [] { return matching("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"); }},
      {"json-pointer", [] { return matching(kPointer); }},
      {"relative-json-pointer", [] { return matching("(0|[1-9][0-9]*)(#|" + kPointer + ")"); }},
      {"regex", regex},
  };
  static std::mutex mutex;
  static std::map<std::string_view, Dfa> known;  // some take a third of a second to make
  const std::lock_guard lock(mutex);
  for (const auto& [name, make] : makers) {
    if (name != format) continue;
    const auto found = known.find(name);
    if (found != known.end()) return found->second;
    const AutomataEffort unlimited(std::numeric_limits<long>::max());
    return known.emplace(name, make()).first->second;
  }
  return std::nullopt;
}

}  // namespace decant
