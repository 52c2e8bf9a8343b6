// Prompts under settings, side by side: the texts, where they part, what repeats, and what is measured of them.
#pragma once

#include <string>
#include <vector>

#include "cli/cell.h"
#include "cli/columns.h"
#include "cli/style.h"

namespace decant {

struct ComparedPrompt {
  std::string text;                    // as it was given
  std::vector<Token> ids = {};         // what the model reads
  std::vector<CellResult> cells = {};  // by column
  int common = 0;                      // tokens with which all texts begin, up to the end of a character
};

struct Comparison {
  std::string model;
  std::vector<Column> columns;
  std::vector<ComparedPrompt> prompts;
  bool traced = false;  // whether the decisions are kept, for a page
  int ngram = 4;        // n-grams of this length are marked where they repeat
};

// Runs every cell, a bounded number at a time, all in one scheduler; each next one starts as one ends. Returns the exit
// code: an interrupt leaves texts unfinished. What is wrong with one cell is its result and disturbs no other.
int compare(Session& session, Comparison& comparison, bool quiet);
inline constexpr int kLiveCells = 16;

struct MarkedPiece {
  std::string text;       // whole characters
  bool parts = false;     // the first token that the others do not have
  bool repeated = false;  // belongs to an n-gram that stands further ahead as well
};

// A cell's text behind the common beginning, one piece a token.
std::vector<MarkedPiece> marked_text(const Comparison& comparison, const ComparedPrompt& prompt,
                                     const CellResult& cell);
std::string common_text(const ComparedPrompt& prompt);
int common_beginning(const std::vector<CellResult>& cells);

std::vector<TextMetrics> column_means(const Comparison& comparison);  // by column, over the prompts

// ---- views ----------------------------------------------------------------------------------------------------------
std::string comparison_text(const Comparison& comparison, const Style& style, bool color, int width);
std::string comparison_markdown(const Comparison& comparison);
std::string comparison_json(const Comparison& comparison);

}  // namespace decant
