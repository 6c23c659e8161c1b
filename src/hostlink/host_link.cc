#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

#include "base/json.h"
#include "base/mutex.h"
#include "hostlink/line_socket.h"
#include "hostlink/link.h"
#include "hostlink/spool.h"

namespace clary::hostlink {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kShortestPause = milliseconds(20);
constexpr Duration kLongestPause = seconds(1);
constexpr Duration kPatience = seconds(30);  // with a server that acknowledges nothing

class SpoolingHostLink final : public HostLink {
 public:
  SpoolingHostLink(HostLinkOptions options, HostRequests requests, const Clock& clock, Spool spool,
                   Fd wake)
      : options_(std::move(options)),
        requests_(std::move(requests)),
        clock_(clock),
        wake_(std::move(wake)),
        spool_(std::move(spool)),
        thread_([this] { run(); }) {}

  ~SpoolingHostLink() override {
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    wake();
    thread_.join();
  }

  Status put(RecordKind kind, Document body) override {
    const MutexLock lock(mutex_);
    while (connected_ && !stopping_ &&
           spool_.unacknowledged_bytes() > options_.unacknowledged_limit_bytes) {
      changed_.wait_for(mutex_, milliseconds(100));
    }
    const bool may_be_dropped = kind == RecordKind::kLog || kind == RecordKind::kUsage;
    if (may_be_dropped && !connected_ &&
        spool_.unacknowledged_bytes() > options_.spool_limit_bytes) {
      ++dropped_;
      return {};
    }
    CLARY_RETURN_IF_ERROR(append(kind, std::move(body)));
    wake();
    return {};
  }

  Status offer_listener(const Fd& listening) override {
    CLARY_TRY(Fd copy, listening.duplicate());
    const MutexLock lock(mutex_);
    listener_ = std::move(copy);
    listener_offered_ = false;
    wake();
    return {};
  }

  Status flush(Duration timeout) override {
    const Duration deadline = clock_.steady() + timeout;
    const MutexLock lock(mutex_);
    const std::uint64_t wanted = spool_.last_number();
    while (spool_.acknowledged() < wanted) {
      const Duration left = deadline - clock_.steady();
      if (left <= Duration(0)) {
        return timed_out("hostlink: " + std::to_string(wanted - spool_.acknowledged()) +
                         " records are not with the server yet");
      }
      changed_.wait_for(mutex_, std::min<Duration>(left, milliseconds(100)));
    }
    return {};
  }

 private:
  void wake() {
    const std::uint64_t one = 1;
    if (::write(wake_.get(), &one, sizeof(one)) < 0) return;  // full means awake already
  }

  Status append(RecordKind kind, Document body) CLARY_REQUIRES(mutex_) {
    Record record;
    record.number = spool_.last_number() + 1;
    record.time = clock_.now();
    record.kind = kind;
    record.body = std::move(body);
    const std::string line = record.to_line() + "\n";
    if (line.size() > kMaxLineBytes) {
      return invalid_argument("hostlink: a " + std::string(record_kind_name(kind)) +
                              " record is longer than 1 MiB");
    }
    const bool matters = kind == RecordKind::kState || kind == RecordKind::kNotice;
    return spool_.append(line, matters ? Durability::kSynced : Durability::kNone);
  }

  void run() {
    Duration pause = kShortestPause;
    while (!stopping_) {
      if (serve_connection()) pause = kShortestPause;
      set_connected(false);
      wait_readable(-1, wake_.get(), Duration(0));  // puts while away do not cut the pause short
      const Duration until = clock_.steady() + pause;
      {
        const MutexLock lock(mutex_);
        if (!stopping_) changed_.wait_for(mutex_, pause);
      }
      if (clock_.steady() >= until) pause = std::min(pause * 2, kLongestPause);
    }
  }

  void set_connected(bool connected) {
    const MutexLock lock(mutex_);
    connected_ = connected;
    if (connected) listener_offered_ = false;
    changed_.notify_all();
  }

  // Connects and serves until the connection ends. Returns whether the server takes this host's
  // records: one whose disk is full welcomes it, and ends the connection at the first of them.
  bool serve_connection() {
    Result<Fd> connected = connect_to(options_.socket_path);
    if (!connected.ok()) return false;
    LineSocket socket(std::move(connected).value());
    const Document hello = Document::object({{"type", "hello"},
                                             {"version", kProtocolVersion},
                                             {"gang", options_.gang.value()},
                                             {"host", options_.host},
                                             {"token", options_.token}});
    if (!socket.send(to_json(hello) + "\n", seconds(5)).ok()) return false;
    const std::uint64_t acknowledged_before = acknowledged();
    last_progress_ = clock_.steady();
    welcomed_ = false;
    while (!stopping_) {
      if (wait_readable(socket.fd(), wake_.get(), seconds(1)) && !receive(socket)) break;
      if (welcomed_ && !send_pending(socket)) break;
      if (waited_too_long()) break;
    }
    const MutexLock lock(mutex_);
    const bool nothing_waits = spool_.acknowledged() == spool_.last_number();
    return welcomed_ && (nothing_waits || spool_.acknowledged() > acknowledged_before);
  }

