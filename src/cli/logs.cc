#include <map>
#include <thread>

#include "base/json.h"
#include "base/time_text.h"
#include "cli/commands.h"
#include "cli/job_text.h"
#include "cli/server_api.h"

namespace clary::cli {

namespace {

constexpr const char* kGroup = "/aws/sagemaker/TrainingJobs";

// Reads every log stream of one job from where it stopped.
class LogReader {
 public:
  LogReader(const Context& context, ServerApi& api, std::string job)
      : context_(context), api_(api), job_(std::move(job)) {}

  // Prints what is new in all streams; the number of lines.
  Result<std::size_t> print_new() {
    CLARY_RETURN_IF_ERROR(find_streams());
    std::size_t count = 0;
    for (auto& [stream, token] : tokens_) {
      for (;;) {
        CLARY_TRY(const std::size_t printed, print_page(stream, token));
        count += printed;
        if (printed == 0) break;
      }
    }
    return count;
  }

 private:
  Status find_streams() {
    const auto found = api_.logs(
        "DescribeLogStreams",
        Document::object({{"logGroupName", kGroup}, {"logStreamNamePrefix", job_ + "/"}}));
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
        {{"logGroupName", kGroup}, {"logStreamName", stream}, {"startFromHead", true}});
    if (!token.empty()) request.set("nextToken", token);
    CLARY_TRY(const Document page, api_.logs("GetLogEvents", request));
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
  ServerApi& api_;
  std::string job_;
  std::map<std::string, std::string> tokens_;  // stream → where to go on
};

}  // namespace

ExitCode logs(const Context& context, const LogsOptions& options) {
  auto api = ServerApi::open(context.data_folder, context.tools);
  if (!api.ok()) return fail(context, api.error());
  LogReader reader(context, *api, options.job);
  const Document name = Document::object({{"TrainingJobName", options.job}});
  for (;;) {
    // The status first: what was printed before the job was over is then read below.
    const auto job = api->sagemaker("DescribeTrainingJob", name);
    if (!job.ok()) return fail(context, job.error().within("training job '" + options.job + "'"));
    const auto printed = reader.print_new();
    if (!printed.ok()) return fail(context, printed.error());
    const std::string status = job->string_or("TrainingJobStatus", "");
    if (!options.follow) return ExitCode::kOk;
    if (is_over(status)) {
      const std::string reason = job->string_or("FailureReason", "");
      context.terminal.say("training job '" + options.job + "': " + status +
                           (reason.empty() ? "" : ": " + harmless(reason)));
      return status == "Failed" ? ExitCode::kFailed : ExitCode::kOk;
    }
    std::this_thread::sleep_for(options.interval);
  }
}

}  // namespace clary::cli
