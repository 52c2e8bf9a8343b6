// Tested by tests/base/cpus_test.cpp.
#include "base/cpus.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

namespace decant {
namespace {

namespace fs = std::filesystem;

using Quota = std::optional<double>;

Quota smaller(Quota a, Quota b) { return !a ? b : !b ? a : std::min(*a, *b); }

Quota ratio(double quota, double period) {
  return quota > 0 && period > 0 ? Quota(quota / period) : std::nullopt;  // -1: no limit
}

Quota of_group_v2(const fs::path& folder) {  // "50000 100000", or "max 100000"
  double quota = 0, period = 0;
  std::ifstream(folder / "cpu.max") >> quota >> period;
  return ratio(quota, period);
}

Quota of_group_v1(const fs::path& folder) {
  double quota = 0, period = 0;
  std::ifstream(folder / "cpu.cfs_quota_us") >> quota;
  std::ifstream(folder / "cpu.cfs_period_us") >> period;
  return ratio(quota, period);
}

// Of a group and of all above it. In a container its path may be the host's, of which there are only the upper ones.
Quota along(const fs::path& root, const std::string& group, Quota (*of)(const fs::path&)) {
  Quota least;
  for (fs::path below = fs::path(group).relative_path();; below = below.parent_path()) {
    least = smaller(least, of(root / below));
    if (below.empty()) return least;
  }
}

bool names(const std::string& controllers, const std::string& wanted) {
  return ("," + controllers + ",").find("," + wanted + ",") != std::string::npos;
}

}  // namespace

Quota cpu_quota(const fs::path& process, const fs::path& root) {
  Quota least;
  std::ifstream file(process);
  for (std::string line; std::getline(file, line);) {  // hierarchy:controllers:group
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), group = line.substr(second + 1);
    if (controllers.empty()) {
      for (const fs::path& mount : {root, root / "unified"}) least = smaller(least, along(mount, group, of_group_v2));
    } else if (names(controllers, "cpu")) {
      for (const fs::path& mount : {root / "cpu", root / controllers})
        least = smaller(least, along(mount, group, of_group_v1));
    }
  }
  return least;
}

int usable_cpus() {
  int count = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) count = std::max(1, CPU_COUNT(&allowed));
  const Quota quota = cpu_quota("/proc/self/cgroup", "/sys/fs/cgroup");
  return quota ? std::clamp(static_cast<int>(std::ceil(*quota)), 1, count) : count;
}

}  // namespace decant
