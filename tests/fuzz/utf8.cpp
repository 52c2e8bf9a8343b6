#include "base/utf8.h"

#include <nlohmann/json.hpp>
#include <string>

#include "base/json_writer.h"
#include "base/utf8_reader.h"
#include "fuzz/targets.h"

namespace decant::fuzz {

void utf8(std::string_view bytes) {
  Utf8Buffer pieces;
  const std::string at_once = as_utf8(bytes);
  std::string one_by_one;
  for (const char& byte : bytes) {
    const std::string piece = pieces.push({&byte, 1});
    hold(is_valid_utf8(piece), "every piece is valid");
    one_by_one += piece;
  }
  one_by_one += pieces.flush();
  hold(one_by_one == at_once, "pieces make the whole");
  hold(is_valid_utf8(at_once), "the whole is valid");
  hold(is_valid_utf8(bytes) == (at_once == bytes), "what is valid is left as it is, and nothing else");

  if (is_valid_utf8(bytes)) {
    std::string again;
    for (const char32_t character : utf32(bytes)) append_utf8(again, character);
    hold(again == bytes, "characters make the text");
  }
  JsonWriter json;
  json.value(bytes);
  hold(nlohmann::json::parse(json.text()).get<std::string>() == at_once, "JSON says the same");
}

}  // namespace decant::fuzz
