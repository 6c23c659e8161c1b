// The script's life: launched, listened to, measured, supervised; its end becomes the outcome.
#include <unistd.h>

#include "base/files.h"
#include "base/loop.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "base/time_text.h"
#include "compute/gang_files.h"
#include "host/disk_watch.h"
#include "host/failure.h"
#include "host/job_tree.h"
#include "host/kept_folder.h"
#include "host/output_pump.h"
#include "host/serving_program.h"
#include "host/steps.h"
#include "host/supervision.h"
#include "host/transform_run.h"
#include "host/usage.h"

namespace clary::host {
namespace {

constexpr Duration kUsageInterval = std::chrono::seconds(1);
constexpr Duration kSaveInterval = std::chrono::seconds(2);
constexpr std::size_t kFailureFileBytes = 64 << 10;
constexpr std::size_t kMessageFileBytes = 1 << 10;
// AWS's sentence for every script of a processing job that fails. Source: contract.md 6.
constexpr const char* kProcessingFailure = "AlgorithmError: See job logs for more information";

Duration seconds_of(std::int64_t seconds) { return std::chrono::seconds(seconds); }

UsageOptions usage_options(const HostContext& context) {
  const std::uint64_t granted = context.plan.memory_bytes;
  return {.root = ::getpid(),
          .memory_bytes = granted > 0 ? granted : context.services.memory_bytes,
          .disk_folder = context.job_folder,
          .gpu_devices = context.plan.gpu_devices};
}

// Samples until it is destroyed.
class UsageReports {
 public:
  explicit UsageReports(HostContext& context)
      : context_(context),
        meter_(usage_options(context), *context.services.clock),
        loop_("usage", kUsageInterval, [this](std::stop_token) { report(); }) {}

 private:
  void report() {
    Result<std::optional<Document>> sample = meter_.sample();
    if (!sample.ok() || !*sample) return;
    const Status put = context_.link->put(hostlink::RecordKind::kUsage, **sample);
    if (!put.ok())
      context_.services.logger->warning("usage could not be reported",
                                        {{"error", put.error().message}});
  }

  HostContext& context_;
  UsageMeter meter_;
  Loop loop_;
};

// Saves what changes in the checkpoints and the continuous outputs until it is destroyed.
class FolderSaves {
 public:
  explicit FolderSaves(HostContext& context) {
    if (context.checkpoints != nullptr) folders_.push_back(context.checkpoints.get());
    for (std::size_t i = 0; i < context.outputs.size(); ++i) {
      if (context.plan.outputs[i].continuous) folders_.push_back(context.outputs[i].get());
    }
    if (folders_.empty()) return;
    loop_.emplace("saves", kSaveInterval, [this](const std::stop_token& stop) {
      for (KeptFolder* folder : folders_) folder->save_changed(stop);
    });
  }

