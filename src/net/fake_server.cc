#include "net/fake_server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <utility>

#include "net/sockets.h"

namespace clary::net {

namespace {
constexpr Duration kPatience = std::chrono::seconds(10);
}  // namespace

FakeSink::FakeSink(std::function<Reply(std::string)> answer, std::size_t limit_bytes)
    : answer_(std::move(answer)), limit_bytes_(limit_bytes) {}

Status FakeSink::write(std::string_view piece) {
  if (piece.size() > limit_bytes_ - body_.size()) return limit_exceeded("body: over the limit");
  body_ += piece;
  return {};
}

Reply FakeSink::rejected(const Error& error) { return text_reply(error.message, 400); }

Reply text_reply(std::string body, int status) {
  Reply reply;
  reply.status = status;
  reply.body = std::move(body);
  return reply;
}

RawConnection::RawConnection(const std::string& address) {
  auto socket = connect_to(address, kPatience);
  EXPECT_TRUE(socket.ok()) << (socket.ok() ? "" : socket.error().message);
  if (socket.ok()) socket_ = std::move(*socket);
}

void RawConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EAGAIN || !wait_ready(socket_.get(), POLLOUT, kPatience).ok()) {
      return;  // the peer has closed: what it said is still to be read
    }
  }
}

void RawConnection::end_sending() { ::shutdown(socket_.get(), SHUT_WR); }

bool RawConnection::read_some() {
  char piece[16384];
  if (!wait_ready(socket_.get(), POLLIN, kPatience).ok()) {
    ADD_FAILURE() << "the peer is silent";
    return false;
  }
  const ssize_t count = ::recv(socket_.get(), piece, sizeof piece, 0);
  if (count > 0) input_.append(piece, static_cast<std::size_t>(count));
  return count > 0;
}

std::string RawConnection::read_until(std::string_view text) {
  std::size_t at = 0;
  while ((at = input_.find(text)) == std::string::npos) {
    if (!read_some()) {
      ADD_FAILURE() << "the connection ended before '" << text << "'; so far: " << input_;
      return "";
    }
  }
  std::string taken = input_.substr(0, at + text.size());
  input_.erase(0, at + text.size());
  return taken;
}

std::string RawConnection::read_exactly(std::size_t count) {
  while (input_.size() < count && read_some()) {
  }
  std::string taken = input_.substr(0, count);
  input_.erase(0, taken.size());
  return taken;
}

std::string RawConnection::read_to_end() {
  while (read_some()) {
  }
  return std::exchange(input_, {});
}

bool RawConnection::is_closed_by_peer() {
  read_to_end();
  char byte = 0;
  return ::recv(socket_.get(), &byte, 1, MSG_DONTWAIT) <= 0 && errno != EAGAIN;
}

}  // namespace clary::net
