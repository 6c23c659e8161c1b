#include "net/client.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/strings.h"
#include "net/client_link.h"
#include "net/message_parser.h"
#include "net/sockets.h"
#include "net/tls.h"

namespace clary::net {

namespace {

constexpr std::size_t kSentPieceBytes = 128 << 10;
constexpr std::string_view kHttpPrefix = "http://";
constexpr std::string_view kHttpsPrefix = "https://";

std::string request_head(const ClientRequest& request, const std::string& host) {
  std::string head = request.method + " " + request.target + " HTTP/1.1\r\n";
  if (request.headers.find("Host") == nullptr) head += "Host: " + host + "\r\n";
  for (const auto& [name, value] : request.headers.fields()) {
    if (!equals_ignoring_case(name, "Content-Length"))
      head.append(name).append(": ").append(value).append("\r\n");
  }
  const std::uint64_t length =
      request.source != nullptr ? request.source_length : request.body.size();
  const bool has_body = length > 0 || request.method == "POST" || request.method == "PUT";
  if (has_body) head += "Content-Length: " + std::to_string(length) + "\r\n";
  return head + "\r\n";
}

bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

Status check_request(const ClientRequest& request) {
  bool sound = is_one_line(request.method) && is_one_line(request.target) &&
               request.target.find(' ') == std::string::npos && !request.target.empty();
  for (const auto& [name, value] : request.headers.fields())
    sound = sound && is_one_line(name) && is_one_line(value);
  if (!sound)
    return invalid_argument("request " + request.method + ": a line break or space in its head");
  return {};
}

// One request and its reply on one connection.
class Exchange {
 public:
  Exchange(ClientLink& link, const ClientOptions& options, const ClientRequest& request,
           const std::function<Status(std::string_view)>& body_sink)
      : link_(link),
        options_(options),
        request_(request),
        body_sink_(body_sink),
        kind_(request.method == "HEAD" ? MessageParser::Kind::kReplyToHead
                                       : MessageParser::Kind::kReply),
        parser_(kind_) {}

  Result<ClientReply> run(const std::string& host) {
    const Status sent = send_request(host);
    // A server that has made up its mind answers before it has read everything: the answer counts.
    if (!sent.ok() && (source_failed_ || sent.error().code != ErrorCode::kUnavailable))
      return sent.error();
    auto reply = read_reply();
    if (!reply.ok() && !sent.ok()) return sent.error();
    return reply;
  }

  // The reply is whole by then, or it is a Timeout.
  void end_at(std::chrono::steady_clock::time_point end) { end_ = end; }

  bool answered() const { return answered_; }  // a byte of the reply has arrived
  // The connection broke while the server had not read everything: it would have been an end else.
  bool broke_unread() const { return broke_unread_ && !answered_; }
  bool began_source() const { return began_source_; }
  bool sink_failed() const { return sink_failed_; }
  bool keeps_connection() const { return keeps_; }

 private:
  Status send_request(const std::string& host) {
    const std::string head = request_head(request_, host);
    if (request_.source == nullptr) return send_parts(head, request_.body);
    CLARY_RETURN_IF_ERROR(send_parts(head, {}));
    std::uint64_t left = request_.source_length;
    auto piece = std::make_unique_for_overwrite<char[]>(kSentPieceBytes);
    while (left > 0 && !stopped_early_) {
      began_source_ = true;
      auto count = request_.source->read(
          {piece.get(), static_cast<std::size_t>(std::min<std::uint64_t>(left, kSentPieceBytes))});
      source_failed_ = !count.ok() || *count == 0;
      if (!count.ok()) return count.error();
      if (*count == 0) return invalid_argument("the request's body ended before its length");
      left -= *count;
      CLARY_RETURN_IF_ERROR(send_parts({piece.get(), *count}, {}));
    }
    return {};
  }

  Status keep_to_end() {
    if (!end_) return {};
    const auto left =
        std::chrono::duration_cast<Duration>(*end_ - std::chrono::steady_clock::now());
    if (left <= Duration(0)) return timed_out("the reply was not whole in time");
    link_.set_io_timeout(left);
    return {};
  }

  Status send_parts(std::string_view first, std::string_view second) {
    CLARY_RETURN_IF_ERROR(keep_to_end());
    const Result<ClientLink::Sent> sent = link_.send(first, second);
    stopped_early_ = !sent.ok() || *sent == ClientLink::Sent::kAnswered;
    broke_unread_ = !sent.ok() && sent.error().code == ErrorCode::kUnavailable;
    return sent.ok() ? Status() : Status(sent.error());
  }

  Result<bool> receive() {
    CLARY_RETURN_IF_ERROR(keep_to_end());
    const Result<bool> open = link_.receive(input_);
    if (!open.ok()) {
      broke_unread_ = broke_unread_ || open.error().code == ErrorCode::kUnavailable;
      return open.error();
    }
    answered_ = answered_ || *open;
    return *open;
  }

