// model.tar.gz and output.tar.gz: made while they are uploaded. A server that is away is waited
// for.
#include <fcntl.h>

#include <thread>

#include "base/files.h"
#include "base/time_text.h"
#include "host/job_tree.h"
#include "host/steps.h"
#include "host/tar_writer.h"

namespace clary::host {
namespace {

constexpr Duration kPatience = std::chrono::hours(1);  // with a server that is away
constexpr Duration kFirstPause = std::chrono::milliseconds(200);
constexpr Duration kLongestPause = std::chrono::seconds(10);

bool may_pass(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kTimeout;
}

Status upload_once(HostContext& context, const objects::ObjectUri& to, std::string_view folder) {
  // A folder that the script removed or replaced has nothing to give.
  Result<Fd> opened = open_inside(context.job_folder, folder, O_RDONLY | O_DIRECTORY);
  const Fd nothing;
  objects::PutRequest request;
  request.bucket = to.bucket;
  request.key = ObjectKey(to.key);
  request.metadata.content_type = "application/x-gzip";
  CLARY_TRY(const std::unique_ptr<objects::ObjectWriter> writer,
            context.store->put(std::move(request)));
  CLARY_RETURN_IF_ERROR(write_tar_gz(opened.ok() ? *opened : nothing, folder,
                                     [&](std::string_view piece) { return writer->write(piece); }));
  CLARY_TRY(const objects::ObjectHead head, writer->finish());
  return {};
}

Status upload(HostContext& context, const objects::ObjectUri& to, std::string_view folder) {
  const Duration deadline = context.services.clock->steady() + kPatience;
  Duration pause = kFirstPause;
  for (;;) {
    const Status uploaded = upload_once(context, to, folder);
    if (uploaded.ok() || !may_pass(uploaded.error()) ||
        context.services.clock->steady() >= deadline)
      return uploaded;
    context.services.logger->warning("an upload is tried again",
                                     {{"to", to.to_string()}, {"error", uploaded.error().message}});
    context.services.pause(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

Status upload_all(HostContext& context) {
  CLARY_TRY(const objects::ObjectUri base, objects::parse_object_uri(context.plan.output_uri));
  const auto named = [&](std::string_view name) {
    return objects::ObjectUri{
        .bucket = base.bucket,
        .key = base.key.empty() ? std::string(name) : path_join(base.key, name)};
  };
  Outcome& outcome = *context.outcome;
  if (outcome.kind == OutcomeKind::kCompleted || holds_anything(context.job_folder, "model")) {
    CLARY_RETURN_IF_ERROR(upload(context, named("model.tar.gz"), "model"));
    outcome.model_uri = named("model.tar.gz").to_string();
  }
  CLARY_RETURN_IF_ERROR(upload(context, named("output.tar.gz"), "output/data"));
  outcome.output_uri = named("output.tar.gz").to_string();
  return {};
}

}  // namespace

Status upload_artifacts(HostContext& context) {
  Outcome& outcome = *context.outcome;
  const bool uploaded_before = !outcome.output_uri.empty();
  if (!outcome.script_ran || uploaded_before) return {};
  context.say_state("uploading",
                    "Uploading model.tar.gz and output.tar.gz to " + context.plan.output_uri);
  const Status uploaded = upload_all(context);
  if (uploaded.ok()) return context.marks.keep_outcome(outcome);
  const std::string sentence = "Artifact upload failed: " + uploaded.error().message;
  if (outcome.kind == OutcomeKind::kFailed) {
    context.notice(sentence);
  } else {
    outcome.kind = OutcomeKind::kFailed;
    outcome.failure = "ClientError: " + sentence;
    outcome.exit_code = 1;
  }
  return context.marks.keep_outcome(outcome);
}

}  // namespace clary::host
