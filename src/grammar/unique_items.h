// JSON arrays whose items differ, read character by character: whether an item that ends is one that was there before,
// and whether the one under way may still become one.
//
// Values are compared as JSON Schema does: 1.0 and 10e-1 are 1, escapes are what they stand for, the order of an
// object's members makes no difference. Inside of such an array no object has a name twice.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace decant {

// A JSON value that has ended.
struct JsonValue {
  enum Kind : char { literal, number, string, array, object } kind;
  std::u32string text;     // the same for equal values, and only for them
  std::u32string content;  // of a string, without escapes; of a number, its digits but for zeros in front and behind
  std::vector<std::shared_ptr<const JsonValue>> items = {};
  std::vector<std::pair<std::u32string, std::shared_ptr<const JsonValue>>> members = {};  // by name
};

class UniqueItems {
 public:
  UniqueItems();  // behind the [ of the outermost of these arrays

  // Reads a character of well-formed JSON. `unique`: it is the [ of another such array. False: an item or a name came
  // a second time.
  bool push(char32_t c, bool unique = false);

  bool ended() const { return frames_.empty(); }  // the outermost array is closed

  // How many items and names what is under way may still repeat. If none, any end of it will do.
  std::size_t in_danger() const;

  // The same for texts that are read alike from here on.
  std::u32string key() const;

 private:
  using Value = std::shared_ptr<const JsonValue>;
  struct Frame {  // a bracket that is open
    bool is_array = true, unique = false;
    bool wants_more = false;  // behind a comma
    bool has_name = false;    // of an object: `name` has ended
    std::u32string name = {};
    std::shared_ptr<const std::vector<Value>> items = {};        // of an array, those that have ended
    std::vector<std::pair<std::u32string, Value>> members = {};  // of an object, in the order written
    std::vector<std::size_t> candidates = {};  // of a unique array: items that the one under way may become
  };
  enum class Scalar : char { none, name, string, plain };  // plain: a number or a literal

  bool read(char32_t c, bool unique);
  bool read_string(char32_t c);
  void unescape(char32_t c);
  void add_unit(char32_t unit);
  void add(char32_t c);
  bool end_plain();
  bool end_value(Value value);
  bool close();
  bool may_become(std::size_t depth, const JsonValue& value) const;
  bool object_may_become(std::size_t depth, const JsonValue& value) const;
  bool scalar_may_become(const JsonValue& value) const;
  std::size_t names_in_danger() const;

  std::vector<Frame> frames_;
  Scalar scalar_ = Scalar::none;  // what is under way inside of the innermost bracket
  std::u32string text_;           // of it
  int escape_ = 0;                // characters since a backslash, itself included
  char32_t unit_ = 0;             // of \uXXXX
  char32_t high_ = 0;             // the first half of a surrogate pair
};

}  // namespace decant
