// libllama as a whole: its start, and what it says when something goes wrong.
#pragma once

#include <string>

namespace decant {

// Once for the process, from any thread; before anything else of libllama. Throws Error(unavailable) on a CPU that it
// was not built for.
void start_library();

// While there is one, what libllama complains of on this thread, for our own message. Its other threads only compute.
class Complaints {
 public:
  Complaints();
  ~Complaints();
  Complaints(const Complaints&) = delete;
  Complaints& operator=(const Complaints&) = delete;

  void add(const char* text) { text_ += text; }
  std::string because() const;  // " (what it said)", or "" where it said nothing

 private:
  std::string text_;
  Complaints* outer_;
};

}  // namespace decant
