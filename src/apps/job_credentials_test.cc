#include "apps/job_credentials.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/files.h"
#include "domain/fake_job_store.h"
#include "domain/fake_key_store.h"

namespace clary::apps {
namespace {

class JobCredentialsTest : public ::testing::Test {
 protected:
  JobCredentialsTest() {
    job_.name = JobName("j");
    job_.gang = GangId("gang-1");
    job_.spec.role = "arn:aws:iam::000000000000:role/service-role/Trainer";
    EXPECT_TRUE(jobs_.create({.job = job_}, {}).ok());
    hostlink::HostPlan plan;
    plan.gang = job_.gang;
    plan.credentials_token = "the gang's token";
    EXPECT_TRUE(folders_.write_plan(plan).ok());
  }
  ~JobCredentialsTest() override { (void)remove_tree(folder_); }

  std::string folder_ = ::testing::TempDir() + "clary_credentials_" + std::to_string(::getpid());
  domain::Job job_;
  domain::FakeJobStore jobs_;
  domain::FakeKeyStore keys_;
  ManualClock clock_;
  CountingIds ids_;
  runtime::GangFolders folders_{folder_};
  runtime::CredentialIssuer issuer_{keys_, clock_, ids_, AccountId("000000000000")};
  RunningJobCredentials credentials_{{.jobs = jobs_, .folders = folders_, .issuer = issuer_}};
};

TEST_F(JobCredentialsTest, NameTheJobsRole) {
  const auto key = credentials_.current(job_.gang, "the gang's token");
  ASSERT_TRUE(key.ok()) << key.error().message;
  EXPECT_EQ(key->principal, job_.spec.role) << "RoleArn of the credentials address";
  EXPECT_EQ(keys_.find(key->id)->principal,
            "arn:aws:sts::000000000000:assumed-role/Trainer/SageMaker");
  EXPECT_EQ(credentials_.current(job_.gang, "the gang's token")->id, key->id) << "until renewed";
}

TEST_F(JobCredentialsTest, AreForTheGangThatShowsItsTokenWhileItsJobRuns) {
  EXPECT_EQ(credentials_.current(job_.gang, "a guess").error().code, ErrorCode::kDenied);
  EXPECT_EQ(credentials_.current(job_.gang, "").error().code, ErrorCode::kDenied);
  EXPECT_EQ(credentials_.current(GangId("other"), "the gang's token").error().code,
            ErrorCode::kNotFound);
  ASSERT_TRUE(credentials_.current(job_.gang, "the gang's token").ok());
  domain::JobChange ends{.job = jobs_.find_by_gang(job_.gang).value()};
  ends.job.phase = domain::Phase::kCompleted;
  ASSERT_TRUE(jobs_.commit(ends).ok());
  EXPECT_EQ(credentials_.current(job_.gang, "the gang's token").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace clary::apps
