// One request on its way through a front: what the log and the metrics say of it, once. A value.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/id_source.h"
#include "net/http.h"
#include "serving/access_log.h"
#include "serving/model_call.h"
#include "serving/model_shelf.h"

namespace clary::serving {

// What all calls of a front share; all of it outlives them.
struct FrontParts {
  ModelShelf& models;
  AccessLog& log;
  const Clock& clock;
  IdSource& ids;
};

class FrontCall {
 public:
  FrontCall(const FrontParts& front, const net::RequestHead& head);

  // The caller's X-Request-Id, or one of the server's own.
  const std::string& id() const { return id_; }
  void count_in(std::uint64_t bytes) { bytes_in_ += bytes; }
  // It is one of a model: counted with that model's.
  void is_of(std::string model) {
    model_ = std::move(model);
    counts_ = true;
  }

  // A success of it is not told in the access log.
  void is_ping() { is_ping_ = true; }

  // The reply, with the request's id; the request is answered: noted now, or where the body comes
  // in pieces, when it has ended.
  net::Reply ended(net::Reply reply, const StageTimes& times = {}) const;

 private:
  class NotedSource;
  struct Sent {
    std::uint64_t bytes = 0;
    bool is_whole = true;
  };
  void note(int status, Sent sent, const StageTimes& times) const;

  const FrontParts* front_;
  Duration began_;
  std::string id_;
  std::string method_;
  std::string target_;
  std::string peer_;
  std::string model_;
  bool counts_ = false;
  bool is_ping_ = false;
  std::uint64_t bytes_in_ = 0;
};

}  // namespace clary::serving
