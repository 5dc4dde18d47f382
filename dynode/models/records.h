// Records: what a run of a plan can give, under the names people ask for.
#pragma once
#include <string>
#include <vector>

#include "dynode/plan/plan.h"

namespace dynode {

/// Name and place of something a plan can record.
struct Recordable {
  enum class What { state, observable, spikes, power };   // the first three as Record<R>::What
  std::string name;      // s/1, state/1/v, phi/1, power/1
  std::string kind;      // s, state, phi, g, spikes, power
  What        what;
  int         layer;     // position in Plan::layers
  int         index;     // which state or observable; of power: position in power_quantities()
  size_t      first = 0, count = 0;   // of a state: these units alone; count 0: all
};

/// The LSTM in front of a cell: its memory is a state of the layer, too.
bool is_memory(const LayerPlan& layer);

std::vector<Recordable> recordables(const Plan& plan);

/// What the track_ words of the spec ask for, as wishes.
std::vector<std::string> tracked(const Plan& plan);

/// What is wished (names, kinds for all layers that have them, or state/0/V[0:10] for units 0 … 9), in this order,
/// nothing twice.
/// @param warnings  gets a line about layers that have no power, if power is wished
/// @throws SpecError  on wishes that nothing fulfils
std::vector<Recordable> choose_records(const Plan& plan, const std::vector<std::string>& wishes,
                                       std::vector<std::string>& warnings);

/// Position among the layer's observables, or -1.
int find_observable(const LayerPlan& layer, std::string_view name);
/// Whether its cells observe their power.
bool has_power(const LayerPlan& layer);

}  // namespace dynode
