// A table whose rows stand in many files, each beside the thing that it describes.
//
//   const Registered<ProcessorRow> row({.option = "min_p", ...});      // in min_p.cpp, once, at namespace scope
//   for (const ProcessorRow* each : registered<ProcessorRow>()) ...
//
// Rows come in no particular order: who needs one sorts by something in the row. All are there before main() begins,
// and none goes before it has ended; a library with rows is linked whole (CMake: ROWS), or its unreferenced files would
// not be.
#pragma once

#include <utility>
#include <vector>

namespace decant {

namespace registry_detail {
template <class Row>
std::vector<const Row*>& rows() {
  static std::vector<const Row*> all;  // made when the first row is: no file's order of initialisation matters
  return all;
}
}  // namespace registry_detail

template <class Row>
const std::vector<const Row*>& registered() {
  return registry_detail::rows<Row>();
}

template <class Row>
class Registered {
 public:
  explicit Registered(Row row) : row_(std::move(row)) { registry_detail::rows<Row>().push_back(&row_); }
  ~Registered() { std::erase(registry_detail::rows<Row>(), &row_); }
  Registered(const Registered&) = delete;
  Registered& operator=(const Registered&) = delete;

  const Row& operator*() const { return row_; }
  const Row* operator->() const { return &row_; }

 private:
  Row row_;
};

}  // namespace decant
