#include "dynode/models/event_states.h"

#include <fmt/format.h>
#include <tuple>

#include "dynode/base/error.h"

namespace dynode {

template <class R>
void add_event_state(const Plan& plan, const EventState<R>& state, size_t rows,
                     std::vector<std::pair<std::string, Array>>& arrays) {
  arrays.emplace_back("final/step", Array{{1}, std::vector<int64_t>{int64_t(state.step)}});
  arrays.emplace_back("final/pass", Array{{1}, std::vector<int64_t>{int64_t(state.pass)}});
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const LayerPlan& l = plan.layers[i];
    for (size_t s = 0; s < state.states[i].size(); ++s)
      if (!state.states[i][s].empty())
        arrays.emplace_back(fmt::format("final/{}/{}", l.name, l.cell->states[s].name),
                            Array{{int64_t(rows), int64_t(l.units)}, state.states[i][s]});
    std::vector<int64_t> list;
    for (const Spike& x : state.recent[i]) list.insert(list.end(), {int64_t(x.step), int64_t(x.row), int64_t(x.unit)});
    arrays.emplace_back(fmt::format("final/{}/recent", l.name),
                        Array{{int64_t(state.recent[i].size()), 3}, std::move(list)});
  }
}

template <class R>
EventState<R> event_state(const Plan& plan, const std::map<std::string, Array>& arrays, size_t rows) {
  const auto get = [&](const std::string& name, const std::vector<int64_t>& shape) -> const Array& {
    const auto found = arrays.find(name);
    if (found == arrays.end())
      throw SpecError({}, fmt::format("there is no array '{}' to go on from", name),
                      "record the final state of a run of this network");
    if (!shape.empty() && found->second.shape != shape) throw ShapeError(name, shape, found->second.shape);
    return found->second;
  };
  EventState<R> state;
  const int64_t step = get("final/step", {1}).as_integers("final/step")[0];
  if (step < 0 || step > 4'000'000'000) throw SpecError({}, fmt::format("final/step: {} is not within 0 … 4e9", step));
  state.step = size_t(step);
  state.pass = uint64_t(get("final/pass", {1}).as_integers("final/pass")[0]);
  for (const LayerPlan& l : plan.layers) {
    state.states.emplace_back();
    for (size_t s = 0; s < l.cell->states.size(); ++s) {
      state.states.back().emplace_back();
      if (int(s) == l.cell->output) continue;
      const std::vector<double> x =
          get(fmt::format("final/{}/{}", l.name, l.cell->states[s].name), {int64_t(rows), int64_t(l.units)})
              .as_double();
      state.states.back().back().assign(x.begin(), x.end());
    }
    const std::string name = fmt::format("final/{}/recent", l.name);
    const Array&      list = get(name, {});
    if (list.shape.size() != 2 || list.shape[1] != 3) throw ShapeError(name, {-1, 3}, list.shape);
    const std::vector<int64_t> x = list.as_integers(name);
    state.recent.emplace_back();
    for (size_t i = 0; i < x.size(); i += 3) {
      const bool there = x[i] >= 0 && size_t(x[i]) < state.step && x[i + 1] >= 0 && size_t(x[i + 1]) < rows &&
                         x[i + 2] >= 0 && size_t(x[i + 2]) < l.units;
      if (!there)
        throw SpecError({},
                        fmt::format("{}: there is no unit {} of row {} at step {}", name, x[i + 2], x[i + 1], x[i]));
      if (i > 0 && std::tie(x[i], x[i + 1], x[i + 2]) <= std::tie(x[i - 3], x[i - 2], x[i - 1]))
        throw SpecError({}, fmt::format("{} is not in ascending order", name));
      state.recent.back().push_back({uint32_t(x[i]), uint32_t(x[i + 1]), uint32_t(x[i + 2])});
    }
  }
  return state;
}

#define DYNODE_INSTANCES(R)                                                            \
  template void          add_event_state(const Plan&, const EventState<R>&, size_t,    \
                                         std::vector<std::pair<std::string, Array>>&); \
  template EventState<R> event_state(const Plan&, const std::map<std::string, Array>&, size_t);
DYNODE_INSTANCES(float)
DYNODE_INSTANCES(double)
#undef DYNODE_INSTANCES

}  // namespace dynode
