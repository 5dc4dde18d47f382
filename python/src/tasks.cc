// Tasks: trials for networks, as arrays.
#include <fmt/format.h>

#include "dynode/learn/config.h"
#include "dynode/tasks/task.h"
#include "python/src/bind.h"

namespace dynode::python {
namespace {

using Shape = std::vector<int64_t>;

Task make_task(const std::string& name, const py::dict& settings) {
  DataConfig data;
  data.task     = name;
  data.settings = value_of(settings);
  data.settings.place("", "settings");
  return task_of(data);
}

py::dict batch(const Task& task, uint64_t seed, uint64_t number, size_t rows) {
  TrialBatch b;
  {
    const py::gil_scoped_release release;
    b = task.batch(seed, number, rows);
  }
  const auto n = int64_t(b.rows), steps = int64_t(b.shape.steps);
  py::dict   all(py::arg("input")  = to_numpy(Array{Shape{n, steps, int64_t(b.shape.inputs)}, std::move(b.input)}),
                 py::arg("target") = to_numpy(Array{Shape{n, steps, int64_t(b.shape.outputs)}, std::move(b.target)}),
                 py::arg("mask")   = to_numpy(Array{Shape{n, steps}, std::move(b.mask)}),
                 py::arg("labels") = to_numpy(Array{Shape{n}, std::move(b.labels)}));
  if (!b.timespans.empty()) all["timespans"] = to_numpy(Array{Shape{n, steps}, std::move(b.timespans)});
  return all;
}

/// Whether outputs [rows][steps][outputs] solve the rows of a batch.
py::list correct(const Task& task, uint64_t seed, uint64_t number, const py::object& output) {
  const Array a = array_of(output, "output");
  const auto& s = task.shape();
  if (a.shape.size() != 3 || a.shape[1] != int64_t(s.steps) || a.shape[2] != int64_t(s.outputs))
    throw ShapeError("output", {-1, int64_t(s.steps), int64_t(s.outputs)}, a.shape);
  const std::vector<double> values = a.as_double();
  const TrialBatch          trials = task.batch(seed, number, size_t(a.shape[0]));
  py::list                  all;
  const size_t              each = s.steps * s.outputs;
  for (size_t row = 0; row < trials.rows; ++row)
    all.append(task.correct(trials.trial(row), std::span(values).subspan(row * each, each)));
  return all;
}

}  // namespace

void bind_tasks(py::module_& m) {
  using namespace py::literals;
  py::class_<Task>(m, "Task")
      .def(py::init(&make_task), "name"_a, "settings"_a)
      .def("batch", batch, "seed"_a, "batch"_a, "rows"_a)
      .def("correct", correct, "seed"_a, "batch"_a, "output"_a)
      .def_property_readonly("name", [](const Task& t) { return t.entry().name; })
      .def_property_readonly("summary", [](const Task& t) { return t.entry().summary; })
      .def_property_readonly(
          "labels",
          [](const Task& t) { return std::vector<std::string>(t.entry().labels.begin(), t.entry().labels.end()); })
      .def_property_readonly("steps", [](const Task& t) { return t.shape().steps; })
      .def_property_readonly("inputs", [](const Task& t) { return t.shape().inputs; })
      .def_property_readonly("outputs", [](const Task& t) { return t.shape().outputs; })
      .def_property_readonly(
          "answer", [](const Task& t) { return py::make_tuple(t.shape().answer_begin, t.shape().answer_end); });
}

}  // namespace dynode::python
