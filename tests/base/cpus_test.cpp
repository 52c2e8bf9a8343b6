// Quotas of control groups, from faked files: both versions, inner and outer groups, a container's view.
#include "base/cpus.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <string>

#include "support/temporary.h"

namespace decant {
namespace {

class CpuQuota : public testing::Test {
 protected:
  std::optional<double> quota(const std::string& groups) const {
    folder_.write("cgroup", groups);
    return cpu_quota(folder_.path() / "cgroup", folder_.path() / "fs");
  }

  test::TemporaryFolder folder_;
};

TEST_F(CpuQuota, OfVersionTwo) {
  folder_.write("fs/a/cpu.max", "50000 100000\n");
  EXPECT_EQ(quota("0::/a\n"), 0.5);
  folder_.write("fs/a/cpu.max", "max 100000\n");
  EXPECT_EQ(quota("0::/a\n"), std::nullopt);
}

TEST_F(CpuQuota, IsTheLeastOfAllGroupsAbove) {
  folder_.write("fs/a/b/cpu.max", "300000 100000\n");
  folder_.write("fs/a/cpu.max", "150000 100000\n");
  folder_.write("fs/cpu.max", "max 100000\n");
  EXPECT_EQ(quota("0::/a/b\n"), 1.5);
  folder_.write("fs/a/b/cpu.max", "20000 100000\n");
  EXPECT_EQ(quota("0::/a/b\n"), 0.2);
}

TEST_F(CpuQuota, OfVersionOne) {
  folder_.write("fs/cpu,cpuacct/docker/x/cpu.cfs_quota_us", "250000\n");
  folder_.write("fs/cpu,cpuacct/docker/x/cpu.cfs_period_us", "100000\n");
  folder_.write("fs/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  folder_.write("fs/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota("5:memory:/y\n4:cpu,cpuacct:/docker/x\n"), 2.5);
}

// The path is the host's, of which the container sees its own group as the root.
TEST_F(CpuQuota, OfAContainerThatSeesItsGroupAsTheRoot) {
  folder_.write("fs/cpu/cpu.cfs_quota_us", "100000\n");
  folder_.write("fs/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota("4:cpu,cpuacct:/docker/0123\n1:name=systemd:/z\n0::/q\n"), 1.0);
}

TEST_F(CpuQuota, OfNothingOrNonsenseIsNone) {
  EXPECT_EQ(quota(""), std::nullopt);
  EXPECT_EQ(quota("nonsense\n0::\n:::\n"), std::nullopt);
  folder_.write("fs/a/cpu.max", "many 7\n");
  EXPECT_EQ(quota("0::/a\n"), std::nullopt);
  EXPECT_EQ(cpu_quota(folder_.path() / "none", folder_.path() / "fs"), std::nullopt);
}

TEST(UsableCpus, AreThoseOfTheAffinityMask) {
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_LE(usable_cpus(), CPU_COUNT(&before));
  int cpu = 0;
  while (!CPU_ISSET(cpu, &before)) ++cpu;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(usable_cpus(), 1);
  sched_setaffinity(0, sizeof before, &before);
}

}  // namespace
}  // namespace decant
