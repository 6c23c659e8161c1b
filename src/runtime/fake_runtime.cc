#include "runtime/fake_runtime.h"

#include <cstdlib>

namespace clary::runtime {

using hostlink::Record;
using hostlink::RecordKind;

Result<ChosenEnvironment> FakeEnvironments::choose(const std::string& image, bool) {
  if (image == "unknown:1")
    return not_found(
        "no environment here has what image 'unknown:1' needs; `clary environments create`");
  if (image == "broken:1") return unavailable("the environments cannot be read now");
  ChosenEnvironment chosen;
  chosen.interpreter = {
      .python = "/usr/bin/python3",
      .python_version = "3.11.2",
      .packages = {{"torch", "2.13.0"}, {"transformers", "4.49.0"}, {"xgboost-cpu", "1.7.6"}}};
  chosen.framework_module = "sagemaker_pytorch_container.training:main";
  chosen.notices = notices;
  return chosen;
}

Result<std::string> FakeViews::hold(const objects::ObjectUri& uri, const GangId& gang) {
  ++held_[gang];
  return "/views/" + uri.bucket.value() + "/" + uri.key;
}

Status FakeViews::release(const GangId& gang) {
  if (gang == stuck) return internal_error("views of '" + gang.value() + "' cannot be released");
  held_.erase(gang);
  return {};
}

int FakeViews::held(const GangId& gang) const {
  const auto found = held_.find(gang);
  return found == held_.end() ? 0 : found->second;
}

Result<Reading> FakeDataAccess::reading(const DataReader& reader, const objects::ObjectUri&) {
  if (!refusal.empty()) return denied(reader.identity.principal + ' ' + refusal);
  return secret ? Reading::kAskByKey : Reading::kEvery;
}

Status FakeDataAccess::may_read(const DataReader&, const BucketName&,
                                const std::vector<ObjectKey>& keys) {
  for (const ObjectKey& key : keys) {
    if (key == secret) return denied("Unable to download object " + *key);
  }
  return {};
}

Status FakeListeners::serve(const GangId& gang, Fd listening) {
  open_.insert_or_assign(gang, std::move(listening));
  return {};
}

void FakeListeners::close(const GangId& gang) { open_.erase(gang); }

RuntimeFixture::Server::Server(RuntimeFixture& fixture, const std::string& failpoint)
    : failpoints(failpoint, [] { throw Crash{}; }),
      backend(fixture.cluster_),
      credentials(fixture.keys_, fixture.clock_, fixture.ids_, AccountId("000000000000")),
      plans({.data_folder = fixture.folder_,
             .program = "/usr/bin/clary",
             .region = Region("us-west-2"),
             .account = AccountId("000000000000"),
             .server_endpoint = "http://127.0.0.1:4580",
             .machine = fixture.machine_,
             .instance_types = compute::instance_type_resources},
            {.environments = environments,
             .views = views,
             .access = fixture.access_,
             .objects = fixture.objects_,
             .credentials = credentials,
             .ids = fixture.ids_}),
      changes(fixture.jobs_, fixture.clock_, failpoints),
      effects({.jobs = fixture.jobs_,
               .changes = changes,
               .backend = backend,
               .plans = plans,
               .logs = fixture.logs_,
               .listeners = listeners,
               .hook = hook,
               .clock = fixture.clock_,
               .failpoints = failpoints,
               .logger = silent_logger()}),
      watch({.jobs = fixture.jobs_,
             .changes = changes,
             .backend = backend,
             .credentials = credentials,
             .clock = fixture.clock_,
             .logger = silent_logger(),
             .send_credentials = [&fixture](const GangId&, const std::string&,
                                            const hostlink::PlanCredentials& sent) -> Status {
               if (!fixture.host_is_connected_) return unavailable("not connected");
               fixture.sent_credentials_.push_back(sent);
               return {};
             }}),
      runner({.jobs = fixture.jobs_,
              .effects = effects,
              .watch = watch,
              .clock = fixture.clock_,
              .logger = silent_logger()}),
      receiver({.jobs = fixture.jobs_,
                .changes = changes,
                .logs = fixture.logs_,
                .metrics = fixture.metrics_,
                .listeners = listeners,
                .folders = plans.folders(),
                .failpoints = failpoints,
                .logger = silent_logger(),
                .kept_more = [&fixture] { ++fixture.kept_more_; }}),
      reset({.jobs = fixture.jobs_,
             .endpoints = fixture.endpoints_,
             .records = fixture.records_,
             .effects = effects,
             .runner = runner,
             .logs = fixture.logs_,
             .metrics = fixture.metrics_,
             .objects = fixture.objects_,
             .identities = fixture.identities_}) {
  changes.set_before_end([this](const GangId& gang) {
    receiver.forget(gang);
    return credentials.end(gang);
  });
}

RuntimeFixture::RuntimeFixture() {
  // In memory, where there is such a place: a thousand plans are synced.
  folder_ = (exists("/dev/shm") ? "/dev/shm/" : ::testing::TempDir()) + "clary-runtime-XXXXXX";
  EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
  put_object("data", "train/a.txt");
  EXPECT_TRUE(
      objects_
          .create_bucket(
              {.name = BucketName("out"), .created = clock_.now(), .region = Region("us-east-1")})
          .ok());
  crash();
}

RuntimeFixture::~RuntimeFixture() {
  server_.reset();
  static_cast<void>(remove_tree(folder_));
}

void RuntimeFixture::crash(const std::string& failpoint) {
  server_.reset();
  server_ = std::make_unique<Server>(*this, failpoint);
}

void RuntimeFixture::put_object(const std::string& bucket, const std::string& key,
                                const std::string& bytes) {
  if (!objects_.find_bucket(BucketName(bucket)).ok()) {
    ASSERT_TRUE(objects_
                    .create_bucket({.name = BucketName(bucket),
                                    .created = clock_.now(),
                                    .region = Region("us-east-1")})
                    .ok());
  }
  objects::PutRequest request;
  request.bucket = BucketName(bucket);
  request.key = ObjectKey(key);
  auto writer = objects_.put(std::move(request));
  ASSERT_TRUE(writer.ok()) << writer.error().message;
  ASSERT_TRUE((*writer)->write(bytes).ok());
  ASSERT_TRUE((*writer)->finish().ok());
}

JobName RuntimeFixture::submit(const std::string& name, int retry_attempts, Duration max_pending) {
  domain::Job job;
  job.kind = kind_;
  job.name = JobName(name);
  job.arn = Arn("arn:aws:sagemaker:us-east-1:000000000000:training-job/" + name);
  job.gang = GangId("gang-" + name);
  job.spec.image = "pytorch-training:2.13-cpu-py311";
  job.spec.role = "arn:aws:iam::000000000000:role/service-role/R";
  job.spec.instance_type = instance_type_;
  job.spec.channels = {{.name = "train", .uri = "s3://data/train"}};
  job.spec.metrics = {{.name = "loss", .pattern = "loss=([0-9.]+)"}};
  job.spec.output_uri = "s3://out/";
  job.spec.retry_attempts = retry_attempts;
  job.spec.max_pending_seconds =
      std::chrono::duration_cast<std::chrono::seconds>(max_pending).count();
  job.output_uri = "s3://out/" + name + "/output";
  job.model_uri = job.output_uri + "/model.tar.gz";
  if (kind_ == domain::JobKind::kProcessing) {
    job.request = "{}";
    job.spec.command = {.entry_point = {"python3", "p.py"}, .arguments = {"--a"}};
    job.spec.channels[0].path = "/opt/ml/processing/input";
    job.spec.outputs = {{.name = "o", .uri = "s3://out/o", .path = "/opt/ml/processing/output"}};
    job.spec.metrics = {};
    job.output_uri = job.model_uri = "";
    job.gang = GangId("processing-gang-" + name);
  }
  const auto created = server_->changes.create(job, {}, {});
  EXPECT_TRUE(created.ok()) << created.error().message;
  return job.name;
}

void RuntimeFixture::run() {
  server_->runner.run_pending();
  server_->runner.look();
}

void RuntimeFixture::tick(Duration by) {
  clock_.advance(by);
  run();
}

void RuntimeFixture::stop(const JobName& job) {
  const auto stopped = server_->changes.apply({.kind = kind_, .name = job},
                                              {.kind = domain::JobEventKind::kStopRequested});
  EXPECT_TRUE(stopped.ok()) << stopped.error().message;
}

Status RuntimeFixture::report(const JobName& job, RecordKind kind, Document body) {
  Record& record = last_records_[find(job).gang];
  ++record.number;
  record.time = clock_.now();
  record.kind = kind;
  record.body = std::move(body);
  return server_->receiver.take({.gang = find(job).gang, .host = "algo-1"}, {record});
}

Status RuntimeFixture::report_end(const JobName& job, const std::string& outcome,
                                  const std::string& failure, int exit_code) {
  return report(job, RecordKind::kState,
                Document::object({{"phase", "ended"},
                                  {"outcome", outcome},
                                  {"failure", failure},
                                  {"exit_code", exit_code}}));
}

Status RuntimeFixture::report_lines(const JobName& job, const std::vector<std::string>& lines) {
  return report(job, RecordKind::kLog, Document::object({{"lines", text_array(lines)}}));
}

Status RuntimeFixture::resend(const JobName& job) {
  return server_->receiver.take({.gang = find(job).gang, .host = "algo-1"},
                                {last_records_[find(job).gang]});
}

domain::Job RuntimeFixture::find(const JobName& job) {
  auto found = jobs_.find(kind_, job);
  EXPECT_TRUE(found.ok()) << found.error().message;
  return found.ok() ? *found : domain::Job{};
}

std::string RuntimeFixture::phases(const JobName& job) {
  std::string text;
  const std::vector<domain::JobEvent> events = jobs_.events(kind_, job).value();
  for (const domain::JobEvent& event : events) {
    if (event.phase) text += (text.empty() ? "" : " ") + std::string(phase_name(*event.phase));
  }
  return text;
}

bool RuntimeFixture::noticed(const JobName& job, const std::string& text) {
  const std::vector<domain::JobEvent> events = jobs_.events(kind_, job).value();
  for (const domain::JobEvent& event : events) {
    if (!event.phase && event.message.find(text) != std::string::npos) return true;
  }
  return false;
}

std::vector<std::string> RuntimeFixture::lines(const JobName& job) {
  return logs_.lines(log_group_of(find(job)), log_stream_of(find(job), "algo-1"));
}

hostlink::HostPlan RuntimeFixture::plan(const JobName& job) {
  return server_->plans.folders().read_plan(find(job).gang, "algo-1").value();
}

bool RuntimeFixture::has_folder(const JobName& job) {
  return exists(server_->plans.folders().folder(find(job).gang));
}

}  // namespace clary::runtime
