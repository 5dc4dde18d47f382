// Files, tables and units.
#include <algorithm>
#include <fmt/format.h>

#include "dynode/analysis/units.h"
#include "dynode/base/threads.h"
#include "dynode/circuits/squid.h"
#include "dynode/io/model_formats.h"
#include "dynode/io/rate_table.h"
#include "dynode/io/safetensors.h"
#include "dynode/io/soen_json.h"
#include "dynode/models/nir.h"
#include "dynode/run/forward.h"
#include "dynode/spec/json.h"
#include "dynode/spec/spec.h"
#include "dynode/spec/yaml.h"
#include "python/src/bind.h"

namespace dynode::python {
namespace {

/// The network with its numbers as the SOEN toolkit exports it. @return what could not be kept
std::vector<std::string> save_json(const SharedModel& m, const std::string& path) {
  StoredModel              stored = m.model.stored();
  std::vector<std::string> notes;
  const Value              value = write_soen_json(stored, notes);
  py::module_::import("pathlib").attr("Path")(path).attr("write_text")(to_json(value));
  return notes;
}

/// Real values of all parameters by name.
void save_tensors(SharedModel& m, const std::string& path) {
  TensorFile file;
  for (const std::string& name : m.model.parameter_names()) file.tensors.emplace_back(name, make_tensor(m.model.parameter(name)));
  save_safetensors(path, file);
}

/// A graph of NIR. @return what could not be kept
std::vector<std::string> save_nir(const SharedModel& m, const std::string& path, bool lossy) {
  const NirFile file = nir_of(m.model, lossy);
  save_hdf5(path, file.items);
  return file.notes;
}

py::dict rate_table(const py::dict& circuit, const py::dict& grid, int threads) {
  SquidCircuit c;
  TableGrid    g;
  const auto   take = [](const py::dict& given, std::vector<std::pair<const char*, double*>> known) {
    for (const auto& [key, value] : given) {
      const std::string word = py::str(key);
      const auto found = std::find_if(known.begin(), known.end(), [&](const auto& k) { return word == k.first; });
      if (found == known.end()) throw SpecError({}, fmt::format("a rate table has no '{}'", word));
      *found->second = value.cast<double>();
    }
  };
  double phi_count = double(g.phi_count), ib_count = double(g.ib_count);
  take(circuit, {{"beta_c", &c.beta_c}, {"beta_1", &c.beta_1}, {"beta_2", &c.beta_2}});
  take(grid, {{"phi_first", &g.phi_first},
              {"phi_step", &g.phi_step},
              {"phi_count", &phi_count},
              {"ib_first", &g.ib_first},
              {"ib_step", &g.ib_step},
              {"ib_count", &ib_count}});
  if (!(phi_count >= 2 && ib_count >= 2 && phi_count <= 1e5 && ib_count <= 1e5))
    throw SpecError({}, "a rate table has from 2 to 100,000 values on each axis");
  g.phi_count = size_t(phi_count), g.ib_count = size_t(ib_count);
  std::vector<double> values(g.ib_count * g.phi_count), phi(g.phi_count), ib(g.ib_count);
  unlocked([&](const std::atomic<bool>* stop) {
    Threads workers(threads);
    workers.run(g.ib_count, [&](size_t row, size_t) {
      check_stop(stop);
      TableGrid one                  = g;
      one.ib_first                   = g.ib_first + double(row) * g.ib_step;
      one.ib_count                   = 1;
      const std::vector<double> part = squid_table(c, one);
      std::copy(part.begin(), part.end(), values.begin() + ptrdiff_t(row * g.phi_count));
    });
    return 0;
  });
  for (size_t i = 0; i < phi.size(); ++i) phi[i] = g.phi_first + double(i) * g.phi_step;
  for (size_t i = 0; i < ib.size(); ++i) ib[i] = g.ib_first + double(i) * g.ib_step;
  const auto rows = int64_t(g.ib_count), columns = int64_t(g.phi_count);
  return py::dict(py::arg("phi") = to_numpy(Array{{columns}, phi}), py::arg("ib") = to_numpy(Array{{rows}, ib}),
                  py::arg("g") = to_numpy(Array{{rows, columns}, values}));
}

py::dict load_table(const std::string& path) {
  RateTableData       t = load_rate_table(path);
  std::vector<double> phi(t.phi_count), ib(t.ib_count);
  for (size_t i = 0; i < phi.size(); ++i) phi[i] = t.phi_first + double(i) * t.phi_step;
  for (size_t i = 0; i < ib.size(); ++i) ib[i] = t.ib_first + double(i) * t.ib_step;
  const auto rows = int64_t(t.ib_count), columns = int64_t(t.phi_count);
  return py::dict(py::arg("phi") = to_numpy(Array{{columns}, phi}), py::arg("ib") = to_numpy(Array{{rows}, ib}),
                  py::arg("g") = to_numpy(Array{{rows, columns}, std::move(t.g)}));
}

}  // namespace

void bind_files(py::module_& m) {
  using namespace py::literals;
  m.def("save_json", save_json, "model"_a, "path"_a);
  m.def("save_tensors", save_tensors, "model"_a, "path"_a);
  m.def("save_nir", save_nir, "model"_a, "path"_a, "lossy"_a);
  m.def(
      "spec_yaml", [](const py::object& spec) { return to_yaml(write_spec(read_spec(value_of(spec)))); }, "spec"_a);
  m.def(
      "load_value", [](const std::string& path) { return to_python(load_value(path)); }, "path"_a);
  m.def(
      "load_spec", [](const std::string& path) { return to_python(write_spec(load_spec(path))); }, "path"_a);
  m.def(
      "read_spec",
      [](const py::object& spec, bool defaults) {
        return to_python(write_spec(read_spec(value_of(spec)), defaults ? Defaults::write : Defaults::skip));
      },
      "spec"_a, "defaults"_a = false);
  m.def(
      "is_model",
      [](const std::string& path) {
        const std::string ending = ending_of(path);
        return ending == ".dynode" || ending == ".mat" || load_stored_model(path).has_value();
      },
      "path"_a);
  m.def("rate_table", rate_table, "circuit"_a, "grid"_a, "threads"_a);
  m.def("load_rate_table", load_table, "path"_a);
  m.def("omega_c", [] { return standard_junction().omega_c(); });
}

}  // namespace dynode::python
