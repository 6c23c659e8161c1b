#include "services/s3_rules.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "base/text_encoding.h"

namespace clary::services {
namespace {

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool looks_like_ipv4(std::string_view name) {
  const auto parts = split(name, '.');
  return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
           return !part.empty() && part.size() <= 3 &&
                  part.find_first_not_of("0123456789") == std::string_view::npos;
         });
}

// A list of ETags or "*".
bool lists_etag(std::string_view field, const std::string& etag) {
  if (trim(field) == "*") return true;
  for (const std::string_view one : split(field, ',')) {
    if (plain_etag(one) == etag) return true;
  }
  return false;
}

std::chrono::seconds whole_seconds(TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
}

}  // namespace

bool is_valid_bucket_name(std::string_view name) {
  if (name.size() < 3 || name.size() > 63) return false;
  if (!is_lower_or_digit(name.front()) || !is_lower_or_digit(name.back())) return false;
  for (const char c : name) {
    if (!is_lower_or_digit(c) && c != '.' && c != '-') return false;
  }
  if (name.find("..") != std::string_view::npos || looks_like_ipv4(name)) return false;
  constexpr std::array<std::string_view, 3> kReservedPrefixes = {"xn--", "sthree-",
                                                                 "amzn-s3-demo-"};
  constexpr std::array<std::string_view, 5> kReservedSuffixes = {"-s3alias", "--ol-s3", ".mrap",
                                                                 "--x-s3", "--table-s3"};
  return std::none_of(kReservedPrefixes.begin(), kReservedPrefixes.end(),
                      [&](std::string_view prefix) { return name.starts_with(prefix); }) &&
         std::none_of(kReservedSuffixes.begin(), kReservedSuffixes.end(),
                      [&](std::string_view suffix) { return name.ends_with(suffix); });
}

std::optional<Region> default_bucket_region(std::string_view bucket, const AccountId& account) {
  constexpr std::string_view kPrefix = "sagemaker-";
  const std::string suffix = "-" + account.value();
  if (!bucket.starts_with(kPrefix) || !bucket.ends_with(suffix)) return std::nullopt;
  if (bucket.size() <= kPrefix.size() + suffix.size()) return std::nullopt;
  const std::string_view region =
      bucket.substr(kPrefix.size(), bucket.size() - kPrefix.size() - suffix.size());
  // "us-east-1", "us-gov-west-1": at least two hyphens and a number at the end.
  const bool shaped = std::count(region.begin(), region.end(), '-') >= 2 && region.back() >= '0' &&
                      region.back() <= '9' && std::all_of(region.begin(), region.end(), [](char c) {
                        return is_lower_or_digit(c) || c == '-';
                      });
  return shaped ? std::optional(Region(std::string(region))) : std::nullopt;
}

std::optional<objects::RangeRequest> parse_range(std::string_view field) {
  constexpr std::string_view kUnit = "bytes=";
  field = trim(field);
  if (!field.starts_with(kUnit)) return std::nullopt;
  field.remove_prefix(kUnit.size());
  const std::size_t dash = field.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view first = field.substr(0, dash);
  const std::string_view last = field.substr(dash + 1);
  constexpr std::string_view kDigits = "0123456789";
  if (first.find_first_not_of(kDigits) != std::string_view::npos ||
      last.find_first_not_of(kDigits) != std::string_view::npos ||
      (first.empty() && last.empty())) {
    return std::nullopt;
  }
  // Numbers beyond 63 bits mean "beyond every object".
  const auto number = [](std::string_view text) -> std::optional<std::uint64_t> {
    if (text.empty()) return std::nullopt;
    const std::optional<std::int64_t> value = parse_int(text);
    return value ? static_cast<std::uint64_t>(*value) : ~0ULL >> 1;
  };
  const objects::RangeRequest range{number(first), number(last)};
  if (range.first && range.last && *range.last < *range.first) return std::nullopt;
  return range;
}

std::string quoted_etag(const std::string& etag) { return '"' + etag + '"'; }

std::string plain_etag(std::string_view field) {
  field = trim(field);
  if (field.starts_with("W/")) field.remove_prefix(2);
  if (field.size() >= 2 && field.front() == '"' && field.back() == '"')
    field = field.substr(1, field.size() - 2);
  return std::string(field);
}

Outcome<objects::PutCondition> put_condition(const std::optional<std::string>& if_match,
                                             const std::optional<std::string>& if_none_match) {
  objects::PutCondition condition;
  if (if_match) condition.if_etag = plain_etag(*if_match);
  if (if_none_match) {
    if (*if_none_match != "*") {
      return ServiceError("NotImplemented",
                          "A header you provided implies functionality that is not implemented",
                          501);
    }
    condition.only_if_absent = true;
  }
  return condition;
}

ConditionOutcome evaluate(const ReadConditions& conditions, const objects::ObjectHead& head) {
  const std::chrono::seconds modified = whole_seconds(head.last_modified);
  if (conditions.if_match) {
    if (!lists_etag(*conditions.if_match, head.etag)) return ConditionOutcome::kFailed;
  } else if (conditions.if_unmodified_since &&
             modified > whole_seconds(*conditions.if_unmodified_since)) {
    return ConditionOutcome::kFailed;
  }
  if (conditions.if_none_match) {
    if (lists_etag(*conditions.if_none_match, head.etag)) return ConditionOutcome::kNotModified;
  } else if (conditions.if_modified_since &&
             modified <= whole_seconds(*conditions.if_modified_since)) {
    return ConditionOutcome::kNotModified;
  }
  return ConditionOutcome::kHolds;
}

std::string continuation_token(std::string_view after) { return "1" + hex_encode(after); }

std::optional<std::string> read_continuation_token(std::string_view token) {
  if (!token.starts_with('1')) return std::nullopt;
  Result<std::string> after = hex_decode(token.substr(1));
  return after.ok() && !after->empty() ? std::optional(std::move(*after)) : std::nullopt;
}

}  // namespace clary::services
