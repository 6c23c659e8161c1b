// model.tar.gz and output.tar.gz, made while they are uploaded; or their files, one by one. A
// server that is away is waited for.
#include <fcntl.h>

#include "base/files.h"
#include "host/job_tree.h"
#include "host/kept_artifacts.h"
#include "host/kept_folder.h"
#include "host/patience.h"
#include "host/serving_program.h"
#include "host/steps.h"
#include "host/tar_writer.h"
#include "host/tree_files.h"

namespace clary::host {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;

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
  return with_patience(context, to.to_string(), [&] { return upload_once(context, to, folder); });
}

// Every file an object of its own, under to/.
Status upload_files(HostContext& context, const objects::ObjectUri& to, std::string_view folder) {
  const Result<std::vector<TreeFile>> files = files_below(context.job_folder, folder);
  // A folder that the script replaced has nothing to give.
  if (!files.ok() && files.error().code == ErrorCode::kInvalidArgument) return {};
  if (!files.ok()) return files.error();
  for (const TreeFile& file : *files) {
    const objects::ObjectUri place{.bucket = to.bucket, .key = to.key + file.path};
    const auto attempt = [&]() -> Status {
      const Result<FileStamp> done =
          upload_file(*context.store, context.job_folder, path_join(folder, file.path), place);
      return done.ok() ? Status() : Status(done.error());
    };
    CLARY_RETURN_IF_ERROR(with_patience(context, place.to_string(), attempt));
  }
  return {};
}

// A file of a processing job's output is an object: <LocalPath>/a/b is <S3Uri>/a/b.
Status upload_outputs(HostContext& context) {
  // A host program that was started anew has not opened them.
  if (context.outputs.empty()) CLARY_RETURN_IF_ERROR(open_outputs(context));
  for (const std::unique_ptr<KeptFolder>& output : context.outputs) {
    const KeptFolderOptions& options = output->options();
    const Result<std::vector<TreeFile>> files = files_below(options.root, options.path);
    // A folder that the program replaced has nothing to give.
    if (!files.ok() && files.error().code == ErrorCode::kInvalidArgument) continue;
    if (const Status saved = output->save_all(); !saved.ok())
      return saved.error().within(options.subject);
  }
  if (!context.plan.outputs.empty()) context.outcome->output_uri = context.plan.outputs[0].uri;
  return {};
}

Status upload_all(HostContext& context) {
  CLARY_TRY(const objects::ObjectUri base, objects::parse_object_uri(context.plan.output_uri));
  const auto named = [&](std::string_view name) {
    return objects::ObjectUri{
        .bucket = base.bucket,
        .key = base.key.empty() ? std::string(name) : path_join(base.key, name)};
  };
  const bool packed = context.plan.output_compressed;
  const auto upload_folder = packed ? upload : upload_files;
  const objects::ObjectUri model = named(packed ? "model.tar.gz" : "model/");
  const objects::ObjectUri data = named(packed ? "output.tar.gz" : "data/");
  Outcome& outcome = *context.outcome;
  if (outcome.kind == OutcomeKind::kCompleted || holds_anything(context.job_folder, "model")) {
    CLARY_RETURN_IF_ERROR(upload_folder(context, model, "model"));
    outcome.model_uri = model.to_string();
  }
  CLARY_RETURN_IF_ERROR(upload_folder(context, data, "output/data"));
  outcome.output_uri = data.to_string();
  return {};
}

std::string uploading_sentence(const hostlink::HostPlan& plan) {
  if (plan.kind == "processing") return "Uploading the outputs";
  return std::string(plan.output_compressed ? "Uploading model.tar.gz and output.tar.gz to "
                                            : "Uploading the files of the outputs to ") +
         plan.output_uri;
}

std::string kept_name(const hostlink::HostPlan& plan) {
  return plan.job.value() + "." + plan.gang.value();
}

std::string kept_place(const hostlink::HostPlan& plan) {
  return path_join(plan.kept_folder, kept_name(plan));
}

