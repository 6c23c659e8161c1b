#include "host/transform_settings.h"

#include <gtest/gtest.h>

namespace clary::host {
namespace {

TEST(TransformSettings, AwssDefaults) {
  const TransformSettings settings = settled({}, {});
  EXPECT_EQ(settings.text(),
            "MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD");
  EXPECT_EQ(settings.payload_bytes(), 6ULL << 20);
}

TEST(TransformSettings, TheContainerChoosesWhatTheJobLeavesOpen) {
  const ExecutionParameters container = execution_parameters(
      200, R"({"MaxConcurrentTransforms":8,"BatchStrategy":"SINGLE_RECORD","MaxPayloadInMB":2})");
  EXPECT_EQ(settled({}, container).text(),
            "MaxConcurrentTransforms=8, MaxPayloadInMB=2, BatchStrategy=SINGLE_RECORD");
  EXPECT_EQ(
      settled({.strategy = "MultiRecord", .max_concurrent = 3, .max_payload_mb = 0}, container)
          .text(),
      "MaxConcurrentTransforms=3, MaxPayloadInMB=0, BatchStrategy=MULTI_RECORD");
}

TEST(TransformSettings, WhatAContainerSaysInVainIsNotHeard) {
  const std::string defaults = settled({}, {}).text();
  EXPECT_EQ(settled({}, execution_parameters(404, R"({"MaxPayloadInMB":2})")).text(), defaults);
  EXPECT_EQ(settled({}, execution_parameters(200, "no JSON")).text(), defaults);
  EXPECT_EQ(
      settled({}, execution_parameters(200, R"({"MaxConcurrentTransforms":0,"BatchStrategy":"All",
                                     "MaxPayloadInMB":1000})"))
          .text(),
      defaults);
}

TEST(TransformSettings, OneHostDoesTheWorkOfAllInstances) {
  const ExecutionParameters container =
      execution_parameters(200, R"({"MaxConcurrentTransforms":4})");
  EXPECT_EQ(settled({.instances = 3}, {}).max_concurrent, 3);
  EXPECT_EQ(settled({.max_concurrent = 2, .instances = 3}, container).max_concurrent, 6);
  EXPECT_EQ(settled({.instances = 3}, container).max_concurrent, 12);
  EXPECT_EQ(settled({.max_concurrent = 256, .instances = 2'000'000'000}, {}).max_concurrent, 256);
}

TEST(TransformSettings, WithoutALimitThereIsThatOfMemory) {
  EXPECT_EQ(settled({.max_payload_mb = 0}, {}).payload_bytes(), 1ULL << 30);
}

}  // namespace
}  // namespace clary::host
