// The state of a network of spikes between two runs, as arrays by name.
//
//   final/step [1], final/pass [1]    steps so far; whose random numbers go on
//   final/<id>/<state> [rows][units]  every state but the output
//   final/<id>/recent [count][3]      (step, row, unit) of spikes that may still be on their way
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dynode/io/npy.h"
#include "dynode/run/event_network.h"

namespace dynode {

template <class R>
void add_event_state(const Plan& plan, const EventState<R>& state, size_t rows,
                     std::vector<std::pair<std::string, Array>>& arrays);

/// @throws SpecError, ShapeError  if an array is missing, has another shape, or lists spikes out of order
template <class R>
EventState<R> event_state(const Plan& plan, const std::map<std::string, Array>& arrays, size_t rows);

}  // namespace dynode
