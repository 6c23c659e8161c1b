// The program's own log: one line per event on standard error, with a level, a time and `key=value`
// fields.
//
// Thread-safe. Constructed once by main and passed by reference; an error is logged or returned,
// never both.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace clary {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

class Logger {
 public:
  using Field = std::pair<std::string_view, std::string>;

  explicit Logger(LogLevel threshold = LogLevel::kInfo);
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;
  ~Logger();

  // Whether a line of this level is written: for fields that cost something to make.
  bool writes(LogLevel level) const;
  void write(LogLevel level, std::string_view message,
             std::initializer_list<Field> fields = {}) const;
  void debug(std::string_view message, std::initializer_list<Field> fields = {}) const {
    write(LogLevel::kDebug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<Field> fields = {}) const {
    write(LogLevel::kInfo, message, fields);
  }
  void warning(std::string_view message, std::initializer_list<Field> fields = {}) const {
    write(LogLevel::kWarning, message, fields);
  }
  void error(std::string_view message, std::initializer_list<Field> fields = {}) const {
    write(LogLevel::kError, message, fields);
  }

 private:
  struct Sink;
  std::unique_ptr<Sink> sink_;
};

// A logger that writes nothing, for tests.
Logger& silent_logger();

}  // namespace clary
