// A server without its network: stores, a fake cluster, the runtime, and verbs to move them. For
// tests of runtime and services.
//
// crash() throws everything away but the stores, the folder and the cluster, and starts again, as
// after SIGKILL.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "base/id_source.h"
#include "compute/fake_backend.h"
#include "domain/fake_endpoint_store.h"
#include "domain/fake_identity_store.h"
#include "domain/fake_job_store.h"
#include "domain/fake_key_store.h"
#include "domain/fake_record_store.h"
#include "objects/memory_store.h"
#include "runtime/link_receiver.h"
#include "runtime/reset.h"
#include "runtime/runner.h"
#include "telemetry/fake_log_store.h"
#include "telemetry/fake_metric_store.h"

namespace clary::runtime {

// Thrown by a failpoint in place of SIGKILL.
struct Crash {};

class FakeEnvironments final : public EnvironmentChooser {
 public:
  std::vector<std::string> notices;  // of what it chooses next

  Result<ChosenEnvironment> choose(const std::string& image, bool script_mode) override;
};

class FakeViews final : public ChannelViews {
 public:
  Result<std::string> hold(const objects::ObjectUri& uri, const GangId& gang) override;
  Status release(const GangId& gang) override;
  int held(const GangId& gang) const;

  std::optional<GangId> stuck;  // whose release fails

 private:
  std::map<GangId, int> held_;
};

// Allows what nothing here refuses.
class FakeDataAccess final : public DataAccess {
 public:
  std::string refusal;              // of reading(): what it says
  std::optional<ObjectKey> secret;  // the one key that may not be read

  Result<Reading> reading(const DataReader& reader, const objects::ObjectUri& prefix) override;
  Status may_read(const DataReader& reader, const BucketName& bucket,
                  const std::vector<ObjectKey>& keys) override;
};

class FakeListeners final : public GangListeners {
 public:
  Status serve(const GangId& gang, Fd listening) override;
  void close(const GangId& gang) override;
  bool serves(const GangId& gang) const { return open_.contains(gang); }

 private:
  std::map<GangId, Fd> open_;
};

class RuntimeFixture : public ::testing::Test {
 protected:
  RuntimeFixture();
  ~RuntimeFixture() override;

  // The kind of jobs that the verbs are about.
  domain::JobKind kind_ = domain::JobKind::kTraining;
  std::string instance_type_ = "ml.m5.xlarge";  // that they ask for
  // What the server believes it has, from the next crash() on.
  compute::Resources machine_{.cores = 2, .memory_bytes = 4ULL << 30};

  // ---- verbs ----
  // Starts the runtime again on what is durable. failpoint: as CLARY_FAILPOINT; it throws Crash.
  void crash(const std::string& failpoint = "");
  void put_object(const std::string& bucket, const std::string& key,
                  const std::string& bytes = "x");
  // Creates a job with one channel, s3://data/train, and a metric `loss`.
  JobName submit(const std::string& name = "j", int retry_attempts = 0,
                 Duration max_pending = Duration(0));
  // Carries out effects and looks at gangs, once each.
  void run();
  void tick(Duration by);
  void stop(const JobName& job);
  // The job's host reports the next record.
  Status report(const JobName& job, hostlink::RecordKind kind, Document body);
  Status report_phase(const JobName& job, const std::string& phase) {
    return report(job, hostlink::RecordKind::kState, Document::object({{"phase", phase}}));
  }
  Status report_end(const JobName& job, const std::string& outcome, const std::string& failure = "",
                    int exit_code = 0);
  Status report_lines(const JobName& job, const std::vector<std::string>& lines);
  // Sends the last record again.
  Status resend(const JobName& job);

  // ---- what is seen ----
  domain::Job find(const JobName& job);
  domain::Phase phase(const JobName& job) { return find(job).phase; }
  // "Pending Starting ...", notices left out.
  std::string phases(const JobName& job);
  // Whether a line of the timeline contains the text.
  bool noticed(const JobName& job, const std::string& text);
  std::vector<std::string> lines(const JobName& job);
  hostlink::HostPlan plan(const JobName& job);
  bool has_folder(const JobName& job);

  ManualClock clock_;
  CountingIds ids_;
  std::string folder_;
  domain::FakeJobStore jobs_;
  domain::FakeKeyStore keys_;
  domain::FakeIdentityStore identities_;
  domain::FakeEndpointStore endpoints_;
  domain::FakeRecordStore records_;
  telemetry::FakeLogStore logs_{clock_};
  telemetry::FakeMetricStore metrics_;
  objects::MemoryStore objects_{clock_, ids_};
  compute::FakeCluster cluster_{clock_};
  FakeDataAccess access_;
  std::vector<hostlink::PlanCredentials> sent_credentials_;
  bool host_is_connected_ = true;
  int kept_more_ = 0;  // how often the receiver said so

  // Everything that a crash takes away.
  struct Server {
    Server(RuntimeFixture& fixture, const std::string& failpoint);
    Failpoints failpoints;
    FakeEnvironments environments;
    FakeViews views;
    FakeListeners listeners;
    compute::FakeBackend backend;
    CredentialIssuer credentials;
    PlanMaker plans;
    JobChanges changes;
    StateHook hook;
    GangEffects effects;
    GangWatch watch;
    Runner runner;
    JobLinkReceiver receiver;
    RuntimeReset reset;
  };
  std::unique_ptr<Server> server_;

 private:
  std::map<GangId, hostlink::Record> last_records_;
};

}  // namespace clary::runtime
