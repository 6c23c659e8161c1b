// What a transform job reads, how it asks its model, and how the answers are put together. A pure
// record. Where they go is JobSpec::output_uri.
#pragma once

#include <optional>
#include <string>

namespace clary::domain {

struct Transform {
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
  // JSONPath, as base/json_path.h reads it.
  std::string input_filter = "$";
  std::string output_filter = "$";
  bool join_input = false;  // the answer is put beside what it answers
  friend bool operator==(const Transform&, const Transform&) = default;
};

}  // namespace clary::domain
