// When a run may stop early: nothing changes any more, in any layer of any row.
//
// All rows decide together, while tiles stay independent: each notes the largest change of every step, and these are
// combined window by window. The largest of numbers does not depend on how they were grouped, so neither does the step.
#pragma once
#include <cstddef>
#include <vector>

#include "dynode/run/workspace.h"

namespace dynode {

/// Largest numbers of one step t: what it changed, max |s[t+1] − s[t]|, and what it made, max |s[t+1]|.
struct StepChange {
  double change = 0, output = 0;
};

/// When a run is steady. The window detector looks at the last `window` steps together; until there are so many, and
/// where the window is 0, the patience detector counts small steps in a row.
struct SteadyRule {
  size_t window    = 50;     // steps
  double absolute  = 1e-5;   // the largest change of the window is at most
  double relative  = 1e-3;   //   absolute + relative · (its largest output)
  size_t patience  = 1;      // steps in a row, each of which changes
  double tolerance = 1e-6;   //   at most so much
  size_t min_steps = 1;      // no stop before so many steps are done
};

/// Both detectors, step by step.
class SteadyDetector {
 public:
  explicit SteadyDetector(const SteadyRule& rule) : rule_(rule), last_(rule.window) {}

  /// @return whether the run may stop after this step
  bool is_steady(const StepChange& step);

 private:
  SteadyRule              rule_;
  std::vector<StepChange> last_;        // ring
  size_t                  steps_ = 0, calm_ = 0;
};

/// changes[k] becomes the largest of itself and the step at slab k, over the outputs of all layers people named.
template <class R>
void note_changes(const Plan& plan, const Workspace<R>& w, size_t steps, StepChange* changes);

/// What a tile takes from one window to the next, if other tiles use its workspace meanwhile.
template <class R>
struct TileState {
  std::vector<R>         states;        // all states of all layers, one slab each
  std::vector<FiringLog> firing;        // per layer
};

/// Keeps what slab `slab` holds.
template <class R>
void keep(const Workspace<R>& w, size_t slab, TileState<R>& state);
/// Brings it back as slab 0.
template <class R>
void bring_back(Workspace<R>& w, const TileState<R>& state);

}  // namespace dynode
