// What a client is told of a request that cannot be carried out: OpenAI's error object, with the field that is to
// blame.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json_writer.h"
#include "server/http.h"

namespace decant {

struct ApiError : std::runtime_error {
  ApiError(int http_status, const std::string& message, std::string field = "", std::string word = "")
      : std::runtime_error(message), status(http_status), param(std::move(field)), code(std::move(word)) {}

  int status;
  std::string param;  // the field, "" for none
  std::string code;   // a word for programs, "" for none
};

// An Error of carrying out a request: its message names the option that it is about. `may_pass`: what is not available
// now may be later, as it is where a request has been taken and had to be let go.
ApiError api_error(const Error& error, bool may_pass = false);

// Of whatever was thrown.
ApiError api_error(const std::exception_ptr& error, bool may_pass = false);

void write_error(JsonWriter& json, const ApiError& error);  // {"error": {...}}
WholeResponse answer_of(const ApiError& error);

}  // namespace decant
