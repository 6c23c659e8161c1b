#include "net/message_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstring>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/strings.h"

namespace clary::net {

namespace http = boost::beast::http;
using boost::beast::error_code;
using BeastView = boost::beast::string_view;

namespace {

// A chunk's size line with its extensions, or the trailer fields.
constexpr std::size_t kChunkLineBytes = 4096;

std::string_view view(BeastView text) { return {text.data(), text.size()}; }

// What the two instances of Beast's parser write into.
struct Progress {
  ParserLimits limits;
  MessageHead head;
  Framing framing;
  std::optional<ParseFault> fault;
  std::size_t head_bytes = 0;
  std::size_t length_fields = 0;
  std::size_t host_fields = 0;
  bool head_done = false;
  bool body_done = false;
  char* decoded_end = nullptr;  // where the next decoded byte goes

  void fail(error_code& ec, int status, std::string sentence) {
    if (!fault) fault = ParseFault{status, std::move(sentence)};
    ec = http::error::bad_field;
  }
};

template <bool kIsRequest>
class EventParser final : public http::basic_parser<kIsRequest> {
 public:
  explicit EventParser(Progress& progress) : progress_(progress) {
    const auto head_limit = static_cast<std::uint32_t>(progress.limits.head_bytes);
    this->header_limit(head_limit);
    this->body_limit(progress.limits.body_bytes);
    this->eager(false);
  }

 private:
  void on_request_impl(http::verb, BeastView method, BeastView target, int version,
                       error_code&) override {
    progress_.head.method = view(method);
    progress_.head.target = view(target);
    progress_.framing.http11 = version >= 11;
  }

  void on_response_impl(int status, BeastView reason, int version, error_code&) override {
    progress_.head.status = status;
    progress_.head.reason = view(reason);
    progress_.framing.http11 = version >= 11;
  }

  void on_field_impl(http::field field, BeastView name, BeastView value, error_code& ec) override {
    if (progress_.head_done) return;  // a trailer: says nothing that Clary needs
    Headers& headers = progress_.head.headers;
    if (headers.fields().size() >= progress_.limits.fields) {
      return progress_.fail(ec, 431, "The request has too many header fields.");
    }
    if (field == http::field::transfer_encoding && !equals_ignoring_case(view(value), "chunked")) {
      return progress_.fail(ec, 400, "Only the transfer coding 'chunked' is supported.");
    }
    if (field == http::field::content_length &&
        (++progress_.length_fields > 1 || value.find(',') != BeastView::npos)) {
      return progress_.fail(ec, 400, "The request names more than one Content-Length.");
    }
    if (field == http::field::host && ++progress_.host_fields > 1) {
      return progress_.fail(ec, 400, "The request names more than one Host.");
    }
    if (field == http::field::expect && equals_ignoring_case(view(value), "100-continue")) {
      progress_.framing.expects_continue = progress_.framing.http11;
    }
    headers.add(std::string(view(name)), std::string(view(value)));
  }

  void on_header_impl(error_code& ec) override {
    Framing& framing = progress_.framing;
    framing.keep_alive = this->keep_alive();
    framing.chunked = this->chunked();
    framing.until_close = !kIsRequest && this->need_eof();
    if (const auto length = this->content_length()) framing.content_length = *length;
    if (kIsRequest && framing.http11 && progress_.host_fields == 0) {
      return progress_.fail(ec, 400, "The request has no Host.");
    }
    if (framing.chunked && !framing.http11) {
      return progress_.fail(ec, 400, "An HTTP/1.0 message cannot be chunked.");
    }
    progress_.head_done = true;
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(BeastView body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, BeastView body, error_code&) override {
    std::memmove(progress_.decoded_end, body.data(), body.size());
    progress_.decoded_end += body.size();
    return body.size();
  }

  void on_finish_impl(error_code&) override { progress_.body_done = true; }

  Progress& progress_;
};

ParseFault fault_of(error_code ec) {
  if (ec == http::error::header_limit) return {431, "The request's head is too large."};
  if (ec == http::error::body_limit) return {413, "The request's body is too large."};
  if (ec == http::error::bad_version) return {400, "Only HTTP/1.0 and HTTP/1.1 are supported."};
  return {400, "The request is not well-formed: " + ec.message() + "."};
}

}  // namespace

struct MessageParser::State {
  Progress progress;
  std::variant<std::monostate, EventParser<true>, EventParser<false>> parser;

