#include <map>
#include <thread>

#include "base/json.h"
#include "base/time_text.h"
#include "cli/commands.h"
#include "cli/job_kind.h"
#include "cli/job_text.h"
#include "cli/server_api.h"

namespace clary::cli {

namespace {

// Reads every log stream of one job from where it stopped.
class LogReader {
 public:
  LogReader(const Context& context, std::string job) : context_(context), job_(std::move(job)) {}

  // Prints what is new; the job as it was from before that, so that nothing printed
  // before the job was over is missed. A server that was restarted is found at its new address.
  Result<FoundJob> look() {
    CLARY_TRY(ServerApi api, ServerApi::open(context_.data_folder, context_.tools));
    api_ = &api;
    auto job = kind_ == nullptr ? find_job(api, job_) : find_job(api, *kind_, job_);
    if (!job.ok()) return job.error();
    kind_ = job->kind;
    job_ = job->name;
    CLARY_RETURN_IF_ERROR(print_new());
    return job;
  }

  // A job has a stream for each host from its first line on.
  bool found_streams() const { return !tokens_.empty(); }

 private:
  Status print_new() {
    CLARY_RETURN_IF_ERROR(find_streams());
    for (auto& [stream, token] : tokens_) {
      for (;;) {
        CLARY_TRY(const std::size_t printed, print_page(stream, token));
        if (printed == 0) break;
      }
    }
    return {};
  }

  Status find_streams() {
    const auto found =
        api_->logs("DescribeLogStreams", Document::object({{"logGroupName", kind_->log_group},
                                                           {"logStreamNamePrefix", job_ + "/"}}));
    if (!found.ok() && found.error().code == ErrorCode::kNotFound)
      return {};  // nothing has been printed yet
    if (!found.ok()) return found.error();
    const Document* list = found->find("logStreams");
    if (list == nullptr || list->as_array() == nullptr) return {};
    for (const Document& stream : *list->as_array())
      tokens_.try_emplace(stream.string_or("logStreamName", ""));
    return {};
  }

  Result<std::size_t> print_page(const std::string& stream, std::string& token) {
    Document request = Document::object(
        {{"logGroupName", kind_->log_group}, {"logStreamName", stream}, {"startFromHead", true}});
    if (!token.empty()) request.set("nextToken", token);
    CLARY_TRY(const Document page, api_->logs("GetLogEvents", request));
    token = page.string_or("nextForwardToken", token);
    const Document* list = page.find("events");
    if (list == nullptr || list->as_array() == nullptr) return std::size_t{0};
    for (const Document& event : *list->as_array()) print_event(stream, event);
    return list->as_array()->size();
  }

  void print_event(const std::string& stream, const Document& event) const {
    const std::string message = event.string_or("message", "");
    if (context_.json) {
      Document line = Document::object({{"stream", stream}, {"message", message}});
      line.set("timestamp", event.int_or("timestamp", 0));
      context_.terminal.print(to_json(line) + "\n");
      return;
    }
    const Terminal& terminal = context_.terminal;
    std::string prefix;
    if (tokens_.size() > 1) {  // several hosts: "job/algo-1-1700000000" → "algo-1 | "
      const std::string host = stream.substr(stream.rfind('/') + 1);
      prefix = terminal.styled(host.substr(0, host.rfind('-')), Style::kDim) + " | ";
    }
    terminal.print(prefix + (terminal.traits().colour ? harmless(message) : message) + "\n");
  }

  const Context& context_;
  ServerApi* api_ = nullptr;       // of the look under way
  const JobKind* kind_ = nullptr;  // once it was found
  std::string job_;
  std::map<std::string, std::string> tokens_;  // stream → where to go on
};

ExitCode say_end(const Context& context, const FoundJob& job) {
  const std::string status = job_member(job.description, "Status");
  const std::string reason = job.description.string_or("FailureReason", "");
  context.terminal.say(job.title() + ": " + status +
                       (reason.empty() ? "" : ": " + harmless(reason)));
  return status == "Failed" ? ExitCode::kFailed : ExitCode::kOk;
}

// One that never started, or has not yet.
void say_silent(const Context& context, const FoundJob& job) {
  const std::string reason = job.description.string_or("FailureReason", "");
  context.terminal.say(job.title() + " has printed nothing; it is " +
                       job_member(job.description, "Status") +
                       (reason.empty() ? "" : ": " + harmless(reason)));
}

}  // namespace

ExitCode logs(const Context& context, const LogsOptions& options) {
  LogReader reader(context, options.job);
  Duration last_seen{0};
  bool seen = false;
  bool away = false;
  for (;;) {
    const auto job = reader.look();
    const Duration now = context.tools.clock->steady();
    if (job.ok()) {
      seen = true;
      away = false;
      last_seen = now;
      if (!options.follow) {
        if (!reader.found_streams()) {
          say_silent(context, *job);
        } else if (job_member(job->description, "Status") == "Failed") {
          say_end(context, *job);  // what is printed may be the server's notices alone
        }
        return ExitCode::kOk;
      }
      if (is_over(job_member(job->description, "Status"))) return say_end(context, *job);
    } else {
      const bool unreachable =
          job.error().code == ErrorCode::kUnavailable || job.error().code == ErrorCode::kTimeout;
      const bool may_wait =
          unreachable && seen && options.follow && now - last_seen < options.patience;
      if (!may_wait) return fail(context, job.error());
      if (!away) context.terminal.say("clary: the server is away; the job goes on, and this waits");
      away = true;
    }
    std::this_thread::sleep_for(options.interval);
  }
}

}  // namespace clary::cli