// The job's, below its tree.
std::vector<std::string> made_folders(const hostlink::HostPlan& plan) {
  if (plan.kind != "processing") return {"model", "output/data"};
  std::vector<std::string> folders;
  for (const hostlink::PlanOutput& output : plan.outputs) {
    Result<std::string> folder = inside_job_folder(output.path);
    if (folder.ok()) folders.push_back(std::move(folder).value());
  }
  return folders;
}

// What a host program before this one has moved stays where it is.
Result<bool> keep_made(const HostContext& context) {
  return keep_artifacts(context.job_folder, made_folders(context.plan), kept_place(context.plan),
                        {.bytes = context.plan.kept_bytes});
}

// What was to be uploaded stays on this machine, where the reason is not in itself. Returns what
// the job's owner is told of that.
std::string keep_for_owner(HostContext& context, const Status& uploaded) {
  const hostlink::HostPlan& plan = context.plan;
  const bool own_fault = uploaded.error().code == ErrorCode::kInvalidArgument;
  if (own_fault || plan.kept_folder.empty() || plan.kept_bytes == 0) return "";
  // What a script that failed has left is not worth what a full disk keeps from working.
  const bool no_room = uploaded.error().code == ErrorCode::kLimitExceeded;
  if (no_room && context.outcome->kind == OutcomeKind::kFailed) return "";
  const std::string to = kept_place(plan);
  const Result<bool> kept = keep_made(context);
  if (!kept.ok()) return "; what the job made could not be kept: " + kept.error().message;
  if (!*kept) return "";
  context.outcome->kept_in = to;
  const std::int64_t days = plan.kept_seconds / kDaySeconds;
  context.notice("What the job made is kept in '" + to + "', for " + std::to_string(days) +
                 (days == 1 ? " day" : " days") + " at most (jobs.kept_days, jobs.kept_gib)");
  return "; what the job made is kept in '" + to + "'";
}

// What stands in `sentence` has happened to the artifacts; `fault`: of whom, in AWS's words.
Status end_without_upload(HostContext& context, const std::string& fault,
                          const std::string& sentence) {
  Outcome& outcome = *context.outcome;
  if (outcome.kind == OutcomeKind::kFailed) {
    context.notice(sentence);
  } else {
    outcome.kind = OutcomeKind::kFailed;
    outcome.failure = fault + ": " + sentence;
    outcome.exit_code = 1;
  }
  return context.marks.keep_outcome(outcome);
}

// Whether a host program before this one has moved artifacts away, and did not come to write it
// down.
bool kept_before(const hostlink::HostPlan& plan) {
  return !plan.kept_folder.empty() && holds_anything(plan.kept_folder, kept_name(plan));
}

// It may have been killed between two folders.
Status keep_the_rest(HostContext& context) {
  const Result<bool> kept = keep_made(context);
  std::string& place = context.outcome->kept_in;
  place = kept_place(context.plan);
  return end_without_upload(
      context, "ClientError",
      "Artifact upload failed; what the job made is kept in '" + place + "'" +
          (kept.ok() ? "" : ", but for what could not be moved there: " + kept.error().message));
}

}  // namespace

Status upload_artifacts(HostContext& context) {
  Outcome& outcome = *context.outcome;
  const bool uploaded_before = !outcome.output_uri.empty() || !outcome.kept_in.empty();
  if (!outcome.script_ran || uploaded_before || runs_model_server(context.plan)) return {};
  const bool started_anew = context.sandbox == nullptr;
  if (started_anew && kept_before(context.plan)) return keep_the_rest(context);
  // An empty model in the place of a good one would be worse than none.
  if (started_anew && !exists(context.job_folder)) {
    return end_without_upload(
        context, "InternalServerError",
        "Artifact upload: the job's files are gone, and whether they were uploaded before is not "
        "written down; what was stands below " +
            context.plan.output_uri);
  }
  const bool processing = context.plan.kind == "processing";
  context.say_state("uploading", uploading_sentence(context.plan));
  const Status uploaded = processing ? upload_outputs(context) : upload_all(context);
  if (uploaded.ok()) return context.marks.keep_outcome(outcome);
  return end_without_upload(
      context, "ClientError",
      "Artifact upload failed: " + uploaded.error().message + keep_for_owner(context, uploaded));
}

}  // namespace clary::host
