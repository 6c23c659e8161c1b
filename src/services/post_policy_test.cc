#include "services/post_policy.h"

#include <gtest/gtest.h>

#include "base/text_encoding.h"
#include "base/time_text.h"

namespace clary::services {
namespace {

const TimePoint kNow = *parse_time("2026-01-01T00:00:00Z");

Outcome<PostPolicy> policy(const std::string& conditions,
                           const std::string& expiration = "2026-01-02T00:00:00.000Z") {
  return PostPolicy::parse(
      base64_encode(R"({"expiration":")" + expiration + R"(","conditions":)" + conditions + "}"));
}

// The code and the end of the sentence, or "" when the policy lets the fields pass.
std::string check(const std::string& conditions, const FormFields& fields,
                  const std::string& expiration = "2026-01-02T00:00:00.000Z") {
  auto parsed = policy(conditions, expiration);
  if (!parsed.ok()) return parsed.error().code;
  const auto refused = parsed->check(fields, kNow);
  return refused ? refused->message : "";
}

TEST(PostPolicy, HoldsWhenEveryConditionDoes) {
  EXPECT_EQ(check(R"([{"bucket":"b"},["starts-with","$key","user/"],["eq","$acl","private"]])",
                  {{"bucket", "b"}, {"key", "user/a"}, {"acl", "private"}, {"policy", "p"}}),
            "");
  EXPECT_EQ(check(R"([["starts-with","$Key",""]])", {{"key", "anything"}}), "");
}

TEST(PostPolicy, NamesTheConditionThatFails) {
  EXPECT_EQ(
      check(R"([["starts-with","$key","user/"]])", {{"key", "other"}}),
      R"(Invalid according to Policy: Policy Condition failed: ["starts-with","$key","user/"])");
  EXPECT_EQ(check(R"([{"key":"a"}])", {}),
            R"(Invalid according to Policy: Policy Condition failed: ["eq","$key","a"])");
}

TEST(PostPolicy, RefusesFieldsItDoesNotMention) {
  const std::string sentence = "Invalid according to Policy: Extra input fields: x-amz-meta-a";
  EXPECT_EQ(check(R"([{"key":"k"}])", {{"key", "k"}, {"x-amz-meta-a", "1"}}), sentence);
  EXPECT_EQ(check(R"([{"key":"k"}])", {{"key", "k"}, {"x-ignore-a", "1"}, {"submit", "Go"}}), "");
}

TEST(PostPolicy, Expires) {
  EXPECT_EQ(check("[]", {}, "2025-12-31T23:59:59Z"),
            "Invalid according to Policy: Policy expired.");
}

TEST(PostPolicy, BoundsTheSize) {
  const auto parsed = policy(R"([["content-length-range",10,"20"]])");
  ASSERT_TRUE(parsed.ok());
  auto copy = parsed;
  EXPECT_EQ(copy->least_bytes(), 10U);
  EXPECT_EQ(copy->most_bytes(), 20U);
}

TEST(PostPolicy, RefusesWhatItCannotRead) {
  for (const char* conditions : {"{}", "[1]", R"([["near","$key","a"]])", R"([["eq","$key"]])",
                                 R"([{"key":1}])", R"([["content-length-range",-1,5]])"})
    EXPECT_EQ(check(conditions, {}), "InvalidPolicyDocument") << conditions;
  EXPECT_EQ(PostPolicy::parse("%%%").error().code, "InvalidPolicyDocument");
  EXPECT_EQ(policy("[]", "tomorrow").error().code, "InvalidPolicyDocument");
}

}  // namespace
}  // namespace clary::services