 private:
  std::vector<KeptFolder*> folders_;
  std::optional<Loop> loop_;
};

// Whether the training toolkit would run here, around the user's script.
bool is_toolkits(const hostlink::HostPlan& plan) {
  return plan.container_command.empty() && !runs_model_server(plan);
}

// For `clary exec`.
void note_process(HostContext& context, pid_t pid) {
  if (pid <= 0) return;
  const Status noted = compute::write_mark(context.path("script.pid"), pid);
  if (!noted.ok() && noted.error().code != ErrorCode::kNotFound)
    context.services.logger->warning("the script's process is not noted",
                                     {{"error", noted.error().message}});
}

// Between SIGTERM and SIGKILL.
Duration grace_of(const HostContext& context, StopCause cause) {
  const Duration planned = seconds_of(context.plan.stop_grace_seconds);
  return cause == StopCause::kRequest ? context.stop.grace().value_or(planned) : planned;
}

void say_stop(HostContext& context, StopCause cause) {
  if (cause == StopCause::kDone) return;  // its own business
  const bool limit = cause == StopCause::kMaxRuntime;
  context.say_state(
      "stopping",
      std::string(limit ? "MaxRuntimeInSeconds has passed" : "The job is being stopped") +
          "; the script has " + format_duration(grace_of(context, cause)) +
          " to end after SIGTERM");
}

ScriptFailure script_failure(const Supervision& seen, const OutputPump& pump,
                             const std::vector<std::string>& command) {
  return {.status = seen.status,
          .error_message = joined_error_lines(pump.out_errors(), pump.err_errors()),
          .place = pump.traceback().place(),
          .last_line = pump.traceback().last_line(),
          .command = command};
}

// The last error, with its place, else the last line that was printed.
std::string ending_of(const ScriptFailure& failure) {
  if (failure.error_message.empty()) return failure.last_line;
  return failure.error_message + (failure.place.empty() ? "" : " (" + failure.place + ")");
}

// What the job's program leaves for DescribeProcessingJob's ExitMessage.
std::string exit_message_of(HostContext& context) {
  const Result<std::string> message =
      read_inside(context.job_folder, "output/message", kMessageFileBytes);
  if (!message.ok()) return "";
  std::string text = to_valid_utf8(*message);
  constexpr std::string_view kCut = "\uFFFD";  // a character that the limit has cut through
  if (message->size() == kMessageFileBytes && text.ends_with(kCut))
    text.resize(text.size() - kCut.size());
  return context.mask.masked(std::string(trim(text)));
}

// The files that the toolkit leaves behind. A script that spoiled its output folder goes without
// them.
void write_end_file(HostContext& context, std::string_view name, std::string_view text) {
  const Status written = write_inside(context.job_folder, path_join("output", name), text);
  if (!written.ok())
    context.services.logger->warning("an end file could not be written",
                                     {{"error", written.error().message}});
}

// The paths it names are where the sandbox shows them.
std::vector<std::string> container_command(std::vector<std::string> command,
                                           const std::string& base_folder) {
  for (std::string& word : command) {
    if (word.starts_with("/opt/ml/")) word = base_folder + word.substr(7);
  }
  return command;
}

// As a container's: 128 and the signal for a program that was killed.
int container_exit_code(const compute::ExitStatus& status) {
  return status.signal != 0 ? 128 + status.signal : status.code;
}

// The kernel's words for one process or thread too many, in those of Python and of C.
void say_refused_processes(HostContext& context, const ScriptFailure& failure) {
  if (context.plan.max_processes == 0) return;
  const std::string said = failure.error_message + failure.last_line;
  if (said.find("Resource temporarily unavailable") == std::string::npos &&
      said.find("can't start new thread") == std::string::npos)
    return;
  context.notice("The script was refused a process or thread: jobs.max_processes allows " +
                 std::to_string(context.plan.max_processes));
}

// For the timeline, where the failure's reason does not tell.
void say_last_words(HostContext& context, const ScriptFailure& failure) {
  const std::string why = ending_of(failure);
  if (!why.empty()) context.notice("The job's program said last: " + why);
}

// A program in its sandbox.
struct Program {
  std::vector<std::string> command;
  std::string working_folder;
  std::string announcement;  // for the timeline, before the command
};

Program program_of(const HostContext& context, const std::string& base_folder) {
  const hostlink::HostPlan& plan = context.plan;
  if (runs_model_server(plan)) {
    return {serving_command(context, base_folder), serving_folder_inside(context),
            plan.kind == "transform" ? "Model server: " : "Serving: "};
  }
  if (!plan.container_command.empty()) {
    return {container_command(plan.container_command, base_folder), "/opt/ml",
            plan.kind == "processing" ? "Processing: " : "Training: "};
  }
  return {entry_point_command(context.entry_point, plan.interpreter.python,
                              context.entry_point_name, context.environment.arguments),
          "/opt/ml/code", "Training: "};
}

// Of a model server: to end is not its business.
void set_server_failure(HostContext& context, const Supervision& seen, const OutputPump& pump) {
  Outcome& outcome = *context.outcome;
  if (seen.stopped_by != StopCause::kNone) return;
  outcome.kind = OutcomeKind::kFailed;
  outcome.exit_code = container_exit_code(seen.status);
  outcome.failure =
      context.mask.masked(server_failure_reason(seen.status, pump.last_lines().text()));
}

// Of a transform job: what came of its work, or the end of its model server before that.
void set_transform_outcome(HostContext& context, const Supervision& seen, const Status& work,
                           const OutputPump& pump) {
  Outcome& outcome = *context.outcome;
  const bool ended_first = seen.stopped_by == StopCause::kNone && !work.ok();
  if (seen.stopped_by != StopCause::kDone && seen.stopped_by != StopCause::kNone) return;
  outcome.kind = work.ok() ? OutcomeKind::kCompleted : OutcomeKind::kFailed;
  outcome.exit_code = work.ok() ? 0 : 1;
  if (work.ok()) return;
  if (!ended_first) {
    outcome.failure =
        cut_to_characters(context.mask.masked(work.error().message), kReasonCharacters);
    return;
  }
  set_server_failure(context, seen, pump);
  outcome.failure = "AlgorithmError: " + outcome.failure;
}

Outcome outcome_of(HostContext& context, const Supervision& seen, const ScriptFailure& failure) {
  Outcome outcome;
  outcome.script_ran = true;
  outcome.train_seconds = std::chrono::round<std::chrono::seconds>(seen.ran).count();
  if (context.plan.kind == "processing") outcome.exit_message = exit_message_of(context);
  if (seen.stopped_by == StopCause::kExceeded) {
    outcome.exit_code = 1;
    return outcome;  // failed; the caller says why
  }
  if (seen.stopped_by != StopCause::kNone) {
    outcome.kind =
        seen.stopped_by == StopCause::kRequest ? OutcomeKind::kStopped : OutcomeKind::kMaxRuntime;
    return outcome;
  }
  if (seen.status.code == 0 && seen.status.signal == 0) {
    outcome.kind = OutcomeKind::kCompleted;
    if (is_toolkits(context.plan)) write_end_file(context, "success", "");
    return outcome;
  }
  outcome.kind = OutcomeKind::kFailed;
  if (runs_model_server(context.plan)) return outcome;  // the caller says why
  const bool own_program = !context.plan.container_command.empty();
  outcome.exit_code =
      own_program ? container_exit_code(seen.status) : 1;  // the toolkit's, whatever the script's
  if (context.plan.kind == "processing") {
    outcome.failure = kProcessingFailure;
    say_last_words(context, failure);
    const std::string ending = ending_text(seen.status);
    if (!ending.empty()) context.notice("The job's program: " + ending);
    return outcome;
  }
  const Result<std::string> own =
      read_inside(context.job_folder, "output/failure", kFailureFileBytes);
  if (own.ok() && !trim(*own).empty()) {
    outcome.failure = failure_reason(trim(*own), outcome.exit_code);
  } else if (own_program) {
    outcome.failure = failure_reason(ending_text(seen.status), outcome.exit_code);
    say_last_words(context, failure);
  } else {
    outcome.failure = failure_reason(failure);
    write_end_file(context, "failure", failure_text(failure));
  }
  outcome.failure = context.mask.masked(std::move(outcome.failure));
  return outcome;
}

}  // namespace

Status run_script(HostContext& context) {
  CLARY_RETURN_IF_ERROR(context.check_stop());
  const HostServices& services = context.services;
  const std::string base_folder = context.sandbox->job_root();
  const auto [command, working_folder, announcement] = program_of(context, base_folder);
  const std::string code = path_join(base_folder, context.code_folder);
  CLARY_TRY(const std::unique_ptr<OutputPump> pump,
            OutputPump::start(*context.log, *services.clock, code));
  compute::ProcessSpec spec{
      .argv = command,
      .environment = {context.environment.variables.begin(), context.environment.variables.end()},
      .working_folder = working_folder,
      .stdout_fd = pump->stdout_fd(),
      .stderr_fd = pump->stderr_fd()};
  if (is_toolkits(context.plan))  // its line
    context.log->say("Invoking script with the following command:\n" + join(command, " "));
  CLARY_RETURN_IF_ERROR(context.marks.mark_started(services.clock->now()));
  Result<std::unique_ptr<compute::SandboxedProcess>> spawned = context.sandbox->spawn(spec);
  if (!spawned.ok() && spawned.error().code == ErrorCode::kNotFound)
    return not_found("the job has " + spawned.error().message);
  if (!spawned.ok()) return spawned.error();
  const std::unique_ptr<compute::SandboxedProcess> process = std::move(spawned).value();
  pump->close_writers();
  note_process(context, process->pid());
  context.say_state("training", announcement + join(command, " "));

  std::unique_ptr<TransformRun> transform;
  if (context.plan.kind == "transform") transform = std::make_unique<TransformRun>(context);
  const DiskWatch disk(context.folder, context.plan.max_disk_bytes);
  const SupervisionLimits limits{.max_runtime = runtime_limit(context.plan.max_runtime_seconds),
                                 .stop_grace = seconds_of(context.plan.stop_grace_seconds),
                                 .exceeded = [&disk] { return disk.exceeded(); },
                                 .done = [&] { return transform && transform->finished(); }};
  Result<Supervision> seen = [&] {
    const UsageReports reports(context);
    const FolderSaves saves(context);
    return supervise(*process, context.stop, limits, *services.clock,
                     [&](StopCause cause) { say_stop(context, cause); });
  }();
  const Status transformed = transform == nullptr ? Status() : transform->end();
  pump->finish(OutputPump::kPatience);
  if (context.checkpoints != nullptr) {
    // What could not be saved is said in the timeline; the job's outcome is its script's.
    const Status saved = context.checkpoints->save_all();
    if (!saved.ok()) context.checkpoints->report(saved);
  }
  if (!seen.ok()) return seen.error().within("script");
  if (seen->killed && seen->stopped_by != StopCause::kExceeded &&
      seen->stopped_by != StopCause::kDone) {
    context.notice("The script did not end within " +
                   format_duration(grace_of(context, seen->stopped_by)) +
                   " after SIGTERM; SIGKILL ended it");
  }
  if (const Status lost = context.log->outcome(); !lost.ok())
    context.notice("Output was lost: " + lost.error().message);

  const ScriptFailure failure = script_failure(*seen, *pump, command);
  context.outcome = outcome_of(context, *seen, failure);
  if (context.plan.kind == "serving") set_server_failure(context, *seen, *pump);
  if (transform != nullptr) set_transform_outcome(context, *seen, transformed, *pump);
  if (seen->stopped_by == StopCause::kExceeded)
    context.outcome->failure = "ClientError: " + disk.sentence();
  say_refused_processes(context, failure);
  if (is_toolkits(context.plan) && !context.outcome->failure.empty())
    context.log->say("Reporting training FAILURE\n" + context.outcome->failure);
  return {};
}

}  // namespace clary::host
