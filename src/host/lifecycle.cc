#include "host/lifecycle.h"

#include <array>
#include <span>

#include "base/files.h"
#include "base/time_text.h"
#include "host/failure.h"
#include "host/serving_program.h"
#include "host/steps.h"

namespace clary::host {
namespace {

struct Step {
  std::string_view name;
  Status (*run)(HostContext&) = nullptr;
};

// Up to the script's end. The first error, or an outcome, ends the list.
constexpr std::array kLifecycle = {
    Step{"job folders", make_job_folders},
    Step{"network", make_network},
    Step{"channels", stage_channels},
    Step{"checkpoints", restore_checkpoints},
    Step{"outputs", make_outputs},
    Step{"config files", write_config_files},
    Step{"code", stage_code},
    Step{"requirements", install_requirements},
    Step{"pip settings", read_pip_settings},
    Step{"sandbox", prepare_sandbox},
    Step{"way out", settle_network},
    Step{"script", run_script},
};

// The same of a serving job and of a transform job.
constexpr std::array kServing = {
    Step{"job folders", make_job_folders}, Step{"network", make_network},
    Step{"model data", stage_model_data},  Step{"requirements", install_requirements},
    Step{"sandbox", prepare_sandbox},      Step{"way out", settle_network},
    Step{"model server", run_script},
};

constexpr Duration kWorthTelling = std::chrono::milliseconds(200);
constexpr Duration kPutPause = std::chrono::seconds(1);
constexpr Duration kFirstFlush = std::chrono::seconds(5);
constexpr Duration kFlushPiece = std::chrono::seconds(30);
constexpr Duration kReportPatience = std::chrono::hours(24);  // with a server that is away

Outcome outcome_of(const HostContext& context, const Error& error) {
  if (context.stop.requested()) return {.kind = OutcomeKind::kStopped};
  return failed_outcome(
      cut_to_characters(context.mask.masked(with_fault(error)), kReasonCharacters));
}

// What the job waited for before its program, for the timeline.
class Preparation {
 public:
  void add(std::string_view step, Duration took) {
    total_ += took;
    if (took < kWorthTelling) return;
    told_ += (told_.empty() ? ": " : ", ") + std::string(step) + " " + format_duration(took);
  }
  // "Prepared in 3.9 s: channels 3.4 s, pip settings 420 ms"; "" when no step took long.
  std::string sentence() const {
    return told_.empty() ? "" : "Prepared in " + format_duration(total_) + told_;
  }

 private:
  Duration total_{};
  std::string told_;
};

void run_to_outcome(HostContext& context) {
  Preparation preparation;
  const std::span<const Step> steps = runs_model_server(context.plan)
                                          ? std::span<const Step>(kServing)
                                          : std::span<const Step>(kLifecycle);
  for (const Step& step : steps) {
    if (step.run == run_script && !preparation.sentence().empty())
      context.notice(preparation.sentence());
    const Duration begun = context.services.clock->steady();
    const Status ran = step.run(context);
    const Duration took = context.services.clock->steady() - begun;
    context.services.logger->debug(
        "step", {{"name", std::string(step.name)}, {"took", format_duration(took)}});
    preparation.add(step.name, took);
    if (!ran.ok()) context.outcome = outcome_of(context, ran.error());
    if (context.outcome) return;
  }
}

Status keep_outcome(HostContext& context) { return context.marks.keep_outcome(*context.outcome); }

// The job's folder holds nothing any more that somebody waits for: what was uploaded, or cannot be.
void make_room(const HostContext& context) { static_cast<void>(context.remove_job_folder()); }

}  // namespace

void run_lifecycle(HostContext& context) {
  const Result<std::optional<Outcome>> known = context.marks.outcome();
  if (known.ok() && *known) {
    context.outcome = **known;
  } else if (context.marks.started()) {
    context.outcome = failed_outcome(
        "InternalServerError: the job's host program was lost while the script ran; a script is "
        "never run twice");
    context.outcome->script_ran = true;
  } else {
    run_to_outcome(context);
  }
  // What could not be kept is reported all the same; only a host that is started anew misses it.
  for (const auto& step : {keep_outcome, upload_artifacts}) {
    const Status kept = step(context);
    if (!kept.ok())
      context.services.logger->error("the outcome could not be kept",
                                     {{"error", kept.error().message}});
  }
  if (context.log != nullptr) context.log->flush();
}

Status report_outcome(HostContext& context) {
  ServerPatience patience(*context.services.clock, context.stop, kReportPatience);
  Status put = context.link->put(hostlink::RecordKind::kState, context.outcome->to_document());
  while (!put.ok()) {
    // Most likely the disk is full.
    context.services.logger->error("the end cannot be written down",
                                   {{"error", put.error().message}});
    make_room(context);
    if (patience.is_over()) return put;
    context.services.pause(kPutPause);
    put = context.link->put(hostlink::RecordKind::kState, context.outcome->to_document());
  }
  for (Duration piece = kFirstFlush;; piece = kFlushPiece) {
    const Status flushed = context.link->flush(piece);
    if (flushed.ok()) return context.marks.mark_reported();
    if (patience.is_over()) return flushed;
    make_room(context);  // the server's disk, most likely the same, may be full
  }
}

}  // namespace clary::host