  std::uint64_t acknowledged() {
    const MutexLock lock(mutex_);
    return spool_.acknowledged();
  }

  bool waited_too_long() {
    const MutexLock lock(mutex_);
    const bool waits = !welcomed_ || spool_.acknowledged() < spool_.last_number();
    if (!waits) last_progress_ = clock_.steady();
    return clock_.steady() - last_progress_ > kPatience;
  }

  bool receive(LineSocket& socket) {
    const Status received = socket.receive();
    while (const std::optional<std::string> line = socket.next_line()) {
      const Result<Document> message = parse_json(*line);
      if (!message.ok() || !take(*message)) return false;
    }
    return received.ok();
  }

  bool take(const Document& message) {
    const std::string type = message.string_or("type", "");
    const auto number =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, message.int_or("number", 0)));
    if (type == "welcome" || type == "ack") return acknowledge(number, type == "welcome");
    if (type == "refused") return false;
    if (type == "stop" && requests_.stop)
      requests_.stop(milliseconds(message.int_or("grace_ms", 0)));
    if (type == "credentials" && requests_.credentials) {
      requests_.credentials(PlanCredentials::from_document(message));
    }
    return true;  // a newer server's other messages are not for this host
  }

  bool acknowledge(std::uint64_t number, bool welcome) {
    {
      const MutexLock lock(mutex_);
      // A failed compaction leaves the spool as it was; the next acknowledgement tries again.
      static_cast<void>(spool_.acknowledge(number).ok());
      if (welcome) spool_.rewind_to(spool_.acknowledged());
      last_progress_ = clock_.steady();
      if (dropped_ > 0 && spool_.unacknowledged_bytes() < options_.spool_limit_bytes / 2)
        report_dropped();
      changed_.notify_all();
    }
    if (welcome) {
      welcomed_ = true;
      set_connected(true);
    }
    return true;
  }

  void report_dropped() CLARY_REQUIRES(mutex_) {
    const std::string text =
        std::to_string(dropped_) +
        " pieces of output or usage were dropped: the server was away and the spool was full";
    if (append(RecordKind::kNotice, Document::object({{"message", text}})).ok()) dropped_ = 0;
  }

  bool send_pending(LineSocket& socket) {
    for (;;) {
      std::string lines;
      Fd listener;
      {
        const MutexLock lock(mutex_);
        if (listener_.valid() && !listener_offered_) {
          Result<Fd> copy = listener_.duplicate();
          if (!copy.ok()) return false;
          listener = std::move(copy).value();
          listener_offered_ = true;
        } else {
          Result<std::string> read = spool_.read(Spool::kPieceBytes);
          if (!read.ok()) return false;
          lines = std::move(read).value();
        }
      }
      if (listener.valid()) {
        if (!socket.send("{\"type\":\"listener\"}\n", seconds(5), listener.get()).ok())
          return false;
        continue;
      }
      if (lines.empty()) return true;
      if (!socket.send(lines, kPatience).ok()) return false;
      if (wait_readable(socket.fd(), -1, Duration(0)) && !receive(socket)) return false;
    }
  }

  const HostLinkOptions options_;
  const HostRequests requests_;
  const Clock& clock_;
  const Fd wake_;
  std::atomic<bool> stopping_ = false;
  bool welcomed_ = false;      // of the link's thread, as is:
  Duration last_progress_{0};  // when the server last acknowledged, or nothing was waiting
  Mutex mutex_;
  CondVar changed_;
  Spool spool_ CLARY_GUARDED_BY(mutex_);
  bool connected_ CLARY_GUARDED_BY(mutex_) = false;
  std::uint64_t dropped_ CLARY_GUARDED_BY(mutex_) = 0;
  Fd listener_ CLARY_GUARDED_BY(mutex_);
  bool listener_offered_ CLARY_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<HostLink>> HostLink::open(HostLinkOptions options, HostRequests requests,
                                                 const Clock& clock) {
  CLARY_TRY(Spool spool, Spool::open(options.spool_path));
  Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return system_error("hostlink: make an eventfd");
  return std::unique_ptr<HostLink>(std::make_unique<SpoolingHostLink>(
      std::move(options), std::move(requests), clock, std::move(spool), std::move(wake)));
}

}  // namespace clary::hostlink
