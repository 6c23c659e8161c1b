#include "hostlink/spool.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "hostlink/record.h"

namespace clary::hostlink {
namespace {

TEST(Spool, CompactsAndResumesAtAnyRecord) {
  const std::string path = testing::TempDir() + "/spool." + std::to_string(::getpid());
  std::string first;
  {
    Spool spool = Spool::open(path).value();
    for (std::uint64_t n = 1; n <= 900; ++n) {
      const Record record{
          .number = n, .time = {}, .kind = RecordKind::kLog, .body = std::string(9'000, 'x')};
      ASSERT_TRUE(spool.append(record.to_line() + "\n", Durability::kNone).ok());
    }
    ASSERT_TRUE(spool.acknowledge(800).ok());
    EXPECT_LT(spool.unacknowledged_bytes(), 1U << 20);
    spool.rewind_to(850);
    first = spool.read(1 << 16).value();
  }
  struct stat found{};
  ASSERT_EQ(::stat(path.c_str(), &found), 0);
  EXPECT_LT(found.st_size, 1 << 20);
  Spool again = Spool::open(path).value();
  EXPECT_EQ(again.last_number(), 900U);
  again.rewind_to(850);
  const std::string lines = again.read(1 << 16).value();
  const std::uint64_t number = Record::from_line(lines.substr(0, lines.find('\n'))).value().number;
  EXPECT_LE(number, 851U);
  EXPECT_GT(number, 830U);
  EXPECT_GT(Record::from_line(first.substr(0, first.find('\n'))).value().number, 830U);
  ASSERT_TRUE(remove_tree(path).ok());
}

}  // namespace
}  // namespace clary::hostlink
