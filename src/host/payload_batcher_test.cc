#include "host/payload_batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/record_splitter.h"

namespace clary::host {
namespace {

using testing::ElementsAre;

// The bodies that these records make.
std::vector<std::string> bodies(const BatchOptions& options,
                                const std::vector<std::string>& records) {
  PayloadBatcher batcher(options);
  std::vector<std::string> made;
  for (const std::string& record : records) {
    Result<std::optional<Payload>> full = batcher.add(record, record);
    if (!full.ok()) {
      made.push_back(full.error().message);
      return made;
    }
    if (*full) made.push_back((*full)->body);
  }
  if (auto rest = batcher.rest()) made.push_back(rest->body);
  EXPECT_FALSE(batcher.rest().has_value());
  return made;
}

TEST(PayloadBatcher, OneRecordEach) {
  EXPECT_THAT(bodies({.several = false, .most_bytes = 10}, {"a\n", "b\n"}),
              ElementsAre("a\n", "b\n"));
}

TEST(PayloadBatcher, AsManyAsFit) {
  const BatchOptions options{.several = true, .most_bytes = 5};
  EXPECT_THAT(bodies(options, {"a\n", "b\n", "c\n", "d"}), ElementsAre("a\nb\n", "c\nd"));
  EXPECT_THAT(bodies(options, {"12345", "1", "2345", "6"}), ElementsAre("12345", "12345", "6"));
  EXPECT_THAT(bodies(options, {}), ElementsAre());
}

TEST(PayloadBatcher, ARecordThatNoPayloadHoldsIsRefused) {
  for (const bool several : {false, true})
    EXPECT_THAT(bodies({.several = several, .most_bytes = 3}, {"1234"}), ElementsAre(kTooMuchData));
}

TEST(PayloadBatcher, KeepsTheRecordsWhereTheyAreWanted) {
  PayloadBatcher batcher({.several = true, .most_bytes = 9, .keep_records = true});
  ASSERT_FALSE(batcher.add("1\n", "id,1\n")->has_value());
  ASSERT_FALSE(batcher.add("2\n", "id,2\n")->has_value());
  EXPECT_THAT(batcher.rest()->records, ElementsAre("id,1\n", "id,2\n"));
  PayloadBatcher without({.several = true, .most_bytes = 9});
  ASSERT_TRUE(without.add("1", "1").ok());
  EXPECT_TRUE(without.rest()->records.empty());
}

}  // namespace
}  // namespace clary::host
