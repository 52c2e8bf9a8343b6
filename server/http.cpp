#include "server/http.h"

#include <algorithm>

namespace decant {
namespace {

class Whole final : public Response {
 public:
  explicit Whole(WholeResponse answer) : answer_(std::move(answer)) {}
  Piece advance() override { return {std::move(answer_.head), std::move(answer_.body), true}; }

 private:
  WholeResponse answer_;
};

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& each) { return each.first == name; });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::unique_ptr<Response> whole(WholeResponse answer) { return std::make_unique<Whole>(std::move(answer)); }

}  // namespace decant
