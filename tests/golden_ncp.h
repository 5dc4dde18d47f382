// Recorded neural circuit policies (ncps): wirings; their networks and data sets are left out for now.
#pragma once
#include "dynode/base/text.h"
#include "golden_ncp_wirings.h"

namespace dynode::golden {

inline constexpr const char* kNoNcpRunner = "no runner yet";

/// Folders of LTC, CfC and CfCCell.
inline void run_ncp_case(const fs::path&, Comparison&, Precision) { throw Skip{kNoNcpRunner}; }

/// What must fail: wirings do; the rest is about networks.
inline void run_ncp_errors(const fs::path& file, Count& count) {
  run_case("ncp/errors.yaml", count, [&](Comparison& compare, Precision) {
    const std::vector<std::string> others = run_wiring_errors(load_value(file.string()), compare);
    if (!others.empty() && compare.failures().empty())
      throw Skip{fmt::format("{} for {}; wirings fail as they must", kNoNcpRunner, join(others))};
  }, {Precision::float64});
}

inline Collections ncp_collections() {
  return {{"wirings", run_wirings},
          {"errors.yaml", run_ncp_errors},
          {"xor_stats.yaml", [](const fs::path&, Count& count) {   // and the samples beside it
             run_case("ncp/xor_*", count, [](Comparison&, Precision) { throw Skip{kNoNcpRunner}; });
           }}};
}

}  // namespace dynode::golden
