// An option's value, whichever struct it lives in: text to value, value to text and JSON, and the range check.
#pragma once

#include <string>
#include <string_view>

#include "options/field.h"

namespace decant {

class JsonWriter;

using Value = OptionTypes::Values;  // pointers into an option struct, never null
using Slot = OptionTypes::Slots;

// Reads the whole text or throws Error(usage), leaving the slot as it was. Numbers are strict: no blanks, no sign but
// '-', no hexadecimal, no NaN or infinity. A list of numbers is separated by commas; a list of strings takes the text
// as one element. With `append`, a list keeps what it has.
void set_from_text(Slot slot, const FieldInfo& field, std::string_view text, bool append = false);

// Throws Error(usage) when the value is outside the field's range.
void check_range(Value value, const FieldInfo& field);

bool is_equal(Value a, Value b);  // same type, same value

std::string to_text(Value value);  // "" when not set; the elements of a list are joined by commas
void write_json(JsonWriter& json, Value value);

std::optional<bool> parse_boolean(std::string_view text);  // true or false, also as Python and shells write them
bool is_boolean(Value value);
std::string placeholder(Value value, const FieldInfo& field);  // N, X, TEXT, true|false, ...: for help
std::string requirement(Value value, const FieldInfo& field);  // "a number from 0 to 1": for messages and the reference

}  // namespace decant
