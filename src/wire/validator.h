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

class Patterns;

// A member that was sent and has no meaning here.
struct InertMember {
  std::string path;  // "ResourceConfig.VolumeSizeInGB"
  std::string reason;
};

struct Verdict {
  // "Value null at 'roleArn' failed to satisfy constraint: Member must not be null"
  std::vector<std::string> violations;
  // Sentences: members that Clary does not carry out.
  std::vector<std::string> refusals;
  // Sentences: members that nobody knows.
  std::vector<std::string> unknowns;
  // "InputDataConfig must be a list, not text."
  std::vector<std::string> wrong_kinds;
  std::vector<InertMember> inert;

  bool accepted() const {
    return violations.empty() && refusals.empty() && unknowns.empty() && wrong_kinds.empty();
  }
  // The wrong kinds, else "2 validation errors detected: ...; ...", else refusals and unknowns. ""
  // when accepted.
  std::string message() const;
};

class Validator {
 public:
  Validator();
  Validator(const Validator&) = delete;
  Validator& operator=(const Validator&) = delete;
  ~Validator();

  Verdict check(const Operation& operation, const Document& request) const;

 private:
  std::unique_ptr<Patterns> patterns_;
};

}  // namespace clary::wire
