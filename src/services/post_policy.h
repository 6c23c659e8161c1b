// The policy document of a browser's form: what a POST upload may hold, and until when.
//
// Parsed once, then checked purely. Source: Amazon S3 API Reference, "POST policy".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/document.h"
#include "services/service_error.h"

namespace clary::services {

// Names in lower case.
using FormFields = std::map<std::string, std::string>;

class PostPolicy {
 public:
  // base64: as the form holds it. InvalidPolicyDocument says what is wrong.
  static Outcome<PostPolicy> parse(std::string_view base64);

  // AccessDenied when it has expired, when a condition does not hold, or when a field is not
  // mentioned. fields: those of the form, and `bucket`.
  std::optional<ServiceError> check(const FormFields& fields, TimePoint now) const;

  // Bounds of the file's size, both inclusive.
  std::uint64_t least_bytes() const { return least_bytes_; }
  std::uint64_t most_bytes() const { return most_bytes_; }

 private:
  struct Condition {
    enum class Kind { kEqual, kStartsWith };
    Kind kind = Kind::kEqual;
    std::string field;  // lower case, without $
    std::string value;
    bool holds(const FormFields& fields) const;
    std::string text() const;
  };
  std::optional<ServiceError> read_condition(const Document& condition);

  TimePoint expiration_;
  std::vector<Condition> conditions_;
  std::uint64_t least_bytes_ = 0;
  std::uint64_t most_bytes_ = ~std::uint64_t{0};
};

}  // namespace clary::services
