#include "net/tls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace clary::net {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSession {
  void operator()(SSL* session) const { SSL_free(session); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;

std::string last_fault() {
  char text[256] = "the peer broke the handshake off";
  if (const unsigned long code = ERR_get_error(); code != 0)
    ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

Context make_context(const SSL_METHOD* method) {
  Context context(SSL_CTX_new(method));
  if (context == nullptr) return context;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  // Clients that close without a word are many; HTTP has lengths of its own.
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
  return context;
}

Result<Context> server_context(const CertificateFiles& files) {
  Context context = make_context(TLS_server_method());
  if (context == nullptr) return internal_error("TLS: no context");
  // A resumed session saves little with keys of elliptic curves.
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // The key first: a certificate that is not its own takes it away, and the check below says so.
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return invalid_argument("key '" + files.key + "': " + last_fault());
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.chain.c_str()) != 1)
    return invalid_argument("certificate '" + files.chain + "': " + last_fault());
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return invalid_argument("key '" + files.key + "' is not that of certificate '" + files.chain +
                            "'");
  }
  return context;
}

bool reached_at_loopback(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) return false;
  if (address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    return ntohl(v4->sin_addr.s_addr) >> 24U == IN_LOOPBACKNET;
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
  return address.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

}  // namespace

struct TlsSession::State {
  std::unique_ptr<SSL, FreeSession> ssl;
};

TlsSession::TlsSession(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsSession::~TlsSession() = default;

TlsStep TlsSession::step(int result) {
  if (result > 0) return {static_cast<std::size_t>(result), TlsStep::Wait::kNone};
  switch (SSL_get_error(state_->ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {0, TlsStep::Wait::kRead};
    case SSL_ERROR_WANT_WRITE:
      return {0, TlsStep::Wait::kWrite};
    case SSL_ERROR_ZERO_RETURN:
    case SSL_ERROR_SYSCALL:  // the connection broke
      return {0, TlsStep::Wait::kEnd};
    default:
      fault_ = last_fault();
      return {0, TlsStep::Wait::kFault};
  }
}

TlsStep TlsSession::read(std::span<char> into) {
  ERR_clear_error();
  const std::size_t most = std::numeric_limits<int>::max();
  return step(
      SSL_read(state_->ssl.get(), into.data(), static_cast<int>(std::min(into.size(), most))));
}

TlsStep TlsSession::write(std::string_view bytes) {
  ERR_clear_error();
  const std::size_t most = std::numeric_limits<int>::max();
  return step(
      SSL_write(state_->ssl.get(), bytes.data(), static_cast<int>(std::min(bytes.size(), most))));
}

void TlsSession::say_end() {
  if (SSL_in_init(state_->ssl.get()) != 0) return;
  ERR_clear_error();
  SSL_shutdown(state_->ssl.get());
  ERR_clear_error();
}

bool TlsSession::has_pending() const { return SSL_pending(state_->ssl.get()) > 0; }

struct TlsServer::State {
  Context loopback;
  Context everywhere;            // null: the loopback one
  bool covers_loopback = false;  // the certificate for everywhere
};

TlsServer::TlsServer(std::shared_ptr<const State> state) : state_(std::move(state)) {}
TlsServer::~TlsServer() = default;

Result<std::shared_ptr<const TlsServer::State>> TlsServer::read(
    const CertificateFiles& loopback, const CertificateFiles& everywhere) {
  auto state = std::make_shared<State>();
  CLARY_TRY(state->loopback, server_context(loopback));
  if (!everywhere.chain.empty()) {
    CLARY_TRY(state->everywhere, server_context(everywhere));
    X509* own = SSL_CTX_get0_certificate(state->everywhere.get());
    state->covers_loopback = X509_check_ip_asc(own, "127.0.0.1", 0) == 1;
  }
  return std::shared_ptr<const State>(std::move(state));
}

Result<std::shared_ptr<TlsServer>> TlsServer::create(const CertificateFiles& loopback,
                                                     const CertificateFiles& everywhere) {
  CLARY_TRY(std::shared_ptr<const State> state, read(loopback, everywhere));
  return std::shared_ptr<TlsServer>(new TlsServer(std::move(state)));
}

Status TlsServer::replace(const CertificateFiles& loopback, const CertificateFiles& everywhere) {
  CLARY_TRY(std::shared_ptr<const State> state, read(loopback, everywhere));
  MutexLock lock(mutex_);
  state_ = std::move(state);
  return {};
}

std::shared_ptr<const TlsServer::State> TlsServer::state() const {
  MutexLock lock(mutex_);
  return state_;
}

std::unique_ptr<TlsSession> TlsServer::accept(int socket) const {
  // A session holds what it was begun with.
  const std::shared_ptr<const State> state = this->state();
  const bool own =
      state->everywhere == nullptr || (!state->covers_loopback && reached_at_loopback(socket));
  auto session = std::make_unique<TlsSession::State>();
  session->ssl.reset(SSL_new(own ? state->loopback.get() : state->everywhere.get()));
  if (session->ssl == nullptr || SSL_set_fd(session->ssl.get(), socket) != 1) return nullptr;
  SSL_set_accept_state(session->ssl.get());
  return std::unique_ptr<TlsSession>(new TlsSession(std::move(session)));
}

struct TlsClient::State {
  Context context;
};

TlsClient::TlsClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsClient::~TlsClient() = default;

Result<std::shared_ptr<TlsClient>> TlsClient::create(const std::string& ca_file) {
  auto state = std::make_unique<State>();
  state->context = make_context(TLS_client_method());
  SSL_CTX* context = state->context.get();
  if (context == nullptr) return internal_error("TLS: no context");
  const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                     : SSL_CTX_load_verify_file(context, ca_file.c_str());
  if (loaded != 1)
    return invalid_argument("trusted certificates '" + ca_file + "': " + last_fault());
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return std::shared_ptr<TlsClient>(new TlsClient(std::move(state)));
}

Result<std::unique_ptr<TlsSession>> TlsClient::connect(int socket, const std::string& name) const {
  auto session = std::make_unique<TlsSession::State>();
  session->ssl.reset(SSL_new(state_->context.get()));
  SSL* ssl = session->ssl.get();
  if (ssl == nullptr || SSL_set_fd(ssl, socket) != 1) return internal_error("TLS: no session");
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) != 1) {
    if (SSL_set1_host(ssl, name.c_str()) != 1 ||
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(name.c_str())) != 1)
      return invalid_argument("TLS: '" + name + "' is no host name");
  }
  ERR_clear_error();
  SSL_set_connect_state(ssl);
  return std::unique_ptr<TlsSession>(new TlsSession(std::move(session)));
}

}  // namespace clary::net
