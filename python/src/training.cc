// Training runs, with callbacks into Python.
#include <chrono>
#include <exception>

#include "dynode/io/file.h"
#include "dynode/learn/trainer.h"
#include "dynode/models/run_report.h"
#include "python/src/bind.h"

namespace dynode::python {
namespace {

using Clock = std::chrono::steady_clock;

/// Hands what happens to Python: on_update at most ten times a second, on_epoch always. What returns True stops the run.
class Callbacks : public Progress {
 public:
  Callbacks(py::object on_update, py::object on_epoch, py::object on_say, bool show,
            const std::atomic<bool>* interrupted)
      : on_update_(std::move(on_update)),
        on_epoch_(std::move(on_epoch)),
        on_say_(std::move(on_say)),
        interrupted_(interrupted) {
    if (show) shown_ = show_progress(stdout);
  }

  void begin(const std::string& title) override {
    if (shown_) shown_->begin(title);
  }
  void update(const ProgressState& s) override {
    if (interrupted_ && *interrupted_) stop = true;
    if (shown_) shown_->update(s);
    if (Clock::now() < next_) return;
    next_ = Clock::now() + std::chrono::milliseconds(100);
    call(on_update_, [&] {
      return py::dict(py::arg("epoch") = s.epoch, py::arg("epochs") = s.epochs, py::arg("update") = s.update,
                      py::arg("updates") = s.updates, py::arg("samples_per_second") = s.samples_per_second,
                      py::arg("seconds_left") = s.seconds_left, py::arg("train") = numbers(s.numbers));
    });
  }
  void epoch(const EpochSummary& e) override {
    if (shown_) shown_->epoch(e);
    call(on_epoch_, [&] {
      return py::dict(py::arg("epoch") = e.epoch, py::arg("epochs") = e.epochs, py::arg("seconds") = e.seconds,
                      py::arg("samples_per_second") = e.samples_per_second, py::arg("train") = numbers(e.train),
                      py::arg("validation") = numbers(e.validation), py::arg("best") = e.best);
    });
  }
  void say(const std::string& line) override {
    if (shown_) shown_->say(line);
    call(on_say_, [&] { return py::str(line); });
  }

  static py::dict numbers(const std::vector<NamedNumber>& list) {
    py::dict all;
    for (const NamedNumber& n : list) all[py::str(n.name)] = n.value;
    return all;
  }

  std::atomic<bool>  stop     = false;
  bool               keyboard = false;
  std::exception_ptr error;  // of a callback

 private:
  template <class What>
  void call(const py::object& to, What&& what) {
    if (to.is_none() || error) return;
    const py::gil_scoped_acquire lock;
    try {
      const py::object answer = to(what());
      if (!answer.is_none() && answer.cast<bool>()) stop = true;
    } catch (const py::error_already_set& e) {
      stop = true;
      if (e.matches(PyExc_KeyboardInterrupt)) keyboard = true;  // Ctrl-C that Python heard first
      else error = std::current_exception();
    } catch (...) {
      error = std::current_exception();
      stop  = true;
    }
  }

  py::object                on_update_, on_epoch_, on_say_;
  const std::atomic<bool>*  interrupted_;
  std::unique_ptr<Progress> shown_;
  Clock::time_point         next_{};
};

py::dict to_python(const TrainResult& r) {
  py::list repeats, yardsticks;
  for (const TrainResult& one : r.repeats) repeats.append(to_python(one));
  for (const auto& y : r.yardsticks) yardsticks.append(py::make_tuple(y.name, to_python(y.result)));
  return py::dict(py::arg("directory") = r.directory, py::arg("epochs") = r.epochs, py::arg("updates") = r.updates,
                  py::arg("best_epoch") = r.best_epoch, py::arg("best_loss") = r.best_loss,
                  py::arg("test_loss") = r.test_loss, py::arg("test") = Callbacks::numbers(r.test),
                  py::arg("seconds") = r.seconds, py::arg("stopped") = r.stopped, py::arg("reached") = r.reached,
                  py::arg("headline") = r.stopped ? std::string() : headline(r), py::arg("repeats") = repeats,
                  py::arg("yardsticks") = yardsticks);
}

/// @return (result, whether Ctrl-C ended it); the caller raises KeyboardInterrupt when it has seen to its own things
template <class Run>
py::tuple run(int threads, const std::string& directory, const py::object& on_update, const py::object& on_epoch,
              const py::object& on_say, bool show, Run&& work) {
  Interrupts  interrupts;
  Callbacks   callbacks(on_update, on_epoch, on_say, show, interrupts.flag());
  TrainResult result;
  {
    const py::gil_scoped_release release;
    result = work(
        TrainOptions{.threads = threads, .run_directory = directory, .progress = &callbacks, .stop = &callbacks.stop});
    if (!result.stopped) write_run_report(result.directory);
  }
  if (callbacks.error) std::rethrow_exception(callbacks.error);
  const bool interrupted = result.stopped && (callbacks.keyboard || (interrupts.flag() && *interrupts.flag()));
  if (interrupted && !callbacks.keyboard && PyErr_CheckSignals() != 0) PyErr_Clear();  // the caller raises it
  return py::make_tuple(to_python(result), interrupted);
}

}  // namespace

void bind_training(py::module_& m) {
  using namespace py::literals;
  m.def(
      "train",
      [](const py::object& config, const std::string& directory, int threads, const py::object& on_update,
         const py::object& on_epoch, const py::object& on_say, bool show) {
        const TrainConfig read =
            py::isinstance<py::dict>(config) ? read_train_config(value_of(config)) : load_train_config(py::str(config));
        return run(threads, directory, on_update, on_epoch, on_say, show,
                   [&](const TrainOptions& options) { return train(read, options); });
      },
      "config"_a, "directory"_a, "threads"_a, "on_update"_a, "on_epoch"_a, "on_say"_a, "show"_a);
  m.def(
      "resume",
      [](const std::string& directory, int threads, const py::object& on_update, const py::object& on_epoch,
         const py::object& on_say, bool show) {
        return run(threads, directory, on_update, on_epoch, on_say, show,
                   [&](const TrainOptions& options) { return resume(directory, options); });
      },
      "directory"_a, "threads"_a, "on_update"_a, "on_epoch"_a, "on_say"_a, "show"_a);
}

}  // namespace dynode::python
