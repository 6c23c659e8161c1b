// Bytes of protocol version 1 as they were when it was published. A change here breaks hosts that
// are running: add a version.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <semaphore>

#include "base/files.h"
#include "base/json.h"
#include "hostlink/line_socket.h"
#include "hostlink/link.h"

namespace clary::hostlink {
namespace {

using std::chrono::seconds;

constexpr std::string_view kHello =
    R"({"type":"hello","version":1,"gang":"gang-1","host":"algo-1","token":"t0k3n"})";
constexpr std::string_view kRecords[] = {
    R"({"type":"record","number":1,"time_us":1700000000123456,"kind":"state","body":{"phase":"training"}})",
    R"({"type":"record","number":2,"time_us":1700000000223456,"kind":"log","body":{"lines":["epoch 1","caf\u00e9"]}})",
    R"({"type":"record","number":3,"time_us":1700000000323456,"kind":"usage","body":{"cpu_percent":98.5,"memory_percent":1.25,"disk_percent":3}})",
    R"({"type":"record","number":4,"time_us":1700000000423456,"kind":"notice","body":{"message":"no way out"}})",
};
constexpr std::string_view kPlan =
    R"({"version":1,"gang":"gang-1","job":"j","host":"algo-1","hosts":["algo-1"],
  "interpreter":{"python":"/usr/bin/python3","prefixes":["/usr"],"python_version":"3.11.2","packages":{"torch":"2.13.0"},"sys_path":["/usr/lib/python3.11"]},
  "hyperparameters":[["lr","0.1"],["epochs","\"3\""]],"environment":[["A","b"]],
  "channels":[{"name":"train","uri":"s3://b/p","view":"/v"}],"output_uri":"s3://b/o","memory_bytes":1024,"run_as_uid":65534,
  "credentials":{"access_key":"a","secret_key":"s","session_token":"t","expires_epoch_seconds":7},"not_known_here":1})";

struct Taken final : LinkReceiver {
  Status admit(const LinkPeer& peer, std::string_view token) override {
    if (peer.gang.value() != "gang-1" || peer.host != "algo-1" || token != "t0k3n")
      return denied("unknown");
    return {};
  }
  Result<std::uint64_t> last_taken(const LinkPeer&) override { return 0; }
  Status take(const LinkPeer&, const std::vector<Record>& taken) override {
    for (const Record& record : taken) records.push_back(record);
    return {};
  }
  Status take_listener(const LinkPeer&, Fd) override { return {}; }
  void gone(const LinkPeer&) override { ended.release(); }
  std::vector<Record> records;
  std::binary_semaphore ended{0};
};

std::string next_line(LineSocket& socket) {
  for (int i = 0; i < 1000; ++i) {
    if (auto line = socket.next_line()) return *line;
    wait_readable(socket.fd(), -1, seconds(10));
    if (!socket.receive().ok() && !socket.has_line()) return "";
  }
  return "";
}

std::string path_of(const char* name) {
  return testing::TempDir() + "/" + name + std::to_string(::getpid()) + ".sock";
}

TEST(ProtocolVersion1, TheServerTakesAHostsBytes) {
  Taken taken;
  auto server = LinkServer::listen(path_of("sample-server"), taken, silent_logger()).value();
  {
    LineSocket host(connect_to(path_of("sample-server")).value());
    ASSERT_TRUE(host.send(std::string(kHello) + "\n", seconds(5)).ok());
    EXPECT_EQ(next_line(host), R"({"type":"welcome","number":0})");
    std::string all = "{\"type\":\"of a later version\"}\n";
    for (const std::string_view line : kRecords) all += std::string(line) + "\n";
    ASSERT_TRUE(host.send(all, seconds(5)).ok());
    EXPECT_EQ(next_line(host), R"({"type":"ack","number":4})");
    ASSERT_TRUE(server->send_stop({GangId("gang-1"), "algo-1"}, seconds(120)).ok());
    EXPECT_EQ(next_line(host), R"({"type":"stop","grace_ms":120000})");
    ASSERT_TRUE(server->send_credentials({GangId("gang-1"), "algo-1"}, {"a", "s", "t", 7}).ok());
    EXPECT_EQ(
        parse_json(next_line(host)).value(),
        parse_json(
            R"({"access_key":"a","secret_key":"s","session_token":"t","expires_epoch_seconds":7,)"
            R"("type":"credentials"})")
            .value());
  }
  ASSERT_TRUE(taken.ended.try_acquire_for(seconds(10)));
  ASSERT_EQ(taken.records.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(parse_json(taken.records[i].to_line()).value(), parse_json(kRecords[i]).value());
  }
}