  Status receive_more() {
    CLARY_TRY(const bool open, receive());
    if (!open) return unavailable("the server closed the connection before its reply was complete");
    return {};
  }

  Result<ClientReply> read_reply() {
    MessageHead head;
    do {  // replies of 1xx come before the one that counts
      parser_.restart(kind_);
      for (;;) {
        input_.erase(0, parser_.put_head(input_));
        if (const ParseFault* fault = parser_.fault())
          return unavailable("the reply cannot be read: " + fault->sentence);
        if (parser_.head_complete()) break;
        CLARY_RETURN_IF_ERROR(receive_more());
      }
      head = parser_.take_head();
    } while (head.status / 100 == 1);
    ClientReply reply{.status = head.status,
                      .reason = std::move(head.reason),
                      .headers = std::move(head.headers)};
    CLARY_RETURN_IF_ERROR(read_body(reply));
    keeps_ = parser_.framing().keep_alive && !parser_.framing().until_close && !stopped_early_ &&
             input_.empty();
    return reply;
  }

  Status read_body(ClientReply& reply) {
    const Framing& framing = parser_.framing();
    if (kind_ == MessageParser::Kind::kReplyToHead || reply.status == 204 || reply.status == 304)
      return {};
    if (framing.chunked) return read_chunks(reply);
    std::uint64_t left = framing.until_close ? UINT64_MAX : framing.content_length.value_or(0);
    while (left > 0) {
      if (input_.empty()) {
        CLARY_TRY(const bool open, receive());
        if (!open && framing.until_close) return {};
        if (!open)
          return unavailable("the server closed the connection before its reply was complete");
      }
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, input_.size()));
      CLARY_RETURN_IF_ERROR(take_body(reply, std::string_view(input_).substr(0, count)));
      input_.erase(0, count);
      left -= count;
    }
    return {};
  }

  Status read_chunks(ClientReply& reply) {
    while (!parser_.chunks_complete()) {
      const auto decoded = parser_.decode_chunks(input_);
      if (const ParseFault* fault = parser_.fault())
        return unavailable("the reply cannot be read: " + fault->sentence);
      if (decoded.length > 0) {
        CLARY_RETURN_IF_ERROR(take_body(reply, std::string_view(input_).substr(0, decoded.length)));
      }
      input_.erase(0, decoded.used);
      if (!parser_.chunks_complete()) CLARY_RETURN_IF_ERROR(receive_more());
    }
    return {};
  }

  Status take_body(ClientReply& reply, std::string_view piece) {
    if (body_sink_ && reply.status / 100 == 2) {
      Status taken = body_sink_(piece);
      sink_failed_ = !taken.ok();
      return taken;
    }
    if (piece.size() > options_.body_limit_bytes - reply.body.size()) {
      return limit_exceeded("the reply's body is larger than " +
                            format_bytes(options_.body_limit_bytes));
    }
    reply.body += piece;
    return {};
  }

  ClientLink& link_;
  const ClientOptions& options_;
  const ClientRequest& request_;
  const std::function<Status(std::string_view)>& body_sink_;
  const MessageParser::Kind kind_;
  MessageParser parser_;
  std::string input_;
  std::optional<std::chrono::steady_clock::time_point> end_;
  bool answered_ = false;
  bool broke_unread_ = false;
  bool began_source_ = false;
  bool source_failed_ = false;
  bool stopped_early_ = false;
  bool sink_failed_ = false;
  bool keeps_ = false;
};

}  // namespace

struct Client::State {
  std::string address;  // of connect_to
  std::string host;
  std::string name;                // of the host, without its port
  std::shared_ptr<TlsClient> tls;  // null: plain
  ClientOptions options;
  Mutex mutex;
  std::vector<ClientLink> kept CLARY_GUARDED_BY(mutex);
  bool aborted CLARY_GUARDED_BY(mutex) = false;
  std::multiset<int> sockets CLARY_GUARDED_BY(mutex);  // of exchanges under way

  // One that was used before may have been closed by the server meanwhile.
  struct Borrowed {
    ClientLink link;
    bool used_before = false;
  };
  Result<Borrowed> borrow() {
    {
      MutexLock lock(mutex);
      if (aborted) return unavailable(address + ": nothing is sent there any more");
      while (!kept.empty()) {
        ClientLink link = std::move(kept.back());
        kept.pop_back();
        if (!link.is_stale()) return Borrowed{std::move(link), true};
      }
    }
    CLARY_TRY(ClientLink link, connect());
    return Borrowed{std::move(link)};
  }

