#include "dynode/models/hardware.h"

#include <algorithm>
#include <fmt/format.h>

namespace dynode {
namespace {

constexpr double kFamilyStep = 37;   // the default step of the cells that live in units of 1/omega_c
constexpr int    kDigits     = 4;

std::string seconds_text(double seconds) { return quantity_text(seconds, "s", kDigits); }

}  // namespace

std::optional<HardwareStep> hardware_step(const Model& model, const Junction& junction) {
  const Plan&                 plan = model.plan();
  std::optional<HardwareStep> step;
  for (const LayerPlan& l : plan.layers) {
    if (l.is_input || l.cell->dt != kFamilyStep) continue;
    const bool   learnt  = plan.dt_block >= 0 && !l.own_dt;
    const double seconds = (learnt ? model.parameter("dt").as_double()[0] : l.dt) * junction.tau_0();
    if (!step) step = {seconds, seconds};
    step = {std::min(step->shortest, seconds), std::max(step->longest, seconds)};
  }
  return step;
}

std::string step_text(const HardwareStep& step) {
  const std::string text = seconds_text(step.shortest);
  return step.shortest == step.longest ? text : text + " … " + seconds_text(step.longest);
}

std::string run_text(const HardwareStep& step, size_t steps) {
  const HardwareStep run{step.shortest * double(steps), step.longest * double(steps)};
  return fmt::format("{} step{} of {}, {}", steps, steps == 1 ? "" : "s", step_text(step), step_text(run));
}

std::string energy_text(const Energy& energy) {
  const auto joules = [](double e) { return quantity_text(e, "J", 3); };
  return fmt::format("{} from the bias sources, {} of it become heat, {} with cooling (× {:g})", joules(energy.bias),
                     joules(energy.diss), joules(energy.diss * kCoolingFactor), kCoolingFactor);
}

}  // namespace dynode
