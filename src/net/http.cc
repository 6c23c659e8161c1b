#include "net/http.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace clary::net {

void Headers::set(std::string_view name, std::string value) {
  std::erase_if(fields_,
                [&](const Field& field) { return equals_ignoring_case(field.first, name); });
  add(std::string(name), std::move(value));
}

const std::string* Headers::find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (field.first.size() == name.size() && equals_ignoring_case(field.first, name))
      return &field.second;
  }
  return nullptr;
}

std::string_view Headers::get(std::string_view name) const {
  const std::string* value = find(name);
  return value == nullptr ? std::string_view() : *value;
}

ReplyLater::~ReplyLater() {
  const std::shared_ptr<Asker> asker = std::move(asker_);
  if (asker != nullptr) asker->take_reply({.status = 500});
}

void ReplyLater::answer(Reply reply) {
  std::shared_ptr<Asker> asker;
  {
    MutexLock lock(mutex_);
    CLARY_CHECK(!answered_);
    answered_ = true;
    if (asker_ == nullptr) {
      reply_ = std::make_unique<Reply>(std::move(reply));
      return;
    }
    asker = std::move(asker_);
  }
  asker->take_reply(std::move(reply));
}

bool ReplyLater::is_abandoned() const {
  MutexLock lock(mutex_);
  return asker_ != nullptr && asker_->has_gone();
}

void ReplyLater::attach(std::shared_ptr<Asker> asker) {
  std::unique_ptr<Reply> reply;
  {
    MutexLock lock(mutex_);
    if (!answered_) {
      asker_ = std::move(asker);
      return;
    }
    reply = std::move(reply_);
  }
  asker->take_reply(std::move(*reply));
}

std::string_view RequestHead::raw_path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view RequestHead::raw_query() const {
  const std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

namespace {

class StringSource final : public ByteSource {
 public:
  explicit StringSource(std::string bytes) : bytes_(std::move(bytes)) {}

  Result<std::size_t> read(std::span<char> into) override {
    const std::size_t count = std::min(into.size(), bytes_.size() - position_);
    std::memcpy(into.data(), bytes_.data() + position_, count);
    position_ += count;
    return count;
  }

 private:
  std::string bytes_;
  std::size_t position_ = 0;
};

struct Phrase {
  int status;
  std::string_view text;
};
// RFC 9110, section 15; 429 and 431 are RFC 6585's.
constexpr Phrase kPhrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {424, "Failed Dependency"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

}  // namespace

std::unique_ptr<ByteSource> make_string_source(std::string bytes) {
  return std::make_unique<StringSource>(std::move(bytes));
}

std::string_view status_phrase(int status) {
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status) return phrase.text;
  }
  return "Unknown";
}

}  // namespace clary::net
