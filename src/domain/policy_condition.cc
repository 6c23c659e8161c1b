#include "domain/policy_condition.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <compare>
#include <cstring>
#include <optional>

#include "base/json.h"
#include "base/strings.h"
#include "base/time_text.h"
#include "base/wildcard.h"
#include "domain/policy.h"

namespace clary::domain {
namespace {

enum class Family {
  kString,
  kStringIgnoringCase,
  kStringLike,
  kNumeric,
  kDate,
  kBool,
  kIp,
  kArn,
  kNull
};

struct Operator {
  std::string_view name;
  Family family = Family::kString;
  // For numbers and dates: which results of `fact <=> value` hold.
  bool less = false, equal = true, greater = false;
};
constexpr Operator kOperators[] = {
    {"StringEquals", Family::kString},
    {"StringEqualsIgnoreCase", Family::kStringIgnoringCase},
    {"StringLike", Family::kStringLike},
    {"NumericEquals", Family::kNumeric},
    {"NumericLessThan", Family::kNumeric, true, false, false},
    {"NumericLessThanEquals", Family::kNumeric, true, true, false},
    {"NumericGreaterThan", Family::kNumeric, false, false, true},
    {"NumericGreaterThanEquals", Family::kNumeric, false, true, true},
    {"DateEquals", Family::kDate},
    {"DateLessThan", Family::kDate, true, false, false},
    {"DateLessThanEquals", Family::kDate, true, true, false},
    {"DateGreaterThan", Family::kDate, false, false, true},
    {"DateGreaterThanEquals", Family::kDate, false, true, true},
    {"Bool", Family::kBool},
    {"IpAddress", Family::kIp},
    {"ArnEquals", Family::kArn},
    {"ArnLike", Family::kArn},
    {"Null", Family::kNull},
};

const Operator* find_operator(std::string_view name) {
  for (const Operator& one : kOperators) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

// StringNotEquals, NotIpAddress, ... : the operator that it is the negation of.
std::optional<std::string> positive_name(std::string_view name) {
  const std::size_t at = name.find("Not");
  if (at == std::string_view::npos) return std::nullopt;
  return std::string(name.substr(0, at)) + std::string(name.substr(at + 3));
}

struct Network {
  std::array<unsigned char, 16> bytes{};
  int family = 0;
  unsigned prefix_bits = 0;
};

std::optional<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  Network network;
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, address.c_str(), network.bytes.data()) == 1) network.family = family;
  }
  if (network.family == 0) return std::nullopt;
  const unsigned longest = network.family == AF_INET ? 32 : 128;
  network.prefix_bits = longest;
  if (slash != std::string_view::npos) {
    const std::optional<std::int64_t> bits = parse_int(text.substr(slash + 1));
    if (!bits || *bits < 0 || *bits > longest) return std::nullopt;
    network.prefix_bits = static_cast<unsigned>(*bits);
  }
  return network;
}

bool contains(const Network& network, const Network& address) {
  if (network.family != address.family) return false;
  const unsigned whole = network.prefix_bits / 8;
  if (std::memcmp(network.bytes.data(), address.bytes.data(), whole) != 0) return false;
  const unsigned rest = network.prefix_bits % 8;
  if (rest == 0) return true;
  const unsigned mask = 0xFFU << (8 - rest);
  return ((network.bytes[whole] ^ address.bytes[whole]) & mask) == 0;
}

std::optional<double> instant(std::string_view text) {
  if (const std::optional<double> seconds = parse_double(text)) return seconds;
  const Result<TimePoint> time = parse_time(text);
  if (!time.ok()) return std::nullopt;
  return to_epoch_seconds(*time);
}

bool ordered(const Operator& op, std::optional<double> fact, std::optional<double> value) {
  if (!fact || !value) return false;
  return (op.less && *fact < *value) || (op.equal && *fact == *value) ||
         (op.greater && *fact > *value);
}

// The six parts of an ARN match one by one, so that a * does not reach over a colon.
bool arn_match(std::string_view pattern, std::string_view arn) {
  for (int part = 0; part < 5; ++part) {
    const std::size_t a = pattern.find(':');
    const std::size_t b = arn.find(':');
    if (a == std::string_view::npos || b == std::string_view::npos) return false;
    if (!wildcard_match(pattern.substr(0, a), arn.substr(0, b))) return false;
    pattern.remove_prefix(a + 1);
    arn.remove_prefix(b + 1);
  }
  return wildcard_match(pattern, arn);
}

