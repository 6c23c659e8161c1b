// The user's code: from the submit directory into /opt/ml/code, and what its entry point is.
#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>

#include "archives/byte_sources.h"
#include "archives/tar_staging.h"
#include "base/files.h"
#include "base/strings.h"
#include "host/job_tree.h"
#include "host/script_environment.h"
#include "host/steps.h"

namespace clary::host {
namespace {

constexpr std::string_view kChannels = "input/data/";

bool is_archive_name(std::string_view path) {
  return path.ends_with(".tar.gz") || path.ends_with(".tgz") || path.ends_with(".tar");
}

// The place on this machine of a path that the container's contract names.
Result<std::string> place_of(const HostContext& context, const std::string& path) {
  if (!path.starts_with(kContainerBase))
    return invalid_argument("'" + path + "' is neither s3://... nor a path under /opt/ml");
  const std::string_view inside = std::string_view(path).substr(kContainerBase.size());
  for (const std::string_view part : split(inside, '/')) {
    if (part == "..") return invalid_argument("'" + path + "': a path with '..'");
  }
  if (inside.starts_with(kChannels)) {
    const std::string_view rest = inside.substr(kChannels.size());
    const std::string_view channel = rest.substr(0, rest.find('/'));
    for (const hostlink::PlanChannel& one : context.plan.channels) {
      if (one.name == channel && !one.view.empty()) {
        return path_join(one.view,
                         rest.size() > channel.size() ? rest.substr(channel.size() + 1) : "");
      }
    }
  }
  return path_join(context.job_folder, inside);
}

Status copy_to_code(const std::string& from, const std::string& code) {
  std::error_code failure;
  const bool folder = std::filesystem::is_directory(from, failure);
  std::filesystem::copy(
      from, folder ? code : path_join(code, base_name(from)),
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks,
      failure);
  if (failure) return system_error("copy '" + from + "'", failure.value());
  return {};
}

Status stage(HostContext& context, const std::string& from, const std::string& code) {
  if (from.starts_with("s3://")) {
    CLARY_TRY(const objects::ObjectUri uri, objects::parse_object_uri(from));
    CLARY_TRY(const objects::ObjectBody body,
              context.store->get(uri.bucket, ObjectKey(uri.key), std::nullopt));
    CLARY_RETURN_IF_ERROR(archives::unpack_tar(*body.bytes, code));
    return {};
  }
  CLARY_TRY(const std::string place, place_of(context, from));
  if (place == code) return {};
  if (!exists(place)) return not_found("'" + from + "': not there");
  if (!is_archive_name(place)) return copy_to_code(place, code);
  CLARY_TRY(const std::unique_ptr<net::ByteSource> source, archives::open_file_source(place));
  CLARY_RETURN_IF_ERROR(archives::unpack_tar(*source, code));
  return {};
}

}  // namespace

Status stage_code(HostContext& context) {
  // A program of the job's own brings its code in a channel, as in an image without the toolkit.
  if (!context.plan.container_command.empty()) return {};
  CLARY_TRY(const ToolkitInput input, toolkit_input(context, "/opt/ml"));
  CLARY_TRY(const TrainingEnvironment environment, make_training_environment(input));
  context.entry_point_name = environment.user_entry_point;
  context.submit_directory = environment.submit_directory;
  CLARY_RETURN_IF_ERROR(check_entry_point(context.entry_point_name));

  const std::string code = path_join(context.job_folder, "code");
  CLARY_RETURN_IF_ERROR(remove_tree(code));
  CLARY_RETURN_IF_ERROR(make_folders(code));
  const Status staged = stage(context, context.submit_directory, code);
  if (!staged.ok()) return staged.error().within("source code '" + context.submit_directory + "'");

  context.entry_point =
      entry_point_kind(context.entry_point_name, exists(path_join(code, "setup.py")));
  if (context.entry_point == EntryPointKind::kCommand) {
    // As the toolkit does. An absent entry point is the shell's to say.
    const Result<Fd> script = open_inside(code, context.entry_point_name, O_RDONLY);
    if (script.ok() && ::fchmod(script->get(), 0777) != 0)
      return system_error("make '" + context.entry_point_name + "' executable");
  }
  return {};
}

}  // namespace clary::host
