#include "net/certificates.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>

#include "base/files.h"

namespace clary::net {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr days kAuthorityLife{3650};
constexpr days kServerLife{397};  // browsers take no longer ones
constexpr days kRenewBefore{30};

struct Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIO* memory) const { BIO_free(memory); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

struct Identity {
  Owned<X509> certificate;
  Owned<EVP_PKEY> key;
};

Error failed(const std::string& what) {
  char text[256] = "OpenSSL gives no reason";
  if (const unsigned long code = ERR_get_error(); code != 0)
    ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return internal_error(what + ": " + text);
}

std::time_t seconds(TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

bool is_address(const std::string& name) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(name.c_str());
  ASN1_OCTET_STRING_free(address);
  ERR_clear_error();
  return address != nullptr;
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names)
    out.append(out.empty() ? "" : ",").append(is_address(name) ? "IP:" : "DNS:").append(name);
  return out;
}

bool covers(X509* certificate, std::string name) {
  if (name.starts_with("*.")) name.replace(0, 1, "any");
  return is_address(name)
             ? X509_check_ip_asc(certificate, name.c_str(), 0) == 1
             : X509_check_host(certificate, name.c_str(), name.size(), 0, nullptr) == 1;
}

Status add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  if (extension == nullptr || X509_add_ext(certificate, extension.get(), -1) != 1)
    return failed("certificate: " + value);
  return {};
}

// An unsigned certificate with a new key. issuer null: its own.
Result<Identity> begin(const std::string& name, days life, TimePoint now, X509* issuer) {
  Identity out{Owned<X509>(X509_new()), Owned<EVP_PKEY>(EVP_EC_gen("P-256"))};
  if (out.certificate == nullptr || out.key == nullptr) return failed("a key for " + name);
  X509* certificate = out.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  const Owned<BIGNUM> serial(BN_new());
  BN_rand(serial.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);
  BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate));
  ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(now - hours(24)));
  ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(now + life));
  X509_set_pubkey(certificate, out.key.get());
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, issuer == nullptr ? subject : X509_get_subject_name(issuer));
  return out;
}

Result<Identity> make_authority(TimePoint now) {
  CLARY_TRY(Identity out, begin("Clary on this machine", kAuthorityLife, now, nullptr));
  X509* own = out.certificate.get();
  CLARY_RETURN_IF_ERROR(
      add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  CLARY_RETURN_IF_ERROR(add_extension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign"));
  CLARY_RETURN_IF_ERROR(add_extension(own, own, NID_subject_key_identifier, "hash"));
  if (X509_sign(own, out.key.get(), EVP_sha256()) == 0) return failed("sign the authority");
  return out;
}

Result<Identity> make_server(const Identity& authority, const std::vector<std::string>& names,
                             TimePoint now) {
  X509* issuer = authority.certificate.get();
  CLARY_TRY(Identity out, begin("clary serve", kServerLife, now, issuer));
  X509* own = out.certificate.get();
  CLARY_RETURN_IF_ERROR(add_extension(own, issuer, NID_basic_constraints, "critical,CA:FALSE"));
  CLARY_RETURN_IF_ERROR(add_extension(own, issuer, NID_key_usage, "critical,digitalSignature"));
  CLARY_RETURN_IF_ERROR(add_extension(own, issuer, NID_ext_key_usage, "serverAuth"));
  CLARY_RETURN_IF_ERROR(add_extension(own, issuer, NID_subject_key_identifier, "hash"));
  CLARY_RETURN_IF_ERROR(add_extension(own, issuer, NID_authority_key_identifier, "keyid:always"));
  CLARY_RETURN_IF_ERROR(add_extension(own, issuer, NID_subject_alt_name, alternative_names(names)));
  if (X509_sign(own, authority.key.get(), EVP_sha256()) == 0) return failed("sign a certificate");
  return out;
}

std::string text_of(BIO* memory) {
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(memory, &bytes);
  return {bytes, static_cast<std::size_t>(length)};
}

Status keep(const Identity& identity, const std::string& certificate_file,
            const std::string& key_file) {
  const Owned<BIO> key(BIO_new(BIO_s_mem()));
  const Owned<BIO> certificate(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PrivateKey(key.get(), identity.key.get(), nullptr, nullptr, 0, nullptr,
                               nullptr) != 1 ||
      PEM_write_bio_X509(certificate.get(), identity.certificate.get()) != 1)
    return failed("write '" + certificate_file + "'");
  CLARY_RETURN_IF_ERROR(
      write_file_atomically(key_file, text_of(key.get()), 0600, Durability::kSynced));
  return write_file_atomically(certificate_file, text_of(certificate.get()), 0644,
                               Durability::kSynced);
}

Result<Owned<BIO>> open_text(const std::string& file, std::string& text) {
  CLARY_TRY(text, read_file(file, 1 << 20));
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// NotFound when one of the files is absent, or when the key is another certificate's: what a crash
// between the two writes of keep() leaves.
Result<Identity> read(const std::string& certificate_file, const std::string& key_file) {
  std::string certificate_text;
  std::string key_text;
  CLARY_TRY(const Owned<BIO> certificate, open_text(certificate_file, certificate_text));
  CLARY_TRY(const Owned<BIO> key, open_text(key_file, key_text));
  Identity out{Owned<X509>(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr)),
               Owned<EVP_PKEY>(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr))};
  if (out.certificate == nullptr || out.key == nullptr)
    return failed("read '" + certificate_file + "'");
  if (X509_check_private_key(out.certificate.get(), out.key.get()) == 1) return out;
  ERR_clear_error();
  return not_found("'" + key_file + "' is not the key of '" + certificate_file + "'");
}

bool is_signed_by(X509* certificate, X509* authority) {
  const bool is = X509_verify(certificate, X509_get0_pubkey(authority)) == 1;
  ERR_clear_error();
  return is;
}

bool lasts_until(X509* certificate, TimePoint time) {
  const std::time_t wanted = seconds(time);
  return X509_cmp_time(X509_get0_notAfter(certificate), const_cast<std::time_t*>(&wanted)) > 0;
}

}  // namespace

