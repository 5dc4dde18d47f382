// Networks changed by running them: weights found before learning, weights left out, weights that become programmable.
#include "dynode/models/forward_forward.h"
#include "dynode/models/initialise.h"
#include "dynode/models/programmable_conversion.h"
#include "dynode/models/prune.h"
#include "python/src/bind.h"

namespace dynode::python {
namespace {

using namespace py::literals;

py::list match(SharedModel& m, const py::object& x, double target, std::optional<std::pair<double, double>> range, int iterations,
               double step, bool by_fan_in, bool node_wise, const std::vector<std::string>& connections,
               const std::map<int, double>& layers) {
  const Array        input = array_of(x, "input");
  const FluxMatching how{.iterations = iterations, .target = target, .range = range, .by_fan_in = by_fan_in, .node_wise = node_wise,
                         .step = step, .connections = connections, .layers = {layers.begin(), layers.end()}};
  const auto found = unlocked(m, [&](Model& model, const std::atomic<bool>*) { return match_flux(model, input, how); });
  py::list   all;
  for (const MatchedFlux& f : found)
    all.append(py::dict("layer_id"_a = f.layer_id, "before"_a = f.before, "after"_a = f.after, "target"_a = f.target,
                        "unreachable"_a = f.unreachable));
  return all;
}

py::dict tune(SharedModel& m, const py::object& x, int iterations, double rate, double branching, double expansion, double activity,
              double clip, int patience) {
  const Array             input = array_of(x, "input");
  const CriticalityTuning how{.iterations = iterations, .rate = rate, .clip = clip, .patience = patience, .branching = branching,
                              .expansion = expansion, .activity = activity};
  const auto t = unlocked(m, [&](Model& model, const std::atomic<bool>*) { return tune_criticality(model, input, how); });
  return py::dict("before"_a = t.before, "after"_a = t.after, "best"_a = t.best);
}

template <class Enum>
Enum word(const std::string& what, const std::string& given, const std::vector<std::string>& known) {
  for (size_t i = 0; i < known.size(); ++i)
    if (known[i] == given) return Enum(i);
  std::string all;
  for (const std::string& k : known) all += (all.empty() ? "" : ", ") + k;
  throw SpecError({}, "there is no " + what + " '" + given + "'", "there are: " + all);
}

ModelHandle shared(const StoredModel& stored, const Model& like) {
  return std::make_shared<SharedModel>(Model::from_stored(stored, {.precision = like.precision()}));
}

py::tuple pruned(SharedModel& m, double share, const std::string& saliency, const std::string& unit, std::pair<size_t, size_t> block,
                 bool each, double blend, const std::vector<std::string>& connections, const py::object& x, const py::object& target,
                 const std::string& loss, const std::string& pooling, size_t batch, int draws, uint64_t seed) {
  const Pruning how{.share = share, .saliency = word<Saliency>("saliency", saliency, {"magnitude", "fisher", "hessian"}),
                    .unit = word<PruneUnit>("unit", unit, {"element", "row", "column", "block"}), .block_rows = block.first,
                    .block_columns = block.second, .each = each, .blend = blend, .connections = connections, .batch = batch,
                    .draws = draws, .seed = seed};
  Array                 input;
  std::vector<LossTerm> terms;
  if (!x.is_none()) {
    input = array_of(x, "input");
    terms.push_back({.loss = loss, .target = target.is_none() ? Array{} : array_of(target, "target"), .pooling = pooling});
  }
  const auto result = unlocked(m, [&](Model& model, const std::atomic<bool>*) { return prune(model, how, input, terms); });
  py::dict   left;
  for (const PrunedConnection& c : result.connections) left[py::str(c.name)] = py::make_tuple(c.before, c.after);
  return py::make_tuple(shared(result.model, m.model), left);
}

py::tuple programmable(SharedModel& m, const std::string& mode, const py::object& params, const std::vector<std::string>& connections,
                       double flux) {
  const ProgrammableOptions how{.mode = mode, .params = value_of(params), .connections = connections, .flux = flux};
  const auto result = unlocked(m, [&](Model& model, const std::atomic<bool>*) { return make_programmable(model, how); });
  return py::make_tuple(shared(result.model, m.model), result.model.notes);
}

struct ForwardForwardHandle {
  ModelHandle           model;   // lives as long as its trainer
  ForwardForwardTrainer trainer;

  ForwardForwardHandle(ModelHandle m, size_t classes, ForwardForward how) : model(std::move(m)), trainer(model->model, classes, std::move(how)) {}
};

py::dict ff_step(ForwardForwardHandle& f, const py::object& x, const py::object& labels) {
  const Array input = array_of(x, "x"), asked = array_of(labels, "labels");
  const auto  step  = unlocked(*f.model, [&](Model&, const std::atomic<bool>*) { return f.trainer.step(input, asked); });
  py::dict    right, wrong;
  for (const auto& [id, value] : step.right) right[py::int_(id)] = value;
  for (const auto& [id, value] : step.wrong) wrong[py::int_(id)] = value;
  return py::dict("loss"_a = step.loss, "right"_a = right, "wrong"_a = wrong);
}

py::array ff_goodness(ForwardForwardHandle& f, const py::object& x) {
  const Array input = array_of(x, "x");
  return to_numpy(unlocked(*f.model, [&](Model&, const std::atomic<bool>*) { return f.trainer.goodness(input); }));
}

}  // namespace

void bind_tuning(py::module_& m) {
  py::class_<ForwardForwardHandle>(m, "ForwardForward")
      .def(py::init([](const ModelHandle& model, size_t classes, size_t steps, double label_scale, double threshold, double margin,
                       double rate, std::optional<double> decay, const std::vector<int>& layers, uint64_t seed) {
             return std::make_unique<ForwardForwardHandle>(
                 model, classes, ForwardForward{steps, label_scale, threshold, margin, rate, decay, layers, seed});
           }),
           "model"_a, "classes"_a, "steps"_a, "label_scale"_a, "threshold"_a, "margin"_a, "rate"_a, "decay"_a, "layers"_a, "seed"_a)
      .def("step", ff_step, "x"_a, "labels"_a)
      .def("goodness", ff_goodness, "x"_a);
  m.def("match_flux", match, "model"_a, "x"_a, "target"_a, "range"_a, "iterations"_a, "step"_a, "by_fan_in"_a, "node_wise"_a,
        "connections"_a, "layers"_a);
  m.def("tune_criticality", tune, "model"_a, "x"_a, "iterations"_a, "rate"_a, "branching"_a, "expansion"_a, "activity"_a, "clip"_a,
        "patience"_a);
  m.def("prune", pruned, "model"_a, "share"_a, "saliency"_a, "unit"_a, "block"_a, "each"_a, "blend"_a, "connections"_a, "x"_a, "target"_a,
        "loss"_a, "pooling"_a, "batch"_a, "draws"_a, "seed"_a);
  m.def("make_programmable", programmable, "model"_a, "mode"_a, "params"_a, "connections"_a, "flux"_a);
}

}  // namespace dynode::python
