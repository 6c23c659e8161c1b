#include "runtime/plan_maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/files.h"
#include "base/strings.h"
#include "objects/channel_path.h"
#include "runtime/channel_folder.h"
#include "runtime/environment_match.h"
#include "runtime/model_data.h"
#include "runtime/plan_errors.h"
#include "runtime/serving_plan.h"
#include "runtime/serving_socket.h"

namespace clary::runtime {

using domain::Job;
using hostlink::HostPlan;
using hostlink::PlanChannel;

namespace {

constexpr int kViewAttempts = 5;

Error nothing_under(const std::string& uri, const objects::ObjectUri& place, const Job& job,
                    const std::string& region) {
  return invalid_argument(
      "ClientError: " +
      objects::no_objects_sentence(
          {.uri = uri, .bucket = *place.bucket, .region = region, .role = job.spec.role}));
}

// An entry point of its own, or script mode: the program is named by a hyperparameter of the SDK's.
bool brings_program(const Job& job) {
  if (serves_model(job)) return true;  // the model server
  if (!job.spec.command.entry_point.empty()) return true;
  return std::ranges::any_of(job.spec.hyperparameters, [](const auto& parameter) {
    return parameter.first == "sagemaker_program";
  });
}

// Source: AWS, StoppingCondition: with RetryStrategy the limit is that of all attempts together.
std::int64_t remaining_runtime(const Job& job) {
  const std::int64_t limit = job.spec.max_runtime_seconds;
  if (job.attempt == 1 || !job.training_started) return limit;
  const auto used =
      std::chrono::ceil<std::chrono::seconds>(job.modified - *job.training_started).count();
  return std::max<std::int64_t>(1, limit - used);
}

// Of the job's ARN: any region works, so a job runs in the one that its client named.
std::string region_of(const Job& job, const Region& configured) {
  const std::vector<std::string_view> parts = split(job.arn.value(), ':');
  return parts.size() > 3 && !parts[3].empty() ? std::string(parts[3]) : configured.value();
}

std::string packages_of(const hostlink::PlanInterpreter& interpreter) {
  std::string text;
  for (const char* name : {"torch", "tensorflow", "xgboost", "scikit-learn", "transformers"}) {
    if (const auto found = installed_package(interpreter, name))
      text += fmt::format(", {} {}", found->name, found->version);
  }
  return text;
}

// What the job asks for, as it is.
void plan_work(const Job& job, HostPlan& plan) {
  if (job.kind == domain::JobKind::kProcessing) {
    plan.kind = "processing";
    plan.request = job.request;
  }
  plan.hyperparameters = job.spec.hyperparameters;
  plan.environment = job.spec.environment;
  const domain::ContainerCommand& command = job.spec.command;
  if (!command.entry_point.empty()) {
    plan.container_command = command.entry_point;
    plan.container_command.insert(plan.container_command.end(), command.arguments.begin(),
                                  command.arguments.end());
  }
  for (const domain::Output& output : job.spec.outputs) {
    plan.outputs.push_back({.name = output.name,
                            .uri = output.uri,
                            .path = output.path,
                            .continuous = output.continuous});
  }
  plan.checkpoint_uri = job.spec.checkpoints.uri;
  plan.checkpoint_path = job.spec.checkpoints.local_path;
  plan.output_compressed = job.spec.output_compressed;
  plan.output_uri = job.output_uri;
}

std::string image_of(const Job& job) {
  return job.spec.image.empty() ? job.spec.model.image : job.spec.image;
}

Result<std::vector<ObjectKey>> keys_below(objects::ObjectStore& store,
                                          const objects::ObjectUri& prefix) {
  std::vector<ObjectKey> keys;
  objects::ListRequest request{.bucket = prefix.bucket, .prefix = prefix.key};
  for (;;) {
    CLARY_TRY(objects::ListPage page, store.list(request));
    for (objects::ObjectHead& head : page.objects) keys.push_back(std::move(head.key));
    if (!page.truncated) return keys;
    request.after = page.next_after;
  }
}

// InvalidArgument: what the job names cannot be read, or its keys cannot be files.
Error not_downloaded(const Error& error) {
  if (error.code != ErrorCode::kInvalidArgument) return ours(error);
  return invalid_argument("ClientError: Data download failed: " + error.message);
}

// Whether one of the paths is the other or holds it.
bool overlap(const std::string& a, const std::string& b) {
  return a == b || a.starts_with(b + "/") || b.starts_with(a + "/");
}

// A view covers what the host itself puts below its path: such a channel is fetched as well.
void fetch_what_holds_others(HostPlan& plan) {
  for (PlanChannel& outer : plan.channels) {
    if (outer.path.empty()) continue;
    const bool holds = std::ranges::any_of(plan.outputs,
                                           [&](const hostlink::PlanOutput& output) {
                                             return overlap(outer.path, output.path);
                                           }) ||
                       std::ranges::any_of(plan.channels, [&](const PlanChannel& inner) {
                         return inner.view.empty() && inner.path.starts_with(outer.path + "/");
                       });
    if (holds) outer.view.clear();
  }
}

}  // namespace

PlanMaker::PlanMaker(PlanSettings settings, PlanSources sources)
    : settings_(std::move(settings)), sources_(sources), folders_(settings_.data_folder) {}

bool PlanMaker::prepared(const Job& job) const {
  return folders_.has_plan(job.gang, hostlink::kFirstHost);
}

Result<Prepared> PlanMaker::prepare(const Job& job) {
  Prepared made;
  if (prepared(job)) {
    const auto kept = folders_.read_plan(job.gang, hostlink::kFirstHost);
    if (!kept.ok()) return ours(kept.error());
    made.gang = gang_of(*kept, job);
    return made;
  }
  CLARY_TRY(const HostPlan plan, make_plan(job, made));
  if (const Status written = folders_.write_plan(plan); !written.ok()) return ours(written.error());
  made.gang = gang_of(plan, job);
  return made;
}

Result<HostPlan> PlanMaker::make_plan(const Job& job, Prepared& made) {
  std::vector<std::string>& notices = made.notices;
  HostPlan plan;
  CLARY_TRY(const compute::Resources resources, resources_of(job, notices));
  CLARY_RETURN_IF_ERROR(check_outputs(job));
  if (serves_model(job)) CLARY_RETURN_IF_ERROR(check_model(job));
  if (job.spec.transform) CLARY_RETURN_IF_ERROR(check_transform_input(job));
  if (job.kind == domain::JobKind::kProcessing && job.spec.command.entry_point.empty()) {
    return invalid_argument(fmt::format(
        "ClientError: image '{}' brings a program of its own, and there is no container "
        "engine here; give AppSpecification.ContainerEntrypoint, and it runs in a "
        "Python environment of this machine",
        job.spec.image));
  }
  const std::string image = image_of(job);
  auto environment = sources_.environments.choose(image, brings_program(job));
  if (!environment.ok()) {
    const ErrorCode code = environment.error().code;
    if (code != ErrorCode::kNotFound && code != ErrorCode::kUnsupported)
      return ours(environment.error());
    return invalid_argument("ClientError: " + environment.error().message);
  }
  for (const domain::Channel& channel : job.spec.channels) {
    CLARY_TRY(PlanChannel planned, make_channel(job, channel));
    plan.channels.push_back(std::move(planned));
  }
  notices.push_back(
      fmt::format("Image {} runs in {} (Python {}{})", image, environment->interpreter.python,
                  environment->interpreter.python_version, packages_of(environment->interpreter)));
  notices.insert(notices.end(), environment->notices.begin(), environment->notices.end());
  made.log_lines = std::move(environment->notices);

  plan.gang = job.gang;
  plan.job = job.name;
  plan.job_arn = job.arn.value();
  plan.host = hostlink::kFirstHost;
  plan.hosts = {std::string(hostlink::kFirstHost)};
  plan.instance_type = job.spec.instance_type;
  plan.region = region_of(job, settings_.region);
  plan.account = settings_.account.value();
  plan.image = image;
  plan.framework_module = environment->framework_module;
  plan.interpreter = std::move(environment->interpreter);
  plan_work(job, plan);
  fetch_what_holds_others(plan);
  plan.max_runtime_seconds = remaining_runtime(job);
  plan.stop_grace_seconds = settings_.stop_grace_seconds;
  plan.priority = job.spec.priority;
  plan.sandbox = settings_.sandbox;
  plan.network_isolation = job.spec.network_isolation;
  plan.network = settings_.network;
  plan.cores = resources.cores;
  plan.memory_bytes = resources.memory_bytes;
  plan.max_processes = settings_.max_processes;
  plan.max_disk_bytes = settings_.max_disk_bytes;
  plan.max_log_lines = settings_.max_log_lines;
  for (int gpu = 0; gpu < resources.gpus; ++gpu)
    plan.gpu_devices.push_back("/dev/nvidia" + std::to_string(gpu));
  plan.run_as_uid = settings_.run_as_uid;
  plan.credentials_as_variables = settings_.credentials_as_variables;
  plan.server_endpoint = settings_.server_endpoint;
  plan.ca_file = settings_.ca_file;
  plan.hostlink_socket = settings_.data_folder + "/hostlink.sock";
  plan.hostlink_token = sources_.ids.hex(32);
  plan.credentials_token = sources_.ids.hex(32);
  plan.cache_folder = settings_.data_folder + "/cache";
  plan.kept_folder = settings_.data_folder + "/kept";
  plan.kept_bytes = settings_.kept_bytes;
  plan.kept_seconds = settings_.kept_seconds;
  auto credentials = sources_.credentials.current(job);
  if (!credentials.ok()) return ours(credentials.error());
  plan.credentials = std::move(*credentials);
  if (serves_model(job)) plan_serving(job, serving_socket_path(folders_, job.gang), plan);
  if (!plan.accelerator_type.empty())
    plan.engine_folder = settings_.engine_of(plan.interpreter.python);
  return plan;
}

Result<compute::Resources> PlanMaker::resources_of(const Job& job,
                                                   std::vector<std::string>& notices) const {
  const bool serving = job.kind == domain::JobKind::kServing;
  if (job.spec.serverless)
    return serverless_resources(*job.spec.serverless, settings_.machine, notices);
  const auto each = settings_.instance_types(job.spec.instance_type);
  if (!each.ok()) return invalid_argument("ClientError: " + each.error().message);
  compute::Resources wanted = of_all_instances(job, *each);
  if (!job.spec.accelerator_type.empty()) wanted.gpus = std::max(wanted.gpus, 1);
  const compute::Resources granted = compute::fitted(wanted, settings_.machine);
  if (!(granted == wanted)) {
    notices.push_back(
        fmt::format("{} has {} cores, {} GiB and {} GPUs; this machine gives the job {} cores, {} "
                    "GiB and {} GPUs",
                    shown_instances(job), wanted.cores, wanted.memory_bytes >> 30, wanted.gpus,
                    granted.cores, granted.memory_bytes >> 30, granted.gpus));
  }
  if (!serving && settings_.limit_cpus && granted.cores < settings_.machine.cores) {
    notices.push_back(
        fmt::format("{} has {} cores: the job is kept to so many of this machine's {}",
                    shown_instances(job), granted.cores, settings_.machine.cores));
  }
  return granted;
}

Result<PlanChannel> PlanMaker::make_channel(const Job& job, const domain::Channel& channel) {
  if (channel.file_system.id.empty()) return make_s3_channel(job, channel);
  CLARY_TRY(std::string folder, channel_folder(settings_.filesystems, channel));
  return PlanChannel{.name = channel.name,
                     .input_mode = channel.input_mode,
                     .record_wrapper = channel.record_wrapper,
                     .content_type = channel.content_type,
                     .path = channel.path,
                     .mount = std::move(folder),
                     .writable = channel.file_system.writable};
}

Result<PlanChannel> PlanMaker::make_s3_channel(const Job& job, const domain::Channel& channel) {
  const auto absent = [&](const objects::ObjectUri& place) {
    return nothing_under(channel.uri, place, job, region_of(job, settings_.region));
  };
  PlanChannel planned{.name = channel.name,
                      .uri = channel.uri,
                      .data_type = channel.data_type,
                      .input_mode = channel.input_mode,
                      .distribution = channel.distribution,
                      .record_wrapper = channel.record_wrapper,
                      .content_type = channel.content_type,
                      .compression = channel.compression,
                      .path = channel.path};
  const auto place = objects::parse_object_uri(channel.uri);
  if (!place.ok()) return invalid_argument("ClientError: " + place.error().message);
  if (const auto bucket = sources_.objects.find_bucket(place->bucket); !bucket.ok()) {
    if (bucket.error().code != ErrorCode::kNotFound) return ours(bucket.error());
    return absent(*place);
  }
  const DataReader reader{.identity = identity_of(job, settings_.account),
                          .region = Region(region_of(job, settings_.region))};
  Reading reading = Reading::kAskByKey;
  const bool is_prefix = channel.data_type == "S3Prefix";
  if (is_prefix) {
    const Result<Reading> asked = sources_.access.reading(reader, *place);
    if (!asked.ok()) return not_downloaded(by_policy(asked.error()));
    reading = *asked;
  }
  const auto first =
      sources_.objects.list({.bucket = place->bucket, .prefix = place->key, .max_keys = 1});
  if (!first.ok()) return ours(first.error());
  if (first->objects.empty()) return absent(*place);
  // What a view cannot show is fetched by the host, whose calls ask for themselves.
  if (!is_prefix || channel.compression != "None") return planned;
  auto view = hold_view(reader, reading, *place, job.gang);
  if (!view.ok() && view.error().code == ErrorCode::kNotFound)  // emptied meanwhile
    return absent(*place);
  if (!view.ok()) return not_downloaded(view.error());
  planned.view = std::move(*view);
  return planned;
}

Result<std::string> PlanMaker::hold_view(const DataReader& reader, Reading reading,
                                         const objects::ObjectUri& prefix, const GangId& gang) {
  CLARY_TRY(std::string view, sources_.views.hold(prefix, gang));
  if (reading == Reading::kEvery || view.empty()) return view;
  // The keys that were asked for are those shown when the prefix was the same before and after.
  for (int attempt = 1; attempt <= kViewAttempts; ++attempt) {
    CLARY_TRY(const std::vector<ObjectKey> keys, keys_below(sources_.objects, prefix));
    const Status allowed = sources_.access.may_read(reader, prefix.bucket, keys);
    if (!allowed.ok()) return by_policy(allowed.error());
    CLARY_TRY(std::string again, sources_.views.hold(prefix, gang));
    if (again == view) return view;
    view = std::move(again);
  }
  return unavailable("'" + prefix.to_string() + "' changes while it is looked at");
}

// AWS finds this out when the job ends; there is no sense in training for nothing.
Status PlanMaker::check_outputs(const Job& job) {
  if (job.kind == domain::JobKind::kTraining || job.kind == domain::JobKind::kTransform)
    CLARY_RETURN_IF_ERROR(check_output(job, job.spec.output_uri, "S3OutputPath"));
  for (const domain::Output& output : job.spec.outputs)
    CLARY_RETURN_IF_ERROR(check_output(job, output.uri, "S3Output"));
  if (job.spec.checkpoints.uri.empty()) return {};
  return check_output(job, job.spec.checkpoints.uri, "CheckpointConfig.S3Uri");
}

Status PlanMaker::check_model(const Job& job) {
  if (job.spec.model.many_models && job.spec.network_isolation) {
    return invalid_argument(
        "ClientError: under network isolation a multi-model container cannot fetch its models");
  }
  const DataReader reader{.identity = identity_of(job, settings_.account),
                          .region = Region(region_of(job, settings_.region))};
  return check_model_data(job.spec.model, reader, sources_.objects, sources_.access);
}

Status PlanMaker::check_transform_input(const Job& job) {
  const std::string& uri = job.spec.transform->input_uri;
  const auto place = objects::parse_object_uri(uri);
  if (!place.ok()) return invalid_argument("ClientError: " + place.error().message);
  const auto first =
      sources_.objects.list({.bucket = place->bucket, .prefix = place->key, .max_keys = 1});
  if (!first.ok() && first.error().code != ErrorCode::kNotFound) return ours(first.error());
  if (first.ok() && !first->objects.empty()) return {};
  return nothing_under(uri, *place, job, region_of(job, settings_.region));
}

Status PlanMaker::check_output(const Job& job, const std::string& uri, std::string_view member) {
  const auto place = objects::parse_object_uri(uri);
  if (!place.ok()) return invalid_argument("ClientError: " + place.error().message);
  const auto bucket = sources_.objects.find_bucket(place->bucket);
  if (bucket.ok()) return {};
  if (bucket.error().code != ErrorCode::kNotFound) return ours(bucket.error());
  return invalid_argument(
      fmt::format("ClientError: The bucket \"{}\" of {} \"{}\" does not exist. Please ensure that "
                  "the bucket exists in the selected region ({}).",
                  place->bucket.value(), member, uri, region_of(job, settings_.region)));
}

compute::GangSpec PlanMaker::gang_of(const HostPlan& plan, const Job& job) const {
  compute::GangHost host;
  host.name = plan.host;
  host.command = {settings_.program, "host", "--plan", folders_.plan_path(plan.gang, plan.host)};
  host.resources = {.cores = plan.cores,
                    .memory_bytes = plan.memory_bytes,
                    .gpus = static_cast<int>(plan.gpu_devices.size())};
  // It is started whatever runs, and training jobs keep their places: cores and GPUs are shared.
  if (job.kind == domain::JobKind::kServing) host.resources = {.cores = 0};
  return {.id = plan.gang,
          .folder = folders_.folder(plan.gang),
          .hosts = {std::move(host)},
          .priority = plan.priority,
          .asked = job.created};
}

Status PlanMaker::discard(const GangId& gang) {
  CLARY_RETURN_IF_ERROR(sources_.credentials.end(gang));
  CLARY_RETURN_IF_ERROR(folders_.remove(gang));
  return sources_.views.release(gang);
}

}  // namespace clary::runtime
