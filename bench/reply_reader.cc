#include "reply_reader.h"

#include <algorithm>
#include <charconv>

#include "base/strings.h"

namespace clary::bench {
namespace {

// The value of a header line with this name, or nothing of it.
std::string_view value_of(std::string_view line, std::string_view name) {
  const bool is_it = line.size() > name.size() && line[name.size()] == ':' &&
                     equals_ignoring_case(line.substr(0, name.size()), name);
  return is_it ? trim(line.substr(name.size() + 1)) : std::string_view();
}

}  // namespace

void ReplyReader::begin() {
  part_ = Part::kHead;
  text_.clear();
  left_ = 0;
  status_ = 0;
}

bool ReplyReader::take(std::string_view piece) {
  while (!piece.empty() && part_ != Part::kDone) {
    if (part_ == Part::kHead) {
      take_head(piece);
    } else if (part_ == Part::kBody || part_ == Part::kChunk) {
      skip_bytes(piece);
    } else {
      take_line(piece);
    }
  }
  return part_ == Part::kDone;
}

void ReplyReader::take_head(std::string_view& piece) {
  const std::size_t before = text_.size();
  text_ += piece;
  const std::size_t end = text_.find("\r\n\r\n");
  if (end == std::string::npos) {
    piece = {};
    return;
  }
  piece.remove_prefix(end + 4 - before);
  const std::string_view head = std::string_view(text_).substr(0, end);
  if (head.size() > 12) status_ = static_cast<int>(parse_int(head.substr(9, 3)).value_or(0));
  bool is_chunked = false;
  for (const std::string_view line : split(head, '\n')) {
    if (const auto length = value_of(line, "content-length"); !length.empty())
      left_ = static_cast<std::uint64_t>(parse_int(length).value_or(0));
    if (equals_ignoring_case(value_of(line, "transfer-encoding"), "chunked")) is_chunked = true;
  }
  text_.clear();
  part_ = is_chunked ? Part::kChunkLine : left_ > 0 ? Part::kBody : Part::kDone;
}

void ReplyReader::take_line(std::string_view& piece) {
  const std::size_t end = piece.find('\n');
  text_ += piece.substr(0, end);
  piece.remove_prefix(end == std::string_view::npos ? piece.size() : end + 1);
  if (end == std::string_view::npos) return;
  end_line();
  text_.clear();
}

void ReplyReader::end_line() {
  const std::string_view line = trim(text_);
  if (part_ == Part::kTrailer) {
    if (line.empty()) part_ = Part::kDone;
  } else if (part_ == Part::kChunkEnd) {
    part_ = Part::kChunkLine;
  } else {
    left_ = 0;
    std::from_chars(line.data(), line.data() + line.size(), left_, 16);
    part_ = left_ > 0 ? Part::kChunk : Part::kTrailer;
  }
}

void ReplyReader::skip_bytes(std::string_view& piece) {
  const auto count = std::min<std::uint64_t>(left_, piece.size());
  piece.remove_prefix(count);
  left_ -= count;
  if (left_ == 0) part_ = part_ == Part::kBody ? Part::kDone : Part::kChunkEnd;
}

}  // namespace clary::bench
