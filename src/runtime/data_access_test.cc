// What a job's role may not read is not shown to it.
#include "runtime/fake_runtime.h"

namespace clary::runtime {
namespace {

using domain::Phase;

class DataAccessTest : public RuntimeFixture {
 protected:
  // The reason why the job failed; nothing of its channels is held any more.
  std::string failure(const JobName& job) {
    EXPECT_EQ(phase(job), Phase::kFailed);
    EXPECT_EQ(cluster_.starts(), 0);
    EXPECT_EQ(server_->views.held(find(job).gang), 0);
    return find(job).failure_reason;
  }
};

TEST_F(DataAccessTest, ARefusedPrefixFailsTheJobWithTheReason) {
  access_.refusal = "may not s3:ListBucket";
  const JobName job = submit();
  run();
  EXPECT_EQ(failure(job),
            "ClientError: Data download failed: "
            "arn:aws:sts::000000000000:assumed-role/R/SageMaker may not s3:ListBucket");
}

TEST_F(DataAccessTest, OneRefusedKeyFailsTheJob) {
  put_object("data", "train/secret.csv");
  access_.secret = ObjectKey("train/secret.csv");
  const JobName job = submit();
  run();
  EXPECT_EQ(failure(job),
            "ClientError: Data download failed: Unable to download object train/secret.csv");
}

TEST_F(DataAccessTest, ARefusedKeyElsewhereIsNobodysConcern) {
  put_object("data", "test/secret.csv");
  access_.secret = ObjectKey("test/secret.csv");
  const JobName job = submit();
  run();
  EXPECT_EQ(phase(job), Phase::kStarting);
  EXPECT_EQ(plan(job).channels[0].view, "/views/data/train");
}

}  // namespace
}  // namespace clary::runtime
