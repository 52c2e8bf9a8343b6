// How far around a score one has to go to find a given mass: a selection, where sorting by distance would be slow.
#pragma once

#include <span>

namespace decant {

// The smallest |score - centre| of an element such that all elements at most that far have together the mass
// Σ e^(score - max) asked for; +infinity if they all together do not. `max`: no score is above it. Exponentials are
// single precision: see log_sum_exp.h. -infinity marks a removed element.
float radius_of_mass(std::span<const float> scores, float max, float centre, double mass);

}  // namespace decant
