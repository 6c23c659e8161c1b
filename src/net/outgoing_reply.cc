#include "net/outgoing_reply.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace clary::net {

namespace {

constexpr std::size_t kSourcePieceBytes = 256 << 10;
constexpr std::size_t kUnknownPieceBytes = 64 << 10;  // of a body whose length is not known
constexpr std::size_t kChunkHeadBytes = 10;           // "40000\r\n" and more than fits in a piece
constexpr std::size_t kChunkTailBytes = 7;            // "\r\n0\r\n\r\n"
constexpr std::size_t kCopiedBodyBytes = 4096;        // smaller bodies join the head in one buffer

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

void append_number(std::string& out, std::uint64_t value, int base = 10) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, base).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

// A field's value cannot carry a line break: it would begin another field.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  const auto append_safely = [&out](std::string_view text) {
    const std::size_t start = out.size();
    out += text;
    for (std::size_t i = start; i < out.size(); ++i) {
      if (out[i] == '\r' || out[i] == '\n' || out[i] == '\0') out[i] = ' ';
    }
  };
  append_safely(name);
  out += ": ";
  append_safely(value);
  out += "\r\n";
}

// The server's own business: a handler's value for it is dropped.
bool is_connection_field(std::string_view name) {
  return equals_ignoring_case(name, "content-length") ||
         equals_ignoring_case(name, "transfer-encoding") ||
         equals_ignoring_case(name, "connection") || equals_ignoring_case(name, "date");
}

bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

OutgoingReply::OutgoingReply(Reply reply, ReplyShape shape, std::string_view date) {
  const bool bodiless = shape.is_head || has_no_body(reply.status);
  const bool unknown_length = reply.source != nullptr && !reply.source_length;
  chunked_ = unknown_length && shape.http11 && !bodiless;
  close_ = shape.close || (unknown_length && !shape.http11 && !bodiless);
  shape.close = close_;
  append_head(reply, shape, date);
  if (!bodiless && reply.source == nullptr) {
    if (reply.body.size() <= kCopiedBodyBytes) {
      head_ += reply.body;
    } else {
      body_ = std::move(reply.body);
    }
  }
  if (!bodiless && reply.source != nullptr && reply.source_length != 0U) {
    source_ = std::move(reply.source);
    left_ = reply.source_length;
  }
  unsent_ = head_.size() + body_.size();
}

void OutgoingReply::append_head(const Reply& reply, ReplyShape shape, std::string_view date) {
  head_.reserve(512 + (reply.body.size() <= kCopiedBodyBytes ? reply.body.size() : 0));
  head_ += "HTTP/1.1 ";
  append_number(head_, static_cast<std::uint64_t>(std::clamp(reply.status, 100, 999)));
  head_ += ' ';
  for (const char c :
       reply.reason.empty() ? status_phrase(reply.status) : std::string_view(reply.reason)) {
    head_ += c == '\r' || c == '\n' ? ' ' : c;
  }
  head_ += "\r\n";
  for (const auto& [name, value] : reply.headers.fields()) {
    if (!is_connection_field(name)) append_field(head_, name, value);
  }
  append_field(head_, "Date", date);

  std::optional<std::uint64_t> length =
      reply.source != nullptr ? reply.source_length : reply.body.size();
  if (reply.announced_length && (shape.is_head || reply.status == 304)) {
    length = reply.announced_length;
  } else if (reply.status == 304 && reply.source == nullptr && reply.body.empty()) {
    length.reset();  // a 304 without an announced length says nothing about the object's
  }
  if (chunked_) {
    append_field(head_, "Transfer-Encoding", "chunked");
  } else if (length && reply.status >= 200 && reply.status != 204) {
    head_ += "Content-Length: ";
    append_number(head_, *length);
    head_ += "\r\n";
  }
  if (shape.close) {
    append_field(head_, "Connection", "close");
  } else if (!shape.http11) {
    append_field(head_, "Connection", "keep-alive");
  }
  head_ += "\r\n";
}

OutgoingReply::Parts OutgoingReply::unsent() const {
  Parts parts{head_, body_, current_.view()};
  std::size_t skip = sent_;
  for (std::string_view& part : parts) {
    const std::size_t count = std::min(skip, part.size());
    part.remove_prefix(count);
    skip -= count;
  }
  return parts;
}

void OutgoingReply::sent(std::size_t count) {
  CLARY_CHECK(count <= unsent_);
  sent_ += count;
  unsent_ -= count;
}

Status OutgoingReply::load() {
  CLARY_CHECK(source_ != nullptr && next_.size == 0);
  const std::size_t wanted =
      left_ ? static_cast<std::size_t>(std::min<std::uint64_t>(*left_, kSourcePieceBytes))
            : kUnknownPieceBytes;
  const std::size_t needed = chunked_ ? wanted + kChunkHeadBytes + kChunkTailBytes : wanted;
  if (next_.capacity < needed) {
    next_.storage = std::make_unique_for_overwrite<char[]>(needed);
    next_.capacity = needed;
  }
  next_.begin = chunked_ ? kChunkHeadBytes : 0;
  // An error or an early end leaves the source in place: the connection ends, and with it the
  // reply.
  CLARY_TRY(const std::size_t count, source_->read({next_.storage.get() + next_.begin, wanted}));
  if (left_) {
    if (count == 0) return internal_error("a reply's source ended before the length it announced");
    *left_ -= count;
    next_.size = count;
    if (*left_ == 0) source_.reset();
  } else if (chunked_) {
    frame_chunk(count);
    if (count == 0) source_.reset();
  } else {
    next_.size = count;
    if (count == 0) source_.reset();
  }
  return {};
}

void OutgoingReply::frame_chunk(std::size_t length) {
  char* const storage = next_.storage.get();
  if (length == 0) {
    next_.begin = 0;
    next_.size = kLastChunk.size();
    std::copy(kLastChunk.begin(), kLastChunk.end(), storage);
    return;
  }
  std::string line;
  append_number(line, length, 16);
  line += "\r\n";
  next_.begin = kChunkHeadBytes - line.size();
  std::copy(line.begin(), line.end(), storage + next_.begin);
  std::copy(kLineEnd.begin(), kLineEnd.end(), storage + kChunkHeadBytes + length);
  next_.size = line.size() + length + 2;
}

Status OutgoingReply::load_first() {
  CLARY_CHECK(sent_ == 0 && current_.size == 0);
  CLARY_RETURN_IF_ERROR(load());
  std::swap(current_, next_);
  unsent_ += current_.size;
  return {};
}

void OutgoingReply::promote() {
  CLARY_CHECK(unsent_ == 0 && loaded());
  head_.clear();
  body_.clear();
  std::swap(current_, next_);
  next_.size = 0;
  sent_ = 0;
  unsent_ = current_.size;
}

}  // namespace clary::net
