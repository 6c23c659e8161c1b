#include "meta/job_rows.h"

#include <utility>
#include <vector>

#include "base/document.h"
#include "base/json.h"

namespace clary::meta {
namespace {

using domain::Channel;
using domain::Job;
using domain::JobSpec;
using domain::MetricDefinition;
using domain::Output;
using domain::Phase;

using Pairs = std::vector<std::pair<std::string, std::string>>;

Document pairs_document(const Pairs& pairs) {
  Document list = Document::array();
  for (const auto& [name, value] : pairs) list.push(Document::array({name, value}));
  return list;
}

Document texts_document(const std::vector<std::string>& texts) {
  return Document::array({texts.begin(), texts.end()});
}

std::vector<std::string> read_texts(const Document& document, std::string_view member) {
  std::vector<std::string> texts;
  const Document* list = document.find(member);
  if (list == nullptr || !list->is_array()) return texts;
  for (const Document& text : *list->as_array()) {
    if (text.as_string() != nullptr) texts.push_back(*text.as_string());
  }
  return texts;
}

Pairs read_pairs(const Document& document, std::string_view member) {
  Pairs pairs;
  const Document* list = document.find(member);
  if (list == nullptr || !list->is_array()) return pairs;
  for (const Document& pair : *list->as_array()) {
    const Document::Array* both = pair.as_array();
    if (both == nullptr || both->size() != 2) continue;
    const std::string* name = (*both)[0].as_string();
    const std::string* value = (*both)[1].as_string();
    if (name != nullptr && value != nullptr) pairs.emplace_back(*name, *value);
  }
  return pairs;
}

std::string spec_text(const JobSpec& spec) {
  Document channels = Document::array();
  for (const Channel& channel : spec.channels) {
    channels.push(Document::object({{"name", channel.name},
                                    {"uri", channel.uri},
                                    {"data_type", channel.data_type},
                                    {"distribution", channel.distribution},
                                    {"content_type", channel.content_type},
                                    {"input_mode", channel.input_mode},
                                    {"record_wrapper", channel.record_wrapper},
                                    {"compression", channel.compression},
                                    {"path", channel.path},
                                    {"file_system", channel.file_system.id},
                                    {"directory", channel.file_system.directory},
                                    {"writable", channel.file_system.writable}}));
  }
  Document outputs = Document::array();
  for (const Output& output : spec.outputs) {
    outputs.push(Document::object({{"name", output.name},
                                   {"uri", output.uri},
                                   {"path", output.path},
                                   {"continuous", output.continuous}}));
  }
  Pairs metrics;
  for (const MetricDefinition& metric : spec.metrics)
    metrics.emplace_back(metric.name, metric.pattern);
  return to_json(Document::object({{"image", spec.image},
                                   {"role", spec.role},
                                   {"hyperparameters", pairs_document(spec.hyperparameters)},
                                   {"environment", pairs_document(spec.environment)},
                                   {"channels", std::move(channels)},
                                   {"outputs", std::move(outputs)},
                                   {"entry_point", texts_document(spec.command.entry_point)},
                                   {"arguments", texts_document(spec.command.arguments)},
                                   {"metrics", pairs_document(metrics)},
                                   {"checkpoint_uri", spec.checkpoints.uri},
                                   {"checkpoint_path", spec.checkpoints.local_path},
                                   {"output_uri", spec.output_uri},
                                   {"output_compressed", spec.output_compressed},
                                   {"instance_type", spec.instance_type},
                                   {"instance_count", spec.instance_count},
                                   {"max_runtime_seconds", spec.max_runtime_seconds},
                                   {"max_pending_seconds", spec.max_pending_seconds},
                                   {"retry_attempts", spec.retry_attempts},
                                   {"priority", spec.priority},
                                   {"network_isolation", spec.network_isolation}}));
}

Channel read_channel(const Document& document) {
  Channel channel;
  channel.name = document.string_or("name", "");
  channel.uri = document.string_or("uri", "");
  channel.data_type = document.string_or("data_type", channel.data_type);
  channel.distribution = document.string_or("distribution", channel.distribution);
  channel.content_type = document.string_or("content_type", "");
  channel.input_mode = document.string_or("input_mode", channel.input_mode);
  channel.record_wrapper = document.string_or("record_wrapper", channel.record_wrapper);
  channel.compression = document.string_or("compression", channel.compression);
  channel.path = document.string_or("path", "");
  channel.file_system.id = document.string_or("file_system", "");
  channel.file_system.directory = document.string_or("directory", "");
  channel.file_system.writable = document.bool_or("writable", false);
  return channel;
}

Output read_output(const Document& document) {
  return {.name = document.string_or("name", ""),
          .uri = document.string_or("uri", ""),
          .path = document.string_or("path", ""),
          .continuous = document.bool_or("continuous", false)};
}

Result<JobSpec> read_spec(std::string_view text) {
  CLARY_TRY(const Document document, parse_json(text));
  JobSpec spec;
  spec.image = document.string_or("image", "");
  spec.role = document.string_or("role", "");
  spec.hyperparameters = read_pairs(document, "hyperparameters");
  spec.environment = read_pairs(document, "environment");
  if (const Document* channels = document.find("channels");
      channels != nullptr && channels->is_array()) {
    for (const Document& channel : *channels->as_array())
      spec.channels.push_back(read_channel(channel));
  }
  if (const Document* outputs = document.find("outputs");
      outputs != nullptr && outputs->is_array()) {
    for (const Document& output : *outputs->as_array()) spec.outputs.push_back(read_output(output));
  }
  spec.command.entry_point = read_texts(document, "entry_point");
  spec.command.arguments = read_texts(document, "arguments");
  for (auto& [name, pattern] : read_pairs(document, "metrics")) {
    spec.metrics.push_back({.name = std::move(name), .pattern = std::move(pattern)});
  }
  spec.checkpoints.uri = document.string_or("checkpoint_uri", "");
  spec.checkpoints.local_path = document.string_or("checkpoint_path", spec.checkpoints.local_path);
  spec.output_uri = document.string_or("output_uri", "");
  spec.output_compressed = document.bool_or("output_compressed", true);
  spec.instance_type = document.string_or("instance_type", "");
  spec.instance_count = static_cast<int>(document.int_or("instance_count", 1));
  spec.max_runtime_seconds = document.int_or("max_runtime_seconds", spec.max_runtime_seconds);
  spec.max_pending_seconds = document.int_or("max_pending_seconds", 0);
  spec.retry_attempts = static_cast<int>(document.int_or("retry_attempts", 0));
  spec.priority = static_cast<int>(document.int_or("priority", 0));
  spec.network_isolation = document.bool_or("network_isolation", false);
  return spec;
}

std::optional<std::int64_t> widened(const std::optional<int>& value) {
  return value ? std::optional<std::int64_t>(*value) : std::nullopt;
}

}  // namespace

std::int64_t to_column(TimePoint time) { return time.time_since_epoch().count(); }

std::optional<std::int64_t> to_column(const std::optional<TimePoint>& time) {
  return time ? std::optional(to_column(*time)) : std::nullopt;
}

TimePoint time_of(std::int64_t column) { return TimePoint(Duration(column)); }

std::optional<TimePoint> time_of(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(time_of(row.integer(column)));
}

Result<Phase> phase_of(std::int64_t column) {
  if (column < 0 || column > static_cast<std::int64_t>(Phase::kStopped)) {
    return internal_error("metadata: phase " + std::to_string(column) + " is not known");
  }
  return static_cast<Phase>(column);
}

void bind_job(Statement& statement, const Job& job, std::uint64_t version) {
  statement.bind(static_cast<std::int64_t>(job.kind))
      .bind(job.name.value())
      .bind(job.arn.value())
      .bind(job.request)
      .bind(spec_text(job.spec))
      .bind(static_cast<std::int64_t>(job.phase))
      .bind(std::int64_t{domain::status_rank(job.phase)})
      .bind(static_cast<std::int64_t>(job.stop_reason))
      .bind(std::int64_t{job.attempt})
      .bind(job.gang.value())
      .bind(job.gang_handle)
      .bind(job.failure_reason)
      .bind(widened(job.exit_code))
      .bind(job.model_uri)
      .bind(job.output_uri)
      .bind(to_column(job.created))
      .bind(to_column(job.modified))
      .bind(to_column(job.training_started))
      .bind(to_column(job.training_ended))
      .bind(static_cast<std::int64_t>(version))
      .bind(job.exit_message);
}

Result<Job> read_job(const Statement& row) {
  Job job;
  job.kind = static_cast<domain::JobKind>(row.integer(0));
  job.name = JobName(row.text(1));
  job.arn = Arn(row.text(2));
  job.request = row.text(3);
  CLARY_TRY(job.spec, read_spec(row.view(4)));
  CLARY_TRY(job.phase, phase_of(row.integer(5)));
  // Column 6 is made from the phase.
  job.stop_reason = static_cast<domain::StopReason>(row.integer(7));
  job.attempt = static_cast<int>(row.integer(8));
  job.gang = GangId(row.text(9));
  job.gang_handle = row.text(10);
  job.failure_reason = row.text(11);
  if (!row.is_null(12)) job.exit_code = static_cast<int>(row.integer(12));
  job.model_uri = row.text(13);
  job.output_uri = row.text(14);
  job.created = time_of(row.integer(15));
  job.modified = time_of(row.integer(16));
  job.training_started = time_of(row, 17);
  job.training_ended = time_of(row, 18);
  job.version = static_cast<std::uint64_t>(row.integer(19));
  job.exit_message = row.text(20);
  return job;
}

}  // namespace clary::meta
