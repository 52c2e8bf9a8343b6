// Directions: vectors of length 1, and the cosines between them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace decant {

// x / |x| into `unit`, of the same size. False, with nothing promised of `unit`, if x is zero or not finite.
bool normalize(std::span<const float> x, std::span<float> unit);

// Unit vectors of one size, each added once and compared with often.
class Directions {
 public:
  explicit Directions(std::size_t size) : size_(size) {}

  std::size_t count() const { return values_.size() / size_; }
  void add(std::span<const float> unit) { values_.insert(values_.end(), unit.begin(), unit.end()); }

  // The cosine of each with another unit vector: one matrix-vector product. cosines has count() elements.
  void cosines(std::span<const float> unit, std::span<float> cosines) const;

 private:
  std::size_t size_;
  std::vector<float> values_;  // one after the other
};

}  // namespace decant
