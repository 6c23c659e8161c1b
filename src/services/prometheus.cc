#include "services/prometheus.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>

#include "base/files.h"
#include "base/strings.h"
#include "base/time_text.h"

namespace clary::services {
namespace {

using domain::Phase;
using telemetry::PrometheusText;
using telemetry::PrometheusType;

constexpr std::array kPhases = {Phase::kPending,   Phase::kStarting,  Phase::kDownloading,
                                Phase::kTraining,  Phase::kUploading, Phase::kStopping,
                                Phase::kCompleted, Phase::kFailed,    Phase::kStopped};

void single(PrometheusText& text, std::string_view name, std::string_view help, PrometheusType type,
            double value) {
  text.family(name, help, type);
  text.sample(name, {}, value);
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto in_seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime);
}

// The second number of /proc/self/statm, in pages.
double resident_bytes() {
  const std::string statm = read_file("/proc/self/statm").value_or("");
  const auto fields = split(statm, ' ');
  const auto pages = fields.size() > 1 ? parse_int(fields[1]) : std::nullopt;
  return static_cast<double>(pages.value_or(0)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

std::string MetricsPage::render() {
  PrometheusText text;
  requests_.write(text);
  write_jobs(text);
  write_connections(text);
  write_process(text);
  return text.text();
}

void MetricsPage::write_jobs(PrometheusText& text) {
  const auto counts = jobs_.count_by_phase(domain::kShownKinds);
  if (!counts.ok()) return;
  text.family("clary_jobs", "Training, processing and transform jobs that stand in each phase.",
              PrometheusType::kGauge);
  for (const Phase phase : kPhases) {
    const auto found = counts->find(phase);
    text.sample("clary_jobs", {{"phase", domain::phase_name(phase)}},
                found == counts->end() ? 0 : static_cast<double>(found->second));
  }
}

void MetricsPage::write_connections(PrometheusText& text) const {
  const net::ServerCounters counters = counters_();
  single(text, "clary_connections_open", "Connections that are open now.", PrometheusType::kGauge,
         static_cast<double>(counters.connections_open));
  single(text, "clary_connections_total", "Connections accepted.", PrometheusType::kCounter,
         static_cast<double>(counters.connections_total));
  single(text, "clary_received_bytes_total", "Bytes read from clients.", PrometheusType::kCounter,
         static_cast<double>(counters.bytes_in));
  single(text, "clary_sent_bytes_total", "Bytes sent to clients.", PrometheusType::kCounter,
         static_cast<double>(counters.bytes_out));
}

void MetricsPage::write_process(PrometheusText& text) const {
  single(text, "process_start_time_seconds", "Start of the process, seconds since the epoch.",
         PrometheusType::kGauge, to_epoch_seconds(started_));
  single(text, "clary_uptime_seconds", "Time since the server started.", PrometheusType::kGauge,
         std::chrono::duration<double>(clock_.now() - started_).count());
  single(text, "process_cpu_seconds_total", "User and system CPU time.", PrometheusType::kCounter,
         cpu_seconds());
  single(text, "process_resident_memory_bytes", "Resident memory.", PrometheusType::kGauge,
         resident_bytes());
}

void add_metrics_route(LocalRoutes& routes, MetricsPage& page) {
  routes.add({"GET", "/metrics", LocalAccess::kOpen, [&page](const LocalRequest&) {
                net::Reply reply;
                reply.headers.set("Content-Type", std::string(PrometheusText::kContentType));
                reply.body = page.render();
                return reply;
              }});
}

}  // namespace clary::services
