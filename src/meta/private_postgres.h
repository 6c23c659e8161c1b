// A PostgreSQL server of the tests' own: its files and its socket stand in a temporary folder.
#pragma once

#include <string>
#include <vector>

namespace clary::meta {

// Starts it, and ends it with its folder. What fails, fails the test.
class PrivatePostgres {
 public:
  PrivatePostgres();
  PrivatePostgres(const PrivatePostgres&) = delete;
  PrivatePostgres& operator=(const PrivatePostgres&) = delete;
  ~PrivatePostgres();

  void start();
  void stop();  // as in a crash
  std::string url(const std::string& database = "postgres") const;

 private:
  static void run(std::vector<std::string> command);
  std::string folder_;
};

}  // namespace clary::meta
