// Fixed weights as programmable ones: every weight W becomes the flux J at which its circuit has the gain W.
//
//   gain(J) = s_out / s_in  of one edge at rest under a small input, measured by running it
//                       ╱‾‾╲
//          ────────────╱────╲──▶ J        the branch through 0 that rises (or falls) is inverted, W beyond it is clipped
//             ╲______ ╱
//
// Only at rest and for small inputs is the network what it was: circuits have a time of their own, and saturate.
#pragma once
#include <string>
#include <vector>

#include "dynode/io/stored_model.h"
#include "dynode/models/model.h"

namespace dynode {

struct ProgrammableOptions {
  std::string              mode        = "NOCC";         // or WICC
  Value                    params      = Value::map();   // of the mode; half_flux_offset is on unless it says otherwise
  std::vector<std::string> connections = {};             // J_0_to_1, …; empty: all fixed ones
  double                   flux        = 0.1;            // that the small input brings to an edge
};

struct ConvertedConnection {
  std::string name;
  size_t      weights = 0, clipped = 0;
  double      low = 0, high = 0;   // gains there are; of WICC at the target with the most of them
};

struct ProgrammableNetwork {
  StoredModel                      model;
  std::vector<ConvertedConnection> connections;
};

/// @throws SpecError  if there is no such mode or connection, or a connection cannot be programmable (signs, biases)
ProgrammableNetwork make_programmable(const Model& model, const ProgrammableOptions& options = {});

/// The measured branch: J ascending, and gain(J) with j_out 1. @param dt  of the steps it is measured in
struct GainBranch {
  std::vector<double> J, gain;   // gain rises or falls
  /// J of a gain, the nearest end where there is none; sets `clipped` then.
  double invert(double gain, bool& clipped) const;
};
GainBranch measure_gain(const std::string& mode, const Value& params, double flux, double dt, const std::string& rate_table = {});

}  // namespace dynode
