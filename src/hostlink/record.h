// Records: what a host tells the server, numbered, spooled until acknowledged. Format:
// docs/formats/hostlink.md.
//
// The server de-duplicates by (gang, host, number), so a record may be sent any number of times.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/document.h"
#include "base/result.h"

namespace clary::hostlink {

enum class RecordKind {
  kState,   // body {"phase": "downloading"|"training"|"uploading"|"stopping"|"ended", ...}; see
            // below
  kLog,     // body {"lines": ["..."]}: whole lines of the user's output, in order
  kUsage,   // body {"cpu_percent": 100 per core, "memory_percent", "disk_percent", "gpu_percent"?,
            // "gpu_memory_percent"?}
  kNotice,  // body {"message": "..."}: a line for the job's timeline
};
// kState's other members: "message" for people; and for "ended": "outcome":
// "completed"|"failed"|"stopped"|"max_runtime", "failure": "AlgorithmError: ...", "exit_code": n,
// "model_uri"?, "output_uri"?, "train_seconds": n.

struct Record {
  std::uint64_t number = 0;  // 1, 2, 3, ... within one host of one gang
  TimePoint time;            // on the host's clock
  RecordKind kind = RecordKind::kNotice;
  Document body;

  std::string to_line() const;  // one line of JSON, without the newline
  static Result<Record> from_line(std::string_view line);
  static Result<Record> from_document(const Document& document);
};

std::string_view record_kind_name(RecordKind kind);  // "state", "log", "usage", "notice"

}  // namespace clary::hostlink
