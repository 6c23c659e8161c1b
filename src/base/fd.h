// An owned file descriptor. Movable; closed on destruction.
#pragma once

#include <utility>

#include "base/result.h"

namespace clary {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Fd() { close(); }

  int get() const { return number_; }
  bool valid() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }
  void close();
  // A second descriptor of the same open file, close-on-exec.
  Result<Fd> duplicate() const;

 private:
  int number_ = -1;
};

}  // namespace clary
