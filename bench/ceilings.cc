#include "ceilings.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>
#include <vector>

#include "base/digest.h"
#include "base/fd.h"
#include "base/files.h"

namespace clary::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::size_t kPiece = std::size_t{1} << 20;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

struct Pair {
  Fd sender;
  Fd receiver;
};

// Two ends of one loopback TCP connection.
Result<Pair> connected_pair() {
  const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (bind(listener.get(), generic, size) != 0 || listen(listener.get(), 1) != 0 ||
      getsockname(listener.get(), generic, &size) != 0) {
    return system_error("loopback connection");
  }
  Pair pair{.sender = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), .receiver = {}};
  if (connect(pair.sender.get(), generic, size) != 0) return system_error("loopback connection");
  pair.receiver = Fd(accept(listener.get(), nullptr, nullptr));
  return pair;
}

}  // namespace

Result<double> read_crc_send(const std::string& path) {
  CLARY_TRY(Pair pair, connected_pair());
  std::jthread drop([receiver = pair.receiver.get()] {
    std::vector<char> buffer(256 << 10);
    while (::recv(receiver, buffer.data(), buffer.size(), 0) > 0) {
    }
  });
  const auto start = SteadyClock::now();
  CLARY_TRY(const Fd file, open_file(path, O_RDONLY));
  const auto crc = make_hasher(DigestKind::kCrc32c);
  std::vector<char> piece(kPiece);
  while (true) {
    const ssize_t count = ::read(file.get(), piece.data(), piece.size());
    if (count < 0) return system_error("'" + path + "': read");
    if (count == 0) break;
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(count));
    crc->update(bytes);
    CLARY_RETURN_IF_ERROR(write_all(pair.sender, bytes, "loopback connection"));
  }
  crc->finish();
  shutdown(pair.sender.get(), SHUT_WR);
  drop.join();
  return seconds_since(start);
}

Result<double> write_and_sync(const std::string& path, std::uint64_t bytes) {
  const std::string piece(kPiece, 'x');
  const std::string aside = path + ".aside";
  const auto start = SteadyClock::now();
  {
    CLARY_TRY(const Fd file, open_file(aside, O_WRONLY | O_CREAT | O_TRUNC));
    for (std::uint64_t written = 0; written < bytes; written += piece.size()) {
      CLARY_RETURN_IF_ERROR(write_all(file, piece, "'" + aside + "'"));
    }
    if (fsync(file.get()) != 0) return system_error("'" + aside + "': sync");
  }
  if (rename(aside.c_str(), path.c_str()) != 0) return system_error("'" + aside + "': rename");
  CLARY_RETURN_IF_ERROR(sync_folder(folder_of(path)));
  return seconds_since(start);
}

double md5_of(std::uint64_t bytes) {
  const std::string piece(kPiece, 'x');
  const auto start = SteadyClock::now();
  const auto hasher = make_hasher(DigestKind::kMd5);
  for (std::uint64_t done = 0; done < bytes; done += piece.size()) hasher->update(piece);
  hasher->finish();
  return seconds_since(start);
}

Result<double> append_and_sync(const std::string& path, int count) {
  CLARY_TRY(const Fd file, open_file(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND));
  const std::string piece(1024, 'x');
  const auto start = SteadyClock::now();
  for (int i = 0; i < count; ++i) {
    CLARY_RETURN_IF_ERROR(write_all(file, piece, "'" + path + "'"));
    if (fdatasync(file.get()) != 0) return system_error("'" + path + "': sync");
  }
  return seconds_since(start) / count;
}

}  // namespace clary::bench
