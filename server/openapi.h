// The description of the routes and of what they take, made from the tables of routes, fields and options.
#pragma once

#include <string>
#include <vector>

namespace decant {

std::string openapi_text(const std::vector<std::string>& models);  // that are served

}  // namespace decant
