#include "telemetry/sqlite_log_store.h"

#include <algorithm>

#include "base/time_text.h"
#include "telemetry/log_block.h"
#include "telemetry/log_groups.h"
#include "telemetry/log_page.h"

namespace clary::telemetry {
namespace {

struct StreamRow {
  std::int64_t id = 0;
  std::int64_t next_index = 0;
  std::optional<std::int64_t> first_ms;
  std::optional<std::int64_t> last_ms;
  std::optional<std::int64_t> ingestion_ms;

  // After every event.
  LogPosition end() const { return {last_ms.value_or(0), next_index}; }
};

// Of a batch: when it happened, and when it was told.
struct BatchTimes {
  std::int64_t event_ms = 0;
  std::int64_t ingestion_ms = 0;
};

Error no_stream() { return not_found("The specified log stream does not exist."); }

Result<bool> group_exists(sqlite::Database& database, const LogGroup& group) {
  CLARY_TRY(sqlite::Statement find, database.prepare("SELECT 1 FROM log_group WHERE name = ?1"));
  find.bind(group.value());
  return find.step();
}

Result<StreamRow> find_stream(sqlite::Database& database, const LogGroup& group,
                              const LogStream& stream) {
  CLARY_TRY(
      sqlite::Statement find,
      database.prepare("SELECT id, next_index, last_ms, first_ms, ingestion_ms FROM log_stream "
                       "WHERE log_group = ?1 AND name = ?2"));
  find.bind(group.value()).bind(stream.value());
  CLARY_TRY(const bool there, find.step());
  if (!there) {
    CLARY_TRY(const bool has_group, group_exists(database, group));
    return has_group ? no_stream() : no_group();
  }
  StreamRow row{.id = find.integer(0), .next_index = find.integer(1)};
  if (!find.is_null(2)) row.last_ms = find.integer(2);
  if (!find.is_null(3)) row.first_ms = find.integer(3);
  if (!find.is_null(4)) row.ingestion_ms = find.integer(4);
  return row;
}

// Adds to the stream, and to `row` what that makes of it.
Status append_blocks(sqlite::Database& database, StreamRow& row, BatchTimes times,
                     const std::vector<LogBlock>& blocks) {
  CLARY_TRY(sqlite::Statement insert,
            database.prepare("INSERT INTO log_block (stream, first_index, time_ms, count, codec, "
                             "plain_bytes, bytes, ingestion_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
                             "?7, ?8)"));
  for (const LogBlock& block : blocks) {
    insert.bind(row.id).bind(row.next_index).bind(times.event_ms);
    insert.bind(static_cast<std::int64_t>(block.count))
        .bind(static_cast<std::int64_t>(block.codec));
    insert.bind(static_cast<std::int64_t>(block.plain_bytes)).bind_blob(block.bytes);
    insert.bind(times.ingestion_ms);
    CLARY_RETURN_IF_ERROR(insert.run());
    insert.reset();
    row.next_index += static_cast<std::int64_t>(block.count);
  }
  if (blocks.empty()) return {};
  row.last_ms = std::max(times.event_ms, row.last_ms.value_or(times.event_ms));
  row.first_ms = std::min(times.event_ms, row.first_ms.value_or(times.event_ms));
  row.ingestion_ms = times.ingestion_ms;
  return {};
}

Status keep_stream(sqlite::Database& database, const StreamRow& row) {
  CLARY_TRY(sqlite::Statement update,
            database.prepare("UPDATE log_stream SET next_index = ?2, last_ms = ?3, first_ms = ?4, "
                             "ingestion_ms = ?5 WHERE id = ?1"));
  update.bind(row.id).bind(row.next_index).bind(row.last_ms).bind(row.first_ms);
  update.bind(row.ingestion_ms);
  return update.run();
}

// One block as a statement of kForward or kBackward gives it.
struct BlockRow {
  std::int64_t first_index = 0;
  std::int64_t time_ms = 0;
  std::int64_t ingestion_ms = 0;
  std::vector<std::string> events;
};

Result<BlockRow> read_row(sqlite::Statement& row) {
  const LogBlock block{.codec = static_cast<BlockCodec>(row.integer(3)),
                       .count = static_cast<std::size_t>(row.integer(2)),
                       .plain_bytes = static_cast<std::size_t>(row.integer(4)),
                       .bytes = row.text(5)};
  CLARY_TRY(std::vector<std::string> events, read_block(block));
  const std::int64_t ingestion_ms = row.is_null(6) ? row.integer(1) : row.integer(6);
  return BlockRow{row.integer(0), row.integer(1), ingestion_ms, std::move(events)};
}

// Blocks that hold events of [(?2, ?3), (?4, ?5)), and at most one before them.
#define CLARY_BLOCKS                                                                            \
  "SELECT first_index, time_ms, count, codec, plain_bytes, bytes, ingestion_ms FROM log_block " \
  "WHERE stream = ?1 AND (time_ms, first_index) >= (?2, coalesce((SELECT max(first_index) "     \
  "FROM log_block WHERE stream = ?1 AND time_ms = ?2 AND first_index <= ?3), 0)) "              \
  "AND (time_ms, first_index) < (?4, ?5) "
constexpr std::string_view kForward = CLARY_BLOCKS "ORDER BY time_ms, first_index";
constexpr std::string_view kBackward = CLARY_BLOCKS "ORDER BY time_ms DESC, first_index DESC";
#undef CLARY_BLOCKS

// The time of an event that came.
Result<std::int64_t> time_of_event(sqlite::Database& database, const StreamRow& stream,
                                   std::int64_t index) {
  CLARY_TRY(sqlite::Statement find,
            database.prepare("SELECT time_ms FROM log_block WHERE stream = ?1 AND first_index <= "
                             "?2 ORDER BY first_index DESC LIMIT 1"));
  find.bind(stream.id).bind(index);
  CLARY_TRY(const bool there, find.step());
  if (!there) return internal_error("no block holds event " + std::to_string(index));
  return find.integer(0);
}

// Fills a page from one side of its window.
class PageFiller {
 public:
  explicit PageFiller(const PageWindow& window) : window_(window) {}

