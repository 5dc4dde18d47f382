// dynode spiking run, repeat, analyze.
#pragma once
#include <string>
#include <vector>

namespace dynode::cli {

struct SpikingRunSettings {
  std::string path, output,
      report;  // path: a spec, or for analyze a folder or a file
  std::vector<std::string> set;
  size_t                   repeats = 10, seed = 0;
  bool                     seed_given = false;
  double                   least_ms   = 20;
  int                      threads    = 0;
};

void spiking_run(const SpikingRunSettings& s);
void spiking_repeat(const SpikingRunSettings& s);
void spiking_analyze(const SpikingRunSettings& s);

}  // namespace dynode::cli
