// The tar inside an archive that comes plain or in gzip, read ahead on a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "archives/read_ahead.h"
#include "base/result.h"
#include "net/http.h"

namespace clary::archives {

// What an archive's members are read from.
class ArchiveBytes {
 public:
  virtual ~ArchiveBytes() = default;
  // The next bytes; empty at the end.
  virtual Result<std::string> next() = 0;
  // How much of the archive as it came was taken, which next() may not have given yet.
  virtual std::uint64_t taken_bytes() const = 0;
  // The error of the archive's own source, once next() has given it.
  virtual const std::optional<Error>& failed() const = 0;
};

class TarSource final : public ArchiveBytes {
 public:
  // Looks at the first bytes. archive outlives it.
  static Result<std::unique_ptr<TarSource>> open(net::ByteSource& archive);

  // The next bytes of the tar; empty at the end. InvalidArgument for a gzip that is broken or ends
  // early, else what the archive's own source said.
  Result<std::string> next() override;

  bool is_packed() const { return unpacked_ != nullptr; }
  std::uint64_t taken_bytes() const override { return archive_.taken; }
  const std::optional<Error>& failed() const override { return failed_; }

 private:
  // The archive as it comes, on the reading side.
  struct Archive final : net::ByteSource {
    explicit Archive(net::ByteSource& used) : source(used) {}
    Result<bool> is_gzip();
    Result<std::size_t> read(std::span<char> into) override;

    net::ByteSource& source;
    std::string head;  // what was looked at
    std::atomic<std::uint64_t> taken = 0;
    std::optional<Error> error;
  };
  explicit TarSource(net::ByteSource& archive) : archive_(archive) {}

  Archive archive_;
  std::unique_ptr<net::ByteSource> unpacked_;
  std::optional<Error> failed_;
  std::optional<ReadAhead> ahead_;  // last: it reads the members above
};

}  // namespace clary::archives
