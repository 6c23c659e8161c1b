// Tagged<T, Tag>: a T that only mixes with its own kind.
//
//   using JobName = Tagged<std::string, struct JobNameTag>;
//
// Construction is explicit and unchecked: parse once, at the edge. Secret prints as ***.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace clary {

template <typename T, typename Tag>
class Tagged {
 public:
  Tagged() = default;
  explicit Tagged(T value) : value_(std::move(value)) {}

  const T& value() const { return value_; }
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }
  bool empty() const
    requires requires(const T& t) { t.empty(); }
  {
    return value_.empty();
  }

  friend auto operator<=>(const Tagged&, const Tagged&) = default;
  friend bool operator==(const Tagged&, const Tagged&) = default;

 private:
  T value_{};
};

// Text that must never reach a log. `reveal()` is the only way out, so it can be searched for.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  friend bool operator==(const Secret&,
                         const Secret&) = delete;  // compare with constant_time_equal

 private:
  std::string value_;
};
inline std::string to_string(const Secret&) { return "***"; }

}  // namespace clary

template <typename T, typename Tag>
struct std::hash<clary::Tagged<T, Tag>> {
  std::size_t operator()(const clary::Tagged<T, Tag>& tagged) const noexcept {
    return std::hash<T>{}(tagged.value());
  }
};
