#include "dynode/analysis/power.h"

namespace dynode {
namespace {

/// Calls visit(at, step, h) for every row and step in order; `at` is its first unit, h its time.
template <class R, class Visit>
void each_step(const ObservedPower<R>& o, const Visit& visit) {
  for (size_t row = 0; row < o.rows; ++row)
    for (size_t step = 0; step < o.steps; ++step)
      visit((row * o.steps + step) * o.units, step, o.times ? double(o.times[row * o.times_stride + step]) : o.dt);
}

}  // namespace

const std::vector<PowerQuantity>& power_quantities() {
  static const std::vector<PowerQuantity> list = {{"power", false, true, true, true},
                                                  {"power_bias", false, true, false, true},
                                                  {"power_diss", false, false, true, true},
                                                  {"energy", true, true, true, true},
                                                  {"energy_bias", true, true, false, true},
                                                  {"energy_diss", true, false, true, true},
                                                  {"power_dimensionless", false, true, true, false},
                                                  {"power_bias_dimensionless", false, true, false, false},
                                                  {"power_diss_dimensionless", false, false, true, false},
                                                  {"energy_dimensionless", true, true, true, false},
                                                  {"energy_bias_dimensionless", true, true, false, false},
                                                  {"energy_diss_dimensionless", true, false, true, false}};
  return list;
}

const PowerQuantity* find_power_quantity(std::string_view name) {
  for (const PowerQuantity& q : power_quantities())
    if (name == q.name) return &q;
  return nullptr;
}

template <class R>
std::vector<R> power_history(const PowerQuantity& quantity, const ObservedPower<R>& observed, const Junction& junction) {
  const double unit = !quantity.physical ? 1 : quantity.energy ? junction.energy_unit() : junction.power_unit();
  std::vector<R>      history(observed.rows * observed.steps * observed.units);
  std::vector<double> sum(observed.units);
  each_step(observed, [&](size_t at, size_t step, double h) {
    if (step == 0) sum.assign(observed.units, 0);
    for (size_t u = 0; u < observed.units; ++u) {
      const double power = (quantity.bias ? double(observed.bias[at + u]) : 0) + (quantity.diss ? double(observed.diss[at + u]) : 0);
      history[at + u] = R(unit * (quantity.energy ? sum[u] += h * power : power));
    }
  });
  return history;
}

template <class R>
Energy energy_per_row(const ObservedPower<R>& observed, const Junction& junction) {
  Energy energy;
  each_step(observed, [&](size_t at, size_t, double h) {
    for (size_t u = 0; u < observed.units; ++u)
      energy.bias += h * double(observed.bias[at + u]), energy.diss += h * double(observed.diss[at + u]);
  });
  const double unit = junction.energy_unit() / double(observed.rows);
  return {unit * energy.bias, unit * energy.diss};
}

#define DYNODE_INSTANCES(R)                                                                                      \
  template std::vector<R> power_history<R>(const PowerQuantity&, const ObservedPower<R>&, const Junction&);      \
  template Energy energy_per_row<R>(const ObservedPower<R>&, const Junction&);
DYNODE_INSTANCES(float)
DYNODE_INSTANCES(double)
#undef DYNODE_INSTANCES

}  // namespace dynode
