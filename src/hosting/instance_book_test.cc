// What the book forgets of instances that have ended.
#include "hosting/instance_book.h"

#include <gtest/gtest.h>

#include "hosting/endpoint_fixture.h"
#include "hosting/serving_job.h"

namespace clary::hosting {
namespace {

// Of an instance of the endpoint's generation of this number.
domain::Job ended_job(const domain::Endpoint& endpoint, std::uint64_t generation, int number) {
  const InstanceId id{.generation = generation, .variant = "v", .number = number};
  domain::Job job = serving_job(endpoint, test_variant("v", 1), id, 0);
  job.phase = domain::Phase::kFailed;
  return job;
}

TEST(InstanceBook, ForgetsGenerationsThatTheEndpointHasNoMore) {
  const TimePoint now;
  domain::Endpoint endpoint = test_endpoint(1, now);
  endpoint.serving = test_generation(2, 1, now);
  endpoint.next = test_generation(5, 1, now);
  InstanceBook book;
  for (const std::uint64_t generation : {1U, 2U, 4U, 5U})
    book.note(ended_job(endpoint, generation, 1), now);
  EXPECT_EQ(book.prune(endpoint).size(), 2U) << "the one before, and one that was rolled back";
  endpoint.next.reset();
  EXPECT_EQ(book.prune(endpoint).size(), 1U);
  EXPECT_EQ(book.containers().size(), 1U) << "numbers of what serves are not given again";
}

TEST(InstanceBook, KeepsTheNewestOfWhatServes) {
  const TimePoint now;
  domain::Endpoint endpoint = test_endpoint(1, now);
  InstanceBook book;
  for (int number = 1; number <= 40; ++number) book.note(ended_job(endpoint, 1, number), now);
  const std::vector<JobName> forgotten = book.prune(endpoint);
  ASSERT_FALSE(forgotten.empty());
  EXPECT_EQ(forgotten.front(), JobName("0123abcd-1-1-0-v"));
  EXPECT_TRUE(book.containers().contains(JobName("0123abcd-1-40-0-v")));
}

}  // namespace
}  // namespace clary::hosting
