// Ctrl-C and its kind. While nothing is under way that must end cleanly, they simply end the program. Once caught, the
// first one asks it to stop at the next step, and the second one ends it at once.
#pragma once

#include <chrono>

namespace decant {

inline constexpr auto kBetweenLooks = std::chrono::milliseconds(20);  // at interrupts, while something is under way

void ignore_closed_pipes();  // SIGPIPE becomes a write error
void catch_interrupts();     // SIGINT and SIGTERM, except where the parent wanted them ignored
int interrupted();           // the signal that asked, or 0
void forget_interrupt();     // it was answered: signals end the program again
void outlive_interrupts();   // forgets it, and until they are caught Ctrl-C ends nothing: where lines are edited

}  // namespace decant
