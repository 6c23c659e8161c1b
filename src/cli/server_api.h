// The running server's AWS operations, as documents in and out: AWS JSON 1.1, signed with the root
// key.
//
// One thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/document.h"
#include "base/result.h"
#include "cli/client_commands.h"
#include "cli/server_record.h"
#include "net/client.h"

namespace clary::cli {

class ServerApi {
 public:
  // Unavailable when no server runs on the data directory. tools outlives the object.
  static Result<ServerApi> open(const std::string& data_folder, const Tools& tools);

  // The operation's reply. NotFound when the server says that the named thing is not there,
  // InvalidArgument for its other refusals, Unavailable when it cannot be reached; messages are the
  // server's own sentences.
  Result<Document> sagemaker(std::string_view operation, const Document& request);
  Result<Document> logs(std::string_view operation, const Document& request);
  // fields: of the form, besides Action and Version. Lists of a reply as IAM names them.
  using Fields = std::vector<std::pair<std::string, std::string>>;
  Result<Document> iam(std::string_view operation, const Fields& fields);
  // Follows NextToken and collects the array `member` of every page; at most `limit` elements.
  Result<std::vector<Document>> sagemaker_pages(std::string_view operation, Document request,
                                                std::string_view member, std::size_t limit);

  // The job's events, notices included: {"events": [{"time", "status" (absent for a notice),
  // "message"}]}.
  Result<Document> timeline(std::string_view kind_word, const std::string& job);

  // What was measured of the job: series_text.h.
  Result<Document> series(std::string_view kind_word, const std::string& job);

  struct Invocation {
    std::string endpoint;
    std::string content_type;
    std::string accept;  // "": not said
    std::string body;
  };
  // InvokeEndpoint: what the model answers. InvalidArgument for a failure of the model's, too.
  Result<std::string> invoke(const Invocation& call);

  const ServerRecord& server() const { return server_; }

 private:
  ServerApi(ServerRecord server, KeyPair key, const Clock& clock,
            std::unique_ptr<net::Client> client)
      : server_(std::move(server)),
        key_(std::move(key)),
        clock_(&clock),
        client_(std::move(client)) {}
  // Signs and sends; the reply's body as a document.
  Result<Document> call(std::string_view service, net::ClientRequest request);
  Result<net::ClientReply> send(std::string_view service, net::ClientRequest request);

  ServerRecord server_;
  KeyPair key_;
  const Clock* clock_;
  std::unique_ptr<net::Client> client_;
};

// The error that a reply of 400 or more stands for. Pure.
Error error_of_reply(int status, std::string_view body);

}  // namespace clary::cli
