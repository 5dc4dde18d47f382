// The catalogue of tasks: a new one is one file and one line here.
#include <algorithm>

#include "dynode/base/entries.h"
#include "dynode/tasks/task.h"

namespace dynode {

TaskEntry go_nogo_task();
TaskEntry xor_task();
TaskEntry mante_task();
TaskEntry mante_kim_task();
TaskEntry match_to_sample_task();
TaskEntry n_back_task();
TaskEntry parametric_working_memory_task();
TaskEntry perceptual_decision_task();
TaskEntry pulse_accumulation_task();
TaskEntry sine_task();
TaskEntry copy_memory_task();
TaskEntry adding_task();
TaskEntry bit_stream_xor_task();

const std::vector<TaskEntry>& tasks() {
  static const std::vector<TaskEntry> entries = {
      go_nogo_task(),
      xor_task(),
      mante_task(),
      mante_kim_task(),
      match_to_sample_task(),
      n_back_task(),
      parametric_working_memory_task(),
      perceptual_decision_task(),
      pulse_accumulation_task(),
      sine_task(),
      copy_memory_task(),
      adding_task(),
      bit_stream_xor_task(),
  };
  return entries;
}

const TaskEntry& find_task(std::string_view name, const At& at) {
  std::string plain(name);
  std::ranges::replace(plain, '-', '_');
  return find_entry(tasks(), "task", plain, at);
}

}  // namespace dynode
