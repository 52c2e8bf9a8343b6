// Tested by tests/server/serve_test.py.
#include "server/api_error.h"

#include <algorithm>

#include "options/generation_config.h"
#include "options/table.h"

namespace decant {
namespace {

constexpr int kRetrySeconds = 1;

std::string_view type_of(int status) {
  if (status == 401 || status == 403) return "authentication_error";
  if (status == 404) return "not_found_error";
  if (status == 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

// The first option that a message names.
std::string option_in(std::string_view message) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz_0123456789";
  const auto table = generation_fields();
  while (!message.empty()) {
    const std::size_t begin = std::min(message.find_first_of(letters), message.size());
    message.remove_prefix(begin);
    const std::size_t length = std::min(message.find_first_not_of(letters), message.size());
    const std::string_view word = message.substr(0, length);
    message.remove_prefix(length);
    const auto is_named = [&](const auto& field) { return field.name == word; };
    // "strategy" and such are words as well as options: those with an underscore are options alone.
    if (word.find('_') == word.npos && word != "temperature" && word != "seed" && word != "grammar") continue;
    if (std::any_of(table.begin(), table.end(), is_named)) return std::string(word);
  }
  return "";
}

// What a context or a cache is too small for: such messages say what would help.
bool never_fits(std::string_view message) { return message.find("shorten it") != message.npos; }

}  // namespace

ApiError api_error(const Error& error, bool may_pass) {
  const std::string_view message = error.what();
  const std::string param = option_in(message);
  const ApiError too_long(400, error.what(), "prompt", "context_length_exceeded");
  switch (error.kind()) {
    case ErrorKind::usage:
      return {400, error.what(), param};
    case ErrorKind::data:
      return never_fits(message) ? too_long : ApiError(400, error.what(), param);
    case ErrorKind::no_input:
      return {404, error.what(), param};
    case ErrorKind::unavailable:
      if (may_pass) return {message.find("are waiting already") == message.npos ? 503 : 429, error.what()};
      return never_fits(message) ? too_long : ApiError(400, error.what(), param);
    default:
      return {500, error.what()};
  }
}

ApiError api_error(const std::exception_ptr& error, bool may_pass) {
  try {
    std::rethrow_exception(error);
  } catch (const ApiError& is) {
    return is;
  } catch (const Error& is) {
    return api_error(is, may_pass);
  } catch (const std::bad_alloc&) {
    return {503, "out of memory"};
  } catch (const std::exception& is) {
    return {500, is.what()};
  }
}

void write_error(JsonWriter& json, const ApiError& error) {
  const auto text_or_null = [&](std::string_view name, const std::string& text) {
    json.key(name);
    text.empty() ? json.value(nullptr) : json.value(std::string_view(text));
  };
  json.begin_object().key("error").begin_object();
  json.field("message", std::string_view(error.what())).field("type", type_of(error.status));
  text_or_null("param", error.param);
  text_or_null("code", error.code);
  json.end_object().end_object();
}

WholeResponse answer_of(const ApiError& error) {
  JsonWriter json;
  write_error(json, error);
  WholeResponse answer{{.status = error.status}, json.text()};
  const bool may_pass = error.status == 429 || error.status == 503;
  if (may_pass) answer.head.headers.emplace_back("Retry-After", fmt::format("{}", kRetrySeconds));
  if (error.status == 401) answer.head.headers.emplace_back("WWW-Authenticate", "Bearer");
  return answer;
}

}  // namespace decant
