// CLARY_CHECK(condition): a broken invariant ends the process with its place and text.
#pragma once

namespace clary::check_detail {
[[noreturn]] void check_failed(const char* file, int line, const char* condition);
}  // namespace clary::check_detail

#define CLARY_CHECK(condition)  \
  (static_cast<bool>(condition) \
       ? static_cast<void>(0)   \
       : ::clary::check_detail::check_failed(__FILE__, __LINE__, #condition))
