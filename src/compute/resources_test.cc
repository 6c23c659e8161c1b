#include "compute/resources.h"

#include <gtest/gtest.h>

namespace clary::compute {
namespace {

constexpr std::uint64_t kGiB = 1ULL << 30;

TEST(Resources, InstanceTypesStandForWhatAwsSays) {
  EXPECT_EQ(instance_type_resources("ml.c5.xlarge").value(), (Resources{4, 8 * kGiB, 0}));
  EXPECT_EQ(instance_type_resources("ml.m5.24xlarge").value(), (Resources{96, 384 * kGiB, 0}));
  EXPECT_EQ(instance_type_resources("ml.c4.8xlarge").value().memory_bytes, 60 * kGiB);
  EXPECT_EQ(instance_type_resources("ml.p3.8xlarge").value(), (Resources{32, 244 * kGiB, 4}));
  EXPECT_EQ(instance_type_resources("local").value(), machine_resources());
}

TEST(Resources, UnknownTypesAreSaid) {
  for (const char* type : {"", "ml.", "ml.c5", "ml.c5.huge", "c5.xlarge", "ml.z9.xlarge"}) {
    EXPECT_EQ(instance_type_resources(type).error().code, ErrorCode::kNotFound) << type;
  }
}

TEST(Resources, WhatIsAskedIsCutToTheMachine) {
  const Resources machine{2, 4 * kGiB, 0};
  EXPECT_EQ(fitted({32, 244 * kGiB, 4}, machine), machine);
  EXPECT_EQ(fitted({1, kGiB, 0}, machine), (Resources{1, kGiB, 0}));
}

TEST(Resources, TheMachineHasSomething) {
  EXPECT_GE(machine_resources().cores, 1);
  EXPECT_GT(machine_resources().memory_bytes, kGiB / 4);
}

}  // namespace
}  // namespace clary::compute
