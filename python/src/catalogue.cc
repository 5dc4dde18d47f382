// What networks and trainings can be made of: the tables behind keyword arguments, docstrings and stubs.
#include "dynode/cells/cell.h"
#include "dynode/learn/config.h"
#include "dynode/learn/loss.h"
#include "dynode/learn/metrics.h"
#include "dynode/learn/optimizer.h"
#include "dynode/learn/pooling.h"
#include "dynode/learn/schedule.h"
#include "dynode/sources/source.h"
#include "dynode/spec/spec.h"
#include "dynode/tasks/task.h"
#include "dynode/wiring/distributions.h"
#include "dynode/wiring/initialisers.h"
#include "dynode/wiring/neural_circuit.h"
#include "dynode/wiring/structures.h"
#include "python/src/bind.h"

namespace dynode::python {
namespace {

py::dict fields() {
  py::dict all;
  all["SimulationConfig"]    = to_python(describe<SimulationSpec>());
  all["LayerConfig"]         = to_python(describe<LayerSpec>());
  all["ConnectionConfig"]    = to_python(describe<ConnectionSpec>());
  all["DataConfig"]          = to_python(describe<DataConfig>());
  all["ModelConfig"]         = to_python(describe<ModelConfig>());
  all["OptimizerConfig"]     = to_python(describe<OptimizerConfig>());
  all["TrainingConfig"]      = to_python(describe<TrainingConfig>());
  all["LoggingConfig"]       = to_python(describe<LoggingConfig>());
  all["NoiseAnnealer"]       = to_python(describe<NoiseAnnealerConfig>());
  all["LossWeightScheduler"] = to_python(describe<LossWeightSchedulerConfig>());
  all["QatConfig"]           = to_python(describe<QatConfig>());
  return all;
}

template <class Entries>
py::dict entries(const Entries& list) {
  py::dict all;
  for (const auto& e : list)
    all[py::str(e.name)] = py::dict(py::arg("summary") = e.summary, py::arg("facts") = to_python(e.facts));
  return all;
}

template <class Entries>
py::dict names(const Entries& list) {
  py::dict all;
  for (const auto& e : list) all[py::str(e.name)] = e.summary;
  return all;
}

py::list settings(const std::vector<SettingFacts>& facts) {
  py::list list;
  for (const SettingFacts& f : facts) {
    py::object value = py::float_(f.value);
    if (!f.words.empty()) value = py::str(f.words.at(size_t(f.value)));
    else if (f.whole) value = py::int_(int64_t(f.value));
    list.append(py::dict(py::arg("name") = f.name, py::arg("default") = value,
                         py::arg("words") = std::vector<std::string>(f.words.begin(), f.words.end()),
                         py::arg("help")  = f.help));
  }
  return list;
}

py::dict layer_kinds() {
  py::dict all;
  for (const CellEntry& c : cells()) {
    if (c.internal) continue;  // a part of others
    py::list params, states;
    for (const auto& p : c.params)
      params.append(py::dict(py::arg("name") = p.name, py::arg("default") = p.value, py::arg("unit") = p.unit,
                             py::arg("help") = p.help, py::arg("learn") = p.learn));
    for (const auto& s : c.states) states.append(py::make_tuple(s.name, s.help));
    all[py::str(c.name)] = py::dict(py::arg("summary") = c.summary, py::arg("params") = params,
                                    py::arg("settings") = settings(c.settings), py::arg("states") = states);
  }
  return all;
}

/// Everything by kind, as `dynode info --cells` prints it.
py::dict catalogue() {
  py::dict all;
  all["layers"]           = layer_kinds();
  all["source_functions"] = names(source_functions());
  all["structures"]       = entries(structures());
  all["initialisers"]     = entries(initialisers());
  all["distributions"]    = entries(distributions());
  all["wirings"]          = entries(wirings());
  all["losses"]           = entries(losses());
  all["poolings"]         = entries(poolings());
  all["metrics"]          = names(metrics());
  all["optimizers"]       = entries(optimizers());
  all["schedules"]        = entries(schedules());
  all["tasks"]            = entries(tasks());
  return all;
}

}  // namespace

void bind_catalogue(py::module_& m) {
  m.def("fields", fields, "Settings of specs and training files: name → rows (name, type, default, meaning).");
  m.def("catalogue", catalogue, "Kinds of layers, structures, losses, …, each with its parameters.");
}

}  // namespace dynode::python
