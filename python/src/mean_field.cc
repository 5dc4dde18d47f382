// Mean field: populations of spiking neurons as rates, their fixed points and stability.
#include "dynode/mean_field/fixed_points.h"
#include "dynode/models/mean_field_model.h"
#include "dynode/spec/spec.h"
#include "python/src/bind.h"

namespace dynode::python {
namespace {

using namespace mean_field;

/// Everything is an array of numbers; neuron parameters have one per population.
Populations populations(const py::dict& given) {
  const auto  numbers = [&](const char* name) { return array_of(given[name], name).as_double(); };
  Populations p{numbers("c_matrix"), numbers("j_matrix"), numbers("c_ext"), numbers("j_ext"), numbers("nu_ext"), {}};
  const auto  threshold = numbers("threshold"), reset = numbers("reset_voltage"), tau_m = numbers("tau_membrane"),
             tau_s = numbers("tau_synaptic"), tau_ref = numbers("tau_refractory");
  for (size_t i = 0; i < threshold.size(); ++i)
    p.neurons.push_back({threshold[i], reset.at(i), tau_m.at(i), tau_s.at(i), tau_ref.at(i)});
  p.check();
  return p;
}

py::dict to_python(const FixedPoint& f) {
  const size_t n = f.rates.size();
  return py::dict(py::arg("rates") = to_numpy(row(f.rates)), py::arg("mu") = to_numpy(row(f.mu)),
                  py::arg("sigma") = to_numpy(row(f.sigma)), py::arg("jacobian") = to_numpy(square(f.jacobian, n)),
                  py::arg("eigenvalues") =
                      py::array_t<std::complex<double>>(py::ssize_t(f.eigenvalues.size()), f.eigenvalues.data()),
                  py::arg("stability") = label(f.stability), py::arg("type") = label(f.stability, true),
                  py::arg("multiplicity") = f.multiplicity);
}

py::list to_python(const FixedPoints& found) {
  py::list all;
  for (const FixedPoint& f : found.points) all.append(to_python(f));
  return all;
}

}  // namespace

void bind_mean_field(py::module_& m) {
  using namespace py::literals;
  py::class_<Populations>(m, "Populations")
      .def(py::init(&populations), "arrays"_a)
      .def_property_readonly("size", &Populations::size)
      .def(
          "input_statistics",
          [](const Populations& p, const std::vector<double>& rates) {
            const InputStatistics s = input_statistics(p, rates);
            return py::make_tuple(to_numpy(row(s.mu)), to_numpy(row(s.sigma)));
          },
          "rates"_a)
      .def(
          "response",
          [](const Populations& p, const std::vector<double>& rates) { return to_numpy(row(response(p, rates))); },
          "rates"_a)
      .def(
          "response_slope",
          [](const Populations& p, const std::vector<double>& rates) {
            return to_numpy(square(response_slope(p, rates), p.size()));
          },
          "rates"_a)
      .def(
          "solve",
          [](const Populations& p, const std::vector<double>& start, const std::vector<size_t>& held) {
            Solution s;
            {
              const py::gil_scoped_release release;
              s = solve(p, start, held);
            }
            return py::make_tuple(to_numpy(row(s.rates)), s.converged, s.residual, s.evaluations);
          },
          "start"_a, "held"_a = std::vector<size_t>())
      .def(
          "describe",
          [](const Populations& p, const std::vector<double>& rates, const std::vector<double>& relaxation) {
            return to_python(describe(p, rates, {.relaxation = relaxation}));
          },
          "rates"_a, "relaxation"_a = std::vector<double>{1})
      .def(
          "fixed_points",
          [](const Populations& p, const std::vector<std::vector<double>>& starts,
             const std::vector<double>& relaxation) {
            FixedPoints found;
            {
              const py::gil_scoped_release release;
              found = find_fixed_points(p, starts, {.relaxation = relaxation});
            }
            return to_python(found);
          },
          "starts"_a, "relaxation"_a = std::vector<double>{1});
  m.def("random_starts", random_starts, "populations"_a, "count"_a, "seed"_a);
  m.def("cluster_starts", cluster_starts, "populations"_a, "clusters"_a, "high"_a = 40.0, "low"_a = 4.0);
  m.def(
      "mean_field_of",
      [](const py::object& config) {
        const Value            value = py::isinstance<py::dict>(config) ? value_of(config) : load_value(py::str(config));
        const MeanFieldNetwork net = mean_field_of(value);
        return py::make_tuple(net.populations, net.clusters, net.names);
      },
      "config"_a);
}

}  // namespace dynode::python