  // Takes what fits of a block; false when the page is full.
  bool take(BlockRow& block) {
    const bool forward = window_.direction == PageDirection::kForward;
    const std::int64_t time_ms = block.time_ms;
    std::int64_t begin = block.first_index;
    std::int64_t end = begin + std::ssize(block.events);
    if (time_ms == window_.begin.time_ms) begin = std::max(begin, window_.begin.index);
    if (time_ms == window_.end.time_ms) end = std::min(end, window_.end.index);
    for (std::int64_t step = 0; step < end - begin; ++step) {
      const std::int64_t index = forward ? begin + step : end - 1 - step;
      std::string& message = block.events[static_cast<std::size_t>(index - block.first_index)];
      if (!fits(message)) return false;
      bytes_ += message.size();
      events_.push_back({time_ms, block.ingestion_ms, std::move(message)});
      const LogPosition at{time_ms, index};
      if (!served_) served_ = {at, at};
      (forward ? served_->last : served_->first) = at;
    }
    return events_.size() < window_.limit;
  }

  EventsPage finish() {
    if (window_.direction == PageDirection::kBackward) std::ranges::reverse(events_);
    EventsPage page{.events = std::move(events_)};
    set_tokens(page, window_, served_);
    return page;
  }

 private:
  bool fits(const std::string& message) const {
    if (events_.size() >= window_.limit) return false;
    return events_.empty() || bytes_ + message.size() <= kPageBytes;
  }

  const PageWindow& window_;
  std::vector<LogEvent> events_;  // in the order they were taken
  std::size_t bytes_ = 0;
  std::optional<ServedEvents> served_;
};

}  // namespace

Status SqliteLogStore::create_stream(const LogGroup& group, const LogStream& stream) {
  const std::int64_t now_ms = to_epoch_milliseconds(clock_.now());
  MutexLock lock(database_.write_mutex());
  CLARY_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database_.writer()));
  CLARY_TRY(sqlite::Statement make_group,
            database_.writer().prepare("INSERT INTO log_group (name, created_ms) VALUES (?1, ?2) "
                                       "ON CONFLICT DO NOTHING"));
  make_group.bind(group.value()).bind(now_ms);
  CLARY_RETURN_IF_ERROR(make_group.run());
  CLARY_TRY(sqlite::Statement insert,
            database_.writer().prepare("INSERT INTO log_stream (log_group, name, created_ms) "
                                       "VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"));
  insert.bind(group.value()).bind(stream.value()).bind(now_ms);
  CLARY_RETURN_IF_ERROR(insert.run());
  return transaction.commit();
}

