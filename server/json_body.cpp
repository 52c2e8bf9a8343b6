// Tested by tests/server/serve_test.py.
#include "server/json_body.h"

#include <set>
#include <string>
#include <vector>

#include "server/api_error.h"

namespace decant {

Json read_json(std::string_view text) {
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (depth > kJsonDepth) throw ApiError(400, fmt::format("the JSON is nested more than {} deep", kJsonDepth));
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(parsed.get<std::string>()).second) {
      throw ApiError(400, fmt::format("the JSON has the key {} twice",
                                      parsed.dump(-1, ' ', false, Json::error_handler_t::replace)));
    }
    return true;
  };
  Json json;
  try {
    json = Json::parse(text, watch);
  } catch (const Json::exception& error) {
    const std::string_view what = error.what();  // "[json.exception.parse_error.101] parse error at line 1, ...: ..."
    const std::size_t end = what.find("] ");
    throw ApiError(400, fmt::format("the body is no JSON: {}", end == what.npos ? what : what.substr(end + 2)));
  }
  if (!json.is_object()) throw ApiError(400, "the body must be a JSON object");
  return json;
}

}  // namespace decant
