// Files that are part of the library: the pieces of the report page, taken in when it is assembled.
#pragma once
#include <string_view>

namespace dynode {

/// dynode/data/report/* and third_party/uplot/*.
struct ReportAssets {
  std::string_view page;   // HTML with places {{name}} and parts <!--if name--> … <!--end name-->
  std::string_view style;  // CSS
  // scripts, to be run in this order
  std::string_view base, curves, confusion, network, examples, weights, sweeps, rasters, state_space;
  std::string_view chart_style, chart_script, chart_licence;             // uPlot
};

const ReportAssets& report_assets();

}  // namespace dynode
