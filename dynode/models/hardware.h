// What a network would take as superconducting circuits: seconds and joules, in words.
#pragma once
#include <optional>
#include <string>

#include "dynode/models/model.h"

namespace dynode {

/// How long a step of the network lasts on hardware, s: the layers that live in units of 1/omega_c, the shortest and
/// the longest step of them. Nothing where there is no such layer.
struct HardwareStep {
  double shortest, longest;
};
std::optional<HardwareStep> hardware_step(const Model& model, const Junction& junction);

/// "99.88 ps", or "99.88 ps … 199.8 ps" where layers differ.
std::string step_text(const HardwareStep& step);
/// "200 steps of 99.88 ps, 19.98 ns"
std::string run_text(const HardwareStep& step, size_t steps);
/// "3.21 fJ from the bias sources, 3.1 fJ of it become heat, 930 fJ with cooling (× 300)"
std::string energy_text(const Energy& energy);

}  // namespace dynode
