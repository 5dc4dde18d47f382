#include "dynode/cli/training.h"

#include <csignal>
#include <cstdio>
#include <fmt/format.h>

#include "dynode/base/version.h"
#include "dynode/cli/verb.h"
#include "dynode/kernels/isa.h"
#include "dynode/models/run_report.h"

namespace dynode::cli {
namespace {

std::atomic<bool> stop{false};

/// The first Ctrl-C asks the run to end; the second ends the process.
void ask_to_stop(int signal) {
  stop = true;
  std::signal(signal, SIG_DFL);
}

void print_yardsticks(const TrainResult& result) {
  for (const TrainResult::Yardstick& y : result.yardsticks) fmt::print("{}: {}\n", y.name, headline(y.result));
}

}  // namespace

void with_training_options(int threads, const std::function<void(const TrainOptions&)>& work) {
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  apply_isa_override();
  const auto         progress = show_progress(stdout);
  const TrainOptions options{.threads       = threads,
                             .run_directory = {},
                             .progress      = progress.get(),
                             .stop          = &stop,
                             .notes         = {fmt::format("dynode {}, instruction set {}", kVersion, isa_name())}};
  work(options);
  std::fflush(stdout);
}

void run_training(int threads, const std::function<TrainResult(const TrainOptions&)>& work) {
  TrainResult result;
  with_training_options(threads, [&](const TrainOptions& options) { result = work(options); });
  if (result.stopped)
    throw Failure(
        fmt::format("stopped before the end\n  dynode resume {} goes on from the last checkpoint", result.directory));
  fmt::print("\n");
  print_yardsticks(result);
  for (const TrainResult& repeat : result.repeats) print_yardsticks(repeat);
  fmt::print("{}\n", headline(result));
  for (const std::string& path : write_run_report(result.directory)) fmt::print("report: {}\n", path);
}

}  // namespace dynode::cli
