// Tested by tests/run/search_trace_test.cpp.
#include "run/search_trace.h"

#include "run/trace.h"

namespace decant {
namespace {

void write(JsonWriter& json, const SearchCandidate& candidate, const Vocab& vocab) {
  json.begin_object().key("node");
  candidate.node < 0 ? json.value(nullptr) : json.value(candidate.node);
  json.field("parent", candidate.parent).field("group", candidate.group).field("rank", candidate.rank);
  json.key("token").begin_object();
  write_token(json, candidate.token, vocab);
  json.end_object().field("log_p", candidate.log_p).field("score", candidate.score);
  json.field("fate", to_string(candidate.fate)).key("reason");
  candidate.reason == PruneReason::none ? json.value(nullptr) : json.value(to_string(candidate.reason));
  if (candidate.fate == Fate::kept) json.field("lane", candidate.lane);
  if (candidate.finish != FinishReason::running) {
    json.field("finish", to_string(candidate.finish));
    json.field("length", candidate.length).field("normalized", candidate.normalized);
  }
  if (candidate.penalty != 0) json.field("penalty", candidate.penalty);
  if (candidate.bank) json.field("bank", *candidate.bank);
  json.end_object();
}

}  // namespace

std::string_view to_string(Fate fate) {
  switch (fate) {
    case Fate::kept:
      return "kept";
    case Fate::finished:
      return "finished";
    case Fate::pruned:
      return "pruned";
  }
  return "";
}

std::string_view to_string(PruneReason reason) {
  switch (reason) {
    case PruneReason::none:
      return "";
    case PruneReason::rank:
      return "rank";
    case PruneReason::finished:
      return "finished";
    case PruneReason::group_penalty:
      return "group penalty";
    case PruneReason::constraint_bank:
      return "constraint bank";
    case PruneReason::constraint_unmet:
      return "constraint unmet";
    case PruneReason::pool:
      return "pool";
  }
  return "";
}

void write_fields(JsonWriter& json, const SearchStep& step, const Vocab& vocab) {
  json.field("schema", kTraceSchema).key("search").begin_object();
  json.field("t", step.position).field("seconds", step.seconds).key("candidates").begin_array();
  for (const SearchCandidate& candidate : step.candidates) write(json, candidate, vocab);
  json.end_array().end_object();
}

void write_fields(JsonWriter& json, std::span<const SearchEnd> ends) {
  json.field("schema", kTraceSchema).key("finished").begin_array();
  for (const SearchEnd& end : ends) {
    json.begin_object().key("seq");
    end.sequence < 0 ? json.value(nullptr) : json.value(end.sequence);
    json.field("node", end.node).field("group", end.group).field("score", end.score).field("length", end.length);
    json.field("normalized", end.normalized).field("finish", to_string(end.finish)).key("unmet").begin_array();
    for (const std::string& text : end.unmet) json.value(std::string_view(text));
    json.end_array().end_object();
  }
  json.end_array();
}

}  // namespace decant
