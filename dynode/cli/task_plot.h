// A picture of trials of a task: inputs, targets, the steps that decide.
#pragma once
#include <cstdint>
#include <string>

#include "dynode/tasks/task.h"

namespace dynode::cli {

/// An SVG document: one trial of each label, or the first four.
std::string task_picture(const Task& task, uint64_t seed);

}  // namespace dynode::cli
