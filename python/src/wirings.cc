// Wirings of neural circuits.
#include "dynode/models/ncp_wiring.h"
#include "python/src/bind.h"

namespace dynode::python {
namespace {

ncp::Wiring of(const std::string& type, const py::dict& params) {
  NamedValues values;
  for (const auto& [key, value] : params)
    if (!value.is_none()) values.set(py::str(key), value_of(value));
  return ncp::Wiring(type, values);
}

py::tuple graph(const ncp::Wiring& w, bool inputs) {
  const ncp::WiringGraph g = w.graph(inputs);
  py::list               nodes, edges;
  for (const auto& n : g.nodes) nodes.append(py::make_tuple(n.name, n.type));
  for (const auto& e : g.edges) edges.append(py::make_tuple(e.from, e.to, e.polarity));
  return py::make_tuple(nodes, edges);
}

}  // namespace

void bind_wirings(py::module_& m) {
  using namespace py::literals;
  using ncp::Wiring;
  py::class_<Wiring>(m, "Wiring")
      .def(py::init<int, std::optional<int>>(), "units"_a, "output_dim"_a = py::none())
      .def_static("of", of, "type"_a, "params"_a)
      .def_static(
          "from_stored", [](const py::dict& stored) { return Wiring::from_stored(value_of(stored)); }, "stored"_a)
      .def_static("load", &Wiring::load, "path"_a)
      .def_property_readonly("type", &Wiring::type)
      .def_property_readonly("units", &Wiring::units)
      .def_property_readonly("output_dim", &Wiring::output_dim)
      .def_property_readonly("input_dim", &Wiring::input_dim)
      .def_property_readonly("num_layers", &Wiring::num_layers)
      .def("is_built", &Wiring::is_built)
      .def(
          "build", [](Wiring& w, int inputs) { w.build(inputs); }, "input_dim"_a)
      .def("neurons_of_layer", &Wiring::neurons_of_layer, "layer"_a)
      .def("type_of", &Wiring::type_of, "neuron"_a)
      .def("adjacency", [](const Wiring& w) { return to_numpy(w.adjacency()); })
      .def("sensory_adjacency", [](const Wiring& w) { return to_numpy(w.sensory_adjacency()); })
      .def("synapse_count", &Wiring::synapse_count)
      .def("sensory_synapse_count", &Wiring::sensory_synapse_count)
      .def("add_synapse", [](Wiring& w, int from, int to, int polarity) { w.add_synapse(from, to, polarity); })
      .def("add_sensory_synapse",
           [](Wiring& w, int from, int to, int polarity) { w.add_sensory_synapse(from, to, polarity); })
      .def("graph", graph, "include_sensory_neurons"_a = true)
      .def(
          "draw",
          [](const Wiring& w, const std::string& layout, const std::map<std::string, std::string>& neurons,
             const std::map<std::string, std::string>& synapses, bool labels, bool inputs) {
            return w.draw({.layout                  = layout,
                           .neuron_colors           = neurons,
                           .synapse_colors          = synapses,
                           .draw_labels             = labels,
                           .include_sensory_neurons = inputs});
          },
          "layout"_a, "neuron_colors"_a, "synapse_colors"_a, "draw_labels"_a, "include_sensory_neurons"_a)
      .def("save", &Wiring::save, "path"_a)
      .def("stored", [](const Wiring& w) { return to_python(w.stored()); })
      .def("spec", [](const Wiring& w) { return to_python(w.spec()); });
}

}  // namespace dynode::python