bool matches(const Operator& op, std::string_view fact, std::string_view value) {
  switch (op.family) {
    case Family::kString:
      return fact == value;
    case Family::kStringIgnoringCase:
    case Family::kBool:
      return equals_ignoring_case(fact, value);
    case Family::kStringLike:
      return wildcard_match(value, fact);
    case Family::kNumeric:
      return ordered(op, parse_double(fact), parse_double(value));
    case Family::kDate:
      return ordered(op, instant(fact), instant(value));
    case Family::kArn:
      return arn_match(value, fact);
    case Family::kIp: {
      const std::optional<Network> network = parse_network(value);
      const std::optional<Network> address = parse_network(fact);
      return network && address && contains(*network, *address);
    }
    case Family::kNull:
      return false;
  }
  return false;
}

bool is_value_of(Family family, std::string_view value) {
  switch (family) {
    case Family::kNumeric:
      return parse_double(value).has_value();
    case Family::kDate:
      return instant(value).has_value();
    case Family::kBool:
    case Family::kNull:
      return equals_ignoring_case(value, "true") || equals_ignoring_case(value, "false");
    case Family::kIp:
      return parse_network(value).has_value();
    default:
      return true;
  }
}

Result<PolicyCondition> parse_operator(std::string_view name) {
  PolicyCondition out;
  std::string_view rest = name;
  if (rest.starts_with("ForAnyValue:")) out.set = PolicyCondition::Set::kAny;
  if (rest.starts_with("ForAllValues:")) out.set = PolicyCondition::Set::kAll;
  if (out.set != PolicyCondition::Set::kSingle) rest.remove_prefix(rest.find(':') + 1);
  if (rest.ends_with("IfExists")) {
    out.if_exists = true;
    rest.remove_suffix(std::string_view("IfExists").size());
  }
  out.operation = std::string(rest);
  if (find_operator(out.operation) == nullptr) {
    if (const std::optional<std::string> positive = positive_name(rest)) {
      out.operation = *positive;
      out.negated = true;
    }
  }
  const Operator* found = find_operator(out.operation);
  if (found == nullptr || (out.negated && !found->equal)) {
    return invalid_argument("policy: condition operator '" + std::string(name) + "' is not known");
  }
  return out;
}

Status check_key(const PolicyCondition& condition) {
  const auto* end = std::end(kPolicyConditionKeys);
  if (std::find(std::begin(kPolicyConditionKeys), end, condition.key) == end) {
    return invalid_argument("policy: condition key '" + condition.key + "' is not known");
  }
  for (const std::string& value : condition.values) {
    if (value.find("${") != std::string::npos)
      return invalid_argument("policy: variables such as '" + value + "' are not known");
    if (!is_value_of(find_operator(condition.operation)->family, value)) {
      return invalid_argument("policy: '" + value + "' is no value for " + condition.operation);
    }
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> policy_texts(const Document& document, std::string_view where) {
  Document::Array single{document};
  const Document::Array* elements = document.as_array();
  if (elements == nullptr) elements = &single;
  std::vector<std::string> out;
  for (const Document& element : *elements) {
    if (const std::string* text = element.as_string()) {
      out.push_back(*text);
    } else if (element.is_null() || element.is_array() || element.is_object()) {
      return invalid_argument("policy: " + std::string(where) +
                              " must be a text or a list of texts");
    } else {
      out.push_back(to_json(element));
    }
  }
  return out;
}

Result<std::vector<PolicyCondition>> parse_conditions(const Document& document) {
  std::vector<PolicyCondition> out;
  if (!document.is_object()) return invalid_argument("policy: Condition must be an object");
  for (const auto& [name, block] : *document.as_object()) {
    CLARY_TRY(const PolicyCondition prototype, parse_operator(name));
    if (!block.is_object())
      return invalid_argument("policy: Condition '" + name + "' must be an object");
    for (const auto& [key, values] : *block.as_object()) {
      PolicyCondition condition = prototype;
      condition.key = to_lower(key);
      CLARY_TRY(condition.values, policy_texts(values, "condition key '" + key + "'"));
      CLARY_RETURN_IF_ERROR(check_key(condition));
      out.push_back(std::move(condition));
    }
  }
  return out;
}

bool PolicyCondition::holds(const PolicyFacts& facts) const {
  const Operator& op = *find_operator(operation);
  const auto at = facts.find(key);
  const bool present = at != facts.end() && !at->second.empty();
  if (op.family == Family::kNull) {
    return std::any_of(values.begin(), values.end(), [&](const std::string& v) {
      return equals_ignoring_case(v, "true") != present;
    });
  }
  if (!present) return if_exists || negated || set == Set::kAll;
  const auto fits = [&](const std::string& fact) {
    const bool any = std::any_of(values.begin(), values.end(),
                                 [&](const std::string& v) { return matches(op, fact, v); });
    return any != negated;
  };
  if (set == Set::kAny) return std::any_of(at->second.begin(), at->second.end(), fits);
  return std::all_of(at->second.begin(), at->second.end(), fits);
}

}  // namespace clary::domain
