// What an HTTP server and what it serves say to each other: requests whole, answers piece by piece.
//
// An Response is pulled: the server asks for its next piece when the client has taken the one before, so that a slow
// reader holds up its own request alone, and drops it when the client has gone. Only http_server.cpp knows Boost.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace decant {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method, path, query;  // as they were sent, without the '?'
  HttpHeaders headers;              // names in lower case
  std::string body;
  bool from_loopback = false;  // or from a unix socket

  std::string_view header(std::string_view name) const;  // "" where there is none
};

struct HttpHead {
  int status = 200;
  std::string type = "application/json";
  HttpHeaders headers = {};
};

struct Piece {
  std::optional<HttpHead> head = {};  // comes once, with the first bytes or before
  std::string bytes = {};             // of the body; none: the next ones come later, and Wake is called then
  bool last = false;
};

// All on the server's thread.
class Response {
 public:
  virtual ~Response() = default;
  virtual Piece advance() = 0;
  virtual void cut() {}  // the server ends: no more than a last word
};

// Says that there is a piece. From any thread, at any time.
using Wake = std::function<void()>;

struct WholeResponse {
  HttpHead head;
  std::string body;
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  // Before the body is read: what is refused without it.
  virtual std::optional<WholeResponse> refuse(const HttpRequest& head) = 0;

  // Whether answer() takes no time: then it is called on the server's thread, else on one of its workers.
  virtual bool is_quick(const HttpRequest& request) const = 0;
  virtual std::unique_ptr<Response> answer(const HttpRequest& request, const Wake& wake) = 0;

  // An answer for what never came to be a request, or came too late.
  virtual WholeResponse failure(int status, std::string_view message) = 0;

  virtual void drain() {}  // from now on nothing new is accepted
};

// An answer that is there already.
std::unique_ptr<Response> whole(WholeResponse answer);

}  // namespace decant
