// Regular expressions of the service models, compiled once each.
//
// Thread-safe. Matching is bounded (PCRE2's match limit): a value that would take longer does not
// match.
#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace clary::wire {

class Patterns {
 public:
  Patterns();
  Patterns(const Patterns&) = delete;
  Patterns& operator=(const Patterns&) = delete;
  ~Patterns();

  // Whether `text` as a whole matches. False when the pattern does not compile.
  bool matches(std::string_view pattern, std::string_view text);
  bool compiles(std::string_view pattern);

 private:
  struct Compiled;
  const Compiled& compiled(std::string_view pattern);

  std::shared_mutex mutex_;  // guards compiled_; entries never move
  std::map<std::string, std::unique_ptr<Compiled>, std::less<>> compiled_;
};

}  // namespace clary::wire
