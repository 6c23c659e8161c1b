#include "compute/placement.h"

#include <gtest/gtest.h>

namespace clary::compute {
namespace {

constexpr std::uint64_t kGib = 1ULL << 30;
constexpr Resources kMachine{.cores = 8, .memory_bytes = 16 * kGib, .gpus = 2};

WaitingGang one(int cores, std::uint64_t gib = 0, int gpus = 0, bool preemptible = false) {
  return {{{.cores = cores, .memory_bytes = gib * kGib, .gpus = gpus}}, preemptible};
}

std::string starts(const PlacementSnapshot& snapshot) {
  std::string text;
  for (const PlacementDecision& decision : place(snapshot)) text += decision.starts ? 'S' : 'w';
  return text;
}

TEST(Placement, StartsWhatFits) {
  EXPECT_EQ(starts({kMachine, {}, {one(4), one(4), one(1)}}), "SSw");
  EXPECT_EQ(starts({kMachine, {{{.cores = 6}, {}}}, {one(2)}}), "S");
  EXPECT_EQ(starts({kMachine, {{{.cores = 6}, {}}}, {one(3)}}), "w");
  EXPECT_EQ(starts({kMachine, {}, {one(1, 10), one(1, 10)}}), "Sw");
  EXPECT_EQ(starts({kMachine, {}, {}}), "");
}

TEST(Placement, NobodyOvertakesABigGang) {
  EXPECT_EQ(starts({kMachine, {{{.cores = 2}, {}}}, {one(8), one(1)}}), "ww");
}

TEST(Placement, OnDemandComesBeforePreemptible) {
  EXPECT_EQ(starts({kMachine, {}, {one(8, 0, 0, true), one(8)}}), "wS");
  EXPECT_EQ(starts({kMachine, {}, {one(4, 0, 0, true), one(4)}}), "SS");
}

TEST(Placement, AGangStartsWholeOrNotAtAll) {
  const WaitingGang pair{{{.cores = 4}, {.cores = 4}}, false};
  EXPECT_EQ(starts({kMachine, {}, {pair}}), "S");
  EXPECT_EQ(starts({kMachine, {{{.cores = 1}, {}}}, {pair}}), "w");
}

TEST(Placement, WhatIsLargerThanTheMachineGetsIt) {
  const WaitingGang huge{{{.cores = 96, .memory_bytes = 768 * kGib, .gpus = 8}, {.cores = 96}},
                         false};
  const auto decisions = place({kMachine, {}, {huge}});
  ASSERT_TRUE(decisions[0].starts);
  EXPECT_EQ(decisions[0].placed.total, kMachine);
  EXPECT_EQ(decisions[0].placed.gpus, (std::vector<int>{0, 1}));
  EXPECT_EQ(starts({kMachine, {{{.cores = 1}, {}}}, {huge}}), "w");
}

TEST(Placement, GrantsGpusThatAreFree) {
  const auto decisions =
      place({kMachine, {{{.cores = 1, .gpus = 1}, {0}}}, {one(1, 0, 1), one(1, 0, 1)}});
  EXPECT_EQ(decisions[0].placed.gpus, std::vector<int>{1});
  EXPECT_FALSE(decisions[1].starts);
  EXPECT_EQ(decisions[1].reason, "waits for 1 of 1 GPUs");
}

TEST(Placement, GrantsCoresThatNobodyElseHas) {
  const PlacementSnapshot snapshot{.machine = {.cores = 4, .memory_bytes = kGib},
                                   .running = {{{.cores = 1}, {}, {4}}},
                                   .waiting = {one(1), one(2)},
                                   .cpus = {2, 4, 6, 8}};
  const std::vector<PlacementDecision> decisions = place(snapshot);
  EXPECT_EQ(decisions[0].placed.cpus, std::vector<int>{2});
  EXPECT_EQ(decisions[1].placed.cpus, (std::vector<int>{6, 8}));
}

TEST(Placement, ReliesOnNoNumbersWhereThereAreTooFew) {
  const PlacementSnapshot snapshot{.machine = {.cores = 4}, .waiting = {one(3)}, .cpus = {0, 1}};
  EXPECT_TRUE(place(snapshot)[0].starts);
  EXPECT_TRUE(place(snapshot)[0].placed.cpus.empty());
}

TEST(Placement, WhatAsksForNothingStartsAtOnceAndTakesNothing) {
  const PlacementSnapshot snapshot{.machine = {.cores = 2},
                                   .running = {{{.cores = 0}, {}}, {{.cores = 2}, {}, {4, 5}}},
                                   .waiting = {one(1), one(0), one(0, 0, 0, true)},
                                   .cpus = {4, 5}};
  const std::vector<PlacementDecision> decisions = place(snapshot);
  EXPECT_FALSE(decisions[0].starts);
  EXPECT_TRUE(decisions[1].starts);
  EXPECT_TRUE(decisions[1].placed.cpus.empty());
  EXPECT_TRUE(decisions[2].starts);
  EXPECT_EQ(starts({{.cores = 2}, {{{.cores = 0}, {}}}, {one(2)}}), "S");
}

TEST(Placement, SaysWhatIsMissing) {
  const auto decisions =
      place({kMachine, {{{.cores = 6, .memory_bytes = 8 * kGib}, {}}}, {one(8), one(1)}});
  EXPECT_EQ(decisions[0].reason, "waits for 6 of 8 cores");
  EXPECT_EQ(decisions[1].reason, "waits for the jobs before it");
  EXPECT_EQ(place({kMachine, {{{.memory_bytes = 15 * kGib}, {}}}, {one(1, 2)}})[0].reason,
            "waits for 1.0 GiB of 2.0 GiB of memory");
}

}  // namespace
}  // namespace clary::compute
