#include "host/fetch.h"

#include <fcntl.h>

#include "archives/gunzip_source.h"
#include "archives/read_ahead.h"
#include "archives/tar_staging.h"
#include "base/digest.h"
#include "base/files.h"
#include "base/strings.h"
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

// Ends early when the job shall stop.
class StoppableBody final : public net::ByteSource {
 public:
  StoppableBody(const HostContext& context, net::ByteSource& from)
      : context_(context), from_(from) {}
  Result<std::size_t> read(std::span<char> into) override {
    CLARY_RETURN_IF_ERROR(context_.check_stop());
    return from_.read(into);
  }

 private:
  const HostContext& context_;
  net::ByteSource& from_;
};

// A file of the host's as the job's owner knows it.
std::string shown(const HostContext& context, const std::string& text) {
  const std::string in_job = replace_all(text, context.job_folder, "/opt/ml");
  return replace_all(in_job, context.path("checkpoints"), context.plan.checkpoint_path);
}

Result<Fd> make_file(const HostContext& context, const std::string& path) {
  const Status folders = make_folders(folder_of(path));
  Result<Fd> file = folders.ok() ? open_file(path, O_WRONLY | O_CREAT | O_EXCL) : folders.error();
  if (file.ok()) return file;
  const ErrorCode code = file.error().code;
  // Something is there; or a folder above it is a file.
  if (code == ErrorCode::kAlreadyExists || code == ErrorCode::kNotFound) {
    return invalid_argument("another object has its file '" + shown(context, path) +
                            "' already, or stands where a folder above it should");
  }
  return Error{code, shown(context, file.error().message)};
}

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
  const Result<Fd> file = make_file(context, to);
  if (!file.ok()) return within(file.error());
  for (;;) {
    CLARY_RETURN_IF_ERROR(context.check_stop());
    const Result<std::string> piece = ahead.next();
    if (!piece.ok()) return within(piece.error());
    if (piece->empty()) return {};
    const std::string act = "write '" + shown(context, to) + "'";
    CLARY_RETURN_IF_ERROR(write_all(*file, *piece, act));
  }
}

Status unpack_object(HostContext& context, const objects::ObjectUri& from,
                     const std::string& folder) {
  CLARY_TRY(objects::ObjectBody body,
            context.store->get(from.bucket, ObjectKey(from.key), std::nullopt));
  CheckedSource checked(body);
  StoppableBody source(context, checked);
  CLARY_RETURN_IF_ERROR(archives::unpack_tar(source, folder));
  return {};
}

}  // namespace clary::host
