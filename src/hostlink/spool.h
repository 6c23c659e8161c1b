// The spool: a host's records on disk until the server has acknowledged them. Format:
// docs/formats/hostlink.md.
//
// Its memory does not grow with its contents: one place in the file is kept per 64 KiB, and readers
// read the file. A line torn by a crash is cut off at open. Used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/files.h"
#include "base/result.h"

namespace clary::hostlink {

class Spool {
 public:
  // How much of the file is in memory at a time; what read() is best asked for.
  static constexpr std::size_t kPieceBytes = 256U << 10;

  // Opens or makes the file (0600). Internal when it is not a spool.
  static Result<Spool> open(const std::string& path);

  std::uint64_t last_number() const { return last_number_; }
  std::uint64_t acknowledged() const { return acknowledged_; }
  // At most 64 KiB too many.
  std::uint64_t unacknowledged_bytes() const { return end_ - start_; }

  // Appends record number last_number() + 1. `line` ends in a newline. The file is unchanged on
  // error.
  Status append(std::string_view line, Durability durability);
  // Everything up to `number` is with the server. Gives the file's room back from time to time.
  Status acknowledge(std::uint64_t number);

  // The next read() begins at or before record `number` + 1.
  void rewind_to(std::uint64_t number);
  // Whole lines in order, about `limit_bytes` of them (one line may be longer); empty when all is
  // read.
  Result<std::string> read(std::size_t limit_bytes);

 private:
  // The place after record `number`.
  struct Place {
    std::uint64_t number = 0;
    std::uint64_t offset = 0;
  };

  Spool(std::string path, Fd file) : path_(std::move(path)), file_(std::move(file)) {}
  Status load();
  Status compact();
  void note_place();

  std::string path_;
  Fd file_;
  std::uint64_t last_number_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t start_ = 0;  // offset of what may be unacknowledged
  std::uint64_t next_ = 0;   // offset of what read() returns next
  std::uint64_t end_ = 0;    // of the file
  std::deque<Place> places_;
};

}  // namespace clary::hostlink
