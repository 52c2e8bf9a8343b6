// How many CPUs this process may use.
#pragma once

#include <filesystem>
#include <optional>

namespace decant {

// Of the machine, those that the affinity mask leaves, and of their time what the control groups (v1 and v2) that the
// process is in leave, rounded up: a container with half a CPU has one.
int usable_cpus();

// The CPU time a second that the control groups of `process` (its /proc/PID/cgroup) leave, in seconds; none: all.
// `root`: where control groups are mounted.
std::optional<double> cpu_quota(const std::filesystem::path& process, const std::filesystem::path& root);

}  // namespace decant
