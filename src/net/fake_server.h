// What tests of HTTP need: a handler made of functions, and a raw connection that speaks by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/fd.h"
#include "net/http.h"
#include "net/server.h"

namespace clary::net {

using StartOutcome = std::variant<Reply, std::unique_ptr<RequestSink>>;

class FakeHandler final : public Handler {
 public:
  explicit FakeHandler(std::function<StartOutcome(RequestHead)> start) : start_(std::move(start)) {}
  StartOutcome start(RequestHead head) override { return start_(std::move(head)); }
  bool is_quick(const RequestHead&) const override { return quick; }
  Reply overloaded(const RequestHead&) override { return when_overloaded(); }

  bool quick = false;
  std::function<Reply()> when_overloaded = [] { return Reply{.status = 503, .body = "too many"}; };

 private:
  std::function<StartOutcome(RequestHead)> start_;
};

// Keeps the body and answers with `answer(body)`; refuses a body that grows beyond limit_bytes.
class FakeSink final : public RequestSink {
 public:
  explicit FakeSink(std::function<Reply(std::string)> answer, std::size_t limit_bytes = SIZE_MAX);
  Status write(std::string_view piece) override;
  Reply finish() override { return answer_(std::move(body_)); }
  Reply rejected(const Error& error) override;

 private:
  std::function<Reply(std::string)> answer_;
  std::size_t limit_bytes_;
  std::string body_;
};

Reply text_reply(std::string body, int status = 200);

// A connection on which a test sends and reads bytes as it likes. Gives up after ten seconds.
class RawConnection {
 public:
  explicit RawConnection(const std::string& address);
  void send(std::string_view bytes);
  void end_sending();
  // Reads until `text` has arrived and returns everything up to and with it; what follows is kept.
  // "" and a test failure when the connection ends before.
  std::string read_until(std::string_view text);
  std::string read_exactly(std::size_t count);
  std::string read_to_end();
  // True when the peer has closed or reset the connection; reads and drops what comes before.
  bool is_closed_by_peer();

 private:
  bool read_some();

  Fd socket_;
  std::string input_;
};

}  // namespace clary::net
