// Which GGUF files write texts: those of decoders, whose tokens see what stands before them and nothing else.
#pragma once

#include <filesystem>

#include "files/gguf_check.h"

namespace decant {

// Throws Error(unavailable), which says what the file holds.
[[noreturn]] void refuse_kind(const std::filesystem::path& path, const char* what);

// By its architecture, before libllama loads it.
void check_kind(const std::filesystem::path& path, const GgufInfo& info);

// Of the kinds that only draft for another model, and say nothing by themselves, the one that is read (eagle_draft.h).
bool is_draft(const GgufInfo& info);

// Throws Error(unavailable) for such a draft.
void check_speaks_alone(const std::filesystem::path& path, const GgufInfo& info);

inline constexpr const char* kEncoder = "an encoder, whose tokens see those behind them";

}  // namespace decant