  std::size_t put(std::string_view bytes) {
    error_code ec;
    const boost::asio::const_buffer buffer(bytes.data(), bytes.size());
    std::size_t used = 0;
    if (auto* request = std::get_if<1>(&parser)) used = request->put(buffer, ec);
    if (auto* reply = std::get_if<2>(&parser)) used = reply->put(buffer, ec);
    if (ec && ec != http::error::need_more && !progress.fault) progress.fault = fault_of(ec);
    return used;
  }

  void set_eager() {
    if (auto* request = std::get_if<1>(&parser)) request->eager(true);
    if (auto* reply = std::get_if<2>(&parser)) reply->eager(true);
  }
};

MessageParser::MessageParser(Kind kind, ParserLimits limits) : state_(std::make_unique<State>()) {
  state_->progress.limits = limits;
  restart(kind);
}

MessageParser::~MessageParser() = default;

void MessageParser::restart(Kind kind) {
  Progress fresh;
  fresh.limits = state_->progress.limits;
  state_->progress = std::move(fresh);
  if (kind == Kind::kRequest) {
    state_->parser.emplace<1>(state_->progress);
  } else {
    state_->parser.emplace<2>(state_->progress).skip(kind == Kind::kReplyToHead);
  }
}

std::size_t MessageParser::put_head(std::string_view bytes) {
  Progress& progress = state_->progress;
  std::size_t blank = 0;
  if (progress.head_bytes == 0) {  // an empty line before a request line is ignored (RFC 9112, 2.2)
    while (bytes.size() >= blank + 2 && bytes.substr(blank, 2) == "\r\n") blank += 2;
    bytes.remove_prefix(blank);
    if (bytes == "\r") return blank;  // half of one
  }
  if (bytes.empty()) return blank;
  const std::size_t used = state_->put(bytes);
  progress.head_bytes += used;
  const std::size_t seen = progress.head_bytes + (progress.head_done ? 0 : bytes.size() - used);
  if (seen > progress.limits.head_bytes && !progress.fault) {
    progress.fault = ParseFault{431, "The request's head is too large."};
  }
  return blank + used;
}

bool MessageParser::began() const { return state_->progress.head_bytes > 0; }
bool MessageParser::head_complete() const { return state_->progress.head_done; }

const ParseFault* MessageParser::fault() const {
  return state_->progress.fault ? &*state_->progress.fault : nullptr;
}

MessageHead MessageParser::take_head() {
  CLARY_CHECK(head_complete());
  return std::move(state_->progress.head);
}

const Framing& MessageParser::framing() const { return state_->progress.framing; }

MessageParser::Decoded MessageParser::decode_chunks(std::span<char> bytes) {
  Progress& progress = state_->progress;
  CLARY_CHECK(progress.head_done && progress.framing.chunked);
  progress.decoded_end = bytes.data();
  state_->set_eager();
  const std::size_t used = progress.body_done ? 0 : state_->put({bytes.data(), bytes.size()});
  const auto length = static_cast<std::size_t>(progress.decoded_end - bytes.data());
  if (used == 0 && bytes.size() >= kChunkLineBytes && !progress.body_done && !progress.fault) {
    progress.fault = ParseFault{400, "A chunk's head is too long."};
  }
  return {used, length};
}

bool MessageParser::chunks_complete() const { return state_->progress.body_done; }

}  // namespace clary::net
