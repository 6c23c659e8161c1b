#include "runtime/state_hook.h"

#include <gtest/gtest.h>

#include <future>

#include "base/json.h"
#include "base/temporary_folder.h"
#include "net/certificates.h"
#include "net/fake_server.h"
#include "net/server.h"
#include "net/sockets.h"
#include "net/tls.h"

namespace clary::runtime {
namespace {

domain::Job failed_job() {
  domain::Job job;
  job.name = JobName("j");
  job.phase = domain::Phase::kFailed;
  job.failure_reason = "AlgorithmError: \"x\"";
  return job;
}

Status tell(const StateHook& hook, const std::string& text) {
  bool command_told = false;
  return hook.tell(text, command_told);
}

TEST(StateHook, SaysWhatHasChanged) {
  const Document text =
      parse_json(StateHook::text_of(failed_job(), {.phase = domain::Phase::kFailed,
                                                   .message = "Training job failed"}))
          .value();
  EXPECT_EQ(text.string_or("job", ""), "j");
  EXPECT_EQ(text.string_or("phase", ""), "Failed");
  EXPECT_EQ(text.string_or("failure_reason", ""), "AlgorithmError: \"x\"");
  const Document running =
      parse_json(StateHook::text_of(failed_job(), {.phase = domain::Phase::kTraining})).value();
  EXPECT_EQ(running.string_or("status", ""), "InProgress");
  EXPECT_EQ(running.find("failure_reason"), nullptr);
}

TEST(StateHook, ACommandThatFailsIsToldAgain) {
  const StateHook told({.command = {"/bin/sh", "-c", "test \"$CLARY_EVENT\" = word"}});
  EXPECT_TRUE(tell(told, "word").ok());
  const Status refused = tell(told, "other");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "hook '/bin/sh': exit code 1: ");
  EXPECT_FALSE(tell(StateHook({.command = {"/no/such/program"}}), "x").ok());
  EXPECT_FALSE(tell(StateHook({.url = "http://127.0.0.1:1/x"}), "x").ok());
}

TEST(StateHook, AnAddressMayBeHttps) {
  const TemporaryFolder folder;
  const SystemClock clock;
  const auto authority = net::ensure_local_authority(folder.path(), {}, clock).value();
  std::promise<std::string> got;  // on a thread of the server
  net::FakeHandler handler([&](const net::RequestHead& head) -> net::StartOutcome {
    const std::string target = head.target;
    return std::unique_ptr<net::RequestSink>(
        std::make_unique<net::FakeSink>([&got, target](const std::string& body) {
          got.set_value(target + " " + body);
          return net::text_reply("thanks");
        }));
  });
  net::Server server(handler, silent_logger());
  Fd listening = net::listen_on("127.0.0.1:0").value();
  const std::string url = "https://" + net::bound_address(listening).value() + "/hook?a=1";
  auto tls = net::TlsServer::create(authority.server, {}).value();
  ASSERT_TRUE(server.adopt(std::move(listening), "main", tls).ok());
  const Status told = tell(StateHook({.url = url, .ca_file = authority.ca_file}), "{}");
  ASSERT_TRUE(told.ok()) << told.error().message;
  EXPECT_EQ(got.get_future().get(), "/hook?a=1 {}");
  const Status untrusted = tell(StateHook({.url = url}), "{}");
  ASSERT_FALSE(untrusted.ok());
  EXPECT_TRUE(untrusted.error().message.starts_with("hook '" + url + "': "))
      << untrusted.error().message;
}

}  // namespace
}  // namespace clary::runtime
