// What is fed with any bytes, by a fuzzer (scripts/fuzz.sh) and, from tests/fuzz/corpus, by the tests. An Error is the
// only exception that may come of them, and what a target holds to be true is.
#pragma once

#include <functional>
#include <string_view>

namespace decant::fuzz {

void gguf(std::string_view bytes);
void options(std::string_view bytes);  // a setting
void schema(std::string_view bytes);
void utf8(std::string_view bytes);

void config(std::string_view bytes);  // options in JSON, as a client of the server sends them
void grammar(std::string_view bytes);
void templates(std::string_view bytes);
void trace(std::string_view bytes);  // or a comparison, or a sweep: what `decant report` reads
void yaml(std::string_view bytes);   // a sweep

// Whether the action throws an Error; one that says that we are at fault is passed on.
bool refuses(const std::function<void()>& action);

// Throws std::logic_error if it does not hold.
void hold(bool truth, std::string_view what);

}  // namespace decant::fuzz
