#include "dynode/kernels/isa.h"

#include <cstdlib>

#include <hwy/targets.h>

#include "dynode/base/error.h"
#include "dynode/base/text.h"

namespace dynode {
namespace {

std::string name_of(int64_t target) { return lower_case(hwy::TargetName(target)); }

/// Sets of this build and this processor, whatever was chosen before; lower bits are better and come first.
const std::vector<int64_t>& targets() {
  static const std::vector<int64_t> all = [] {
    const int64_t chosen = hwy::SupportedTargets();
    hwy::SetSupportedTargetsForTest(0);
    std::vector<int64_t> found = hwy::SupportedAndGeneratedTargets();
    hwy::SetSupportedTargetsForTest(chosen);
    return found;
  }();
  return all;
}

void choose(int64_t mask) {
  hwy::SetSupportedTargetsForTest(mask);   // 0: all of them
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

void choose_by_name(const std::string& name, const char* path) {
  for (const int64_t target : targets())
    if (name_of(target) == lower_case(name)) return choose(target);
  throw SpecError({.file = {}, .path = path}, "unknown instruction set '" + name + "'",
                  did_you_mean(name, isa_names(), "this processor and this build have"));
}

void choose_default() {
  const char* name = std::getenv("DYNODE_ISA");
  if (name && *name) choose_by_name(name, "DYNODE_ISA");
  else choose(0);
}

}  // namespace

std::vector<std::string> isa_names() {
  std::vector<std::string> names;
  for (const int64_t target : targets()) names.push_back(name_of(target));
  return names;
}

std::string isa_name() { return name_of(hwy::SupportedAndGeneratedTargets().front()); }

void use_isa(const std::string& name) {
  apply_isa_override();                    // lest it comes later and undoes this
  if (name.empty()) choose_default();
  else choose_by_name(name, "instruction set");
}

void apply_isa_override() {
  // a refused name is refused again next time; std::call_once would hang then under the thread sanitizer
  [[maybe_unused]] static const bool chosen = (choose_default(), true);
}

}  // namespace dynode
