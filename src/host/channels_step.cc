// Input channels: shown from a view of the bucket where the server has made one or from a named
// file system, else fetched by S3.
#include <unistd.h>

#include "base/files.h"
#include "host/fetch.h"
#include "host/job_tree.h"
#include "host/manifest.h"
#include "host/steps.h"
#include "objects/channel_path.h"

namespace clary::host {
namespace {

Error no_objects(const HostContext& context, const hostlink::PlanChannel& channel,
                 const std::string& bucket) {
  return not_found(objects::no_objects_sentence(
      {.uri = channel.uri, .bucket = bucket, .region = context.plan.region, .role = ""}));
}

// The name of an unpacked object: without what says that it is packed.
std::string unpacked_name(std::string path) {
  if (path.ends_with(".gz") && base_name(path).size() > 3) path.resize(path.size() - 3);
  return path;
}

Status fetch_member(HostContext& context, const hostlink::PlanChannel& channel,
                    const std::string& folder, const objects::ObjectUri& from,
                    const std::string& path) {
  const bool packed = channel.compression == "Gzip";
  return fetch_object(context, from, path_join(folder, packed ? unpacked_name(path) : path),
                      packed ? Unpacking::kGunzip : Unpacking::kNone);
}

Status fetch_manifest(HostContext& context, const hostlink::PlanChannel& channel,
                      const std::string& folder) {
  CLARY_TRY(const objects::ObjectUri uri, objects::parse_object_uri(channel.uri));
  const std::string aside = context.path("manifest-" + channel.name);
  CLARY_RETURN_IF_ERROR(remove_tree(aside));
  const Status fetched = fetch_object(context, uri, aside);
  if (!fetched.ok() && fetched.error().code == ErrorCode::kNotFound)
    return no_objects(context, channel, *uri.bucket);
  CLARY_RETURN_IF_ERROR(fetched);
  CLARY_TRY(const std::string text, read_file(aside));
  CLARY_RETURN_IF_ERROR(remove_tree(aside));
  const std::string manifest = "manifest '" + channel.uri + "'";
  const Result<std::vector<ManifestEntry>> entries = parse_manifest(text);
  if (!entries.ok()) return entries.error().within(manifest);
  for (const ManifestEntry& entry : *entries) {
    const Status one = fetch_member(context, channel, folder, entry.object, entry.path);
    if (!one.ok()) return one.error().within(manifest);
  }
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
          fetch_member(context, channel, folder, {.bucket = uri.bucket, .key = *head.key}, path));
    }
    if (!page->truncated) break;
    request.after = page->next_after;
  }
  return any ? Status() : no_objects(context, channel, *uri.bucket);
}

// A folder of this machine, as it is. Plain processes see it by a link, which cannot be read-only.
Status show_file_system(HostContext& context, const hostlink::PlanChannel& channel,
                        const std::string& folder) {
  if (context.plan.sandbox != "process") {
    context.mounts.push_back({.source = channel.mount,
                              .target = "/opt/ml/input/data/" + channel.name,
                              .writable = channel.writable});
    return {};
  }
  if (!channel.writable) {
    return unsupported("channel '" + channel.name +
                       "': sandbox = \"process\" cannot show a file system read-only; ask for "
                       "FileSystemAccessMode rw or use bubblewrap");
  }
  CLARY_RETURN_IF_ERROR(remove_tree(folder));
  if (::symlink(channel.mount.c_str(), folder.c_str()) != 0)
    return system_error("link '" + folder + "'");
  return {};
}

// Where the channel stands in the job's folder.
Result<std::string> place_of(const hostlink::PlanChannel& channel) {
  if (!channel.path.empty()) return inside_job_folder(channel.path);
  if (channel.name.empty() || channel.name.find('/') != std::string::npos ||
      channel.name.starts_with('.')) {
    return invalid_argument("channel '" + channel.name + "': not a channel's name");
  }
  return "input/data/" + channel.name;
}

}  // namespace

Status stage_channels(HostContext& context) {
  context.overlays.clear();
  context.mounts.clear();
  for (const hostlink::PlanChannel& channel : context.plan.channels) {
    CLARY_RETURN_IF_ERROR(context.check_stop());
    CLARY_TRY(const std::string place, place_of(channel));
    const std::string folder = path_join(context.job_folder, place);
    CLARY_RETURN_IF_ERROR(make_folders(folder));
    if (!channel.view.empty()) {
      context.overlays.push_back({.lower = channel.view, .target = "/opt/ml/" + place});
      continue;
    }
    if (!channel.mount.empty()) {
      CLARY_RETURN_IF_ERROR(show_file_system(context, channel, folder));
      continue;
    }
    const Status fetched = channel.data_type == "ManifestFile"
                               ? fetch_manifest(context, channel, folder)
                               : fetch_channel(context, channel, folder);
    if (!fetched.ok()) return fetched.error().within("Data download failed");
  }
  return {};
}

}  // namespace clary::host
