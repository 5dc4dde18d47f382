// Capacity: which attractors a perturbation of rates can single out.
#include "dynode/spiking/capacity.h"
#include "python/src/bind.h"

namespace dynode::python {
namespace {

using namespace spiking;

/// [rows][columns]
Table<double> table_of(py::handle values, const char* name) {
  const Array a = array_of(values, name);
  if (a.shape.size() != 2) throw ShapeError(name, {-1, -1}, a.shape);
  return {size_t(a.shape[0]), size_t(a.shape[1]), a.as_double()};
}
std::vector<double> numbers_of(py::handle values, const char* name) { return array_of(values, name).as_double(); }

}  // namespace

void bind_capacity(py::module_& m) {
  using namespace py::literals;
  m.def(
      "capacity_coverage",
      [](const std::vector<Clusters>& states, size_t clusters) {
        const Coverage c = coverage(states, clusters);
        return py::make_tuple(c.covered, c.total);
      },
      "states"_a, "clusters"_a);
  m.def("shifted_partitions", shifted_partitions, "clusters"_a, "k"_a);
  m.def("covering_partitions", covering_partitions, "clusters"_a, "k"_a);
  m.def(
      "capacity_margin",
      [](const std::vector<Clusters>& states, size_t clusters, double dimensions, bool vocabulary_alone) {
        const Constraints c = vocabulary_alone ? vocabulary_pairs(states, clusters) : swap_pairs(states, clusters);
        Margin            best;
        {
          const py::gil_scoped_release release;
          best = best_margin(c.differences, dimensions);
        }
        return py::make_tuple(best.gamma, to_numpy(square(best.projection, clusters)));
      },
      "states"_a, "clusters"_a, "dimensions"_a, "vocabulary_alone"_a);
  m.def(
      "capacity_full_margin",
      [](size_t clusters, size_t k, double dimensions) {
        const Margin best = full_margin(clusters, k, dimensions);
        return py::make_tuple(best.gamma, to_numpy(square(best.projection, clusters)));
      },
      "clusters"_a, "k"_a, "dimensions"_a);
  m.def(
      "random_subspace",
      [](size_t clusters, size_t dimensions, uint64_t seed) {
        return to_numpy(square(random_subspace(clusters, dimensions, seed), clusters));
      },
      "clusters"_a, "dimensions"_a, "seed"_a);
  m.def(
      "state_margins",
      [](const py::object& projection, const std::vector<Clusters>& states) {
        const Table<double> pi = table_of(projection, "projection");
        return to_numpy(row(state_margins(pi.values, states, pi.columns)));
      },
      "projection"_a, "states"_a);
  m.def(
      "targeting_direction",
      [](const py::object& projection, const Clusters& state) {
        const Table<double> pi = table_of(projection, "projection");
        if (pi.rows != pi.columns) throw ShapeError("projection", {int64_t(pi.columns), int64_t(pi.columns)},
                                                    {int64_t(pi.rows), int64_t(pi.columns)});
        state_vectors({state}, pi.columns);  // checks
        return to_numpy(row(targeting_direction(pi.values, state)));
      },
      "projection"_a, "state"_a);
  m.def(
      "capacity_roles",
      [](const std::vector<Clusters>& states, const Clusters& target, const py::object& direction) {
        const auto delta = numbers_of(direction, "direction");
        state_vectors(states, delta.size()), state_vectors({target}, delta.size());  // checks
        py::list all;
        for (const Clusters& state : states) {
          const Role r = role_of(state, target, delta);
          all.append(py::dict("role"_a = label(r.kind), "overlap"_a = r.overlap,
                              "symmetric_difference"_a = r.symmetric_difference, "linear_score"_a = r.linear_score,
                              "score_contrast"_a = r.score_contrast, "direction"_a = r.direction));
        }
        return all;
      },
      "states"_a, "target"_a, "direction"_a);
  m.def(
      "choose_vocabulary",
      [](const std::vector<Clusters>& states, const py::object& probabilities, size_t n_targets, size_t clusters,
         bool new_coverage) {
        py::list all;
        for (const Chosen& c :
             choose_vocabulary(states, numbers_of(probabilities, "probabilities"), n_targets, clusters, new_coverage))
          all.append(py::dict("state"_a = c.state, "competitors"_a = c.competitors, "difficulty"_a = c.difficulty));
        return all;
      },
      "states"_a, "probabilities"_a, "n_targets"_a, "clusters"_a, "new_coverage"_a);
  m.def(
      "sensitivity",
      [](const py::object& alphas, const py::object& probabilities, double most) {
        const auto          a = numbers_of(alphas, "alphas");
        const Table<double> p = table_of(probabilities, "probabilities");
        return py::make_tuple(to_numpy(row(sensitivity(a, p, most))), to_numpy(row(linearity(a, p, most))));
      },
      "alphas"_a, "probabilities"_a, "most"_a);
  m.def(
      "predicted_probabilities",
      [](const py::object& p0, const py::object& g, const py::object& direction, double alpha) {
        return to_numpy(row(predicted_probabilities(numbers_of(p0, "p0"), table_of(g, "G"),
                                                    numbers_of(direction, "direction"), alpha)));
      },
      "p0"_a, "g"_a, "direction"_a, "alpha"_a);
  m.def(
      "superposition",
      [](const py::object& p0, const py::object& parts, const py::object& combined, const py::object& weights) {
        const Superposition s = superposition(numbers_of(p0, "p0"), table_of(parts, "parts"),
                                              numbers_of(combined, "combined"), numbers_of(weights, "weights"));
        return py::dict("states"_a = s.states, "predicted"_a = to_numpy(row(s.predicted)),
                        "measured"_a = to_numpy(row(s.measured)), "r_squared"_a = s.r_squared, "rms"_a = s.rms);
      },
      "p0"_a, "parts"_a, "combined"_a, "weights"_a);
  m.def(
      "metastable_boundary",
      [](const py::object& alphas, const py::object& probabilities, const std::vector<Clusters>& states,
         const Clusters& target, size_t many) {
        const Boundary b = metastable_boundary(numbers_of(alphas, "alphas"), table_of(probabilities, "probabilities"),
                                               states, target, many);
        return py::dict("target_dominates"_a = b.target_dominates, "k_hot"_a = b.k_hot, "varied"_a = b.varied);
      },
      "alphas"_a, "probabilities"_a, "states"_a, "target"_a, "many"_a);
}

}  // namespace dynode::python
