// Who may ask for what inner layers say (Outputs::layers, Outputs::states).
#pragma once

#include "model/model.h"

namespace decant {

// Throws Error(unavailable) where the inner layers of the model cannot be read.
void check_inner_layers(const ModelInfo& info);

}  // namespace decant
