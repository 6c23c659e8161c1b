// Input channels: shown from a view of the bucket where the server has made one, else fetched by
// S3.
#include <fcntl.h>

#include <array>

#include "base/files.h"
#include "base/strings.h"
#include "host/steps.h"
#include "objects/channel_path.h"

namespace clary::host {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;

Error no_objects(const HostContext& context, const hostlink::PlanChannel& channel,
                 const std::string& bucket) {
  return not_found("No S3 objects found under S3 URL \"" + channel.uri +
                   "\" given in input data source. Please ensure that the bucket exists in the "
                   "selected region (" +
                   context.plan.region +
                   "), that objects exist under that S3 prefix, and that the role has " +
                   "\"s3:ListBucket\" permissions on bucket \"" + bucket + "\"");
}

Status fetch_object(HostContext& context, const objects::ObjectUri& from, const std::string& to) {
  CLARY_TRY(const objects::ObjectBody body,
            context.store->get(from.bucket, ObjectKey(from.key), std::nullopt));
  CLARY_RETURN_IF_ERROR(make_folders(folder_of(to)));
  CLARY_TRY(const Fd file, open_file(to, O_WRONLY | O_CREAT | O_EXCL));
  std::vector<char> piece(kReadBytes);
  std::uint64_t taken = 0;
  for (;;) {
    CLARY_RETURN_IF_ERROR(context.check_stop());
    CLARY_TRY(const std::size_t got, body.bytes->read(piece));
    if (got == 0) break;
    taken += got;
    CLARY_RETURN_IF_ERROR(
        write_all(file, std::string_view(piece.data(), got), "write '" + to + "'"));
  }
  if (taken != body.length) return unavailable("object '" + from.to_string() + "': it ended early");
  return {};
}

Status fetch_channel(HostContext& context, const hostlink::PlanChannel& channel,
                     const std::string& folder) {
  CLARY_TRY(const objects::ObjectUri uri, objects::parse_object_uri(channel.uri));
  objects::ListRequest request{.bucket = uri.bucket, .prefix = uri.key};
  bool any = false;
  for (;;) {
    Result<objects::ListPage> page = context.store->list(request);
    if (!page.ok() && page.error().code == ErrorCode::kNotFound)
      return no_objects(context, channel, *uri.bucket);
    if (!page.ok()) return page.error();
    for (const objects::ObjectHead& head : page->objects) {
      any = true;
      CLARY_TRY(const std::string path, objects::channel_path(uri.key, *head.key));
      if (path.empty()) continue;
      CLARY_RETURN_IF_ERROR(
          fetch_object(context, {.bucket = uri.bucket, .key = *head.key}, path_join(folder, path)));
    }
    if (!page->truncated) break;
    request.after = page->next_after;
  }
  return any ? Status() : no_objects(context, channel, *uri.bucket);
}

}  // namespace

Status stage_channels(HostContext& context) {
  context.overlays.clear();
  for (const hostlink::PlanChannel& channel : context.plan.channels) {
    CLARY_RETURN_IF_ERROR(context.check_stop());
    if (channel.name.empty() || channel.name.find('/') != std::string::npos ||
        channel.name.starts_with('.')) {
      return invalid_argument("channel '" + channel.name + "': not a channel's name");
    }
    const std::string folder = path_join(context.job_folder, "input/data/" + channel.name);
    CLARY_RETURN_IF_ERROR(make_folders(folder));
    if (!channel.view.empty()) {
      context.overlays.push_back(
          {.lower = channel.view, .target = "/opt/ml/input/data/" + channel.name});
      continue;
    }
    const Status fetched = fetch_channel(context, channel, folder);
    if (!fetched.ok()) return fetched.error().within("Data download failed");
  }
  return {};
}

}  // namespace clary::host
