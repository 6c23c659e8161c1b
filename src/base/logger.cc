#include "base/logger.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace clary {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// A value with a space, a quote or a control character is quoted, so that a line stays one line.
void append_value(std::string& line, std::string_view value) {
  const bool plain =
      !value.empty() && value.find_first_of(" \"\n\r\t\\=") == std::string_view::npos;
  if (plain) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '\n')
      line += "\\n";
    else if (c == '\r')
      line += "\\r";
    else if (c == '"' || c == '\\')
      (line += '\\') += c;
    else
      line += c;
  }
  line += '"';
}

}  // namespace

struct Logger::Sink {
  spdlog::logger log{"clary", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
};

Logger::Logger(LogLevel threshold) : sink_(std::make_unique<Sink>()) {
  sink_->log.set_level(spdlog_level(threshold));
  sink_->log.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  sink_->log.flush_on(spdlog::level::debug);
}

Logger::~Logger() = default;

bool Logger::writes(LogLevel level) const { return sink_->log.should_log(spdlog_level(level)); }

void Logger::write(LogLevel level, std::string_view message,
                   std::initializer_list<Field> fields) const {
  if (!writes(level)) return;
  std::string line(message);
  for (const auto& [name, value] : fields) {
    ((line += ' ') += name) += '=';
    append_value(line, value);
  }
  sink_->log.log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

Logger& silent_logger() {
  struct Silent {
    Logger logger{LogLevel::kError};
  };
  static Silent silent;
  return silent.logger;
}

}  // namespace clary
