#include "host/fetch.h"

#include <fcntl.h>

#include "archives/gunzip_source.h"
#include "archives/read_ahead.h"
#include "base/digest.h"
#include "base/files.h"
#include "base/text_encoding.h"

namespace clary::host {
namespace {

// Counts and sums what goes through.
class CheckedSource final : public net::ByteSource {
 public:
  explicit CheckedSource(objects::ObjectBody& body) : body_(body) {
    const auto& checksum = body.head.checksum;
    if (checksum && !checksum->composite) hasher_ = make_hasher(checksum->kind);
  }
  Result<std::size_t> read(std::span<char> into) override {
    CLARY_TRY(const std::size_t got, body_.bytes->read(into));
    taken_ += got;
    if (hasher_ != nullptr) hasher_->update({into.data(), got});
    if (got == 0 && !ended_) CLARY_RETURN_IF_ERROR(end());
    return got;
  }

 private:
  Status end() {
    ended_ = true;
    if (taken_ != body_.length) return unavailable("it ended early");
    if (hasher_ == nullptr) return {};
    const std::string sum = base64_encode(hasher_->finish());
    if (sum == body_.head.checksum->value) return {};
    return unavailable("its checksum is " + body_.head.checksum->value + ", that of its bytes " +
                       sum);
  }

  objects::ObjectBody& body_;
  std::unique_ptr<Hasher> hasher_;
  std::uint64_t taken_ = 0;
  bool ended_ = false;
};

}  // namespace

Status fetch_object(HostContext& context, const objects::ObjectUri& from, const std::string& to,
                    Unpacking unpacking) {
  const auto within = [&](const Error& error) {
    return error.within("object '" + from.to_string() + "'");
  };
  CLARY_TRY(objects::ObjectBody body,
            context.store->get(from.bucket, ObjectKey(from.key), std::nullopt));
  CheckedSource checked(body);
  std::unique_ptr<net::ByteSource> unpacked;
  if (unpacking == Unpacking::kGunzip) unpacked = archives::gunzip_source(checked);
  archives::ReadAhead ahead(unpacked == nullptr ? checked : *unpacked);
  CLARY_RETURN_IF_ERROR(make_folders(folder_of(to)));
  CLARY_TRY(const Fd file, open_file(to, O_WRONLY | O_CREAT | O_EXCL));
  for (;;) {
    CLARY_RETURN_IF_ERROR(context.check_stop());
    const Result<std::string> piece = ahead.next();
    if (!piece.ok()) return within(piece.error());
    if (piece->empty()) return {};
    CLARY_RETURN_IF_ERROR(write_all(file, *piece, "write '" + to + "'"));
  }
}

}  // namespace clary::host
