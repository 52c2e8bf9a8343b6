// Standard deviation of long float lists, one vectorised pass in double precision.
//
// -infinity marks a removed element, which does not count.
#pragma once

#include <span>

namespace decant {

// Of all elements as a population (divided by n); 0 when there is none. `near`: one of the elements, from which all are
// measured, so that equal ones differ by exactly 0; from farther off, the square root of a rounding would remain.
double standard_deviation(std::span<const float> x, float near);

}  // namespace decant
