#include "dynode/models/fit.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

#include "dynode/base/text.h"
#include "dynode/io/npz.h"
#include "dynode/learn/trainer.h"

namespace dynode {
namespace {
namespace fs = std::filesystem;

/// A folder for files that nobody keeps; in memory where the system has such a place.
class Scratch {
 public:
  Scratch() {
    const fs::path  memory = "/dev/shm";
    std::error_code none;
    const fs::path  base =
        fs::is_directory(memory, none) && ::access(memory.c_str(), W_OK) == 0 ? memory : fs::temp_directory_path();
    std::string name = (base / "dynode-fit-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw IoError(name, "cannot make a folder for files in between");
    path_ = name;
  }
  Scratch(const Scratch&) = delete;
  ~Scratch() {
    std::error_code none;
    fs::remove_all(path_, none);
  }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

/// Keeps what each epoch ended with, and shows it to whoever listens.
class Listener : public Progress {
 public:
  Listener(History& history, Progress* other) : history_(history), other_(other) {}
  void begin(const std::string& title) override {
    if (other_) other_->begin(title);
  }
  void update(const ProgressState& state) override {
    if (other_) other_->update(state);
  }
  void epoch(const EpochSummary& summary) override {
    history_.epochs.push_back(summary);
    if (other_) other_->epoch(summary);
  }
  void say(const std::string& line) override {
    if (other_) other_->say(line);
  }

 private:
  History&  history_;
  Progress* other_;
};

bool has_classes(const Array& y) {
  return std::holds_alternative<std::vector<int64_t>>(y.data) || std::holds_alternative<std::vector<uint8_t>>(y.data);
}

/// Arrays as a file of data that says what it is.
TrainConfig config_of(const Model& model, const Array& x, const Array& y, const FitOptions& o, const Scratch& scratch) {
  if (x.shape.size() != 3)
    throw ShapeError("x", {-1, -1, int64_t(model.plan().input_width())}, x.shape, "axes are [rows, steps, units]");
  const bool classes = has_classes(y);
  const bool per_step =
      o.per_step.value_or(y.shape.size() == 3 || (classes && y.shape.size() == 2 && y.shape[1] == x.shape[1]));
  std::vector<std::pair<std::string, Array>> arrays  = {{"x", x}, {"y", y}};
  const auto                                 per_row = [&](const char* name, Array a) {
    if (a.shape.size() == 3 && a.shape[2] == 1) a.shape.pop_back();
    arrays.emplace_back(name, std::move(a));
  };
  if (o.timespans) per_row("timespans", *o.timespans);
  if (o.mask) per_row("mask", *o.mask);
  save_npz(scratch.file("data.npz"), arrays);
  model.save(scratch.file("start.dynode"));

  const std::string loss = o.loss.empty() ? classes ? "cross_entropy" : "mse" : o.loss;
  const LayerSpec&  last = *model.plan().spec.layer(model.plan().layers[size_t(model.plan().output)].layer_id);
  if (loss == "cross_entropy" && find_cell(last.layer_type)->name == std::string("Softmax"))
    throw SpecError({.path = "loss"}, "cross_entropy takes what is before a softmax, and the last layer is one",
                    "end with a Dense layer without activation: the largest output is the answer all the same");
  Value data     = Value::map({{"format", "npz"},
                               {"data_path", scratch.file("data.npz")},
                               {"val_split", o.validation_split},
                               {"test_split", 0}});
  Value network  = Value::map({{"base_model_path", scratch.file("start.dynode")},
                               {"load_exact_model_state", true},
                               {"dtype", model.precision() == Precision::float32 ? "float32" : "float64"},
                               {"time_pooling", per_step ? "none" : o.pooling}});
  Value training = Value::map({{"mapping", per_step ? "seq2seq" : "seq2static"},
                               {"batch_size", o.batch_size},
                               {"max_epochs", o.epochs},
                               {"optimizer", Value::map({{"name", o.optimizer}, {"lr", o.learning_rate}})},
                               {"loss", Value::map({{"losses", Value::list_of({Value::map({{"name", loss}})})}})}});
  if (o.gradient_clip) training.set("gradient_clip_val", *o.gradient_clip);
  if (o.early_stopping_patience) training.set("early_stopping_patience", *o.early_stopping_patience);
  if (o.run_directory.empty()) {  // nobody resumes it
    training.set("checkpoint_save_top_k", 0).set("save_initial_state", false);
    training.set("checkpoint_every_n_epochs", o.epochs);
  }
  Value config =
      Value::map({{"name", "fit"}, {"seed", o.seed}, {"data", data}, {"model", network}, {"training", training}});
  Value logging = Value::map({{"log_freq", 1000000000}});
  if (!o.metrics.empty()) logging.set("metrics", Value(o.metrics));
  config.set("logging", logging);
  return read_train_config(config);
}

}  // namespace

std::vector<double> History::of(const std::string& name) const {
  const bool               validation = name.starts_with("val_");
  const std::string        wanted     = validation ? name.substr(4) : name;
  std::vector<double>      values;
  std::vector<std::string> known;
  for (const EpochSummary& epoch : epochs)
    for (const NamedNumber& number : validation ? epoch.validation : epoch.train)
      if (number.name == wanted) values.push_back(number.value);
  if (!epochs.empty())
    for (const bool other : {false, true})
      for (const NamedNumber& number : other ? epochs.front().validation : epochs.front().train)
        known.push_back((other ? "val_" : "") + number.name);
  if (values.empty())
    throw SpecError({}, fmt::format("the history has no '{}'", name), did_you_mean(name, known, "there are"));
  return values;
}

History fit(Model& model, const Array& x, const Array& y, const FitOptions& options) {
  const Scratch     scratch;
  const TrainConfig config = config_of(model, x, y, options, scratch);
  History           history;
  Listener          listener(history, options.progress);
  const std::string run    = options.run_directory.empty() ? scratch.file("run") : options.run_directory;
  const TrainResult result = train(config, {.threads = options.threads, .run_directory = run, .progress = &listener});
  history.best_epoch = result.best_epoch, history.seconds = result.seconds;
  model.load_parameters(
      (fs::path(run) / "checkpoints" / (options.validation_split > 0 ? "best.dynode" : "last.dynode")).string());
  return history;
}

ModelScores evaluate(const Model& model, const Array& x, const Array& y, const FitOptions& options) {
  const Scratch scratch;
  FitOptions    all        = options;
  all.validation_split     = 0;
  const TrainConfig config = config_of(model, x, y, all, scratch);
  return evaluate_model(scratch.file("start.dynode"), config, Split::all, options.metrics, options.threads);
}

Array predict(Model& model, const Array& x, const SimulateOptions& options) {
  const Results results = model.simulate(x, options);
  const Array&  history = results.at("output");
  const size_t  rows = size_t(history.shape[0]), steps = size_t(history.shape[1]) - 1, units = size_t(history.shape[2]);
  Array         to{{history.shape[0], int64_t(steps), history.shape[2]}, history.data};
  std::visit(
      [&](auto& values) {
        auto at = values.begin();
        for (size_t row = 0; row < rows; ++row)
          at = std::copy_n(values.begin() + ptrdiff_t((row * (steps + 1) + 1) * units), steps * units, at);
        values.resize(size_t(at - values.begin()));
      },
      to.data);
  return to;
}

}  // namespace dynode
