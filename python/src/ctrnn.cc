// Networks under the words of nn4n: the spec that its constructor's dictionary asks for, its generators of masks.
#include "dynode/models/ctrnn.h"
#include "python/src/bind.h"

namespace dynode::python {
namespace {

using namespace ctrnn;

/// @return (spec, warnings)
py::tuple spec_of(const py::dict& options) {
  std::vector<std::string> warnings;
  Value                    given = value_of(options);
  given.place_children();
  const CTRNNOptions read = read_options(given, &warnings);
  return py::make_tuple(to_python(dynode::write_spec(ctrnn::write_spec(read))), warnings);
}

py::object optional(const EntryMask& mask) { return mask ? py::object(to_numpy(*mask)) : py::object(py::none()); }

py::dict masks_of(const NetworkMasks& m) {
  const EntryMasks sparsity = m.sparsity();
  const auto       list     = [](const EntryMasks& all) {
    py::list three;
    for (const EntryMask* one : {&all.input, &all.hidden, &all.readout}) three.append(optional(*one));
    return three;
  };
  py::dict areas;
  for (const auto& [name, units] : m.areas()) areas[py::str(name)] = units;
  return py::dict(py::arg("dims")  = py::make_tuple(m.dims.input, m.dims.hidden, m.dims.output),
                  py::arg("masks") = list(m.masks), py::arg("sparsity_masks") = list(sparsity),
                  py::arg("areas") = areas, py::arg("input_units") = m.input_units,
                  py::arg("readout_units") = m.readout_units, py::arg("description") = m.description());
}

Dims dims_of(const std::vector<int64_t>& d) {
  if (d.size() != 3) throw SpecError({.path = "dims"}, "expected [input, hidden, output]");
  return {d[0], d[1], d[2]};
}

}  // namespace

void bind_ctrnn(py::module_& m) {
  using namespace py::literals;
  m.def("ctrnn_spec", spec_of, "options"_a);
  m.def(
      "ctrnn_describe", [](const std::string& path) { return CTRNN::load(path).print_layers(); }, "path"_a);
  m.def(
      "ctrnn_plot", [](const std::string& path, const std::string& to) { CTRNN::load(path).plot_layers(to); }, "path"_a,
      "to"_a);
  m.def(
      "multi_area",
      [](const std::vector<int64_t>& dims, const std::vector<double>& n_areas,
         const std::vector<double>& connectivities, const std::vector<double>& input_areas,
         const std::vector<double>& readout_areas, uint64_t seed) {
        return masks_of(multi_area({dims_of(dims), n_areas, connectivities, input_areas, readout_areas, seed}));
      },
      "dims"_a, "n_areas"_a, "area_connectivities"_a, "input_areas"_a, "readout_areas"_a, "seed"_a);
  m.def(
      "multi_area_ei",
      [](const std::vector<int64_t>& dims, const std::vector<double>& n_areas,
         const std::vector<double>& connectivities, const std::vector<double>& input_areas,
         const std::vector<double>& readout_areas, double exc_pct, const std::vector<bool>& inter, bool inh_readout,
         uint64_t seed) {
        return masks_of(multi_area_ei(
            {dims_of(dims), n_areas, connectivities, input_areas, readout_areas, exc_pct, inter, inh_readout, seed}));
      },
      "dims"_a, "n_areas"_a, "area_connectivities"_a, "input_areas"_a, "readout_areas"_a, "exc_pct"_a,
      "inter_area_connections"_a, "inh_readout"_a, "seed"_a);
  m.def(
      "random_input",
      [](const std::vector<int64_t>& dims, double input_spar, double readout_spar, double hidden_spar, bool overlap,
         uint64_t seed) {
        return masks_of(random_input({dims_of(dims), input_spar, readout_spar, hidden_spar, overlap, seed}));
      },
      "dims"_a, "input_spar"_a, "readout_spar"_a, "hidden_spar"_a, "overlap"_a, "seed"_a);
}

}  // namespace dynode::python
