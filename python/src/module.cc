// dynode._core: the engine for Python. dynode/*.py are its faces.
#include <csignal>

#include "dynode/base/version.h"
#include "dynode/run/forward.h"
#include "python/src/bind.h"

namespace dynode::python {
namespace {

std::atomic<bool> interrupted;
struct sigaction  before;           // Python's own handler, while ours stands in
int               depth       = 0;  // of Interrupts; under the GIL
unsigned long     main_thread = 0;

extern "C" void on_interrupt(int number) {
  interrupted.store(true, std::memory_order_relaxed);
  before.sa_handler(number);  // notes it for Python
}

/// Errors as Python types: dynode.SpecError is a dynode.Error and a ValueError, …
py::handle make_error(py::module_& m, const char* name, const py::tuple& bases, const char* help) {
  const py::object type = py::reinterpret_steal<py::object>(
      PyErr_NewExceptionWithDoc(("dynode." + std::string(name)).c_str(), help, bases.ptr(), nullptr));
  if (!type) throw py::error_already_set();
  m.add_object(name, type);
  return m.attr(name);
}

py::handle error, spec_error, shape_error, numerics_error, io_error;

void raise_with(py::handle type, const std::exception& e,
                std::initializer_list<std::pair<const char*, py::object>> words) {
  const py::object instance = type(e.what());
  for (const auto& [name, value] : words) instance.attr(name) = value;
  PyErr_SetObject(type.ptr(), instance.ptr());
}

}  // namespace

Interrupts::Interrupts() {
  if (PyThread_get_thread_ident() != main_thread || depth > 0) return;
  struct sigaction now;
  if (sigaction(SIGINT, nullptr, &now) != 0) return;
  if ((now.sa_flags & SA_SIGINFO) || now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN) return;
  before         = now;
  interrupted    = false;
  now.sa_handler = on_interrupt;
  active_        = sigaction(SIGINT, &now, nullptr) == 0;
  depth += active_;
}

Interrupts::~Interrupts() {
  if (!active_) return;
  sigaction(SIGINT, &before, nullptr);
  --depth;
}

const std::atomic<bool>* Interrupts::flag() const { return active_ ? &interrupted : nullptr; }

void bind_errors(py::module_& m) {
  main_thread = py::module_::import("threading").attr("main_thread")().attr("ident").cast<unsigned long>();
  const py::object exception = py::reinterpret_borrow<py::object>(PyExc_Exception);
  const auto       also      = [](py::handle type) { return py::make_tuple(error, type); };
  error                      = make_error(m, "Error", py::make_tuple(exception),
                                          "What people can act on: what is wrong, where, and the way out.");
  spec_error  = make_error(m, "SpecError", also(PyExc_ValueError), "What was written cannot be understood or built.");
  shape_error = make_error(m, "ShapeError", also(PyExc_ValueError), "An array does not fit.");
  numerics_error = make_error(m, "NumericsError", also(PyExc_ArithmeticError),
                              "A number stopped being finite. Attributes: layer_id, row, step, unit.");
  io_error       = make_error(m, "IoError", also(PyExc_OSError), "A file cannot be read or written.");
  py::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const SpecError& e) {
      raise_with(spec_error, e,
                 {{"file", py::str(e.at.file)}, {"line", py::int_(e.at.line)}, {"path", py::str(e.at.path)}});
    } catch (const ShapeError& e) { PyErr_SetString(shape_error.ptr(), e.what()); } catch (const NumericsError& e) {
      raise_with(numerics_error, e,
                 {{"layer_id", py::int_(e.layer_id)},
                  {"row", py::int_(e.row)},
                  {"step", py::int_(e.step)},
                  {"unit", py::int_(e.unit)}});
    } catch (const IoError& e) { PyErr_SetString(io_error.ptr(), e.what()); } catch (const Error& e) {
      PyErr_SetString(error.ptr(), e.what());
    } catch (const Stopped&) {
      if (PyErr_CheckSignals() == 0) PyErr_SetNone(PyExc_KeyboardInterrupt);
    }
  });
}

}  // namespace dynode::python

PYBIND11_MODULE(_core, m) {
  using namespace dynode::python;
  m.doc()               = "The engine of dynode.";
  m.attr("__version__") = dynode::kVersion;
  bind_errors(m);
  bind_catalogue(m);
  bind_model(m);
  bind_tape(m);
  bind_training(m);
  bind_tasks(m);
  bind_ctrnn(m);
  bind_rate(m);
  bind_wirings(m);
  bind_ncp(m);
  bind_mean_field(m);
  bind_capacity(m);
  bind_files(m);
  bind_tuning(m);
}
