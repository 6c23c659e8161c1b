#include "net/client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "net/message_parser.h"
#include "net/sockets.h"
#include "net/tls.h"

namespace clary::net {

namespace {

constexpr std::size_t kPieceBytes = 128 << 10;
constexpr std::size_t kKeptConnections = 16;
constexpr std::string_view kHttpPrefix = "http://";
constexpr std::string_view kHttpsPrefix = "https://";

// A connection that has been used before may have been closed by the server meanwhile.
struct Link {
  Fd socket;
  std::unique_ptr<TlsSession> tls = nullptr;  // null: plain. Ends before its socket does
  bool used_before = false;
};

// True when the peer has closed the idle connection, or has sent what nobody asked for.
bool is_stale(const Fd& socket) {
  char byte = 0;
  const ssize_t count = ::recv(socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

Error broken(int error_number) {
  return unavailable(std::string("the connection broke: ") + std::strerror(error_number));
}

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
  Exchange(Link& link, const ClientOptions& options, const ClientRequest& request,
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
    if (!sent.ok() && (source_failed_ || sent.error().code == ErrorCode::kTimeout))
      return sent.error();
    auto reply = read_reply();
    if (!reply.ok() && !sent.ok()) return sent.error();
    return reply;
  }

  bool answered() const { return answered_; }  // a byte of the reply has arrived
  bool began_source() const { return began_source_; }
  bool sink_failed() const { return sink_failed_; }
  bool keeps_connection() const { return keeps_; }

 private:
  Status send_request(const std::string& host) {
    const std::string head = request_head(request_, host);
    if (request_.source == nullptr) return send_parts(head, request_.body);
    CLARY_RETURN_IF_ERROR(send_parts(head, {}));
    std::uint64_t left = request_.source_length;
    auto piece = std::make_unique_for_overwrite<char[]>(kPieceBytes);
    while (left > 0 && !stopped_early_) {
      began_source_ = true;
      auto count = request_.source->read(
          {piece.get(), static_cast<std::size_t>(std::min<std::uint64_t>(left, kPieceBytes))});
      source_failed_ = !count.ok() || *count == 0;
      if (!count.ok()) return count.error();
      if (*count == 0) return invalid_argument("the request's body ended before its length");
      left -= *count;
      CLARY_RETURN_IF_ERROR(send_parts({piece.get(), *count}, {}));
    }
    return {};
  }

  Status send_by_tls(std::string_view bytes) {
    while (!bytes.empty()) {
      const TlsStep step = link_.tls->write(bytes);
      switch (step.wait) {
        case TlsStep::Wait::kNone:
          bytes.remove_prefix(step.count);
          break;
        case TlsStep::Wait::kRead:
          CLARY_RETURN_IF_ERROR(wait_ready(link_.socket.get(), POLLIN, options_.io_timeout));
          break;
        case TlsStep::Wait::kWrite: {
          CLARY_TRY(const short ready,
                    wait_ready(link_.socket.get(), POLLOUT | POLLIN, options_.io_timeout));
          stopped_early_ = (ready & POLLIN) != 0;  // an early answer: the rest need not be sent
          if (stopped_early_) return {};
          break;
        }
        case TlsStep::Wait::kEnd:
          stopped_early_ = true;
          return broken(ECONNRESET);
        case TlsStep::Wait::kFault:
          source_failed_ = true;
          return denied("TLS: " + link_.tls->fault());
      }
    }
    return {};
  }

  Status send_parts(std::string_view first, std::string_view second) {
    if (link_.tls != nullptr) {
      CLARY_RETURN_IF_ERROR(send_by_tls(first));
      return send_by_tls(second);
    }
    while (!first.empty() || !second.empty()) {
      std::array<iovec, 2> parts{iovec{const_cast<char*>(first.data()), first.size()},
                                 iovec{const_cast<char*>(second.data()), second.size()}};
      msghdr message{};
      message.msg_iov = parts.data();
      message.msg_iovlen = parts.size();
      const ssize_t count = ::sendmsg(link_.socket.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count >= 0) {
        const std::size_t of_first = std::min(first.size(), static_cast<std::size_t>(count));
        first.remove_prefix(of_first);
        second.remove_prefix(static_cast<std::size_t>(count) - of_first);
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        CLARY_TRY(const short ready,
                  wait_ready(link_.socket.get(), POLLOUT | POLLIN, options_.io_timeout));
        if ((ready & POLLIN) != 0) {  // an early answer: the rest need not be sent
          stopped_early_ = true;
          return {};
        }
      } else if (errno != EINTR) {
        stopped_early_ = true;
        return broken(errno);
      }
    }
    return {};
  }

  Result<bool> receive_by_tls() {
    const std::size_t old = input_.size();
    input_.resize(old + kPieceBytes);
    for (;;) {
      const TlsStep step = link_.tls->read({input_.data() + old, kPieceBytes});
      if (step.wait == TlsStep::Wait::kRead || step.wait == TlsStep::Wait::kWrite) {
        const short event = step.wait == TlsStep::Wait::kRead ? POLLIN : POLLOUT;
        CLARY_RETURN_IF_ERROR(wait_ready(link_.socket.get(), event, options_.io_timeout));
        continue;
      }
      input_.resize(old + step.count);
      if (step.wait == TlsStep::Wait::kFault) return denied("TLS: " + link_.tls->fault());
      answered_ = answered_ || step.count > 0;
      return step.count > 0;
    }
  }

  // Appends what has arrived to input_; false at the peer's end.
  Result<bool> receive() {
    if (link_.tls != nullptr) return receive_by_tls();
    for (;;) {
      const std::size_t old = input_.size();
      input_.resize(old + kPieceBytes);
      const ssize_t count =
          ::recv(link_.socket.get(), input_.data() + old, kPieceBytes, MSG_DONTWAIT);
      const int failure = errno;
      input_.resize(old + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
      if (count > 0) answered_ = true;
      if (count >= 0) return count > 0;
      if (failure == EAGAIN || failure == EWOULDBLOCK) {
        CLARY_TRY(const short ready, wait_ready(link_.socket.get(), POLLIN, options_.io_timeout));
        static_cast<void>(ready);
      } else if (failure != EINTR) {
        return broken(failure);
      }
    }
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

  Link& link_;
  const ClientOptions& options_;
  const ClientRequest& request_;
  const std::function<Status(std::string_view)>& body_sink_;
  const MessageParser::Kind kind_;
  MessageParser parser_;
  std::string input_;
  bool answered_ = false;
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
  std::vector<Link> kept CLARY_GUARDED_BY(mutex);

  Result<Link> borrow() {
    {
      MutexLock lock(mutex);
      while (!kept.empty()) {
        Link link = std::move(kept.back());
        kept.pop_back();
        if (!is_stale(link.socket)) return link;
      }
    }
    return connect();
  }

  Result<Link> connect() {
    CLARY_TRY(Fd socket, connect_to(address, options.connect_timeout));
    Link link{.socket = std::move(socket)};
    if (tls != nullptr) {
      CLARY_TRY(link.tls, tls->connect(link.socket.get(), name));
    }
    return link;
  }

  void give_back(Link link) {
    link.used_before = true;
    MutexLock lock(mutex);
    if (kept.size() < kKeptConnections) kept.push_back(std::move(link));
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
  CLARY_TRY(Link link, state_->borrow());
  for (;;) {
    Exchange exchange(link, state_->options, request, body_sink);
    auto reply = exchange.run(state_->host);
    if (reply.ok()) {
      if (exchange.keeps_connection()) state_->give_back(std::move(link));
      return reply;
    }
    const bool was_stale =
        link.used_before && !exchange.answered() && reply.error().code == ErrorCode::kUnavailable;
    if (!was_stale || exchange.began_source()) {
      if (exchange.sink_failed()) return reply.error();
      return reply.error().within(request.method + " " + state_->address);
    }
    CLARY_TRY(link, state_->connect());
  }
}

const std::string& Client::host() const { return state_->host; }

}  // namespace clary::net
