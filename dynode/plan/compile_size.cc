// Size: what a network would hold, before any of it is there.
#include <algorithm>
#include <fmt/format.h>
#include <unistd.h>

#include "dynode/cells/cell.h"
#include "dynode/plan/compiler.h"
#include "dynode/plan/size.h"
#include "dynode/plan/spiking.h"

namespace dynode {
namespace {

constexpr double kBytes = 24;   // per weight while a plan is made: drawn, kept, as stored, whether it is there

}  // namespace

double bytes_of_machine() { return double(sysconf(_SC_PHYS_PAGES)) * double(sysconf(_SC_PAGE_SIZE)); }

void Compiler::refuse_size(const At& at, size_t to, size_t from) {
  constexpr double kMost = 1e9;
  if (double(to) * double(from) > kMost)
    throw SpecError(at, fmt::format("{} × {} weights are too many", to, from), "at most 1e9 of a connection can be held");
}

void Compiler::refuse_total() const {
  const Spec& spec        = plan_.spec;
  const bool  holds_input = spec.simulation.input_type == InputType::state;
  double      numbers     = 0;
  for (const LayerSpec& l : spec.layers) {
    const CellEntry* cell = find_cell(l.layer_type);
    if (!cell || (holds_input && &l == &spec.layers.front())) continue;
    const size_t units = size_t(l.dim());
    numbers += double(units) * double(cell->params.size());
    for (const CoreFacts& core : cell->core) {
      refuse_size(l.at, units * core.ports.size(), units);
      numbers += double(units * core.ports.size()) * double(units);
    }
  }
  for (const ConnectionSpec& c : spec.connections) {
    const LayerSpec *to = spec.layer(c.to_layer), *from = spec.layer(c.from_layer);
    if (!to || !from || c.connection_type == "direct" || follows_rule(c) || (holds_input && to == &spec.layers.front())) continue;
    refuse_size(c.at, size_t(to->dim()), size_t(from->dim()));
    numbers += double(to->dim()) * double(from->dim());
  }
  if (numbers * kBytes > bytes_of_machine())
    throw SpecError({spec.file}, fmt::format("this network has {:.2g} weights and parameters, absent weights included; they need "
                                             "{:.0f} GB, and this machine has {:.0f} GB",
                                             numbers, numbers * kBytes / 1e9, bytes_of_machine() / 1e9),
                    "use smaller layers or fewer connections");
}

bool SynapseRule::drawn() const {
  const auto any = [](const std::vector<double>& x) { return std::any_of(x.begin(), x.end(), [](double d) { return d > 0; }); };
  return any(weight_deviation) || any(delay_deviation);
}

double bytes_of_synapses(const Plan& plan, size_t number) {
  double bytes = 0;
  for (const ConnectionPlan& c : plan.connections)
    if (c.synapses) bytes += c.synapses->expected() * (c.synapses->drawn() ? 2 + double(number) : 2);
  return bytes;
}

void refuse_synapses(const Plan& plan, size_t number) {
  const double bytes = bytes_of_synapses(plan, number);
  if (bytes < 0.9 * bytes_of_machine()) return;
  double synapses = 0;
  for (const ConnectionPlan& c : plan.connections) synapses += c.synapses ? c.synapses->expected() : 0;
  throw SpecError({plan.spec.file}, fmt::format("this network has {:.3g} synapses; they need {:.0f} GB, and this machine has {:.0f} GB",
                                                synapses, bytes / 1e9, bytes_of_machine() / 1e9),
                  "use fewer units or synapses");
}

}  // namespace dynode