Status SqliteLogStore::append(const LogGroup& group, const LogStream& stream,
                              const std::vector<std::string>& lines,
                              const std::optional<RecordSource>& source) {
  const std::vector<LogBlock> blocks = make_blocks(to_events(lines));
  MutexLock lock(database_.write_mutex());
  sqlite::Database& database = database_.writer();
  CLARY_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database));
  CLARY_TRY(StreamRow row, find_stream(database, group, stream));
  CLARY_TRY(const bool is_new, database_.take_number("log", source));
  if (!is_new || blocks.empty()) return transaction.commit();
  const std::int64_t now_ms = to_epoch_milliseconds(clock_.now());
  // A clock that was set back must not take a line before one already served.
  const std::int64_t time_ms = std::max(now_ms, row.last_ms.value_or(0));
  CLARY_RETURN_IF_ERROR(append_blocks(database, row, {time_ms, now_ms}, blocks));
  CLARY_RETURN_IF_ERROR(keep_stream(database, row));
  return transaction.commit();
}

Status SqliteLogStore::append_timed(const LogGroup& group, const LogStream& stream,
                                    const std::vector<TimedLine>& lines) {
  const std::int64_t now_ms = to_epoch_milliseconds(clock_.now());
  MutexLock lock(database_.write_mutex());
  sqlite::Database& database = database_.writer();
  CLARY_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database));
  CLARY_TRY(StreamRow row, find_stream(database, group, stream));
  // The lines of one time are blocks together.
  for (auto first = lines.begin(); first != lines.end();) {
    const std::int64_t time_ms = first->timestamp_ms;
    std::vector<std::string> messages;
    for (; first != lines.end() && first->timestamp_ms == time_ms; ++first)
      messages.push_back(first->message);
    CLARY_RETURN_IF_ERROR(
        append_blocks(database, row, {time_ms, now_ms}, make_blocks(to_events(messages))));
  }
  if (!lines.empty()) CLARY_RETURN_IF_ERROR(keep_stream(database, row));
  return transaction.commit();
}

Result<std::vector<StreamSummary>> SqliteLogStore::streams(const LogGroup& group,
                                                           std::string_view prefix,
                                                           std::string_view after,
                                                           std::size_t limit) {
  CLARY_TRY(auto reader, database_.reader());
  CLARY_TRY(const bool has_group, group_exists(*reader, group));
  if (!has_group) return no_group();
  // Names that begin with the prefix lie in one range of the index; the first that does not ends
  // it.
  CLARY_TRY(
      sqlite::Statement find,
      reader->prepare("SELECT name, created_ms, first_ms, last_ms, ingestion_ms FROM log_stream "
                      "WHERE log_group = ?1 AND name >= ?2 AND name > ?3 ORDER BY name"));
  find.bind(group.value()).bind(prefix).bind(after);
  std::vector<StreamSummary> found;
  while (found.size() < limit) {
    CLARY_TRY(const bool there, find.step());
    if (!there || !find.view(0).starts_with(prefix)) break;
    StreamSummary summary{.name = LogStream(find.text(0)), .created_ms = find.integer(1)};
    if (!find.is_null(2)) summary.first_event_ms = find.integer(2);
    if (!find.is_null(3)) summary.last_event_ms = find.integer(3);
    if (!find.is_null(4)) summary.last_ingestion_ms = find.integer(4);
    found.push_back(std::move(summary));
  }
  return found;
}

Result<EventsPage> SqliteLogStore::events(const EventsRequest& request) {
  CLARY_TRY(auto reader, database_.reader());
  CLARY_TRY(const StreamRow stream, find_stream(*reader, request.group, request.stream));
  CLARY_TRY(const PageWindow window,
            page_window(request, stream.end(), [&reader, &stream](std::int64_t index) {
              return time_of_event(*reader, stream, index);
            }));
  PageFiller filler(window);
  const bool forward = window.direction == PageDirection::kForward;
  CLARY_TRY(sqlite::Statement find, reader->prepare(forward ? kForward : kBackward));
  find.bind(stream.id).bind(window.begin.time_ms).bind(window.begin.index);
  find.bind(window.end.time_ms).bind(window.end.index);
  while (window.begin < window.end) {
    CLARY_TRY(const bool there, find.step());
    if (!there) break;
    CLARY_TRY(BlockRow block, read_row(find));
    if (!filler.take(block)) break;
  }
  return filler.finish();
}

Status SqliteLogStore::clear() {
  MutexLock lock(database_.write_mutex());
  CLARY_TRY(auto transaction, sqlite::Transaction::begin(database_.writer()));
  CLARY_RETURN_IF_ERROR(database_.writer().execute(
      "DELETE FROM log_block; DELETE FROM log_stream; DELETE FROM log_group_tag; "
      "DELETE FROM log_group; "
      "DELETE FROM record_source WHERE kind = 'log'"));
  return transaction.commit();
}

}  // namespace clary::telemetry
