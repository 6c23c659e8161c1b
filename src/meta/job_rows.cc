#include "meta/job_rows.h"

#include <utility>
#include <vector>

#include "base/document.h"
#include "base/json.h"
#include "meta/endpoint_json.h"
#include "meta/transform_json.h"

namespace clary::meta {
namespace {

using domain::Channel;
using domain::Job;
using domain::JobSpec;
using domain::MetricDefinition;
using domain::Output;
using domain::Phase;

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
  TextPairs metrics;
  for (const MetricDefinition& metric : spec.metrics)
    metrics.emplace_back(metric.name, metric.pattern);
  Document document = Document::object({{"image", spec.image},
                                        {"role", spec.role},
                                        {"hyperparameters", pairs_document(spec.hyperparameters)},
                                        {"environment", pairs_document(spec.environment)},
                                        {"channels", std::move(channels)},
                                        {"outputs", std::move(outputs)},
                                        {"entry_point", text_array(spec.command.entry_point)},
                                        {"arguments", text_array(spec.command.arguments)},
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
                                        {"network_isolation", spec.network_isolation}});
  if (spec.place) {
    document.set("place", place_document(*spec.place));
    if (spec.serverless) document.set("serverless", serverless_document(*spec.serverless));
    document.set("accelerator_type", spec.accelerator_type);
  }
  if (spec.transform) document.set("transform", transform_document(*spec.transform));
  if (spec.place || spec.transform) document.set("model", container_document(spec.model));
  return to_json(document);
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
  for (const Document& channel : read_array(document, "channels"))
    spec.channels.push_back(read_channel(channel));
  for (const Document& output : read_array(document, "outputs"))
    spec.outputs.push_back(read_output(output));
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
  if (const Document* place = document.find("place")) spec.place = read_place(*place);
  if (const Document* transform = document.find("transform"))
    spec.transform = read_transform(*transform);
  if (const Document* model = document.find("model")) {
    CLARY_TRY(spec.model, read_container(*model));
  }
  if (const Document* serverless = document.find("serverless"))
    spec.serverless = read_serverless(*serverless);
  spec.accelerator_type = document.string_or("accelerator_type", "");
  return spec;
}

std::optional<std::int64_t> widened(const std::optional<int>& value) {
  return value ? std::optional<std::int64_t>(*value) : std::nullopt;
}

}  // namespace

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
