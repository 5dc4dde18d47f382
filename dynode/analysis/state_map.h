// StateMap: the states a network carries from step to step, as one vector, and what a step makes of them.
//
//   s [size] ──step under input x──▶ s′ [size]        jacobian: ∂s′/∂s [size][size]        pull: vᵀ ∂s′/∂s
//
// Carried are the states that a later step reads: those with a memory (v of a CTRNN, h of a GRU, x of RateDale, c of an
// LSTM), and outputs that connections read one step late. All in double, without noise. Derivatives are exact: the
// engine's adjoint of one step, a row per derivative.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dynode/plan/plan.h"
#include "dynode/run/engine.h"

namespace dynode {

/// One state of one layer, and its place in the vector.
struct CarriedState {
  std::string name;          // "1/v": layer and state
  int         layer, state;  // position in Plan::layers, in its cell's states
  size_t      first, units;
};

/// In the order of layers and of their states.
std::vector<CarriedState> carried_states(const Plan& plan);

class StateMap {
 public:
  /// @param theta  [θ], as stored      @param threads  0: one per core
  /// @throws SpecError  where nothing is carried, layers fire, or spikes travel
  StateMap(std::shared_ptr<const Plan> plan, std::span<const double> theta, int threads = 1);

  size_t                           size() const { return size_; }
  size_t                           input_width() const { return plan_->input_width(); }
  const std::vector<CarriedState>& parts() const { return parts_; }
  /// Time of a step, in the unit of dt; 1 where layers that carry something differ in it.
  double dt() const { return dt_; }

  /// @param states  [rows][size]      @param x  [rows][input width]
  /// @return [rows][size]. @throws NumericsError
  std::vector<double> step(std::span<const double> states, std::span<const double> x);

  /// What `v` [rows][size] becomes on its way back through the step from `states`: vᵀ ∂s′/∂s, [rows][size].
  std::vector<double> pull(std::span<const double> states, std::span<const double> x, std::span<const double> v);

  struct Linear {
    std::vector<double> next;      // [size] s′
    std::vector<double> jacobian;  // [size][size] ∂s′ᵢ/∂sⱼ
  };
  /// @param state  [size]      @param x  [input width]
  Linear linearise(std::span<const double> state, std::span<const double> x);

  /// States of whole runs, [rows][steps + 1][size], from the network's own start or from `start` [rows][size].
  /// @param x  [rows][steps][input width]
  std::vector<double> run(std::span<const double> x, size_t rows, size_t steps, std::span<const double> start = {});

 private:
  std::shared_ptr<const Plan> plan_;
  Engine<double>              engine_;
  std::vector<CarriedState>   parts_;
  size_t                      size_ = 0;
  double                      dt_   = 1;
};

}  // namespace dynode
