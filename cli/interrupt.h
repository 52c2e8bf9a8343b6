// Ctrl-C and its kind: the first one asks the program to stop at the next step, the second one ends it at once.
#pragma once

namespace decant {

void catch_interrupts();  // SIGINT and SIGTERM; SIGPIPE becomes a write error
int interrupted();        // the signal that asked, or 0

}  // namespace decant
