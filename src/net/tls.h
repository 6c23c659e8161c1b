// TLS over a non-blocking socket, for both ends. Hides OpenSSL.
//
// Servers and clients: any thread. A session belongs to one socket and is used by one thread at a
// time.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"

namespace clary::net {

// How far one read or write came.
struct TlsStep {
  enum class Wait {
    kNone,   // `count` bytes were moved
    kRead,   // again when the socket can be read
    kWrite,  // again when it can be written
    kEnd,    // the peer has closed
    kFault,  // the session is broken: bytes that are no TLS, a certificate that is not trusted
  };
  std::size_t count = 0;
  Wait wait = Wait::kNone;
};

class TlsSession {
 public:
  ~TlsSession();
  // The handshake goes on inside whichever is called.
  TlsStep read(std::span<char> into);
  // After kRead or kWrite the same bytes must be offered again.
  TlsStep write(std::string_view bytes);
  // Tells the peer that no more comes; does not wait.
  void say_end();
  // Bytes that were decrypted and not read yet.
  bool has_pending() const;
  // Of the last kFault: a sentence.
  const std::string& fault() const { return fault_; }

 private:
  friend class TlsServer;
  friend class TlsClient;
  struct State;
  explicit TlsSession(std::unique_ptr<State> state);
  TlsStep step(int result);

  std::unique_ptr<State> state_;
  std::string fault_;
};

// PEM files. The chain begins with the server's own certificate.
struct CertificateFiles {
  std::string chain;
  std::string key;
};

class TlsServer {
 public:
  // loopback: shown to who reaches the server at a loopback address, unless `everywhere` covers
  // 127.0.0.1 itself. everywhere: to all others; with an empty chain the loopback one.
  // InvalidArgument names the file that cannot be used.
  static Result<std::shared_ptr<TlsServer>> create(const CertificateFiles& loopback,
                                                   const CertificateFiles& everywhere);
  ~TlsServer();
  // Reads the files, as create() does, and shows what they hold from the next session on; those
  // that have begun go on. On an error nothing changes.
  Status replace(const CertificateFiles& loopback, const CertificateFiles& everywhere);
  // socket: connected; outlives the session. Null: no memory.
  std::unique_ptr<TlsSession> accept(int socket) const;

 private:
  struct State;
  static Result<std::shared_ptr<const State>> read(const CertificateFiles& loopback,
                                                   const CertificateFiles& everywhere);
  explicit TlsServer(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state() const;

  mutable Mutex mutex_;
  std::shared_ptr<const State> state_ CLARY_GUARDED_BY(mutex_);
};

class TlsClient {
 public:
  // ca_file: PEM, whose certificates are trusted, each for itself too; "": the machine's.
  static Result<std::shared_ptr<TlsClient>> create(const std::string& ca_file);
  ~TlsClient();
  // name: a host name or an address, which the certificate must cover.
  Result<std::unique_ptr<TlsSession>> connect(int socket, const std::string& name) const;

 private:
  struct State;
  explicit TlsClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace clary::net
