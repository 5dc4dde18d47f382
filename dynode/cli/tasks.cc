// dynode tasks: which tasks there are, what each means, and trials of one written to a file.
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/base/threads.h"
#include "dynode/cli/fact_table.h"
#include "dynode/cli/options.h"
#include "dynode/cli/task_plot.h"
#include "dynode/cli/verb.h"
#include "dynode/io/file.h"
#include "dynode/io/npz.h"
#include "dynode/plan/arguments.h"
#include "dynode/tasks/task.h"

namespace dynode::cli {
namespace {

struct Settings {
  std::string              name, output, plot;
  std::vector<std::string> set;
  size_t                   count = 64, seed = 0;
  bool                     count_given = false;
  int                      threads     = 0;
};

/// "T 200 · stim_on 50", without settings that have no default.
std::string defaults(const std::vector<Fact>& facts) {
  std::vector<std::string> parts;
  for (const Fact& fact : facts)
    if (const std::string value = default_text(fact); !value.empty())
      parts.push_back(fmt::format("{} {}", fact.name, value));
  return join(parts, " · ");
}

std::string sizes(const TaskShape& shape) {
  const auto some = [](size_t n, const char* what) {
    return fmt::format("{} {}{}", grouped(int64_t(n)), what, n == 1 ? "" : "s");
  };
  return join({some(shape.steps, "step"), some(shape.inputs, "input"), some(shape.outputs, "output")}, " · ");
}

void print_all() {
  fmt::print("Tasks\n");
  for (const TaskEntry& entry : tasks()) {
    fmt::print("\n  {}: {}\n", entry.name, entry.summary);
    fmt::print("      {}\n", sizes(Task(entry).shape()));
    for (const std::string& line : wrapped(defaults(entry.facts), kDisplayWidth - 6)) fmt::print("      {}\n", line);
  }
  fmt::print("\ndynode tasks NAME explains the settings of a task; with --output trials.npz it writes trials\n");
}

void line(const char* what, const std::string& text) { fmt::print("  {:<10}  {}\n", what, text); }

std::string shape_text(const std::vector<int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::string label_shares(const TaskEntry& entry, const std::vector<int64_t>& labels) {
  std::vector<std::string> parts;
  for (size_t k = 0; k < entry.labels.size(); ++k) {
    const auto count = std::ranges::count(labels, int64_t(k));
    parts.push_back(fmt::format("{} = {} {:.1f} %", k, entry.labels[k], 100 * double(count) / double(labels.size())));
  }
  return join(parts, " · ");
}

void print_task(const Task& task) {
  const TaskEntry& entry = task.entry();
  const TaskShape& shape = task.shape();
  fmt::print("{}: {}\n", entry.name, entry.summary);
  line("trial", sizes(shape));
  line("answer", entry.one_answer ? "in the last step that counts"
                                  : fmt::format("in steps {} to {}", shape.answer_begin, shape.answer_end - 1));
  std::vector<std::string> labels;
  for (size_t k = 0; k < entry.labels.size(); ++k) labels.push_back(fmt::format("{} = {}", k, entry.labels[k]));
  if (!labels.empty()) line("labels", join(labels, " · "));
  fmt::print("\n{}", fact_table(entry.facts, 2, "setting"));
  if (task.fixed_count() == 0)
    fmt::print("\ntrain on it with  data: {{format: task, task: {}, settings: {{…}}}}", entry.name);
  fmt::print("\ndynode tasks {} --set {}=…\n  --plot trials.svg draws trials, --output trials.npz writes them\n",
             entry.name, entry.facts[0].name);
}

template <class To, class From>
std::vector<To> as(const std::vector<From>& values) {
  return {values.begin(), values.end()};
}

void write(const Task& task, const Settings& s) {
  const size_t rows = !s.count_given && task.fixed_count() > 0 ? task.fixed_count() : s.count;
  const double size = double(rows) * double(task.shape().steps) * double(task.shape().inputs + task.shape().outputs);
  if (size > 1e9)
    throw SpecError({.path = "--trials"},
                    fmt::format("{} trials are {}", grouped(int64_t(rows)), with_prefix(size, "numbers")),
                    "write fewer at once; other seeds give other trials");
  Threads          threads(s.threads);
  const TrialBatch batch = task.batch(s.seed, 0, rows, &threads);
  const auto       n = int64_t(rows), steps = int64_t(task.shape().steps);

  std::vector<Npz::Entry> arrays = {{"x", {{n, steps, int64_t(task.shape().inputs)}, as<float>(batch.input)}}};
  if (task.entry().one_answer) arrays.push_back({"y", {{n}, batch.labels}});
  else arrays.push_back({"y", {{n, steps, int64_t(task.shape().outputs)}, as<float>(batch.target)}});
  if (std::ranges::count(batch.mask, 0) > 0) arrays.push_back({"mask", {{n, steps}, batch.mask}});
  if (!batch.timespans.empty()) arrays.push_back({"timespans", {{n, steps}, as<float>(batch.timespans)}});
  if (!task.entry().one_answer) arrays.push_back({"label", {{n}, batch.labels}});
  try {
    save_npz(s.output, arrays, Packing::deflated);
  } catch (const IoError& error) { throw Failure(error.what()); }

  fmt::print("{}\n", task.entry().name);
  line("trials",
       fmt::format("{}, {}", grouped(n),
                   task.fixed_count() > 0 ? "from the start of a fixed set" : fmt::format("seed {}", s.seed)));
  if (!task.entry().labels.empty()) line("labels", label_shares(task.entry(), batch.labels));
  line("written", fmt::format("{}, {}", s.output, with_prefix(double(std::filesystem::file_size(s.output)), "B")));
  for (const auto& [name, array] : arrays) line("", fmt::format("{:<9}  {}", name, shape_text(array.shape)));
  fmt::print("train on it with  data: {{format: npz, data_path: {}}}{}\n", s.output,
             task.entry().one_answer ? "" : "  training: {mapping: seq2seq}");
}

void run(const Settings& s) {
  if (s.name.empty()) {
    for (const auto& [given, option] : {std::pair(!s.set.empty(), "--set"), std::pair(!s.output.empty(), "--output"),
                                        std::pair(!s.plot.empty(), "--plot")})
      if (given) throw SpecError({.path = option}, "which task?", "name it: dynode tasks go_nogo …");
    return print_all();
  }
  const TaskEntry& entry = find_task(s.name);
  if (!s.output.empty()) check_writable(s.output, "trials", "trials.npz");
  if (!s.plot.empty()) check_writable(s.plot, "pictures", "trials.svg");
  Value values = Value::map();
  for (const std::string& assignment : s.set) set_value(values, assignment);
  const Task task(entry, check_arguments(entry.name, entry.facts, values), {.path = "--set"});
  if (!s.plot.empty()) {
    try {
      write_file(s.plot, task_picture(task, s.seed));
    } catch (const IoError& error) { throw Failure(error.what()); }
    fmt::print("{}\n", task.entry().name);
    line("picture", s.plot);
  }
  if (!s.output.empty()) write(task, s);
  else if (s.plot.empty()) print_task(task);
}

}  // namespace

Verb tasks_verb(Command& tool) {
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("tasks", "list cognitive and benchmark tasks, or write trials of one");
  verb.add_option("name", s->name, "task to explain; without it all are listed").type_name("NAME");
  verb.add_option("--output", s->output, "write trials here: x, y, and mask, timespans, label where the task has them")
      .type_name("TRIALS.npz");
  verb.add_option("--plot", s->plot, "draw a trial of each label here").type_name("TRIALS.svg");
  Option count = add_count(verb, "--trials", s->count, 1, "how many trials (default 64, of a fixed set all)");
  add_count(verb, "--seed", s->seed, 0, "of the random numbers (default 0)");
  add_set(verb, s->set, "T=300");
  add_threads(verb, s->threads);
  verb.footer(
      "dynode tasks\ndynode tasks go_nogo\ndynode tasks xor --output trials.npz --trials 1000 --seed 1 --set delay=30\n"
      "dynode tasks mante --plot mante.svg");
  return {verb, [s, count] {
            s->count_given = count.count() > 0;
            run(*s);
          }};
}

}  // namespace dynode::cli
