// Tested by tests/cli/chat_test.py.
#include "cli/line_editor.h"

#include <histedit.h>
#include <langinfo.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <iostream>
#include <string_view>
#include <utility>

#include "base/shared_library.h"
#include "cli/interrupt.h"
#include "cli/output.h"

namespace decant {
namespace {

constexpr int kHistoryLines = 1000;

// So that libedit takes several bytes for one character, whatever the environment says.
void use_utf8() {
  std::setlocale(LC_CTYPE, "");
  if (std::string_view(nl_langinfo(CODESET)) != "UTF-8") std::setlocale(LC_CTYPE, "C.UTF-8");
}

}  // namespace

// libedit, which is opened at the first line: a program without it reads lines as the terminal edits them.
class LineEditor::Editline {
 public:
  Editline(const SharedLibrary& library, std::filesystem::path file)
      : el_set(library.function<decltype(el_set)>("el_set")),
        el_gets(library.function<decltype(el_gets)>("el_gets")),
        el_end(library.function<decltype(el_end)>("el_end")),
        history(library.function<decltype(history)>("history")),
        history_end(library.function<decltype(history_end)>("history_end")),
        file_(std::move(file)) {
    use_utf8();
    editor_ = library.function<decltype(&::el_init)>("el_init")("decant", stdin, stdout, stderr);
    lines_ = library.function<decltype(&::history_init)>("history_init")();
    history(lines_, &event_, H_SETSIZE, kHistoryLines);
    history(lines_, &event_, H_SETUNIQUE, 1);
    if (!file_.empty()) history(lines_, &event_, H_LOAD, file_.c_str());
    el_set(editor_, EL_PROMPT, &prompt_of);
    el_set(editor_, EL_EDITOR, "emacs");
    el_set(editor_, EL_HIST, history, lines_);
    el_set(editor_, EL_SIGNAL, 1);                      // of the window's size
    el_set(editor_, EL_SETTY, "-d", "-isig", nullptr);  // Ctrl-C is a key
    el_set(editor_, EL_ADDFN, "decant-interrupt", "give the line up", &interrupt);
    el_set(editor_, EL_BIND, "^C", "decant-interrupt", nullptr);
    el_set(editor_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  }

  ~Editline() {
    history_end(lines_);
    el_end(editor_);
  }
  Editline(const Editline&) = delete;
  Editline& operator=(const Editline&) = delete;

  Line read(const std::string& prompt) {
    prompt_ = prompt;
    interrupted_ = false;
    int count = 0;
    el_set(editor_, EL_PREP_TERM,
           1);             // by itself libedit shows the prompt first, and a Ctrl-C or Ctrl-D meanwhile is lost
    outlive_interrupts();  // what came between two lines is nothing; what comes behind this one is of its answer
    const char* const text = el_gets(editor_, &count);
    Line line{text && count > 0 ? std::string(text, static_cast<std::size_t>(count)) : ""};
    if (interrupted_) {
      line.end = LineEnd::interrupted;
    } else if (!text || count <= 0) {
      line.end = LineEnd::end;
    }
    if (line.text.ends_with('\n')) line.text.pop_back();
    return line;
  }

  void remember(const std::string& text) {
    history(lines_, &event_, H_ENTER, text.c_str());
    if (file_.empty()) return;
    const mode_t before = umask(077);  // what was said is its owner's alone
    history(lines_, &event_, H_SAVE, file_.c_str());
    umask(before);
  }

 private:
  static char* prompt_of(EditLine*) { return current->prompt_.data(); }
  static unsigned char interrupt(EditLine*, int) {
    current->interrupted_ = true;
    std::fputs("^C\n", stdout);
    return CC_EOF;
  }

 public:
  static inline Editline* current = nullptr;  // as libedit tells its callbacks nothing of their owner

 private:
  decltype(&::el_set) el_set;
  decltype(&::el_gets) el_gets;
  decltype(&::el_end) el_end;
  decltype(&::history) history;
  decltype(&::history_end) history_end;
  std::filesystem::path file_;
  EditLine* editor_ = nullptr;
  History* lines_ = nullptr;
  HistEvent event_{};
  std::string prompt_;
  bool interrupted_ = false;
};

LineEditor::LineEditor(std::filesystem::path history) {
  if (!isatty(STDIN_FILENO) || !can_redraw(StandardStream::output)) return;
  const SharedLibrary library({"libedit.so.2", "libedit.so.0", "libedit.3.dylib"});
  if (!library) return;
  editline_ = std::make_unique<Editline>(library, std::move(history));
  Editline::current = editline_.get();
}

LineEditor::~LineEditor() { Editline::current = nullptr; }

Line LineEditor::read(const std::string& prompt) {
  if (editline_) return editline_->read(prompt);
  if (isatty(STDIN_FILENO)) tell(prompt);
  Line line;
  if (!std::getline(std::cin, line.text)) line.end = LineEnd::end;
  if (isatty(STDIN_FILENO)) outlive_interrupts();
  return line;
}

void LineEditor::remember(const std::string& text) {
  if (editline_ && text.find('\n') == std::string::npos) editline_->remember(text);
}

}  // namespace decant
