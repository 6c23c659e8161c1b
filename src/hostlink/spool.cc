#include "hostlink/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/json.h"
#include "hostlink/line_socket.h"
#include "hostlink/record.h"

namespace clary::hostlink {
namespace {

constexpr std::uint64_t kPlaceEveryBytes = 64U << 10;
constexpr std::uint64_t kCompactBytes = 4U << 20;

std::string header_line(std::uint64_t acknowledged) {
  return to_json(Document::object({{"type", "spool"},
                                   {"version", 1},
                                   {"acknowledged", static_cast<std::int64_t>(acknowledged)}})) +
         "\n";
}

Result<std::string> read_at(const Fd& file, std::uint64_t offset, std::size_t bytes,
                            const std::string& path) {
  std::string out(bytes, '\0');
  std::size_t have = 0;
  while (have < bytes) {
    const ssize_t got =
        ::pread(file.get(), out.data() + have, bytes - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read spool '" + path + "'");
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  out.resize(have);
  return out;
}

}  // namespace

Result<Spool> Spool::open(const std::string& path) {
  CLARY_TRY(Fd file, open_file(path, O_RDWR | O_CREAT, 0600));
  Spool spool(path, std::move(file));
  CLARY_RETURN_IF_ERROR(spool.load());
  return spool;
}

Status Spool::load() {
  const off_t size = ::lseek(file_.get(), 0, SEEK_END);
  if (size < 0) return system_error("size of spool '" + path_ + "'");
  if (size == 0) {
    const std::string header = header_line(0);
    CLARY_RETURN_IF_ERROR(write_all(file_, header, "write spool '" + path_ + "'"));
    start_ = next_ = end_ = header.size();
    places_.push_back({0, end_});
    return {};
  }
  bool header_read = false;
  while (end_ < static_cast<std::uint64_t>(size)) {
    CLARY_TRY(const std::string bytes, read_at(file_, end_, kPieceBytes + kMaxLineBytes, path_));
    std::size_t line = 0;
    for (std::size_t stop = bytes.find('\n'); stop != std::string::npos;
         stop = bytes.find('\n', line)) {
      CLARY_TRY(const Document document,
                parse_json(std::string_view(bytes).substr(line, stop - line)));
      if (!header_read && document.string_or("type", "") != "spool") {
        return internal_error("spool '" + path_ + "': the first line is no spool header");
      }
      const auto number =
          static_cast<std::uint64_t>(document.int_or(header_read ? "number" : "acknowledged", 0));
      end_ += stop + 1 - line;
      last_number_ = number;
      line = stop + 1;
      if (!header_read) {
        acknowledged_ = number;
        start_ = next_ = end_;
        places_.push_back({number, end_});
      }
      header_read = true;
      note_place();
    }
    if (line == 0) break;  // the rest is a line torn by a crash
  }
  if (!header_read) return internal_error("spool '" + path_ + "': no whole line in it");
  if (::ftruncate(file_.get(), static_cast<off_t>(end_)) != 0)
    return system_error("cut spool '" + path_ + "'");
  return {};
}

void Spool::note_place() {
  if (end_ - places_.back().offset >= kPlaceEveryBytes) places_.push_back({last_number_, end_});
}

Status Spool::append(std::string_view line, Durability durability) {
  const std::string what = "write spool '" + path_ + "'";
  if (::lseek(file_.get(), static_cast<off_t>(end_), SEEK_SET) < 0) return system_error(what);
  Status written = write_all(file_, line, what);
  if (written.ok() && durability == Durability::kSynced && ::fdatasync(file_.get()) != 0) {
    written = system_error("sync spool '" + path_ + "'");
  }
  if (!written.ok()) {
    // A part of the line may stand there; the next append writes over it, and a longer rest must
    // not follow it.
    if (::ftruncate(file_.get(), static_cast<off_t>(end_)) != 0)
      return system_error("cut spool '" + path_ + "'");
    return written;
  }
  end_ += line.size();
  ++last_number_;
  note_place();
  return {};
}

Status Spool::acknowledge(std::uint64_t number) {
  acknowledged_ = std::max(acknowledged_, std::min(number, last_number_));
  while (places_.size() > 1 && places_[1].number <= acknowledged_) places_.pop_front();
  if (places_.front().number <= acknowledged_) start_ = places_.front().offset;
  if (acknowledged_ == last_number_) {
    start_ = end_;
    places_.assign(1, {last_number_, end_});
  }
  next_ = std::max(next_, start_);
  if (start_ < kCompactBytes || start_ < end_ / 2) return {};
  return compact();
}

Status Spool::compact() {
  const std::uint64_t kept_after = places_.front().number;
  const std::string aside = path_ + ".new";
  CLARY_TRY(Fd file, open_file(aside, O_RDWR | O_CREAT | O_TRUNC, 0600));
  const std::string header = header_line(kept_after);
  CLARY_RETURN_IF_ERROR(write_all(file, header, "write spool '" + aside + "'"));
  for (std::uint64_t offset = start_; offset < end_;) {
    const std::size_t bytes =
        static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, end_ - offset));
    CLARY_TRY(const std::string piece, read_at(file_, offset, bytes, path_));
    CLARY_RETURN_IF_ERROR(write_all(file, piece, "write spool '" + aside + "'"));
    offset += piece.size();
    if (piece.empty()) return internal_error("spool '" + path_ + "': shorter than it was");
  }
  if (::fdatasync(file.get()) != 0) return system_error("sync spool '" + aside + "'");
  if (::rename(aside.c_str(), path_.c_str()) != 0)
    return system_error("rename spool '" + aside + "'");
  const std::uint64_t moved = start_ - header.size();
  for (Place& place : places_) place.offset -= moved;
  start_ -= moved;
  next_ -= moved;
  end_ -= moved;
  file_ = std::move(file);
  return {};
}

void Spool::rewind_to(std::uint64_t number) {
  next_ = places_.front().offset;
  for (const Place& place : places_) {
    if (place.number <= number) next_ = place.offset;
  }
}

Result<std::string> Spool::read(std::size_t limit_bytes) {
  if (next_ >= end_) return std::string();
  for (const std::size_t bytes : {limit_bytes, limit_bytes + kMaxLineBytes + 1}) {
    const std::size_t there =
        static_cast<std::size_t>(std::min<std::uint64_t>(bytes, end_ - next_));
    CLARY_TRY(std::string lines, read_at(file_, next_, there, path_));
    const std::size_t stop = lines.rfind('\n');
    if (stop == std::string::npos) continue;
    lines.resize(stop + 1);
    next_ += lines.size();
    return lines;
  }
  return internal_error("spool '" + path_ + "': a line is longer than 1 MiB");
}

}  // namespace clary::hostlink
