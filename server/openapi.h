// The description of the routes and of what they take, made from the tables of routes, fields and options.
#pragma once

#include <string>

namespace decant {

std::string openapi_text();

}  // namespace decant
