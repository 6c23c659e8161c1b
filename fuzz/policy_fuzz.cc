// Policy documents: they are read or refused with a sentence, and whatever is asked of them is
// decided soon.
//
// The input's first line is the action and the resource that are asked for, the rest is the policy.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "domain/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const std::string_view asked = text.substr(0, end);
  const auto policy = clary::domain::Policy::parse(text.substr(end + 1));
  if (!policy.ok()) {
    CLARY_CHECK(!policy.error().message.empty());
    return 0;
  }
  clary::domain::PolicyQuestion question;
  question.principal = "arn:aws:iam::000000000000:role/R";
  question.account = "000000000000";
  question.action = asked.substr(0, asked.find(' '));
  question.resource =
      asked.find(' ') == std::string_view::npos ? "*" : asked.substr(asked.find(' ') + 1);
  question.facts = {{"aws:SourceIp", {"127.0.0.1"}}, {"s3:prefix", {"a/b"}}};
  const auto decision = policy->evaluate(question);
  CLARY_CHECK(decision == policy->evaluate(question));
  return 0;
}
