#include "runtime/state_hook.h"

#include <unistd.h>

#include <string_view>

#include "base/document.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/subprocess.h"
#include "net/client.h"

namespace clary::runtime {
namespace {

// AWS's word for the whole of a job.
std::string_view status_of(domain::Phase phase) {
  const bool own_word = is_terminal(phase) || phase == domain::Phase::kStopping;
  return own_word ? domain::phase_name(phase) : "InProgress";
}

std::string_view kind_word(domain::JobKind kind) {
  switch (kind) {
    case domain::JobKind::kTraining:
      return "training";
    case domain::JobKind::kProcessing:
      return "processing";
    case domain::JobKind::kServing:
      return "serving";
    case domain::JobKind::kTransform:
      return "transform";
  }
  return "";
}

}  // namespace

std::string StateHook::text_of(const domain::Job& job, const domain::JobEvent& event) {
  const domain::Phase phase = event.phase.value_or(job.phase);
  Document text = Document::object({{"job", job.name.value()},
                                    {"kind", kind_word(job.kind)},
                                    {"arn", job.arn.value()},
                                    {"attempt", job.attempt},
                                    {"phase", domain::phase_name(phase)},
                                    {"status", status_of(phase)},
                                    {"time", event.time},
                                    {"message", event.message}});
  if (phase == domain::Phase::kFailed) text.set("failure_reason", job.failure_reason);
  return to_json(text);
}

Status StateHook::tell(const std::string& text, bool& command_told) const {
  if (!command_told) CLARY_RETURN_IF_ERROR(run_command(text));
  command_told = true;
  return post(text);
}

Status StateHook::run_command(const std::string& text) const {
  if (settings_.command.empty()) return {};
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable)
    environment.emplace_back(*variable);
  environment.push_back("CLARY_EVENT=" + text);
  const std::string what = "hook '" + settings_.command.front() + "'";
  const auto ran = run_subprocess({.command = settings_.command,
                                   .environment = std::move(environment),
                                   .timeout = settings_.patience,
                                   .open_files = settings_.open_files});
  if (!ran.ok()) return ran.error().within(what);
  if (ran->exit_code == 0) return {};
  return unavailable(what + ": exit code " + std::to_string(ran->exit_code) + ": " +
                     std::string(trim(ran->errors)).substr(0, 200));
}

Status StateHook::post(const std::string& text) const {
  if (settings_.url.empty()) return {};
  const std::string& url = settings_.url;
  const std::size_t host = std::min(url.find("://"), url.size() - 3) + 3;
  const std::size_t slash = std::min(url.find('/', host), url.size());
  const auto client = net::Client::create(
      url.substr(0, slash), {.io_timeout = settings_.patience, .ca_file = settings_.ca_file});
  if (!client.ok()) return client.error().within("hook '" + url + "'");
  net::ClientRequest request{
      .method = "POST", .target = slash == url.size() ? "/" : url.substr(slash), .body = text};
  request.headers.add("Content-Type", "application/json");
  const auto reply = (*client)->send(request);
  if (!reply.ok()) return reply.error().within("hook '" + settings_.url + "'");
  if (reply->status >= 200 && reply->status < 300) return {};
  return unavailable("hook '" + settings_.url + "': status " + std::to_string(reply->status));
}

}  // namespace clary::runtime
