#include "serving/model_source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "archives/byte_sources.h"
#include "archives/tar_staging.h"
#include "base/files.h"
#include "base/strings.h"

namespace clary::serving {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;
constexpr std::string_view kForms =
    "a folder, a .tar.gz, .tgz, .tar or .mar, a .pt, .pth or .onnx, one of these as "
    "s3://BUCKET/KEY, or s3://BUCKET/PREFIX/";

// kBare: a model that is one file: it stands in the folder under its own name.
enum class FileForm { kNone, kTar, kZip, kBare };

FileForm form_of(std::string_view path) {
  const auto ends_with = [path](std::initializer_list<std::string_view> endings) {
    return std::any_of(endings.begin(), endings.end(),
                       [path](std::string_view one) { return path.ends_with(one); });
  };
  if (ends_with({".tar.gz", ".tgz", ".tar"})) return FileForm::kTar;
  if (ends_with({".mar"})) return FileForm::kZip;
  return ends_with({".pt", ".pth", ".onnx"}) ? FileForm::kBare : FileForm::kNone;
}

bool is_folder(const std::string& path) {
  struct stat found{};
  return ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

// Ends early when it shall stop.
class StoppableSource final : public net::ByteSource {
 public:
  StoppableSource(net::ByteSource& from, const std::stop_token& stop) : from_(from), stop_(stop) {}
  Result<std::size_t> read(std::span<char> into) override {
    if (stop_.stop_requested()) return cancelled("the server is ending");
    return from_.read(into);
  }

 private:
  net::ByteSource& from_;
  const std::stop_token& stop_;
};

Status write_file(net::ByteSource& source, const std::string& path) {
  CLARY_TRY(const Fd file, open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW));
  std::vector<char> piece(kReadBytes);
  for (;;) {
    CLARY_TRY(const std::size_t got, source.read(piece));
    if (got == 0) return {};
    CLARY_RETURN_IF_ERROR(write_all(file, {piece.data(), got}, "write '" + path + "'"));
  }
}

// name: of the file that the bytes come from.
Status stage_bytes(net::ByteSource& source, const std::string& name, const std::string& target,
                   const std::stop_token& stop) {
  StoppableSource stoppable(source, stop);
  switch (form_of(name)) {
    case FileForm::kTar:
      CLARY_RETURN_IF_ERROR(archives::unpack_tar(stoppable, target));
      return {};
    case FileForm::kZip:
      CLARY_RETURN_IF_ERROR(archives::unpack_zip(stoppable, target));
      return {};
    case FileForm::kBare:
      return write_file(stoppable, path_join(target, base_name(name)));
    case FileForm::kNone:
      break;
  }
  return unsupported("it is no form that is served: " + std::string(kForms));
}

// The part of the key below the prefix as a path inside a folder; nothing for a folder's marker.
Result<std::optional<std::string>> inner_path(const std::string& key, std::size_t prefix_size) {
  using Path = std::optional<std::string>;
  const std::string_view inside = std::string_view(key).substr(prefix_size);
  if (inside.empty() || inside.ends_with('/')) return Path();
  for (const std::string_view part : split(inside, '/')) {
    if (part.empty() || part == "." || part == "..")
      return invalid_argument("object '" + key + "': its key is no path inside a folder");
  }
  return Path(std::string(inside));
}

Status write_object(objects::ObjectStore& store, const BucketName& bucket, const ObjectKey& key,
                    const std::string& path, const std::stop_token& stop) {
  CLARY_TRY(const objects::ObjectBody body, store.get(bucket, key, std::nullopt));
  CLARY_RETURN_IF_ERROR(make_folders(folder_of(path)));
  StoppableSource source(*body.bytes, stop);
  return write_file(source, path);
}

Status stage_prefix(objects::ObjectStore& store, const objects::ObjectUri& uri,
                    const std::string& target, const std::stop_token& stop) {
  const archives::TarLimits limits;
  std::string prefix = uri.key;
  if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
  objects::ListRequest request{
      .bucket = uri.bucket, .prefix = prefix, .delimiter = "", .after = ""};
  std::uint64_t members = 0;
  std::uint64_t bytes = 0;
  for (;;) {
    CLARY_TRY(const objects::ListPage page, store.list(request));
    for (const objects::ObjectHead& head : page.objects) {
      CLARY_TRY(const std::optional<std::string> path, inner_path(head.key.value(), prefix.size()));
      if (!path) continue;
      bytes += head.size_bytes;
      if (++members > limits.members || bytes > limits.bytes)
        return limit_exceeded("more than " + std::to_string(limits.members) + " objects or " +
                              format_bytes(limits.bytes));
      CLARY_RETURN_IF_ERROR(
          write_object(store, uri.bucket, head.key, path_join(target, *path), stop));
    }
    if (!page.truncated) break;
    request.after = page.next_after;
  }
  if (members == 0) return not_found("no object is below it");
  return {};
}

Status stage_objects(const std::string& source, const std::string& target,
                     const StoreOpener& open_store, const std::stop_token& stop) {
  CLARY_TRY(const objects::ObjectUri uri, objects::parse_object_uri(source));
  CLARY_TRY(const std::unique_ptr<objects::ObjectStore> store, open_store());
  if (form_of(uri.key) == FileForm::kNone) return stage_prefix(*store, uri, target, stop);
  CLARY_TRY(const objects::ObjectBody body,
            store->get(uri.bucket, ObjectKey(uri.key), std::nullopt));
  return stage_bytes(*body.bytes, uri.key, target, stop);
}

Status stage_file(const std::string& path, const std::string& target, const std::stop_token& stop) {
  CLARY_TRY(const std::unique_ptr<net::ByteSource> source, archives::open_file_source(path));
  return stage_bytes(*source, path, target, stop);
}

}  // namespace

std::string staged_folder(const std::string& source, const std::string& target) {
  return is_folder(source) ? real_path(source).value_or(source) : target;
}

Status stage_model(const std::string& source, const std::string& target,
                   const StoreOpener& open_store, const std::stop_token& stop) {
  if (is_folder(source)) return {};
  const Status staged = source.starts_with("s3://")
                            ? stage_objects(source, target, open_store, stop)
                            : stage_file(source, target, stop);
  if (!staged.ok()) return staged.error().within("model '" + source + "'");
  return {};
}

}  // namespace clary::serving
