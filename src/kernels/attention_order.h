// In which order attention takes the cells of a cache: those that the same rows see together, as texts that are written
// at once have their cells by turns and no row should be multiplied with the others'. No sum of attention has an order.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "kernels/attention.h"
#include "kernels/attention_work.h"

namespace decant::kernels {
namespace {  // every instruction set has its own copies of these: never one for all

constexpr std::uint16_t kHiddenF16 = 0xfc00;  // -inf: the mask of a cell that is not seen

// Cells that any row of a block sees, by their position: groups as they lie in the cache, of which each row sees all or
// none, then the others by the rows that see them. The last group is filled up with cell -1.
template <class V>
class CellOrder {
  static constexpr int kPatterns = 64;

 public:
  // Of kGroup positions for each row.
  struct Masks {
    alignas(64) float added[kMostRows][kGroup];  // to the scores, where the row sees any; -inf: the cell is not there
    std::uint64_t seen, open;                    // a bit for each row: sees any of the cells; sees all and adds nothing
  };

  CellOrder(const Attention& attention, const BlockWork& block) : a_(attention), block_(block) {}

  std::int64_t positions() const { return positions_; }
  const std::int32_t* cells(std::int64_t position) const { return block_.order + position; }

  void begin(std::int64_t stream, std::int64_t first_row, int rows) {
    if (stream == stream_ && first_row == first_row_ && rows == rows_) return;  // another head of the same rows
    stream_ = stream, first_row_ = first_row, rows_ = rows;
    if (a_.mask) mask_ = a_.mask + first_row * a_.mask_row + stream % a_.mask_streams * a_.mask_stream;
    whole_ = mixed_ = 0;
    known_ = last_ = 0;
    std::fill_n(begins_, kPatterns + 1, 0);
    for (std::int64_t cell = 0; cell < a_.cells; cell += kGroup) sort_group(cell);
    place_mixed();
  }

  void load_masks(std::int64_t position, Masks& masks) const {
    masks.seen = masks.open = 0;
    if (position < whole_) {
      for (int r = 0; r < rows_; ++r) load_row(r, mask_ ? mask_of(r) + block_.order[position] : block_.unmasked, masks);
      return;
    }
    const std::int32_t* cell = cells(position);
    std::uint64_t seen = 0;
    for (int i = 0; i < kGroup; ++i) seen |= cell[i] < 0 ? 0 : patterns_[block_.places[position - whole_ + i]];
    for (; seen; seen &= seen - 1) {
      const int r = std::countr_zero(seen);
      const std::uint16_t* mask = mask_ ? mask_of(r) : nullptr;
      alignas(64) std::uint16_t gathered[kGroup];
      for (int i = 0; i < kGroup; ++i) gathered[i] = cell[i] < 0 ? kHiddenF16 : mask ? mask[cell[i]] : 0;
      load_row(r, gathered, masks);
    }
  }

 private:
  const std::uint16_t* mask_of(int r) const { return reinterpret_cast<const std::uint16_t*>(mask_ + r * a_.mask_row); }

  static void load_row(int r, const std::uint16_t* from, Masks& masks) {
    bool open = true;
    for (int lane = 0; lane < kGroup; lane += V::lanes) {
      const typename V::F mask = V::load_f16(from + lane);
      V::store(masks.added[r] + lane, mask);
      open &= V::all_zero(mask);
    }
    const bool any = V::unlike_f16(from, kHiddenF16) != 0;
    masks.seen |= static_cast<std::uint64_t>(any) << r;
    masks.open |= static_cast<std::uint64_t>(open) << r;
  }

  void sort_group(std::int64_t cell) {
    const int count = static_cast<int>(std::min<std::int64_t>(kGroup, a_.cells - cell));
    std::uint32_t by_row[kMostRows], by_any = 0;  // a bit for each cell
    bool whole = count == kGroup;
    for (int r = 0; r < rows_; ++r) {
      by_row[r] = cells_seen(r, cell, count);
      by_any |= by_row[r];
      whole &= by_row[r] == 0 || by_row[r] == (1u << kGroup) - 1;
    }
    if (!by_any) return;
    if (whole) {
      for (int i = 0; i < kGroup; ++i) block_.order[whole_ + i] = static_cast<std::int32_t>(cell) + i;
      whole_ += kGroup;
      return;
    }
    std::uint64_t patterns[kGroup] = {};
    for (int r = 0; r < rows_; ++r) {
      for (std::uint32_t left = by_row[r]; left; left &= left - 1)
        patterns[std::countr_zero(left)] |= std::uint64_t{1} << r;
    }
    for (int i = 0; i < kGroup; ++i) {
      if (!patterns[i]) continue;
      last_ = place_of(patterns[i]);
      ++begins_[last_ + 1];
      block_.mixed_places[mixed_] = static_cast<std::uint8_t>(last_);
      block_.mixed_cells[mixed_++] = static_cast<std::int32_t>(cell) + i;
    }
  }

  std::uint32_t cells_seen(int r, std::int64_t cell, int count) const {
    const std::uint32_t all = (1u << count) - 1;
    if (!mask_) return all;
    const std::uint16_t* mask = mask_of(r) + cell;
    if (count == kGroup) return V::unlike_f16(mask, kHiddenF16);
    std::uint32_t bits = 0;
    for (int i = 0; i < count; ++i) bits |= static_cast<std::uint32_t>(mask[i] != kHiddenF16) << i;
    return bits;
  }

  // Texts that take turns have the next pattern next.
  int place_of(std::uint64_t pattern) {
    for (int tried = 0, p = last_; tried < known_; ++tried, p = p + 1 < known_ ? p + 1 : 0) {
      if (patterns_[p] == pattern) return p;
    }
    if (known_ < kPatterns) {
      patterns_[known_] = pattern;
      return known_++;
    }
    patterns_[kPatterns - 1] |= pattern;
    return kPatterns - 1;
  }

  void place_mixed() {
    for (int p = 0; p < known_; ++p) begins_[p + 1] += begins_[p];
    for (std::int64_t i = 0; i < mixed_; ++i) {
      const std::int64_t at = begins_[block_.mixed_places[i]]++;
      block_.order[whole_ + at] = block_.mixed_cells[i];
      block_.places[at] = block_.mixed_places[i];
    }
    positions_ = whole_ + (mixed_ + kGroup - 1) / kGroup * kGroup;
    std::fill(block_.order + whole_ + mixed_, block_.order + positions_, -1);
  }

  const Attention& a_;
  const BlockWork& block_;
  std::int64_t stream_ = 0, first_row_ = 0;
  int rows_ = 0;
  const char* mask_ = nullptr;                          // of the first row
  std::int64_t whole_ = 0, mixed_ = 0, positions_ = 0;  // cells, cells, with what fills the last group
  std::uint64_t patterns_[kPatterns];   // rows that see a cell; of the last place all that see any of its cells
  std::int64_t begins_[kPatterns + 1];  // of each pattern's cells
  int known_ = 0, last_ = 0;            // patterns, where the cell before went
};

}  // namespace
}  // namespace decant::kernels
