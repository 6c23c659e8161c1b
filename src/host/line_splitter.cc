#include "host/line_splitter.h"

#include <algorithm>
#include <utility>

#include "base/text_encoding.h"

namespace clary::host {
namespace {

// A control character takes six bytes in JSON; of a line this long they are replaced, so that a
// record stays in its bounds.
constexpr std::size_t kControlFreeFrom = 64 << 10;

std::string repaired(std::string_view line) {
  std::string text = to_valid_utf8(line);
  if (text.size() < kControlFreeFrom) return text;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t') c = '?';
  }
  return text;
}

// The length of `text` without a UTF-8 character that is cut off at its end.
std::size_t whole_characters(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xc0U) == 0x80U) continue;
    const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? text.size() - back : text.size();
  }
  return text.size();
}

}  // namespace

void LineSplitter::take(std::string_view bytes, Duration now) {
  while (!bytes.empty()) {
    if (return_seen_ && bytes.front() != '\n') {
      return_seen_ = false;
      overwritten(now);
    }
    const std::size_t end = std::min(bytes.find_first_of("\r\n"), bytes.size());
    append(bytes.substr(0, end));
    if (end == bytes.size()) return;
    if (bytes[end] == '\n') {
      return_seen_ = false;
      end_line();
    } else {
      return_seen_ = true;
    }
    bytes.remove_prefix(end + 1);
  }
}

void LineSplitter::finish() {
  if (!line_.empty()) end_line();
  return_seen_ = false;
}

void LineSplitter::append(std::string_view text) {
  while (line_.size() + text.size() > kLineBytes) {
    const std::size_t room = kLineBytes - line_.size();
    line_.append(text.substr(0, room));
    text.remove_prefix(room);
    std::string rest = line_.substr(whole_characters(line_));
    line_.resize(kLineBytes - rest.size());
    on_line_(repaired(line_));
    line_ = std::move(rest);
  }
  line_.append(text);
}

void LineSplitter::end_line() {
  // A bar that ends with "\r\n" or a bare '\n' after its last update leaves nothing behind.
  if (!line_.empty() || !gave_progress_) on_line_(repaired(line_));
  line_.clear();
  gave_progress_ = false;
}

void LineSplitter::overwritten(Duration now) {
  if (line_.empty()) return;
  if (progress_given_ == Duration::min() || now - progress_given_ >= kProgressInterval) {
    on_line_(repaired(line_));
    progress_given_ = now;
  }
  gave_progress_ = true;
  line_.clear();
}

}  // namespace clary::host
