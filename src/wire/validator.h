// Checks a request against its shape and collects everything that is wrong with it, in AWS's words.
//
// Thread-safe. Patterns are compiled once each and matched with a limit, so no value can hold a
// thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "wire/shape.h"

namespace clary::wire {

// A member that was sent and has no meaning here.
struct InertMember {
  std::string path;  // "ResourceConfig.VolumeSizeInGB"
  std::string reason;
};

struct Verdict {
  std::vector<std::string> violations;  // "Value null at 'roleArn' failed to satisfy constraint:
                                        // Member must not be null"
  std::vector<std::string>
      refusals;  // sentences: members that Clary does not carry out, members nobody knows
  std::vector<std::string> wrong_kinds;  // "InputDataConfig must be a list, not a string"
  std::vector<InertMember> inert;

  bool accepted() const { return violations.empty() && refusals.empty() && wrong_kinds.empty(); }
  // "2 validation errors detected: ...; ...", else the refusals, else the wrong kinds. "" when
  // accepted.
  std::string message() const;
};

class Validator {
 public:
  Validator();
  Validator(const Validator&) = delete;
  Validator& operator=(const Validator&) = delete;
  ~Validator();

  // operation: named in sentences about members that nobody knows.
  Verdict check(const Operation& operation, const Document& request) const;
  // Whether the text matches as a whole; false when the pattern does not compile or takes too long.
  bool matches(std::string_view pattern, std::string_view text) const;

 private:
  class Patterns;
  std::unique_ptr<Patterns> patterns_;
};

}  // namespace clary::wire
