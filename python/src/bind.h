// What all parts of the Python module share: numbers and texts from one side to the other, runs without the GIL.
//
//   numpy array ─array_of─▶ Array (copied once, contiguous)        Array ─to_numpy─▶ numpy array (the same memory)
//   dict, list, numbers ─value_of─▶ Value ─▶ the readers of spec and training files, with their errors
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "dynode/base/facts.h"
#include "dynode/io/npy.h"
#include "dynode/models/model.h"
#include "dynode/spec/fields.h"
#include "dynode/spec/value.h"

namespace dynode::python {
namespace py = pybind11;

// ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Anything numpy takes for an array: numbers or truth values of any width, strides and byte order.
/// @param name  what to call it in an error
/// @throws ShapeError  if it holds something else
Array                array_of(py::handle values, const std::string& name);
std::optional<Array> optional_array(py::handle values, const std::string& name);  // None: nothing
/// The numbers move into the array; no copy.
py::array to_numpy(Array&& array);
py::array to_numpy(const Array& array);
/// Numbers as [n], and as [rows, rows].
inline Array row(const std::vector<double>& values) { return {{int64_t(values.size())}, values}; }
inline Array square(const std::vector<double>& values, size_t rows) { return {{int64_t(rows), int64_t(rows)}, values}; }
py::dict  to_dict(std::vector<std::pair<std::string, Array>>&& arrays);
/// A view of `count` numbers of somebody else's memory. @param owner  kept alive
template <class R>
py::array view_of(R* values, const std::vector<size_t>& shape, py::handle owner) {
  return py::array_t<R>(std::vector<py::ssize_t>(shape.begin(), shape.end()), values, owner);
}
std::vector<std::pair<std::string, Array>> named_arrays(const py::dict& arrays, const std::string& what);

// ── words ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// dict, list, tuple, numbers (of numpy, too), texts, truth values, None; arrays become lists.
/// @throws SpecError  on anything else, naming its type
Value      value_of(py::handle object);
py::object to_python(const Value& value);
py::list   to_python(const std::vector<FieldRow>& rows);
py::list   to_python(const std::vector<Fact>& facts);

// ── runs ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// While it lives, Ctrl-C sets a flag that runs look at. Only the main thread hears of it.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&)            = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// For runs of this thread; nullptr where nothing is to be heard.
  const std::atomic<bool>* flag() const;

 private:
  bool active_ = false;
};

/// A model that several Python threads may use: one at a time.
struct SharedModel {
  Model      model;
  std::mutex mutex = {};

  explicit SharedModel(Model m) : model(std::move(m)) {}
};
using ModelHandle = std::shared_ptr<SharedModel>;

/// Runs work(model, stop) without the GIL, alone with the model; `stop` becomes true when Ctrl-C is pressed.
template <class Work>
auto unlocked(SharedModel& shared, Work&& work) {
  Interrupts             interrupts;
  py::gil_scoped_release release;
  std::lock_guard        lock(shared.mutex);
  return work(shared.model, interrupts.flag());
}
/// The same for work without a model.
template <class Work>
auto unlocked(Work&& work) {
  Interrupts             interrupts;
  py::gil_scoped_release release;
  return work(interrupts.flag());
}

ModelOptions model_options(const std::string& dtype, int threads, std::optional<uint64_t> seed);

void bind_errors(py::module_& m);
void bind_catalogue(py::module_& m);
void bind_model(py::module_& m);
void bind_tape(py::module_& m);
void bind_training(py::module_& m);
void bind_tasks(py::module_& m);
void bind_ctrnn(py::module_& m);
void bind_rate(py::module_& m);
void bind_wirings(py::module_& m);
void bind_ncp(py::module_& m);
void bind_mean_field(py::module_& m);
void bind_capacity(py::module_& m);
void bind_files(py::module_& m);
void bind_tuning(py::module_& m);

}  // namespace dynode::python
