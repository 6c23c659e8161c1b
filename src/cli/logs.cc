#include <map>
#include <thread>

#include "base/json.h"
#include "base/time_text.h"
#include "cli/commands.h"
#include "cli/endpoint_text.h"
#include "cli/job_kind.h"
#include "cli/job_text.h"
#include "cli/server_api.h"

namespace clary::cli {

namespace {

// Whose log is read, as it was seen last.
struct Watched {
  std::string title;  // "training job 'x'"
  std::string status;
  std::string reason;  // why it failed
  bool over = false;
};

// Reads every log stream of one job, or of one endpoint, from where it stopped.
class LogReader {
 public:
  LogReader(const Context& context, std::string name) : context_(context), name_(std::move(name)) {}

  // Prints what is new; the job as it was from before that, so that nothing printed
  // before the job was over is missed. A server that was restarted is found at its new address.
  Result<Watched> look() {
    CLARY_TRY(ServerApi api, ServerApi::open(context_.data_folder, context_.tools));
    api_ = &api;
    CLARY_TRY(Watched watched, find());
    CLARY_RETURN_IF_ERROR(print_new());
    return watched;
  }

  // A job has a stream for each host from its first line on.
  bool found_streams() const { return !tokens_.empty(); }

 private:
  // An endpoint where no job has the name.
  Result<Watched> find() {
    if (!is_endpoint_) {
      auto job = kind_ == nullptr ? find_job(*api_, name_) : find_job(*api_, *kind_, name_);
      if (job.ok()) return watched_job(*job);
      if (kind_ != nullptr || job.error().code != ErrorCode::kNotFound) return job.error();
      const auto endpoint = describe_endpoint(*api_, name_);
      if (!endpoint.ok()) return job.error();
    }
    CLARY_TRY(const Document endpoint, describe_endpoint(*api_, name_));
    is_endpoint_ = true;
    group_ = endpoint_log_group(endpoint.string_or("EndpointName", name_));
    const std::string status = endpoint.string_or("EndpointStatus", "");
    return Watched{.title = "endpoint '" + name_ + "'",
                   .status = status,
                   .reason = endpoint.string_or("FailureReason", ""),
                   .over = status == "Failed"};
  }

  Watched watched_job(const FoundJob& job) {
    kind_ = job.kind;
    name_ = job.name;
    group_ = job.kind->log_group;
    prefix_ = job.name + "/";
    const std::string status = job_member(job.description, "Status");
    return {.title = job.title(),
            .status = status,
            .reason = job.description.string_or("FailureReason", ""),
            .over = is_over(status)};
  }

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
    Document request = Document::object({{"logGroupName", group_}});
    if (!prefix_.empty()) request.set("logStreamNamePrefix", prefix_);
    const auto found = api_->logs("DescribeLogStreams", request);
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
        {{"logGroupName", group_}, {"logStreamName", stream}, {"startFromHead", true}});
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
    if (tokens_.size() > 1 && is_endpoint_) {
      prefix = terminal.styled(harmless(stream), Style::kDim) + " | ";
    } else if (tokens_.size() > 1) {  // several hosts: "job/algo-1-1700000000" → "algo-1 | "
      const std::string host = stream.substr(stream.rfind('/') + 1);
      prefix = terminal.styled(host.substr(0, host.rfind('-')), Style::kDim) + " | ";
    }
    terminal.print(prefix + (terminal.traits().colour ? harmless(message) : message) + "\n");
  }

  const Context& context_;
  ServerApi* api_ = nullptr;       // of the look under way
  const JobKind* kind_ = nullptr;  // once it was found
  bool is_endpoint_ = false;       // the same
  std::string name_;
  std::string group_;
  std::string prefix_;                         // of its streams; "": all of the group's
  std::map<std::string, std::string> tokens_;  // stream → where to go on
};

ExitCode say_end(const Context& context, const Watched& watched) {
  context.terminal.say(watched.title + ": " + watched.status +
                       (watched.reason.empty() ? "" : ": " + harmless(watched.reason)));
  return watched.status == "Failed" ? ExitCode::kFailed : ExitCode::kOk;
}

// One that never started, or has not yet.
void say_silent(const Context& context, const Watched& watched) {
  context.terminal.say(watched.title + " has printed nothing; it is " + watched.status +
                       (watched.reason.empty() ? "" : ": " + harmless(watched.reason)));
}

}  // namespace

ExitCode logs(const Context& context, const LogsOptions& options) {
  LogReader reader(context, options.job);
  Duration last_seen{0};
  bool seen = false;
  bool away = false;
  for (;;) {
    const auto watched = reader.look();
    const Duration now = context.tools.clock->steady();
    if (watched.ok()) {
      seen = true;
      away = false;
      last_seen = now;
      if (!options.follow) {
        if (!reader.found_streams()) {
          say_silent(context, *watched);
        } else if (watched->status == "Failed") {
          say_end(context, *watched);  // what is printed may be the server's notices alone
        }
        return ExitCode::kOk;
      }
      if (watched->over) return say_end(context, *watched);
    } else {
      const bool unreachable = watched.error().code == ErrorCode::kUnavailable ||
                               watched.error().code == ErrorCode::kTimeout;
      const bool may_wait =
          unreachable && seen && options.follow && now - last_seen < options.patience;
      if (!may_wait) return fail(context, watched.error());
      if (!away)
        context.terminal.say("clary: the server is away; what runs goes on, and this waits");
      away = true;
    }
    std::this_thread::sleep_for(options.interval);
  }
}

}  // namespace clary::cli
