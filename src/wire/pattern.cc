#include "wire/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <mutex>

namespace clary::wire {
namespace {

constexpr std::uint32_t kMatchLimit = 200'000;
// Java's dialect: the whole text, Unicode classes.
constexpr std::uint32_t kOptions =
    PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY;

PCRE2_SPTR units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

}  // namespace

struct Patterns::Compiled {
  explicit Compiled(std::string_view pattern) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
    pcre2_set_newline(context, PCRE2_NEWLINE_ANY);
    code = pcre2_compile(units(pattern), pattern.size(), kOptions, &error, &offset, context);
    pcre2_compile_context_free(context);
    if (code != nullptr) pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // without JIT it interprets
    limits = pcre2_match_context_create(nullptr);
    pcre2_set_match_limit(limits, kMatchLimit);
  }
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  ~Compiled() {
    pcre2_code_free(code);
    pcre2_match_context_free(limits);
  }

  pcre2_code* code = nullptr;
  pcre2_match_context* limits = nullptr;
};

Patterns::Patterns() = default;
Patterns::~Patterns() = default;

const Patterns::Compiled& Patterns::compiled(std::string_view pattern) {
  {
    const std::shared_lock lock(mutex_);
    const auto at = compiled_.find(pattern);
    if (at != compiled_.end()) return *at->second;
  }
  const std::unique_lock lock(mutex_);
  auto at = compiled_.find(pattern);
  if (at == compiled_.end()) {
    at = compiled_.emplace(std::string(pattern), std::make_unique<Compiled>(pattern)).first;
  }
  return *at->second;
}

bool Patterns::compiles(std::string_view pattern) { return compiled(pattern).code != nullptr; }

bool Patterns::matches(std::string_view pattern, std::string_view text) {
  const Compiled& one = compiled(pattern);
  if (one.code == nullptr) return false;
  pcre2_match_data* found = pcre2_match_data_create(1, nullptr);
  const int outcome = pcre2_match(one.code, units(text), text.size(), 0, 0, found, one.limits);
  pcre2_match_data_free(found);
  return outcome >= 0;
}

}  // namespace clary::wire
