// One condition of a policy statement: operator, key, values. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/result.h"

namespace clary::domain {

// Values of condition keys, the keys in lower case. A key that is not there is absent from the
// request.
using PolicyFacts = std::map<std::string, std::vector<std::string>>;

// The keys that a policy may use: those the server knows about every request that they belong to.
inline constexpr std::string_view kPolicyConditionKeys[] = {
    "aws:currenttime",       "aws:epochtime",
    "aws:principalaccount",  "aws:principalarn",
    "aws:referer",           "aws:requestedregion",
    "aws:securetransport",   "aws:sourceip",
    "aws:useragent",         "s3:delimiter",
    "s3:max-keys",           "s3:prefix",
    "s3:x-amz-acl",          "s3:x-amz-server-side-encryption",
    "aws:sourceaccount",     "iam:passedtoservice",
    "sts:externalid",        "aws:sourcearn",
    "sagemaker:targetmodel",
};

struct PolicyCondition {
  enum class Set { kSingle, kAny, kAll };  // ForAnyValue:, ForAllValues:

  std::string operation;  // "StringLike", without Not, IfExists and the set's prefix
  bool negated = false;
  bool if_exists = false;
  Set set = Set::kSingle;
  std::string key;  // lower case
  std::vector<std::string> values;

  bool holds(const PolicyFacts& facts) const;
};

// The Condition element. InvalidArgument names an operator or a key that is not known, or a value
// that is no such value.
Result<std::vector<PolicyCondition>> parse_conditions(const Document& document);

// A text or a list of texts; numbers and booleans as their text.
Result<std::vector<std::string>> policy_texts(const Document& document, std::string_view where);

}  // namespace clary::domain
