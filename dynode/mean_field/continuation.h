// Branches of fixed points along a parameter: followed through folds, where points are born or meet their end.
//
//   ν ─┐            ╭───────── stable            a step: along the tangent of (ν, λ), then Newton's method back onto
//      │           (  ← fold, dλ/ds = 0          Φ(ν; λ) = ν, square to the tangent (pseudo-arclength)
//      │            ╰─ ─ ─ ─ ─ unstable
//      └──────────────────────▶ λ
//
// Source: Keller 1977, Numerical solution of bifurcation and nonlinear eigenvalue problems.
#pragma once
#include <functional>
#include <vector>

#include "dynode/mean_field/fixed_points.h"

namespace dynode::mean_field {

/// The same populations with another value of a parameter; smooth in it.
using Family = std::function<Populations(double parameter)>;

struct BranchPoint {
  double     parameter;
  FixedPoint point;
  bool       fold;  // the branch turns here: dλ/ds = 0, found to 1e-6 of the range
};

/// In the order they are met along the branch.
using Branch = std::vector<BranchPoint>;

struct ContinuationSpec {
  double            low = 0, high = 1;   // of the parameter; branches end there
  double            step        = 0.01;  // largest, as a share of the range (and of `rate_scale`)
  double            rate_scale  = 50;    // Hz: a change that counts like the whole range
  size_t            most_points = 2000;  // of one branch
  FixedPointOptions options     = {};    // relaxation; `same` tells whether a point lies on a branch already
};

/// The branch through the fixed point near `rates` at `parameter`, followed both ways; empty if there is none.
/// @throws SpecError   if the range is empty or the step not in (0, 1]
Branch follow_branch(const Family& family, const ContinuationSpec& spec, double parameter,
                     const std::vector<double>& rates);

/// Branches through all fixed points that `starts` find at `values` of the parameter, each once.
std::vector<Branch> find_branches(const Family& family, const ContinuationSpec& spec, const std::vector<double>& values,
                                  const std::vector<std::vector<double>>& starts);

}  // namespace dynode::mean_field
