#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <list>
#include <map>
#include <thread>

#include "base/json.h"
#include "base/mutex.h"
#include "hostlink/line_socket.h"
#include "hostlink/link.h"

namespace clary::hostlink {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMostConnections = 512;
constexpr std::size_t kMostRecordsAtOnce = 1024;
constexpr Duration kSendPatience = seconds(5);
constexpr Duration kLackPause = milliseconds(200);  // descriptors or memory may be free by then

struct Connection {
  explicit Connection(Fd fd) : socket(std::move(fd)) {}
  LineSocket socket;
  std::thread thread;
  std::atomic<bool> ended = false;
};

using PeerKey = std::pair<std::string, std::string>;  // gang, host
PeerKey key_of(const LinkPeer& peer) { return {peer.gang.value(), peer.host}; }

bool may_connect(int fd) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

bool is_lack(int failure) {
  return failure == EMFILE || failure == ENFILE || failure == ENOBUFS || failure == ENOMEM;
}

std::string numbered(std::string_view type, std::uint64_t number) {
  return to_json(
             Document::object({{"type", type}, {"number", static_cast<std::int64_t>(number)}})) +
         "\n";
}

// One thread accepts, one serves each connection: a machine has dozens of hosts, not thousands.
class ThreadedLinkServer final : public LinkServer {
 public:
  ThreadedLinkServer(Fd listening, Fd wake, LinkReceiver& receiver, const Logger& logger)
      : listening_(std::move(listening)),
        wake_(std::move(wake)),
        receiver_(receiver),
        logger_(logger) {
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~ThreadedLinkServer() override {
    stopping_ = true;
    const std::uint64_t one = 1;
    if (::write(wake_.get(), &one, sizeof(one)) < 0)
      logger_.warning("hostlink: cannot wake the acceptor");
    acceptor_.join();
    for (const auto& connection : connections_) connection->socket.shut_down();
    for (const auto& connection : connections_) connection->thread.join();
  }

  Status send_stop(const LinkPeer& peer, Duration grace) override {
    const auto count = std::chrono::duration_cast<milliseconds>(grace).count();
    return send(peer, Document::object({{"type", "stop"}, {"grace_ms", std::int64_t{count}}}));
  }

  Status send_credentials(const LinkPeer& peer, const PlanCredentials& credentials) override {
    Document message = credentials.to_document();
    message.set("type", "credentials");
    return send(peer, message);
  }

 private:
  Status send(const LinkPeer& peer, const Document& message) {
    const MutexLock lock(mutex_);
    const auto found = peers_.find(key_of(peer));
    if (found == peers_.end()) {
      return unavailable("host '" + peer.host + "' of gang '" + peer.gang.value() +
                         "' is not connected");
    }
    return found->second->socket.send(to_json(message) + "\n", kSendPatience);
  }

  void accept_all() {
    while (!stopping_) {
      if (!wait_readable(listening_.get(), wake_.get(), seconds(60))) continue;
      Fd accepted(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      const int failure = accepted.valid() ? 0 : errno;
      join_ended();
      if (!accepted.valid()) {
        // The connection waits in the socket's queue, which stays readable.
        if (is_lack(failure)) pause_accepting(failure);
        continue;
      }
      if (!may_connect(accepted.get())) {
        logger_.warning("hostlink: refused a connection of another user");
        continue;
      }
      if (connections_.size() >= kMostConnections) {
        logger_.warning("hostlink: refused a connection: too many");
        continue;
      }
      connections_.push_back(std::make_unique<Connection>(std::move(accepted)));
      Connection& connection = *connections_.back();
      connection.thread = std::thread([this, &connection] {
        serve(connection);
        connection.ended = true;
      });
    }
  }

  void pause_accepting(int failure) {
    logger_.warning("hostlink: cannot accept a host", {{"error", std::strerror(failure)}});
    static_cast<void>(wait_readable(wake_.get(), -1, kLackPause));
  }

  void join_ended() {
    connections_.remove_if([](const std::unique_ptr<Connection>& connection) {
      if (!connection->ended) return false;
      connection->thread.join();
      return true;
    });
  }

  void serve(Connection& connection) {
    const Result<LinkPeer> peer = greet(connection);
    if (!peer.ok()) {
      if (peer.error().code != ErrorCode::kUnavailable) {
        logger_.warning("hostlink: refused a host", {{"reason", peer.error().message}});
      }
      refuse(connection, peer.error());
      return;
    }
    const Status ended = serve_records(connection, *peer);
    if (ended.error().code != ErrorCode::kUnavailable) {
      logger_.warning(
          "hostlink: ended a connection",
          {{"gang", peer->gang.value()}, {"host", peer->host}, {"reason", ended.error().message}});
    }
    connection.socket.shut_down();
    receiver_.gone(*peer);
    const MutexLock lock(mutex_);
    peers_.erase(key_of(*peer));
    changed_.notify_all();
  }

  static void refuse(Connection& connection, const Error& reason) {
    const Document message = Document::object(
        {{"type", "refused"}, {"code", error_code_name(reason.code)}, {"message", reason.message}});
    static_cast<void>(connection.socket.send(to_json(message) + "\n", milliseconds(100)).ok());
    connection.socket.shut_down();
  }

  Result<std::string> next_line(Connection& connection, Duration timeout) {
    if (auto line = connection.socket.next_line()) return *line;
    while (wait_readable(connection.socket.fd(), -1, timeout)) {
      const Status received = connection.socket.receive();
      if (auto line = connection.socket.next_line()) return *line;
      if (!received.ok()) return received.error();
    }
    return timed_out("hostlink: no message came");
  }

  // Reads the hello; returns who it is once nobody else is served under that name.
  Result<LinkPeer> greet(Connection& connection) {
    CLARY_TRY(const std::string line, next_line(connection, seconds(5)));
    CLARY_TRY(const Document hello, parse_json(line));
    if (hello.string_or("type", "") != "hello")
      return invalid_argument("hostlink: the first message is no hello");
    const std::int64_t version = hello.int_or("version", 0);
    if (version < 1 || version > kProtocolVersion) {
      return unsupported("hostlink: a host speaks version " + std::to_string(version) +
                         ", this server 1 to " + std::to_string(kProtocolVersion));
    }
    const LinkPeer peer{GangId(hello.string_or("gang", "")), hello.string_or("host", "")};
    CLARY_RETURN_IF_ERROR(receiver_.admit(peer, hello.string_or("token", "")));
    CLARY_RETURN_IF_ERROR(take_place(connection, peer));
    const Result<std::uint64_t> last = receiver_.last_taken(peer);
    Status sent = last.ok() ? connection.socket.send(numbered("welcome", *last), kSendPatience)
                            : last.error();
    if (sent.ok()) return peer;
    const MutexLock lock(mutex_);
    peers_.erase(key_of(peer));
    changed_.notify_all();
    return sent.error();
  }

  // A host that connects again ends its earlier connection: records of one host are taken by one
  // thread.
  Status take_place(Connection& connection, const LinkPeer& peer) {
    const MutexLock lock(mutex_);
    for (int waited = 0; waited < 100; ++waited) {
      const auto [place, taken] = peers_.try_emplace(key_of(peer), &connection);
      if (taken) return {};
      place->second->socket.shut_down();
      changed_.wait_for(mutex_, milliseconds(100));
    }
    return timed_out("hostlink: the earlier connection of this host does not end");
  }

  Status serve_records(Connection& connection, const LinkPeer& peer) {
    CLARY_TRY(std::uint64_t last, receiver_.last_taken(peer));
    while (!stopping_) {
      std::vector<Record> records;
      Result<std::string> line = next_line(connection, seconds(60));
      if (!line.ok() && line.error().code == ErrorCode::kTimeout) continue;
      if (!line.ok()) return line.error();
      for (;;) {
        CLARY_RETURN_IF_ERROR(take_message(connection, peer, *line, last, records));
        const auto next = connection.socket.next_line();
        if (!next || records.size() >= kMostRecordsAtOnce) {
          if (next) CLARY_RETURN_IF_ERROR(take_message(connection, peer, *next, last, records));
          break;
        }
        line = *next;
      }
      if (records.empty()) continue;
      last = records.back().number;
      CLARY_RETURN_IF_ERROR(receiver_.take(peer, records));
      CLARY_RETURN_IF_ERROR(connection.socket.send(numbered("ack", last), kSendPatience));
    }
    return unavailable("hostlink: the server ends");
  }

  Status take_message(Connection& connection, const LinkPeer& peer, const std::string& line,
                      std::uint64_t last, std::vector<Record>& records) {
    CLARY_TRY(const Document message, parse_json(line));
    const std::string type = message.string_or("type", "");
    if (type == "listener") {
      Fd listening = connection.socket.take_descriptor();
      if (!listening.valid())
        return invalid_argument("hostlink: a listener came without its descriptor");
      return receiver_.take_listener(peer, std::move(listening));
    }
    if (type != "record") return {};
    CLARY_TRY(Record record, Record::from_document(message));
    const std::uint64_t before = records.empty() ? last : records.back().number;
    if (record.number <= before) return {};
    records.push_back(std::move(record));
    return {};
  }

  const Fd listening_;
  const Fd wake_;
  LinkReceiver& receiver_;
  const Logger& logger_;
  std::atomic<bool> stopping_ = false;
  std::list<std::unique_ptr<Connection>> connections_;  // of the accepting thread
  Mutex mutex_;
  CondVar changed_;
  std::map<PeerKey, Connection*> peers_ CLARY_GUARDED_BY(mutex_);
  std::thread acceptor_;
};

}  // namespace

Result<std::unique_ptr<LinkServer>> LinkServer::listen(const std::string& socket_path,
                                                       LinkReceiver& receiver,
                                                       const Logger& logger) {
  CLARY_TRY(Fd listening, listen_at(socket_path));
  Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return system_error("hostlink: make an eventfd");
  return std::unique_ptr<LinkServer>(std::make_unique<ThreadedLinkServer>(
      std::move(listening), std::move(wake), receiver, logger));
}

}  // namespace clary::hostlink
