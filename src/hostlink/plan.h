// HostPlan: everything a job's host needs to know, written once by the server, read once by `clary
// host`.
//
// Stored as JSON in <gang folder>/<host>/plan.json, mode 0600; format in docs/formats/hostlink.md.
// A host of the previous release must be able to read it: members are added, never changed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/document.h"
#include "base/names.h"
#include "base/result.h"

namespace clary::hostlink {

inline constexpr int kProtocolVersion = 1;

struct PlanChannel {
  std::string name;
  std::string uri;  // s3://bucket/prefix
  std::string data_type = "S3Prefix";
  std::string input_mode = "File";
  std::string distribution = "FullyReplicated";
  std::string record_wrapper = "None";
  std::string content_type;  // "" when not given
  std::string compression = "None";
  std::string path;  // where the job finds it; "": /opt/ml/input/data/<name>
  std::string
      view;  // folder on this machine that shows the channel's tree, never written; "": fetch by S3
  std::string mount;      // folder on this machine shown as it is; "": none, see `view`
  bool writable = false;  // of `mount`
};

// A folder of the job's that is uploaded to a prefix, file by file.
struct PlanOutput {
  std::string name;
  std::string uri;          // s3://bucket/prefix
  std::string path;         // inside the job
  bool continuous = false;  // as files change, not only at the end
};

// What a serving job serves.
struct PlanModel {
  // Of the data: "none", "archive" (one .tar.gz), "object" (as it is), "objects" (below a prefix,
  // as they are).
  std::string form = "none";
  std::string uri;    // s3://...; of many models: the prefix they lie below
  bool many = false;  // each is fetched when it is called for
};

// What a transform job does with its model; where the answers go is HostPlan::output_uri.
struct PlanTransform {
  std::string input_uri;               // s3://bucket/prefix, or a manifest's address
  std::string data_type = "S3Prefix";  // or "ManifestFile"
  std::string content_type;            // "": none is named
  std::string compression = "None";    // or "Gzip"
  std::string split = "None";          // or "Line", "RecordIO", "TFRecord"
  std::string accept;                  // "": none is named
  std::string assemble = "None";       // or "Line"
  // What is not set is the container's own choice, and then AWS's default.
  std::string strategy;               // "SingleRecord", "MultiRecord" or ""
  std::optional<int> max_concurrent;  // requests under way
  std::optional<int> max_payload_mb;  // of one request; 0: not limited
  int timeout_seconds = 600;          // of one request
  int max_retries = 3;                // of one request, after the first
  std::string input_filter = "$";     // JSONPath
  std::string output_filter = "$";
  bool join_input = false;  // the answer is put beside what it answers
  int instances = 1;        // asked for: this one host does the work of all

  Document to_document() const;
  static PlanTransform from_document(const Document& document);
};

struct PlanInterpreter {
  std::string python;                 // absolute path of the interpreter
  std::vector<std::string> prefixes;  // folders it needs, shown read-only at their own paths
  std::string python_version;         // "3.11.7"
  std::map<std::string, std::string> packages;  // name → version, as probed: {"torch": "2.13.0"}
  std::vector<std::string>
      sys_path;  // its sys.path, as probed with `python -I`; empty: the host asks the interpreter
};

struct PlanCredentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;
  std::int64_t expires_epoch_seconds = 0;

  Document to_document() const;
  static PlanCredentials from_document(const Document& document);  // absent members stay empty
};

// The first host of every gang, in AWS's name.
inline constexpr const char* kFirstHost = "algo-1";

struct HostPlan {
  int version = kProtocolVersion;
  GangId gang;
  std::string kind = "training";  // or "processing", "serving", "transform"
  JobName job;
  std::string job_arn;
  std::string request;  // JSON, as it was asked for; "" where the host has no use for it
  std::string host = kFirstHost;
  std::vector<std::string> hosts = {kFirstHost};
  std::string instance_type;
  std::string instance_group = "homogeneousCluster";
  std::string region;
  std::string account;

  std::string image;             // as asked for
  std::string framework_module;  // "sagemaker_pytorch_container.training:main", or ""
  PlanInterpreter interpreter;
  std::vector<std::pair<std::string, std::string>>
      hyperparameters;  // in the order given, texts as given
  std::vector<std::pair<std::string, std::string>> environment;  // the user's
  std::vector<PlanChannel> channels;
  // In the place of the image's own program; empty: the toolkit starts the user's script.
  std::vector<std::string> container_command;
  std::vector<PlanOutput> outputs;
  std::string checkpoint_uri;  // s3://bucket/prefix; "": no checkpoints are kept
  std::string checkpoint_path = "/opt/ml/checkpoints";
  bool output_compressed = true;  // else every file of the outputs is an object
  std::string
      output_uri;  // s3://bucket/prefix/<job>/output: model.tar.gz and output.tar.gz go here
  std::int64_t max_runtime_seconds = 86400;  // 0: it has no end
  std::int64_t stop_grace_seconds = 120;

  PlanModel model;             // of a serving job and of a transform job
  std::string serving_socket;  // on this machine, where its model server listens
  PlanTransform transform;     // of a transform job
  // Of a serving job: the kind of Elastic Inference that was asked for; "": none was. With it the
  // torch engine comes first, from the folder on this machine; "": none is built.
  std::string accelerator_type;
  std::string engine_folder;

  int priority = 0;  // while it waits for a place: higher comes first
  std::string sandbox = "bubblewrap";
  bool network_isolation = false;
  std::string network = "namespace";  // or "host"
  int cores = 0;                      // granted; 0: not limited
  std::uint64_t memory_bytes = 0;     // granted; 0: not limited
  std::int64_t max_processes = 0;     // and threads; 0: not limited
  std::uint64_t max_disk_bytes = 0;   // of the host's folder; 0: not limited
  std::int64_t max_log_lines = 0;     // 0: not limited
  std::vector<std::string> gpu_devices;
  std::optional<std::uint32_t>
      run_as_uid;  // when the server is root: who the user's processes are on the machine
  bool credentials_as_variables = false;

  std::string
      server_endpoint;  // "http://127.0.0.1:4580": the server's own address, inside and outside
  std::string ca_file;  // PEM of whom to trust there, when it is https
  std::string hostlink_socket;    // Unix socket of the server
  std::string hostlink_token;     // proves to the server which gang this is
  std::string credentials_token;  // AWS_CONTAINER_AUTHORIZATION_TOKEN of the job's processes; "":
                                  // no credentials address
  std::string cache_folder;       // requirement overlays and the like, shared between jobs
  std::string kept_folder;        // where what cannot be uploaded is kept; "": nowhere
  std::uint64_t kept_bytes = 0;   // this job keeps no more
  std::int64_t kept_seconds = 0;  // as its owner is told; the server removes
  PlanCredentials credentials;    // the first hour's

  Document to_document() const;
  static Result<HostPlan> from_document(const Document& document);
};

}  // namespace clary::hostlink
