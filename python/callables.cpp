// Tested by tests/python/callables_test.py.
#include "python/callables.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/vector.h>

#include <utility>

#include "base/error.h"

namespace nb = nanobind;

namespace decant {
namespace {

// Dropped wherever the engine drops its processors, which is not where the interpreter's lock is.
class Callable {
 public:
  explicit Callable(nb::object call) : call_(std::move(call)) {}
  ~Callable() {
    const nb::gil_scoped_acquire lock;
    call_.reset();
  }
  Callable(const Callable&) = delete;
  Callable& operator=(const Callable&) = delete;

  const nb::object& operator*() const { return call_; }

 private:
  nb::object call_;
};

template <class T>
nb::ndarray<nb::numpy, T, nb::ndim<1>> array_of(std::vector<T> values) {
  auto* kept = new std::vector<T>(std::move(values));
  const nb::capsule owner(kept, [](void* all) noexcept { delete static_cast<std::vector<T>*>(all); });
  return nb::ndarray<nb::numpy, T, nb::ndim<1>>(kept->data(), {kept->size()}, owner);
}

class PythonProcessor final : public Processor {
 public:
  PythonProcessor(std::string name, nb::object call) : name_(std::move(name)), call_(std::move(call)) {}

  std::string_view name() const override { return name_; }

  void operator()(Scores& scores, const Context& context) const override {
    std::vector<float> dense(static_cast<std::size_t>(scores.n_vocab()));
    scores.copy_to(dense);
    {
      const nb::gil_scoped_acquire lock;
      const auto ids = array_of(std::vector<std::int64_t>(context.tokens.begin(), context.tokens.end()));
      using Result = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
      const nb::object answer = (*call_)(ids, array_of(dense));
      const auto result = nb::cast<Result>(answer);
      if (result.shape(0) != dense.size()) {
        throw Error(ErrorKind::usage, "logits_processor {} returned {} scores, and the vocabulary has {} tokens", name_,
                    result.shape(0), dense.size());
      }
      std::copy_n(result.data(), dense.size(), dense.begin());
    }
    scores.reset(dense);
  }

 private:
  std::string name_;
  Callable call_;
};

}  // namespace

std::shared_ptr<const Processor> python_processor(std::string name, nb::object call) {
  return std::make_shared<const PythonProcessor>(std::move(name), std::move(call));
}

std::function<std::vector<int>(std::span<const int>)> python_allowed_tokens(nb::object call) {
  const auto kept = std::make_shared<const Callable>(std::move(call));
  return [kept](std::span<const int> tokens) {
    const nb::gil_scoped_acquire lock;
    const auto ids = array_of(std::vector<std::int64_t>(tokens.begin(), tokens.end()));
    return nb::cast<std::vector<int>>((**kept)(ids));
  };
}

}  // namespace decant
