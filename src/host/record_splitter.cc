#include "host/record_splitter.h"

#include <array>
#include <cstring>
#include <utility>

#include "base/crc.h"
#include "base/strings.h"

namespace clary::host {
namespace {

constexpr std::array<std::pair<std::string_view, RecordSplit>, 4> kSplitWords = {{
    {"None", RecordSplit::kNone},
    {"Line", RecordSplit::kLine},
    {"RecordIO", RecordSplit::kRecordIo},
    {"TFRecord", RecordSplit::kTfRecord},
}};

Error record_too_long() { return limit_exceeded(kTooMuchData); }

// Little endian, as both formats have it; the machine's own order is that.
template <typename Number>
Number framed_number(std::string_view bytes, std::size_t at) {
  Number number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof(number));
  return number;
}

class WholeObject final : public RecordSplitter {
 public:
  explicit WholeObject(std::uint64_t most_bytes) : most_bytes_(most_bytes) {}
  Status take(std::string_view bytes, std::vector<std::string>&) override {
    if (whole_.size() + bytes.size() > most_bytes_) return record_too_long();
    whole_ += bytes;
    return {};
  }
  Status finish(std::vector<std::string>& records) override {
    if (!whole_.empty()) records.push_back(std::move(whole_));
    return {};
  }

 private:
  std::uint64_t most_bytes_;
  std::string whole_;
};

class Lines final : public RecordSplitter {
 public:
  explicit Lines(std::uint64_t most_bytes) : most_bytes_(most_bytes) {}
  Status take(std::string_view bytes, std::vector<std::string>& records) override {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      const std::size_t length = end == std::string_view::npos ? bytes.size() : end + 1;
      if (line_.size() + length > most_bytes_) return record_too_long();
      line_ += bytes.substr(0, length);
      bytes.remove_prefix(length);
      if (end != std::string_view::npos) put(records);
    }
    return {};
  }
  Status finish(std::vector<std::string>& records) override {
    put(records);
    return {};
  }

 private:
  void put(std::vector<std::string>& records) {
    if (!trim(line_).empty()) records.push_back(line_);
    line_.clear();
  }

  std::uint64_t most_bytes_;
  std::string line_;
};

// Frames that say how long they are.
class Frames : public RecordSplitter {
 public:
  explicit Frames(const SplitOptions& options) : options_(options) {}
  Status take(std::string_view bytes, std::vector<std::string>& records) final {
    rest_ += bytes;
    std::string_view left = rest_;
    for (;;) {
      CLARY_TRY(const std::size_t used, next(left, records));
      if (used == 0) break;
      left.remove_prefix(used);
    }
    rest_.erase(0, rest_.size() - left.size());
    return {};
  }
  Status finish(std::vector<std::string>&) final {
    if (rest_.empty() && !inside_record()) return {};
    return invalid_argument(std::string(format()) + ": the object ends inside a record");
  }

 protected:
  // Reads one frame, where all of it is there. How many bytes it has; 0: not all are there.
  virtual Result<std::size_t> next(std::string_view bytes, std::vector<std::string>& records) = 0;
  virtual bool inside_record() const { return false; }
  virtual std::string_view format() const = 0;

  const SplitOptions& options() const { return options_; }
  bool too_long(std::uint64_t bytes) const { return bytes > options_.most_bytes; }

 private:
  const SplitOptions options_;
  std::string rest_;
};

// magic, flag and length, the bytes, zeros up to a multiple of four. A record that holds the magic
// itself is cut there into several frames.
class RecordIo final : public Frames {
 public:
  using Frames::Frames;

 private:
  static constexpr std::uint32_t kMagic = 0xced7230aU;
  static constexpr std::size_t kHeadBytes = 8;
  enum class Part : std::uint32_t { kWhole = 0, kFirst = 1, kMiddle = 2, kLast = 3 };

  Result<std::size_t> next(std::string_view bytes, std::vector<std::string>& records) override {
    if (bytes.size() < kHeadBytes) return 0;
    if (framed_number<std::uint32_t>(bytes, 0) != kMagic)
      return invalid_argument("RecordIO: a record does not begin with its magic number");
    const auto word = framed_number<std::uint32_t>(bytes, 4);
    const std::uint32_t flag = word >> 29U;
    const std::size_t length = word & ((1U << 29U) - 1);
    const std::size_t whole = kHeadBytes + (length + 3) / 4 * 4;
    const bool begins = flag == static_cast<std::uint32_t>(Part::kWhole) ||
                        flag == static_cast<std::uint32_t>(Part::kFirst);
    if (flag > static_cast<std::uint32_t>(Part::kLast) || begins == open_)
      return invalid_argument("RecordIO: the parts of a record are not in their order");
    if (too_long(record_.size() + (options().keep_frames ? whole : length)))
      return record_too_long();
    if (bytes.size() < whole) return 0;
    if (options().keep_frames) {
      record_ += bytes.substr(0, whole);
    } else {
      if (!begins) record_ += bytes.substr(0, sizeof(kMagic));
      record_ += bytes.substr(kHeadBytes, length);
    }
    open_ = flag == static_cast<std::uint32_t>(Part::kFirst) ||
            flag == static_cast<std::uint32_t>(Part::kMiddle);
    if (!open_) records.push_back(std::exchange(record_, {}));
    return whole;
  }
  bool inside_record() const override { return open_; }
  std::string_view format() const override { return "RecordIO"; }

  bool open_ = false;
  std::string record_;
};

// The length, its checksum, the bytes, their checksum.
class TfRecord final : public Frames {
 public:
  using Frames::Frames;

 private:
  static constexpr std::size_t kHeadBytes = 12;
  static constexpr std::size_t kTailBytes = 4;

  static std::uint32_t masked_crc(std::string_view bytes) {
    const std::uint32_t crc = ~Crc32c::update(Crc32c::kInitial, bytes);
    return ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U;
  }

  Result<std::size_t> next(std::string_view bytes, std::vector<std::string>& records) override {
    if (bytes.size() < kHeadBytes) return 0;
    if (masked_crc(bytes.substr(0, 8)) != framed_number<std::uint32_t>(bytes, 8))
      return invalid_argument("TFRecord: the checksum of a record's length does not fit");
    const auto length = framed_number<std::uint64_t>(bytes, 0);
    if (too_long(length)) return record_too_long();
    const std::size_t whole = kHeadBytes + length + kTailBytes;
    if (options().keep_frames && too_long(whole)) return record_too_long();
    if (bytes.size() < whole) return 0;
    const std::string_view record = bytes.substr(kHeadBytes, length);
    if (masked_crc(record) != framed_number<std::uint32_t>(bytes, kHeadBytes + length))
      return invalid_argument("TFRecord: the checksum of a record does not fit");
    records.emplace_back(options().keep_frames ? bytes.substr(0, whole) : record);
    return whole;
  }
  std::string_view format() const override { return "TFRecord"; }
};

}  // namespace

std::optional<RecordSplit> record_split_of(std::string_view word) {
  for (const auto& [one, split] : kSplitWords) {
    if (one == word) return split;
  }
  return std::nullopt;
}

std::unique_ptr<RecordSplitter> make_record_splitter(const SplitOptions& options) {
  switch (options.split) {
    case RecordSplit::kNone:
      break;
    case RecordSplit::kLine:
      return std::make_unique<Lines>(options.most_bytes);
    case RecordSplit::kRecordIo:
      return std::make_unique<RecordIo>(options);
    case RecordSplit::kTfRecord:
      return std::make_unique<TfRecord>(options);
  }
  return std::make_unique<WholeObject>(options.most_bytes);
}

}  // namespace clary::host
