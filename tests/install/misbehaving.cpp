// A recipe of install_test.py that does wrong what can be done wrong in it.
#include <recipes/recipe.h>

#include <stdexcept>

namespace {

using namespace decant;

struct Arguments {
  std::string what = "nothing";
  int after = 2;  // tokens
  Given given = {};
};

const Field<Arguments> fields[] = {argument("what", &Arguments::what, "throw, number, error or return"),
                                   argument("after", &Arguments::after, "tokens", at_least(0))};

void misbehave(std::string_view what) {
  if (what == "throw") throw std::runtime_error("no idea");
  if (what == "number") throw 7;
  if (what == "error") throw Error(ErrorKind::unavailable, "there is no moon tonight: wait");
}

Task<void> misbehaving(Run& run, const Arguments& arguments) {
  Node tip = run.prompt();
  for (int i = 0; !run.finished(0); ++i) {
    if (i == arguments.after) misbehave(arguments.what);
    if (i == arguments.after && arguments.what == "return") co_return;
    auto rows = co_await run.eval(tip);
    const Step step = run.process(0, tip, rows[0]);
    tip = run.emit(0, step, step.scores.argmax());
  }
}

}  // namespace

DECANT_RECIPE(misbehaving, fields)
