// The bytes of dynode/data/report and third_party/uplot. The build says where both folders lie.
#include "dynode/models/assets.h"

// DYNODE_ASSET(name, path) makes the bytes of a file a std::string_view called name()
#define DYNODE_ASSET(name, path)                                                           \
  __asm__(                                                                                 \
      ".pushsection .rodata\n"                                                             \
      ".hidden dynode_asset_" #name                                                        \
      "\n"                                                                                 \
      ".hidden dynode_asset_" #name                                                        \
      "_end\n"                                                                             \
      ".global dynode_asset_" #name                                                        \
      "\n"                                                                                 \
      ".global dynode_asset_" #name                                                        \
      "_end\n"                                                                             \
      "dynode_asset_" #name                                                                \
      ":\n"                                                                                \
      ".incbin \"" path                                                                    \
      "\"\n"                                                                               \
      "dynode_asset_" #name                                                                \
      "_end:\n"                                                                            \
      ".byte 0\n"                                                                          \
      ".popsection\n");                                                                    \
  extern "C" {                                                                             \
  extern const char dynode_asset_##name[];                                                 \
  extern const char dynode_asset_##name##_end[];                                           \
  }                                                                                        \
  static std::string_view name() {                                                         \
    return {dynode_asset_##name, size_t(dynode_asset_##name##_end - dynode_asset_##name)}; \
  }

DYNODE_ASSET(page, DYNODE_DATA_DIR "/report/page.html")
DYNODE_ASSET(style, DYNODE_DATA_DIR "/report/style.css")
DYNODE_ASSET(base, DYNODE_DATA_DIR "/report/base.js")
DYNODE_ASSET(curves, DYNODE_DATA_DIR "/report/curves.js")
DYNODE_ASSET(confusion, DYNODE_DATA_DIR "/report/confusion.js")
DYNODE_ASSET(network, DYNODE_DATA_DIR "/report/network.js")
DYNODE_ASSET(examples, DYNODE_DATA_DIR "/report/examples.js")
DYNODE_ASSET(weights, DYNODE_DATA_DIR "/report/weights.js")
DYNODE_ASSET(sweeps, DYNODE_DATA_DIR "/report/sweeps.js")
DYNODE_ASSET(rasters, DYNODE_DATA_DIR "/report/rasters.js")
DYNODE_ASSET(state_space, DYNODE_DATA_DIR "/report/state_space.js")
DYNODE_ASSET(chart_style, DYNODE_THIRD_PARTY_DIR "/uplot/uPlot.min.css")
DYNODE_ASSET(chart_script, DYNODE_THIRD_PARTY_DIR "/uplot/uPlot.iife.min.js")
DYNODE_ASSET(chart_licence, DYNODE_THIRD_PARTY_DIR "/uplot/LICENSE")

namespace dynode {

const ReportAssets& report_assets() {
  static const ReportAssets assets{.page          = page(),
                                   .style         = style(),
                                   .base          = base(),
                                   .curves        = curves(),
                                   .confusion     = confusion(),
                                   .network       = network(),
                                   .examples      = examples(),
                                   .weights       = weights(),
                                   .sweeps        = sweeps(),
                                   .rasters       = rasters(),
                                   .state_space   = state_space(),
                                   .chart_style   = chart_style(),
                                   .chart_script  = chart_script(),
                                   .chart_licence = chart_licence()};
  return assets;
}

}  // namespace dynode
