// A run whose strategy is written in Python (decant/recipes.py drives it).
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "base/error.h"
#include "python/python_model.h"
#include "python/remote_run.h"

namespace nb = nanobind;

namespace decant {
namespace {

// A row, whose arrays live as long as anybody has one of them.
struct PythonRow {
  std::shared_ptr<const RemoteRow> row;

  FloatArray array(const std::vector<float>& values, const char* what) const {
    if (values.empty()) throw Error(ErrorKind::usage, "the row has no {}: they were not asked for", what);
    return array_of(row, values.data(), {values.size()});
  }
};

struct PythonStep {
  std::shared_ptr<const RemoteStep> step;
  int sequence;
  RemoteNodePtr tip;
};

class PythonRun {
 public:
  PythonRun(const PythonModel& model, const OpenedModel::Request& request)
      : model_(model.opened.shared()), run_(std::make_shared<RemoteRun>(*model_, request)) {
    run_->while_waiting = look_for_signals;
    run_->on_piece = [this](const Piece& piece) { pieces_.push_back(piece); };
  }

  RemoteRun& operator*() const { return *run_; }
  RemoteRun* operator->() const { return &*run_; }
  std::vector<Piece> take_pieces() { return std::exchange(pieces_, {}); }

 private:
  std::vector<Piece> pieces_;
  Unlocked<OpenedModel> model_;
  Unlocked<RemoteRun> run_;
};

// Calls without the lock.
template <class F>
auto unlocked(F f) {
  const nb::gil_scoped_release released;
  return f();
}

std::vector<PythonRow> eval(PythonRun& run, const std::vector<RemoteAsk>& asks) {
  auto rows = unlocked([&] { return run->eval(asks); });
  std::vector<PythonRow> python;
  for (RemoteRow& row : rows) python.push_back({std::make_shared<const RemoteRow>(std::move(row))});
  return python;
}

PythonStep process(PythonRun& run, int sequence, const RemoteNodePtr& tip, const PythonRow& row) {
  auto step = unlocked([&] { return run->process(sequence, tip, *row.row); });
  return {std::make_shared<const RemoteStep>(std::move(step)), sequence, tip};
}

PythonRow with_logits(PythonRun& run, const PythonRow& row) {
  auto whole = unlocked([&] { return run->with_logits(*row.row); });
  return {std::make_shared<const RemoteRow>(std::move(whole))};
}

void bind_nodes(nb::module_& module) {
  nb::class_<RemoteNode>(module, "Node", "A text in the prefix tree of one run: one token behind its parent's.")
      .def_prop_ro("token", &RemoteNode::token)
      .def_prop_ro("length", &RemoteNode::length, "tokens from the beginning, this one included")
      .def("child", &RemoteNode::child, nb::arg("token"),
           "The text with one more token. What processors remember of a text goes with Run.emit() and Run.child() "
           "instead.");
  nb::class_<RemoteChoice>(module, "Choice", "A token that may be written later.")
      .def_prop_ro("token", &RemoteChoice::token)
      .def_prop_ro("logprob", &RemoteChoice::log_p, "the model's, natural logarithm")
      .def_prop_ro("score", &RemoteChoice::score, "the processors'");
  nb::class_<PythonRow>(module, "Row", "What a model says behind one node. Its arrays are its reader's to keep.")
      .def(
          "__init__",
          [](PythonRow* self, const nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>& logits) {
            auto row = std::make_shared<RemoteRow>();
            row->logits.assign(logits.data(), logits.data() + logits.shape(0));
            new (self) PythonRow{std::move(row)};
          },
          nb::arg("logits"))
      .def_prop_ro(
          "logits", [](const PythonRow& self) { return self.array(self.row->logits, "logits"); },
          nb::rv_policy::automatic, "(vocabulary,)")
      .def_prop_ro(
          "hidden", [](const PythonRow& self) { return self.array(self.row->hidden, "hidden states"); },
          nb::rv_policy::automatic, "(width,): the last state, behind the final norm")
      .def_prop_ro(
          "layers",
          [](const PythonRow& self) {
            std::vector<FloatArray> all;
            for (const auto& each : self.row->layers) all.push_back(self.array(each, "layers"));
            return all;
          },
          nb::rv_policy::automatic, "(vocabulary,) each: the head applied to the states of the layers asked for")
      .def_prop_ro(
          "states",
          [](const PythonRow& self) {
            std::vector<FloatArray> all;
            for (const auto& each : self.row->states) all.push_back(self.array(each, "states"));
            return all;
          },
          nb::rv_policy::automatic, "(width,) each: hidden_states of the layers asked for");
  nb::class_<PythonStep>(module, "Step", "One distribution, before and after the processors.")
      .def_prop_ro(
          "scores",
          [](const PythonStep& self) {
            return array_of(self.step, self.step->scores.data(), {self.step->scores.size()});
          },
          nb::rv_policy::automatic, "(vocabulary,): as the processors left them, -inf for what they removed")
      .def_prop_ro(
          "argmax", [](const PythonStep& self) { return self.step->argmax; },
          "the likeliest token, of equals the first")
      .def_ro("tip", &PythonStep::tip, "the node behind which it stands");
}

void bind_asks(nb::module_& module) {
  nb::class_<RemoteAsk>(module, "Ask", "Nodes to be evaluated, and what is to be said of each.")
      .def(
          "__init__",
          [](RemoteAsk* self, std::vector<RemoteNodePtr> nodes, bool logits, bool hidden, std::vector<int> layers,
             std::vector<int> states, int model) {
            new (self)
                RemoteAsk{std::move(nodes), Outputs{logits, hidden, std::move(layers), std::move(states)}, model};
          },
          nb::arg("nodes"), nb::kw_only(), nb::arg("logits") = true, nb::arg("hidden") = false,
          nb::arg("layers") = std::vector<int>(), nb::arg("states") = std::vector<int>(), nb::arg("model") = 0)
      .def_prop_ro("n_nodes", [](const RemoteAsk& self) { return self.nodes.size(); });
}

void bind_writing(nb::class_<PythonRun>& run) {
  run.def("with_logits", with_logits, nb::arg("row"), "The row with the logits that its hidden state leads to.");
  run.def("process", process, nb::arg("sequence"), nb::arg("tip"), nb::arg("row"),
          "The processors, on a row's logits. Raises Error where they leave no token.")
      .def(
          "sample",
          [](PythonRun& self, const PythonStep& step) {
            return unlocked([&] { return self->sample(step.step->number); });
          },
          nb::arg("step"), "A token drawn from the step by the request's own noise: the same in any company.")
      .def(
          "emit",
          [](PythonRun& self, int sequence, const PythonStep& step, Token token) {
            return unlocked([&] { return self->emit(sequence, step.step->number, step.tip, token); });
          },
          nb::arg("sequence"), nb::arg("step"), nb::arg("token"),
          "Writes the token; returns the node of the text's new end.")
      .def(
          "emit",
          [](PythonRun& self, int sequence, const RemoteChoice& choice) {
            return unlocked([&] { return self->emit(sequence, choice); });
          },
          nb::arg("sequence"), nb::arg("choice"), "Writes what was chosen earlier.")
      .def(
          "choose",
          [](PythonRun& self, const PythonStep& step, Token token) {
            return unlocked([&] { return self->choose(step.step->number, token); });
          },
          nb::arg("step"), nb::arg("token"), "Keeps all that is needed to write the token later.")
      .def(
          "child",
          [](PythonRun& self, const RemoteChoice& choice) { return unlocked([&] { return self->child(choice); }); },
          nb::arg("choice"), "The node behind it, with what the processors remember.")
      .def(
          "ends",
          [](PythonRun& self, const RemoteChoice& choice) { return unlocked([&] { return self->ends(choice); }); },
          nb::arg("choice"), "Why the text would end with it; empty: it would go on.");
}

}  // namespace

void bind_run(nb::module_& module) {
  bind_nodes(module);
  bind_asks(module);
  nb::class_<PythonRun> run(module, "Run", "A live request that is told what to do. Dropping it cancels it.");
  run.def(
      "__init__",
      [](PythonRun* self, const PythonModel& model, const PythonOptions& options, const Prompt& prompt, bool trace,
         std::vector<std::pair<std::string, nb::object>> processors, nb::object allowed) {
        PythonCall call{options, prompt, true, trace, std::move(processors), std::move(allowed)};
        const OpenedModel::Request request = request_of(*model.opened, call);
        new (self) PythonRun(model, request);
      },
      nb::arg("model"), nb::arg("options"), nb::arg("prompt"), nb::kw_only(), nb::arg("trace") = false,
      nb::arg("processors") = nb::list(), nb::arg("allowed") = nb::none());
  run.def_prop_ro(
         "prompt", [](const PythonRun& self) { return self->prompt(); }, "the node of the prompt's last token")
      .def(
          "text", [](PythonRun& self, std::vector<Token> ids) { return self->text(std::move(ids)); }, nb::arg("ids"),
          "The node of any text, from its beginning on.")
      .def("eval", eval, nb::arg("asks"), "The rows of all asks, one after the other. Waits for the batch.")
      .def(
          "finished", [](const PythonRun& self, int sequence) { return self->finished(sequence); },
          nb::arg("sequence") = 0, "Whether the sequence has ended: by its end token, a stop string, its length, ...")
      .def("take_pieces", &PythonRun::take_pieces, "What was written since they were taken last.")
      .def(
          "end",
          [](PythonRun& self) {
            unlocked([&] {
              self->end();
              return 0;
            });
          },
          "Nothing more will be asked.")
      .def(
          "outcome", [](PythonRun& self) { return outcome_of(self->listener()); }, "Waits for the end.")
      .def_prop_ro(
          "trace", [](const PythonRun& self) { return self->listener().trace(); }, "JSON lines, so far");
  bind_writing(run);
}

}  // namespace decant