  Result<ClientLink> connect() {
    CLARY_TRY(Fd socket, connect_to(address, options.connect_timeout));
    std::unique_ptr<TlsSession> session;
    if (tls != nullptr) {
      CLARY_TRY(session, tls->connect(socket.get(), name));
    }
    return ClientLink(std::move(socket), std::move(session), options.io_timeout);
  }

  // Makes an exchange known to abort(), while its link is open.
  class UnderWay {
   public:
    UnderWay(State& state, const ClientLink& link) : state_(state), socket_(link.socket()) {
      MutexLock lock(state_.mutex);
      state_.sockets.insert(socket_);
      if (state_.aborted) ::shutdown(socket_, SHUT_RDWR);
    }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;
    ~UnderWay() {
      MutexLock lock(state_.mutex);
      state_.sockets.erase(state_.sockets.find(socket_));
    }

   private:
    State& state_;
    const int socket_;
  };

  void give_back(ClientLink link) {
    link.set_io_timeout(options.io_timeout);
    MutexLock lock(mutex);
    if (kept.size() < options.kept_connections) kept.push_back(std::move(link));
  }
};

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::create(const std::string& endpoint, ClientOptions options) {
  auto state = std::make_unique<State>();
  state->options = options;
  if (endpoint.starts_with("unix:")) {
    state->address = endpoint;
    state->host = "localhost";
  } else if (endpoint.starts_with(kHttpPrefix) || endpoint.starts_with(kHttpsPrefix)) {
    const bool secure = endpoint.starts_with(kHttpsPrefix);
    std::string host = endpoint.substr((secure ? kHttpsPrefix : kHttpPrefix).size());
    while (host.ends_with('/')) host.pop_back();
    if (host.empty() || host.find_first_of("/?#@ ") != std::string::npos) {
      return invalid_argument("endpoint '" + endpoint + "': wanted http://HOST:PORT");
    }
    const std::size_t colon = host.rfind(':');
    const bool has_port = colon != std::string::npos && host.find(']', colon) == std::string::npos;
    state->host = host;
    state->address = has_port ? host : host + (secure ? ":443" : ":80");
    state->name = has_port ? host.substr(0, colon) : host;
    if (state->name.starts_with('[')) state->name = state->name.substr(1, state->name.size() - 2);
    if (secure) {
      CLARY_TRY(state->tls, TlsClient::create(state->options.ca_file));
    }
  } else {
    return invalid_argument("endpoint '" + endpoint +
                            "': wanted http://HOST:PORT, https://HOST:PORT or unix:PATH");
  }
  return std::unique_ptr<Client>(new Client(std::move(state)));
}

Result<ClientReply> Client::send(const ClientRequest& request,
                                 const std::function<Status(std::string_view)>& body_sink) {
  CLARY_RETURN_IF_ERROR(check_request(request));
  CLARY_TRY(State::Borrowed borrowed, state_->borrow());
  for (;;) {
    Exchange exchange(borrowed.link, state_->options, request, body_sink);
    auto reply = exchange.run(state_->host);
    if (reply.ok()) {
      if (exchange.keeps_connection()) state_->give_back(std::move(borrowed.link));
      return reply;
    }
    const bool was_stale = borrowed.used_before && !exchange.answered() &&
                           reply.error().code == ErrorCode::kUnavailable;
    if (!was_stale || exchange.began_source()) {
      if (exchange.sink_failed()) return reply.error();
      return reply.error().within(request.method + " " + state_->address);
    }
    CLARY_TRY(borrowed.link, state_->connect());
    borrowed.used_before = false;
  }
}

Result<ClientReply> Client::send_once(const ClientRequest& request, Duration limit) {
  CLARY_RETURN_IF_ERROR(check_request(request));
  const std::string what = request.method + " " + state_->address;
  const std::function<Status(std::string_view)> no_sink;
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    auto borrowed = state_->borrow();
    if (!borrowed.ok()) return unavailable(borrowed.error().message);
    Exchange exchange(borrowed->link, state_->options, request, no_sink);
    exchange.end_at(end);
    auto reply = [&] {
      const State::UnderWay under_way(*state_, borrowed->link);
      return exchange.run(state_->host);
    }();
    if (reply.ok()) {
      if (exchange.keeps_connection()) state_->give_back(std::move(borrowed->link));
      return reply;
    }
    const Error fault = reply.error().within(what);
    if (fault.code != ErrorCode::kUnavailable) return fault;
    if (!exchange.broke_unread()) return internal_error(fault.message);
    if (!borrowed->used_before) return fault;
  }
}

void Client::abort() {
  MutexLock lock(state_->mutex);
  state_->aborted = true;
  state_->kept.clear();
  for (const int socket : state_->sockets) ::shutdown(socket, SHUT_RDWR);
}

const std::string& Client::host() const { return state_->host; }

}  // namespace clary::net
