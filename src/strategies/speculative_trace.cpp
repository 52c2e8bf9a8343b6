// Tested by tests/strategies/speculative_test.cpp.
#include "strategies/speculative_trace.h"

namespace decant {

void SpeculativeTrace::write(JsonWriter& json, const Vocab& vocab) const {
  if (scoring) scoring->write(json, vocab);
  json.key("speculative").begin_object();
  json.field("drafter", drafter).field("verify", verify).field("depth", depth);
  json.field("verdict", verdict).key("source");
  source < 0 ? json.value(nullptr) : json.value(source);
  json.key("drafted").begin_array();
  for (const Drafted& each : drafted) {
    json.begin_object();
    write_token(json, each.token, vocab);
    json.field("q", each.trial ? each.trial->q : each.q);
    if (each.trial) json.field("p", each.trial->p).field("chance", each.trial->chance).field("kept", each.trial->kept);
    json.end_object();
  }
  json.end_array().end_object();
}

}  // namespace decant