Result<LocalAuthority> ensure_local_authority(const std::string& folder,
                                              const std::vector<std::string>& names,
                                              const Clock& clock) {
  const LocalAuthority files{path_join(folder, "ca.pem"),
                             {path_join(folder, "server.pem"), path_join(folder, "server.key")}};
  const std::string ca_key = path_join(folder, "ca.key");
  CLARY_RETURN_IF_ERROR(make_folders(folder, 0700));
  const TimePoint soon = clock.now() + kRenewBefore;
  Result<Identity> authority = read(files.ca_file, ca_key);
  if (!authority.ok() && authority.error().code != ErrorCode::kNotFound) return authority.error();
  if (!authority.ok() || !lasts_until(authority->certificate.get(), soon)) {
    authority = make_authority(clock.now());
    if (!authority.ok()) return authority.error();
    CLARY_RETURN_IF_ERROR(keep(*authority, files.ca_file, ca_key));
  }
  std::vector<std::string> all = {"localhost", "127.0.0.1", "::1"};
  all.insert(all.end(), names.begin(), names.end());
  const Result<Identity> present = read(files.server.chain, files.server.key);
  if (present.ok() && lasts_until(present->certificate.get(), soon) &&
      is_signed_by(present->certificate.get(), authority->certificate.get()) &&
      std::all_of(all.begin(), all.end(), [&](const std::string& name) {
        return covers(present->certificate.get(), name);
      }))
    return files;
  CLARY_TRY(const Identity server, make_server(*authority, all, clock.now()));
  CLARY_RETURN_IF_ERROR(keep(server, files.server.chain, files.server.key));
  return files;
}

Result<TimePoint> certificate_end(const std::string& chain_file) {
  std::string text;
  CLARY_TRY(const Owned<BIO> opened, open_text(chain_file, text));
  const Owned<X509> certificate(PEM_read_bio_X509(opened.get(), nullptr, nullptr, nullptr));
  std::tm end{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1)
    return failed("read '" + chain_file + "'");
  return TimePoint(std::chrono::seconds(::timegm(&end)));
}

}  // namespace clary::net
