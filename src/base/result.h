// Result<T>: a value or an Error. Status: success or an Error.
//
//   Result<Fd> fd = open_file(path);
//   if (!fd.ok()) return fd.error();
//   CLARY_TRY(Fd fd, open_file(path));        // the same, in one line
//   CLARY_RETURN_IF_ERROR(sync(fd));
//
// A Result is not thread-safe; distinct Results are independent.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace clary {

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Precondition of value(), * and ->: ok(). Of error(): !ok().
  T& value() & { return checked(); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T&& value() && { return std::move(checked()); }
  T& operator*() & { return checked(); }
  const T& operator*() const& { return const_cast<Result*>(this)->checked(); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &const_cast<Result*>(this)->checked(); }

  const Error& error() const {
    CLARY_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

  T value_or(T fallback) && { return ok() ? std::move(checked()) : std::move(fallback); }

 private:
  T& checked() {
    CLARY_CHECK(ok());
    return *std::get_if<0>(&state_);
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    CLARY_CHECK(error_.has_value());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

#define CLARY_CONCAT_INNER(a, b) a##b
#define CLARY_CONCAT(a, b) CLARY_CONCAT_INNER(a, b)

// Declares `declaration` from a Result expression, or returns its error.
#define CLARY_TRY(declaration, ...) \
  CLARY_TRY_NAMED(CLARY_CONCAT(clary_result_, __LINE__), declaration, __VA_ARGS__)
#define CLARY_TRY_NAMED(name, declaration, ...) \
  auto name = (__VA_ARGS__);                    \
  if (!name.ok()) return name.error();          \
  declaration = std::move(name).value()

#define CLARY_RETURN_IF_ERROR(...)                               \
  do {                                                           \
    if (auto clary_status = (__VA_ARGS__); !clary_status.ok()) { \
      return clary_status.error();                               \
    }                                                            \
  } while (false)

}  // namespace clary
