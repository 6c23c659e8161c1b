#include "net/client.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/strings.h"
#include "net/client_exchange.h"
#include "net/client_link.h"
#include "net/sockets.h"
#include "net/tls.h"

namespace clary::net {

namespace {

constexpr std::string_view kHttpPrefix = "http://";
constexpr std::string_view kHttpsPrefix = "https://";

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
    if (!aborted && kept.size() < options.kept_connections) kept.push_back(std::move(link));
  }

  class ReplyBody;
  // talk: what is done with the exchange on a connection that is lent to it; its reply. It ends
  // `under_way` before it gives the connection away.
  template <typename Reply, typename Talk>
  Result<Reply> once(const ClientRequest& request, Duration limit, Talk talk) {
    CLARY_RETURN_IF_ERROR(check_request(request));
    const std::function<Status(std::string_view)> no_sink;
    const auto end = std::chrono::steady_clock::now() + limit;
    for (;;) {
      auto borrowed = borrow();
      if (!borrowed.ok()) return unavailable(borrowed.error().message);
      ClientExchange exchange(borrowed->link, options, request, no_sink);
      exchange.end_at(end);
      std::optional<UnderWay> under_way;
      under_way.emplace(*this, borrowed->link);
      Result<Reply> reply = talk(exchange, borrowed->link, under_way);
      under_way.reset();
      if (reply.ok()) return reply;
      const Error fault = reply.error().within(request.method + " " + address);
      if (fault.code != ErrorCode::kUnavailable) return fault;
      if (!exchange.broke_unread()) return internal_error(fault.message);
      if (!borrowed->used_before) return fault;
    }
  }
};

// The body of a reply that is read as it comes, on its connection.
class Client::State::ReplyBody final : public ByteSource {
 public:
  ReplyBody(State& client, ClientLink link, ClientExchange::Rest rest, Duration limit)
      : client_(client),
        link_(std::move(link)),
        rest_(std::move(rest)),
        left_(rest_.parser->framing().until_close
                  ? UINT64_MAX
                  : rest_.parser->framing().content_length.value_or(0)) {
    link_->set_io_timeout(limit);
    under_way_.emplace(client_, *link_);
    if (!rest_.has_body) complete();
  }

  Result<std::size_t> read(std::span<char> into) override {
    while (ready_.empty() && link_) {
      CLARY_RETURN_IF_ERROR(decode());
      if (ready_.empty() && link_) {
        CLARY_RETURN_IF_ERROR(receive());
      }
    }
    const std::size_t count = std::min(into.size(), ready_.size());
    std::copy_n(ready_.begin(), count, into.begin());
    ready_.erase(0, count);
    return count;
  }

 private:
  // From what has arrived.
  Status decode() {
    if (!rest_.parser->framing().chunked) {
      const auto count =
          static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest_.input.size()));
      ready_.append(rest_.input, 0, count);
      rest_.input.erase(0, count);
      left_ -= count;
      if (left_ == 0) complete();
      return {};
    }
    const auto decoded = rest_.parser->decode_chunks(rest_.input);
    if (const ParseFault* fault = rest_.parser->fault())
      return internal_error("the reply cannot be read: " + fault->sentence);
    ready_.append(rest_.input, 0, decoded.length);
    rest_.input.erase(0, decoded.used);
    if (rest_.parser->chunks_complete()) complete();
    return {};
  }

  Status receive() {
    const Result<bool> open = link_->receive(rest_.input);
    if (!open.ok() && open.error().code == ErrorCode::kTimeout) return open.error();
    if (!open.ok()) return internal_error(open.error().message);
    if (*open) return {};
    if (!rest_.parser->framing().until_close)
      return internal_error("the server closed the connection before its reply was complete");
    complete();
    return {};
  }

  void complete() {
    under_way_.reset();
    if (rest_.may_keep && rest_.input.empty()) client_.give_back(std::move(*link_));
    link_.reset();
  }

  State& client_;
  std::optional<ClientLink> link_;     // nothing once the body is complete
  std::optional<UnderWay> under_way_;  // ends before the link
  ClientExchange::Rest rest_;
  std::uint64_t left_;  // of a body with a length
  std::string ready_;
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
    ClientExchange exchange(borrowed.link, state_->options, request, body_sink);
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
  return state_->once<ClientReply>(
      request, limit,
      [this](ClientExchange& exchange, ClientLink& link,
             std::optional<State::UnderWay>& under_way) -> Result<ClientReply> {
        CLARY_TRY(ClientReply reply, exchange.run(state_->host));
        under_way.reset();
        if (exchange.keeps_connection()) state_->give_back(std::move(link));
        return reply;
      });
}

Result<ClientStream> Client::open_once(const ClientRequest& request, Duration limit) {
  return state_->once<ClientStream>(
      request, limit,
      [this, limit](ClientExchange& exchange, ClientLink& link,
                    std::optional<State::UnderWay>& under_way) -> Result<ClientStream> {
        CLARY_TRY(ClientReply head, exchange.begin(state_->host));
        under_way.reset();  // the body is one of its own, and ends an aborted one itself
        auto body = std::make_unique<State::ReplyBody>(*state_, std::move(link),
                                                       exchange.take_rest(head.status), limit);
        return ClientStream{.head = std::move(head), .body = std::move(body)};
      });
}

void Client::abort() {
  MutexLock lock(state_->mutex);
  state_->aborted = true;
  state_->kept.clear();
  for (const int socket : state_->sockets) ::shutdown(socket, SHUT_RDWR);
}

const std::string& Client::host() const { return state_->host; }

}  // namespace clary::net
