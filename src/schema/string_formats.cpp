#include "schema/string_formats.h"

#include <utility>

namespace decant {
namespace {

#define DECANT_HOST "[a-z0-9]{1,20}([.-][a-z0-9]{1,20}){0,4}"
#define DECANT_DATE \
  "[1-2][0-9]{3}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
#define DECANT_TIME "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,3})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
#define DECANT_URI "https?://" DECANT_HOST "(/[A-Za-z0-9._~-]{1,40}){0,6}/?"
constexpr std::pair<std::string_view, std::string_view> kFormats[] = {
    {"date", "^" DECANT_DATE "$"},
    {"time", "^" DECANT_TIME "$"},
    {"date-time", "^" DECANT_DATE "T" DECANT_TIME "$"},
    {"duration", "^P([1-9][0-9]{0,2}[YMWD]|T[1-9][0-9]{0,2}[HMS])$"},
    {"email", "^[a-z0-9]{1,20}([._-][a-z0-9]{1,20}){0,2}@[a-z0-9]{1,20}([.-][a-z0-9]{1,20}){0,3}\\.[a-z]{2,4}$"},
    {"idn-email", "^[a-z0-9]{1,20}([._-][a-z0-9]{1,20}){0,2}@[a-z0-9]{1,20}(-[a-z0-9]{1,20}){0,3}\\.[a-z]{2,4}$"},
    {"hostname", "^" DECANT_HOST "$"},
    {"idn-hostname", "^" DECANT_HOST "$"},
    {"ipv4", "^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])$"},
    {"ipv6", "^([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$"},
    {"uri", "^" DECANT_URI "$"},
    {"uri-reference", "^" DECANT_URI "$"},
    {"uri-template", "^" DECANT_URI "$"},
    {"iri", "^" DECANT_URI "$"},
    {"iri-reference", "^" DECANT_URI "$"},
    {"uuid", "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"},
    {"json-pointer", "^(/[A-Za-z0-9_-]{1,40}){0,6}$"},
    {"relative-json-pointer", "^[0-9](/[A-Za-z0-9_-]{1,40}){0,6}$"},
    {"regex", "^[A-Za-z0-9 _-]{0,40}$"},
};
#undef DECANT_HOST
#undef DECANT_DATE
#undef DECANT_TIME
#undef DECANT_URI

}  // namespace

std::string_view pattern_of_format(std::string_view format) {
  for (const auto& [name, pattern] : kFormats) {
    if (name == format) return pattern;
  }
  return {};
}

}  // namespace decant
