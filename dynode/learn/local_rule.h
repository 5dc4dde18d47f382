// Local learning: how a connection W[to][from] changes by what its two ends do, without a gradient through time.
// ⟨·⟩ is the mean over the B rows of a batch; x, y are the activities of the two ends at the last step.
//
//   hebbian                    η ⟨y xᵀ⟩
//   oja                        η (⟨y xᵀ⟩ − ⟨y²⟩ W)
//   bcm                        θ ← m θ + (1 − m) ⟨y²⟩, then η ⟨y (y − θ) xᵀ⟩; θ starts at 0
//   stdp                       η / (B T) Σ_t (a₊ y[t] ē_x[t]ᵀ − a₋ ē_y[t] x[t]ᵀ)    e[t] = e^(−1/τ) e[t−1] + x[t]
//   reward_modulated_hebbian   η ⟨r y xᵀ⟩
//   reward_modulated_oja       η (⟨r y xᵀ⟩ − ⟨r y²⟩ W)
//
// r is one number per row, or none: then it is 1. Sums run in the order of rows, so equal calls give equal bits.
// Sources: Oja 1982 (J. Math. Biol. 15:267); Bienenstock, Cooper, Munro 1982 (J. Neurosci. 2:32); Song, Miller,
// Abbott 2000 (Nat. Neurosci. 3:919); Frémaux, Gerstner 2016 (Front. Neural Circuits 9:85).
#pragma once
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/base/facts.h"

namespace dynode {

/// What one connection's two ends did.
struct LocalActivity {
  size_t                  rows = 0, steps = 1, to = 0, from = 0;
  std::span<const double> post, pre;   // [rows][steps][to], [rows][steps][from]; steps = 1: the last one alone
  std::span<const double> weights;     // [to][from]
  std::span<const double> modulator;   // [rows]; empty: 1
};

struct LocalRuleEntry {
  const char*       name;
  const char*       summary;
  std::vector<Fact> facts;
  /// Looks at all steps, the start included; the others at the last one.
  bool on_trajectories = false;
  /// Whether r has a part in it.
  bool modulated = false;
  /// Adds ΔW / η. @param memory  [to], zero before the first call, then as the last call left it
  void (*update)(const Arguments&, const LocalActivity&, std::span<double> memory, std::span<double> delta) = nullptr;
};

const std::vector<LocalRuleEntry>& local_rules();

/// @throws SpecError  naming the nearest rule, if there is none called `name`
const LocalRuleEntry& find_local_rule(std::string_view name, const At& at = {});

/// @throws SpecError  if the rule has no part for a modulator
void check_modulated(const LocalRuleEntry& rule);

/// By what an update is made smaller before it acts:
///   weight_norm  1 / (1 + (‖W‖ / target)²)      update_norm  min(1, target / ‖ΔW‖)
///   activity     1 / (1 + √(⟨x²⟩ ⟨y²⟩)), means over rows and units
/// within [1e-6, 10]. Norms are Frobenius's.
enum class UpdateScale { none, weight_norm, update_norm, activity };

struct LocalUpdate {
  double      rate   = 0.01;                  // η
  UpdateScale scale  = UpdateScale::none;
  double      target = 1;                     // of weight_norm and update_norm, > 0
  double      limit  = 0;                     // longest update, ‖ΔW‖ after scaling; 0: any
};

/// ΔW [to][from] of one call.
/// @throws ShapeError  if sizes do not fit; SpecError if there is a modulator and the rule has none; Error if the update
///         is not finite
std::vector<double> local_update(const LocalRuleEntry& rule, const Arguments& arguments, const LocalUpdate& update,
                                 const LocalActivity& activity, std::vector<double>& memory);

}  // namespace dynode