TEST(ProtocolVersion1, AHostSaysTheseBytes) {
  const std::string path = path_of("sample-host");
  const std::string spool = path + ".spool";
  const Fd listening = listen_at(path).value();
  ManualClock clock(TimePoint(std::chrono::microseconds(1'700'000'000'123'456)));
  auto host = HostLink::open({.socket_path = path,
                              .gang = GangId("gang-1"),
                              .host = "algo-1",
                              .token = "t0k3n",
                              .spool_path = spool},
                             {}, clock)
                  .value();
  ASSERT_TRUE(host->put(RecordKind::kState, Document::object({{"phase", "training"}})).ok());
  ASSERT_TRUE(wait_readable(listening.get(), -1, seconds(10)));
  LineSocket server(Fd(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)));
  EXPECT_EQ(next_line(server), kHello);
  ASSERT_TRUE(server.send("{\"type\":\"welcome\",\"number\":0}\n", seconds(5)).ok());
  EXPECT_EQ(next_line(server), kRecords[0]);
  host.reset();
  EXPECT_EQ(read_file(spool).value(), "{\"type\":\"spool\",\"version\":1,\"acknowledged\":0}\n" +
                                          std::string(kRecords[0]) + "\n");
  ASSERT_TRUE(remove_tree(spool).ok());
}

TEST(HostPlan, ReadsVersion1) {
  const HostPlan plan = HostPlan::from_document(parse_json(kPlan).value()).value();
  EXPECT_EQ(plan.gang.value(), "gang-1");
  EXPECT_EQ(plan.interpreter.packages.at("torch"), "2.13.0");
  EXPECT_EQ(plan.interpreter.sys_path, std::vector<std::string>{"/usr/lib/python3.11"});
  EXPECT_EQ(plan.hyperparameters[1].second, "\"3\"");
  EXPECT_EQ(plan.channels[0].input_mode, "File");
  EXPECT_EQ(plan.channels[0].view, "/v");
  EXPECT_EQ(plan.stop_grace_seconds, 120);
  EXPECT_EQ(plan.kind, "training");
  EXPECT_EQ(plan.model.form, "none");
  EXPECT_EQ(plan.run_as_uid, 65534U);
  EXPECT_EQ(plan.credentials.expires_epoch_seconds, 7);
}

TEST(HostPlan, ReadsWhatItWrites) {
  HostPlan plan = HostPlan::from_document(parse_json(kPlan).value()).value();
  plan.gpu_devices = {"/dev/nvidia0"};
  plan.network_isolation = true;
  plan.credentials_as_variables = true;
  plan.cores = 4;
  plan.kind = "processing";
  plan.request = "{}";
  plan.container_command = {"python3", "-u", ""};
  plan.channels[0].path = "/opt/ml/processing/input";
  plan.outputs = {{.name = "o", .uri = "s3://b/o", .path = "/opt/ml/o", .continuous = true}};
  plan.channels[0].content_type = "text/csv";
  plan.model = {.form = "objects", .uri = "s3://b/m", .many = true};
  plan.serving_socket = "/d/serve.sock";
  plan.accelerator_type = "ml.eia2.medium";
  plan.engine_folder = "/d/engines/e";
  const Document written = plan.to_document();
  const HostPlan again = HostPlan::from_document(parse_json(to_json(written)).value()).value();
  EXPECT_EQ(again.to_document(), written);
  EXPECT_EQ(again.channels[0].content_type, "text/csv");
  EXPECT_TRUE(again.network_isolation);
  EXPECT_EQ(again.model.form, "objects");
  EXPECT_TRUE(again.model.many);
  EXPECT_EQ(again.serving_socket, "/d/serve.sock");
  EXPECT_EQ(again.accelerator_type, "ml.eia2.medium");
  EXPECT_EQ(again.engine_folder, "/d/engines/e");
}

TEST(HostPlan, ReadsWhatATransformDoes) {
  HostPlan plan = HostPlan::from_document(parse_json(kPlan).value()).value();
  EXPECT_EQ(plan.to_document().find("transform"), nullptr) << "no other job has one";
  plan.kind = "transform";
  plan.transform = {.input_uri = "s3://b/in",
                    .data_type = "ManifestFile",
                    .content_type = "text/csv",
                    .compression = "Gzip",
                    .split = "Line",
                    .accept = "a/b",
                    .assemble = "Line",
                    .strategy = "SingleRecord",
                    .max_concurrent = 2,
                    .max_payload_mb = 0,
                    .timeout_seconds = 7,
                    .max_retries = 0,
                    .input_filter = "$[1:]",
                    .output_filter = "$[0]",
                    .join_input = true,
                    .instances = 3};
  const Document written = plan.to_document();
  const HostPlan again = HostPlan::from_document(parse_json(to_json(written)).value()).value();
  EXPECT_EQ(again.to_document(), written);
  EXPECT_EQ(again.transform.max_payload_mb, 0);
  EXPECT_EQ(again.transform.max_retries, 0);
  EXPECT_TRUE(again.transform.join_input);
  EXPECT_EQ(again.transform.instances, 3);
  plan.transform = {};
  const HostPlan plain = HostPlan::from_document(plan.to_document()).value();
  EXPECT_EQ(plain.transform.max_payload_mb, std::nullopt);
  EXPECT_EQ(plain.transform.max_concurrent, std::nullopt);
  EXPECT_EQ(plain.transform.timeout_seconds, 600);
  EXPECT_EQ(plain.transform.instances, 1);
}

TEST(HostPlan, RefusesWhatItCannotRead) {
  EXPECT_FALSE(HostPlan::from_document(Document("x")).ok());
  EXPECT_EQ(HostPlan::from_document(Document::object({{"version", 2}, {"gang", "g"}})).error().code,
            ErrorCode::kUnsupported);
  EXPECT_FALSE(HostPlan::from_document(Document::object({{"version", 1}})).ok());
}

}  // namespace
}  // namespace clary::hostlink
