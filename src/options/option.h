// An option of generation that is declared where it is read, in the file of a strategy or a processor:
//
//   const Option<int> toy_depth({.name = "toy_depth", .group = "Toy", .doc = ..., .when = ...}, 3);
//   ...
//   for (int i = 0; i < toy_depth(run.config()); ++i)
//
// Flags, help, JSON, settings, checks, grids and reference pages know it as any other: its row stands in
// generation_fields().
#pragma once

#include "base/registry.h"
#include "options/generation_config.h"

namespace decant {

template <class T>
class Option {
 public:
  Option(const FieldInfo& info, T by_default)
      : default_(std::in_place_type<T>, std::move(by_default)), row_({info, &default_}) {}

  const T& operator()(const GenerationConfig& config) const {
    const OwnValue* value = config.own.find(row_->name);
    return std::get<T>(value ? *value : default_);
  }
  void set(GenerationConfig& config, T value) const {
    config.own.at(row_->name, default_).template emplace<T>(std::move(value));
  }

 private:
  OwnValue default_;
  Registered<Field<GenerationConfig>> row_;
};

}  // namespace decant
