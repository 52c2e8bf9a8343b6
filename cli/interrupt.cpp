#include "cli/interrupt.h"

#include <csignal>
#include <initializer_list>

namespace decant {
namespace {

volatile std::sig_atomic_t caught = 0;

void remember(int signal) {
  caught = signal;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void ignore_closed_pipes() { std::signal(SIGPIPE, SIG_IGN); }

void catch_interrupts() {
  for (const int signal : {SIGINT, SIGTERM}) {
    if (std::signal(signal, remember) == SIG_IGN) std::signal(signal, SIG_IGN);
  }
}

int interrupted() { return caught; }

void forget_interrupt() {
  caught = 0;
  for (const int signal : {SIGINT, SIGTERM}) {
    if (std::signal(signal, SIG_DFL) == SIG_IGN) std::signal(signal, SIG_IGN);
  }
}

void outlive_interrupts() {
  caught = 0;
  if (std::signal(SIGINT, [](int signal) { caught = signal; }) == SIG_IGN) std::signal(SIGINT, SIG_IGN);
}

}  // namespace decant
