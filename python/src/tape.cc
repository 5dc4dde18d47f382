// Runs that are kept for torch: forward now, adjoint when its backward pass comes by.
#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "python/src/bind.h"

namespace dynode::python {
namespace {

struct TapeHandle {
  ModelHandle                       model;  // lives as long as its tape
  TapedRun                          run;
  std::vector<std::string>          names  = {};
  std::vector<std::vector<int64_t>> shapes = {};  // of histories [rows][steps + 1][units]
};

/// History without its entry 0, as a view.
py::object after_start(const py::array& history) {
  return history[py::make_tuple(py::ellipsis(), py::slice(1, history.shape(1), 1), py::slice(0, history.shape(2), 1))];
}

/// @return (tape, histories [rows][steps][units] by name, without the start)
py::tuple simulate_taped(const ModelHandle& m, const py::object& x, const std::vector<std::string>& record,
                         const py::dict& initial, const py::object& spans, bool training, bool with_start) {
  const Array     input = array_of(x, "input");
  SimulateOptions options{.record    = record,
                          .track     = false,
                          .timespans = optional_array(spans, "timespans"),
                          .noise     = {.training = training}};
  for (auto& [name, array] : named_arrays(initial, "initial state"))
    options.initial_states.emplace(name, std::move(array));
  auto tape = std::make_unique<TapeHandle>(TapeHandle{m, unlocked(*m, [&](Model& model, const std::atomic<bool>* stop) {
                                                        options.stop = stop;
                                                        return model.simulate_taped(input, options);
                                                      })});
  Results& results = tape->run.results();
  py::dict histories;
  for (auto& [name, array] : results.arrays) {
    tape->names.push_back(name);
    tape->shapes.push_back(array.shape);
    const py::array history  = to_numpy(std::move(array));
    histories[py::str(name)] = with_start ? py::object(history) : after_start(history);
  }
  return py::make_tuple(py::cast(std::move(tape)), histories);
}

/// Adds values to the end of a history of zeros: [rows][steps + 1][units], [rows][steps][units] or, of the last entry,
/// [rows][units].
template <class R>
void add(const py::array& given, const std::string& name, const std::vector<int64_t>& shape, std::vector<R>& to,
         bool fresh) {
  const auto                 a    = py::array_t<R, py::array::c_style | py::array::forcecast>::ensure(given);
  const size_t               rows = size_t(shape[0]), entries = size_t(shape[1]), units = size_t(shape[2]);
  const size_t               count = a.ndim() == 2 ? 1 : size_t(a.shape(1));
  const std::vector<int64_t> got(a.shape(), a.shape() + a.ndim());
  if ((a.ndim() != 2 && a.ndim() != 3) || got[0] != shape[0] || got.back() != shape[2] ||
      (count != 1 && count + 1 != entries && count != entries))
    throw ShapeError("gradient by " + name, shape, got);
  const R* from = a.data();
  for (size_t row = 0; row < rows; ++row, from += count * units) {
    R* at = to.data() + (row * entries + entries - count) * units;
    if (fresh) std::copy_n(from, count * units, at);
    else
      for (size_t i = 0; i < count * units; ++i) at[i] += from[i];
  }
}

/// @param bars  (name, ∂L/∂ of it) in any number; the same name adds up
/// @return (θ̄, x̄ or None, initial states, spans or None)
py::tuple pull(TapeHandle& t, const std::vector<std::pair<std::string, py::array>>& bars, bool input, bool initial,
               bool spans) {
  std::vector<std::pair<std::string, Array>> histories;
  const bool                                 single = t.model->model.precision() == Precision::float32;
  for (const auto& [name, values] : bars) {
    const auto found = std::find(t.names.begin(), t.names.end(), name);
    if (found == t.names.end()) throw SpecError({}, fmt::format("'{}' was not recorded", name));
    const auto& shape = t.shapes[size_t(found - t.names.begin())];
    auto        entry =
        std::find_if(histories.begin(), histories.end(), [&, &key = name](const auto& h) { return h.first == key; });
    const bool fresh = entry == histories.end();
    if (fresh) {
      const size_t n = size_t(element_count(shape));
      histories.emplace_back(name, single ? Array{shape, std::vector<float>(n)} : Array{shape, std::vector<double>(n)});
      entry = histories.end() - 1;
    }
    std::visit(
        [&, &word = name, &given = values]<class R>(std::vector<R>& to) {
          if constexpr (std::is_floating_point_v<R>) add<R>(given, word, shape, to, fresh);
        },
        entry->second.data);
  }
  PullbackRequest request{.input = input, .initial = initial, .spans = spans};
  Pullback        p        = unlocked(*t.model, [&](Model&, const std::atomic<bool>* stop) {
    request.stop = stop;
    return t.run.backward(histories, request);
  });
  const auto      optional = [](std::optional<Array>& a) {
    return a ? py::object(to_numpy(std::move(*a))) : py::object(py::none());
  };
  return py::make_tuple(to_numpy(std::move(p.theta)), optional(p.input), to_dict(std::move(p.initial)),
                        optional(p.spans));
}

}  // namespace

void bind_tape(py::module_& m) {
  using namespace py::literals;
  py::class_<TapeHandle>(m, "Tape").def("pull", pull, "bars"_a, "input"_a = false, "initial"_a = false,
                                        "spans"_a = false);
  m.def("simulate_taped", simulate_taped, "model"_a, "x"_a, "record"_a, "initial_states"_a, "timespans"_a, "training"_a,
        "with_start"_a = false);
}

}  // namespace dynode::python
