// Maxima of long float lists, one vectorised pass each.
//
// -infinity marks a removed element. NaN has no place here: scan() finds it, the others assume that it is absent.
#pragma once

#include <cstddef>
#include <span>

namespace decant {

struct Scan {
  float max;   // -infinity when there is no element left; meaningless when not valid
  bool valid;  // no NaN and no +infinity among the elements
};

Scan scan(std::span<const float> x);

// The first index that holds the maximum; -1 when there is no element left.
int argmax(std::span<const float> x);

// Maxima of parts of x that need no work across a vector: x is read as rows of `lanes` elements, `rows` of them are a
// strip, and a part is one column of a strip. maxima[s * lanes + j] = the maximum of column j of strip s, -infinity
// where the last strip ends early. Returns the number of parts, a multiple of `lanes`.
std::size_t column_maxima(std::span<const float> x, std::size_t rows, std::span<float> maxima);

}  // namespace decant
