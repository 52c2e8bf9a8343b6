// Lines that somebody types: edited with libedit at a terminal, with a history; read as they come elsewhere.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace decant {

enum class LineEnd { line, interrupted, end };  // Enter; Ctrl-C; Ctrl-D, or the end of the input

struct Line {
  std::string text;
  LineEnd end = LineEnd::line;
};

class LineEditor {
 public:
  // `history`: a file that is read now and written with every line; "": none.
  explicit LineEditor(std::filesystem::path history = {});
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // The prompt is shown at terminals only.
  Line read(const std::string& prompt);

  // For the history.
  void remember(const std::string& text);

 private:
  class Editline;
  std::unique_ptr<Editline> editline_;  // null: standard input is no terminal, or there is no libedit
};

}  // namespace decant
