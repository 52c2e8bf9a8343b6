// GET by libcurl, which is opened at the first request.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace decant {

struct HttpRequest {
  std::string url;
  std::string token = {};   // for the url's own host: it goes to no other that a redirect names
  std::uintmax_t from = 0;  // bytes that are here already
  std::function<bool(long status, std::string_view bytes)> take;  // of the last answer's body; false: no more
};

struct HttpReply {
  long status = 0;                       // of the last answer; 0: there was none
  std::string failure = {};              // why the body did not come whole; "": it did
  std::optional<long> retry_after = {};  // seconds, as the server asks
};

// Redirects are followed, over http and https only (https never to http). Throws Error(unavailable) without libcurl.
HttpReply http_get(const HttpRequest& request);

}  // namespace decant
