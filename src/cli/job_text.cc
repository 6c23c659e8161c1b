#include "cli/job_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "base/time_text.h"
#include "cli/job_kind.h"
#include "cli/table.h"
#include "cli/timeline.h"

namespace clary::cli {

namespace {

std::string nested(const Document& object, std::string_view outer, std::string_view inner) {
  const Document* member = object.find(outer);
  return member == nullptr ? "" : member->string_or(inner, "");
}

std::string took(const Document& job, TimePoint now) {
  const auto created = time_of(job, "CreationTime");
  if (!created) return "";
  const bool over = is_over(job_member(job, "Status"));
  auto end = time_of(job, "TrainingEndTime");
  if (!end) end = time_of(job, "ProcessingEndTime");
  if (!end) end = time_of(job, "TransformEndTime");
  if (!end && over) end = time_of(job, "LastModifiedTime");
  return format_duration(std::max(end.value_or(now) - *created, Duration(0)));
}

// "+0.03 s  Downloading: Downloading input data": since the first event.
std::string event_table(const Document& timeline) {
  const Document* list = timeline.find("events");
  if (list == nullptr || list->as_array() == nullptr) return "";
  std::optional<TimePoint> first;
  std::vector<Row> rows;
  for (const Document& event : *list->as_array()) {
    const TimePoint time = time_of(event, "time").value_or(TimePoint());
    if (!first) first = time;
    const std::string status = event.string_or("status", "");
    const double since = std::chrono::duration<double>(time - *first).count();
    rows.push_back(
        {fmt::format("{:>+10.2f} s", since),
         (status.empty() ? "" : status + ": ") + harmless(event.string_or("message", ""))});
  }
  return format_table({}, rows);
}

// Where a processing job's outputs go: {"output train", "s3://..."}.
std::vector<std::pair<std::string, std::string>> outputs_of(const Document& job) {
  std::vector<std::pair<std::string, std::string>> outputs;
  const Document* config = job.find("ProcessingOutputConfig");
  const Document* list = config == nullptr ? nullptr : config->find("Outputs");
  if (list == nullptr || list->as_array() == nullptr) return outputs;
  for (const Document& output : *list->as_array()) {
    outputs.emplace_back("output " + harmless(output.string_or("OutputName", "")),
                         nested(output, "S3Output", "S3Uri"));
  }
  return outputs;
}

std::string indented(std::string_view text) {
  if (text.empty()) return "";
  return "  " + replace_all(harmless(trim(text)), "\n", "\n  ") + "\n";
}

void add_section(std::string& text, std::string_view title, const std::string& body,
                 const Terminal& terminal) {
  if (!body.empty()) text += "\n" + terminal.styled(title, Style::kBold) + "\n" + body;
}

}  // namespace

Style style_of_status(std::string_view status) {
  if (status == "Completed") return Style::kGood;
  if (status == "Failed") return Style::kBad;
  return is_over(status) ? Style::kDim : Style::kWarning;
}

bool is_over(std::string_view status) {
  return status == "Completed" || status == "Failed" || status == "Stopped";
}

std::string job_list_text(const std::vector<Document>& summaries, TimePoint now,
                          const Terminal& terminal) {
  if (summaries.empty()) return "no jobs\n";
  std::vector<Row> rows;
  for (const Document& job : summaries) {
    const std::string status = job_member(job, "Status");
    const auto created = time_of(job, "CreationTime");
    const std::string_view word = kind_of(job).word;
    rows.push_back({harmless(job_member(job, "Name")), std::string(word.substr(0, word.find('-'))),
                    terminal.styled(status, style_of_status(status)),
                    created ? plain_date_time(*created) : "", took(job, now)});
  }
  return format_table({"NAME", "KIND", "STATUS", "CREATED (UTC)", "TOOK"}, rows);
}

std::string job_text(const Document& job, const Document& timeline,
                     const std::vector<Series>& series, TimePoint now, const Terminal& terminal) {
  const std::string status = job_member(job, "Status");
  const std::string secondary = job.string_or("SecondaryStatus", "");
  std::string shown = terminal.styled(status, style_of_status(status));
  if (!secondary.empty() && secondary != status) shown += " (" + secondary + ")";
  std::string text =
      terminal.styled(harmless(job_member(job, "Name")), Style::kBold) + "  " + shown + "\n";

  std::vector<Row> rows;
  const auto add_row = [&rows](const char* name, const std::string& value) {
    if (!value.empty()) rows.push_back({std::string("  ") + name, harmless(value)});
  };
  if (const auto created = time_of(job, "CreationTime"))
    add_row("created", plain_date_time(*created) + " UTC");
  add_row("took", took(job, now));
  add_row("image", nested(job, "AlgorithmSpecification", "TrainingImage"));
  add_row("image", nested(job, "AppSpecification", "ImageUri"));
  add_row("instance", nested(job, "ResourceConfig", "InstanceType"));
  if (const Document* resources = job.find("ProcessingResources"))
    add_row("instance", nested(*resources, "ClusterConfig", "InstanceType"));
  add_row("instance", nested(job, "TransformResources", "InstanceType"));
  add_row("model", job.string_or("ModelName", ""));
  add_row("output", nested(job, "TransformOutput", "S3OutputPath"));
  if (status == "Completed" || status == "Stopped")
    add_row("model", nested(job, "ModelArtifacts", "S3ModelArtifacts"));
  for (const auto& [output, uri] : outputs_of(job)) add_row(output.c_str(), uri);
  text += format_table({}, rows);
  add_section(text, "Exit message", indented(job.string_or("ExitMessage", "")), terminal);
  add_section(text, "Failure", indented(job.string_or("FailureReason", "")), terminal);

  const BarStyle style{.utf8 = terminal.traits().utf8,
                       .width = std::clamp<std::size_t>(terminal.traits().width, 60, 120) - 45};
  const std::vector<Stretch> stretches =
      kind_of(job).prefix == "TrainingJob" ? stretches_of(job) : stretches_of_events(timeline);
  add_section(text, "Timeline", format_timeline(stretches, now, style), terminal);
  add_section(text, "Events", event_table(timeline), terminal);
  add_section(text, "Utilisation", usage_text(series, terminal), terminal);
  add_section(text, "Metrics", metrics_text(series, terminal), terminal);
  return text;
}

}  // namespace clary::cli
