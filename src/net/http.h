// HTTP/1.1 messages and streamed bodies (RFC 9110, 9112). Values and two small interfaces; knows no
// sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace clary::net {

class ReplyLater;

// Fields in the order they arrived; names compared without regard to case.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  void set(std::string_view name, std::string value);    // replaces every field of that name
  const std::string* find(std::string_view name) const;  // the first, or nullptr
  std::string_view get(std::string_view name) const;     // the first, or ""
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

// Where a connection came in. A job's own socket carries its gang, so that what arrives there can
// be held to it.
struct Origin {
  std::string
      listener;      // "main", or the id of the gang whose network the listening socket stands in
  std::string peer;  // "127.0.0.1:50312", for the log
  bool secure = false;  // it came by TLS

  // The listener and the peer without its port: "main 127.0.0.1".
  std::string address() const { return listener + ' ' + peer.substr(0, peer.rfind(':')); }
};

struct RequestHead {
  std::string method;  // "GET"
  std::string target;  // as received: path and query, still percent-encoded
  Headers headers;
  std::optional<std::uint64_t> content_length;  // nothing when chunked or absent
  Origin origin;

  std::string_view raw_path() const;   // target up to '?'
  std::string_view raw_query() const;  // after '?', or ""
};

// A body on its way out, or a file on its way in. Read by one thread at a time, on a pool: it may
// block on a disk, or with its place lent out (LentPlace) on whoever makes the bytes; never on a
// client.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills at most `into`; 0 at the end. An error ends the connection, for the head has already been
  // sent.
  virtual Result<std::size_t> read(std::span<char> into) = 0;
};
std::unique_ptr<ByteSource> make_string_source(std::string bytes);

struct Reply {
  int status = 200;
  std::string reason;  // empty: the usual phrase
  Headers headers;     // Content-Length, Date, Connection are added by the server
  std::string body;    // used when `source` is empty
  std::unique_ptr<ByteSource> source;
  std::optional<std::uint64_t> source_length;  // nothing: sent chunked
  // For HEAD and 304: announce this length and send no body.
  std::optional<std::uint64_t> announced_length;
  // Set: the reply is not there yet, and nothing else of this one counts. Not of rejected() and
  // overloaded(), which answer at once.
  std::shared_ptr<ReplyLater> later = nullptr;
};

// The reply to one request, given when it is there, on any thread: no thread waits for it
// meanwhile. Destroyed without one: the request is answered 500. Thread-safe.
class ReplyLater {
 public:
  // Who waits for it: the connection.
  class Asker {
   public:
    virtual ~Asker() = default;
    virtual void take_reply(Reply reply) = 0;  // once, on the thread that answers
    virtual bool has_gone() const = 0;
  };

  ReplyLater() = default;
  ReplyLater(const ReplyLater&) = delete;
  ReplyLater& operator=(const ReplyLater&) = delete;
  ~ReplyLater();

  // Once; the Server's stop() waits for it. On this thread the reply's source is read for the first
  // time and as much is sent as the socket takes.
  void answer(Reply reply);
  // Whether the asker has closed its end, or its sending half, as nobody does who waits for an
  // answer. The answer is owed all the same. False once it is given.
  bool is_abandoned() const;
  // By the server, once it holds the request for whoever answers.
  void attach(std::shared_ptr<Asker> asker);

 private:
  mutable Mutex mutex_;
  std::shared_ptr<Asker> asker_ CLARY_GUARDED_BY(mutex_);
  std::unique_ptr<Reply> reply_ CLARY_GUARDED_BY(mutex_);  // there before the asker
  bool answered_ CLARY_GUARDED_BY(mutex_) = false;
};

// What takes one request's body and answers it. Its methods run where its handler's start() did,
// one after another, never at once.
class RequestSink {
 public:
  virtual ~RequestSink() = default;
  // The next piece of the body (transfer coding removed). An error makes the server answer
  // `rejected()` and close.
  virtual Status write(std::string_view piece) = 0;
  // The body is complete. With Reply::later the sink is destroyed before the reply is there.
  virtual Reply finish() = 0;
  // Answers a failure instead: a piece refused, an exception, a reply's source that cannot be read.
  virtual Reply rejected(const Error& error) = 0;
};

// The program behind a server. Thread-safe.
class Handler {
 public:
  virtual ~Handler() = default;
  // Called on a pool thread, or where is_quick() says so on the event loop, when a head has been
  // read. A Reply answers at once, before `100 Continue` and before the body; a sink receives the
  // body.
  virtual std::variant<Reply, std::unique_ptr<RequestSink>> start(RequestHead head) = 0;
  // Whether the request's handler and its sink neither wait nor compute for long: they are called
  // on the event loop then, which spares the way over a pool thread. Called there too.
  virtual bool is_quick(const RequestHead& head) const {
    static_cast<void>(head);
    return false;
  }
  // The answer to a request that finds every place taken. Called on the event loop: short, without
  // a disk.
  virtual Reply overloaded(const RequestHead& head) = 0;
};

std::string_view status_phrase(int status);  // 404 → "Not Found"

}  // namespace clary::net
