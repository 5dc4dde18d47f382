// What is worth saying about a network and its data before they meet.
#pragma once
#include <string>
#include <vector>

#include "dynode/plan/plan.h"

namespace dynode {

/// Those of the plan, and what training or evaluation leaves without effect.
inline std::vector<std::string> warnings_of(const Plan& plan, bool has_spans) {
  std::vector<std::string> warnings = plan.warnings;
  if (has_spans && !plan.takes_spans())
    warnings.push_back("the data have time spans, but no layer of this network makes use of them");
  if (plan.spec.simulation.early_stopping_forward_pass)
    warnings.push_back("early_stopping_forward_pass is for simulate: training and evaluation go through all steps");
  return warnings;
}

}  // namespace dynode
