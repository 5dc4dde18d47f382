// Dynamics of a trained network: where its states run, where they rest, whether neighbours part.
//
//   model + inputs ──▶ states of all runs ──▶ principal components
//                               │
//                               └─ starts ─▶ per constant input: fixed and slow points, Lyapunov exponents
//
// Everything is in double and without noise, whatever the precision of the model. See docs/analysis.md.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "dynode/analysis/fixed_points.h"
#include "dynode/analysis/principal_components.h"
#include "dynode/io/npz.h"
#include "dynode/models/model.h"
#include "dynode/models/report.h"

namespace dynode {

struct DynamicsOptions {
  std::vector<std::vector<double>> inputs = {};         // constant ones, [input width] each; none: zero
  bool                             fixed_points = true;
  size_t                           starts = 64;         // of the search, per input
  double                           jitter = 0.1;        // of all starts, as a share of the deviation of numbers
  double                           slow   = 0.01;       // as FixedPointOptions
  size_t                           lyapunov = 0;        // exponents, the largest
  size_t                           lyapunov_runs = 8, lyapunov_steps = 2000;   // measured; half as many before
                                                                               // settle, half as many after align
  uint64_t                         seed    = 1;
  int                              threads = 0;         // 0: one per core
  std::function<void(size_t done, size_t all)> progress = {};   // of starts
};

/// What happens under one constant input.
struct DynamicsUnder {
  std::vector<double> input;
  FixedPoints         found;
  std::vector<double> lyapunov;  // [runs][exponents], per unit of time
};

struct Dynamics {
  std::vector<CarriedState>  parts;   // of a state
  size_t                     size = 0, rows = 0, steps = 0;
  double                     dt   = 1;
  std::vector<double>        states;  // [rows][steps + 1][size]
  PrincipalComponents        components;
  double                     typical_speed = 0;  // root of the mean square over all steps, per unit of time
  std::vector<DynamicsUnder> under;
  size_t                     exponents = 0;      // per run
};

/// @param x  [rows][steps][input width]
/// @throws ShapeError, SpecError, NumericsError
Dynamics analyse_dynamics(const Model& model, const Array& x, const DynamicsOptions& options = {});

/// "0.5" or "(0, 1)".
std::string input_text(const std::vector<double>& input);

/// states, components/{mean,axes,variance}, projection, inputs, lyapunov; points/{state,projection,input,kind,unstable,
/// speed,starts,multipliers_real,multipliers_imag}. A kind is a position in PointKind.
std::vector<Npz::Entry> dynamics_arrays(const Dynamics& dynamics);

/// @param labels  [rows], positions in `names`, or empty
Report dynamics_report(const std::string& model, const std::string& inputs, const Dynamics& dynamics,
                       const std::vector<int64_t>& labels = {}, const std::vector<std::string>& names = {});

}  // namespace dynode
