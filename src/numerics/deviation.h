// Standard deviation of long float lists, one vectorised pass in double precision.
//
// -infinity marks a removed element, which does not count.
#pragma once

#include <span>

namespace decant {

// Of all elements as a population (divided by n); 0 when there is none. `near`: finite, some value near them, so that
// squares stay small.
double standard_deviation(std::span<const float> x, float near);

}  // namespace decant
