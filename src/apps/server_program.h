// ServerProgram: everything `clary serve` is made of, constructed in order and taken down in
// reverse. The only place that names concrete stores, back-ends and services.
#pragma once

#include <memory>
#include <string>

#include "apps/settings.h"
#include "base/result.h"

namespace clary::apps {

class ServerProgram {
 public:
  // Opens the data directory, recovers what was running, listens. The error is a sentence for the
  // person who started it.
  static Result<std::unique_ptr<ServerProgram>> start(const Settings& settings);
  ~ServerProgram();
  ServerProgram(const ServerProgram&) = delete;
  ServerProgram& operator=(const ServerProgram&) = delete;

  const std::string& address() const;  // as bound: "127.0.0.1:4580"
  // Reads the certificate's files again, for connections to come, and logs what came of it.
  // Precondition: the settings use TLS.
  void reload_certificate();
  // Ends serving in order; jobs go on.
  void stop();

 private:
  struct Parts;
  explicit ServerProgram(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace clary::apps
