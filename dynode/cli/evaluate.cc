// dynode evaluate: how well a network that has learnt does on data.
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <memory>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/io/model_formats.h"
#include "dynode/kernels/isa.h"
#include "dynode/learn/evaluation.h"

namespace dynode::cli {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostColumns  = 12;  // of a confusion matrix on a page
constexpr size_t  kMostMistakes = 10;

struct Settings {
  std::string              model, data, format, split;
  std::vector<std::string> metrics, set;
  int                      threads = 0;
};

bool is_training_file(const std::string& path) {
  const std::string ending = ending_of(path);
  return ending == ".yaml" || ending == ".yml" || ending == ".json";
}

/// What the word of an option stands for.
template <class E>
E from_word(const std::string& option, const std::string& word) {
  std::vector<std::string> known;
  for (const auto& [value, name] : EnumNames<E>::names) {
    if (word == name) return value;
    known.emplace_back(name);
  }
  throw SpecError({.path = option}, fmt::format("there is no '{}'", word), "there are: " + join(known));
}

template <class E>
std::string word_of(E value) {
  for (const auto& [one, name] : EnumNames<E>::names)
    if (one == value) return std::string(name);
  return {};
}

DataFormat format_of(const Settings& s) {
  if (!s.format.empty()) return from_word<DataFormat>("--format", s.format);
  std::error_code none;
  if (fs::is_directory(s.data, none)) return DataFormat::idx;
  const std::string ending = ending_of(s.data);
  if (ending == ".npz") return DataFormat::npz;
  if (ending == ".csv") return DataFormat::csv;
  throw IoError(s.data, "is no data file by its ending",
                "data are .npz, .csv, a folder of images or a training file (.yaml); else give --format");
}

/// Puts other data into a training file. @param whole  set where they are not to be split
void use_data(const Settings& s, const TrainConfig& trained, Value& file, bool& whole) {
  const DataFormat  format = format_of(s);
  const bool        scaled = trained.data.min_scale.has_value() && format != DataFormat::idx;
  const std::string path   = fs::absolute(s.data).string();
  Value&            data   = *file.find("data");
  if (scaled) {
    // inputs are scaled by the range of the training data, so these are read, too
    if (format != trained.data.format)
      throw SpecError({.path = "--data"}, "the network was trained on scaled inputs of another format",
                      "give the data as " + word_of(trained.data.format));
    data.set("test_path", path).set("test_split", Value());
    return;
  }
  if (format != trained.data.format) {
    Value other = Value::map({{"format", word_of(format)}});
    for (const char* key : {"min_scale", "max_scale", "num_classes"})
      if (const Value* value = data.find(key)) other.set(key, *value);
    data = other;
  }
  data.set("data_path", path).set("val_path", "").set("test_path", "");
  whole = format != DataFormat::idx;
  if (whole) data.set("val_split", 0).set("test_split", 0);
  else data.set("test_split", Value());
}

/// What to do with which data. @param whole  set where the data are not to be split
TrainConfig config_of(const Settings& s, const std::string& model, bool& whole) {
  whole = false;
  const auto with_set = [&](Value value) {
    for (const std::string& assignment : s.set) set_value(value, assignment);
    return value;
  };
  if (!s.data.empty() && is_training_file(s.data)) return read_train_config(with_set(load_value(s.data)));

  std::optional<TrainConfig> own = trained_with(load_safetensors(model), model);
  if (s.data.empty() && !own)
    throw SpecError({.path = "--data"}, "is missing: the model file does not say what it was trained with",
                    "give --data train.yaml, or --data data.npz");
  if (!own) {
    whole = true;
    const std::string format = word_of(format_of(s));
    Value data = Value::map({{"format", format}, {"data_path", fs::absolute(s.data).string()}, {"val_split", 0}});
    if (format == "idx") whole = false;
    else data.set("test_split", 0);
    return plain_config(with_set(Value::map({{"data", data}})));
  }
  Value file = write_train_config(*own);
  if (!s.data.empty()) use_data(s, *own, file, whole);
  return read_train_config(with_set(std::move(file)));
}

/// "93 %", "–" where there is nothing to divide by.
std::string share(int64_t part, int64_t whole) {
  return whole > 0 ? fmt::format("{:.0f} %", 100 * double(part) / double(whole)) : "–";
}

/// The whole matrix, zeros as dots.
void print_matrix(const ModelScores& e) {
  std::vector<DisplayTable::Column> columns = {{"class", true}};
  for (int64_t c = 0; c < e.classes; ++c) columns.push_back({std::to_string(c), true});
  columns.push_back({"recall", true});
  DisplayTable         table(columns);
  std::vector<int64_t> answered(size_t(e.classes));
  const auto count = [&](int64_t asked, int64_t answer) { return e.confusion[size_t(asked * e.classes + answer)]; };
  for (int64_t asked = 0; asked < e.classes; ++asked) {
    std::vector<std::string> cells = {std::to_string(asked)};
    int64_t                  all   = 0;
    for (int64_t c = 0; c < e.classes; ++c) {
      cells.push_back(count(asked, c) > 0 ? grouped(count(asked, c)) : "·");
      all += count(asked, c);
      answered[size_t(c)] += count(asked, c);
    }
    cells.push_back(share(count(asked, asked), all));
    table.add(cells);
  }
  std::vector<std::string> precision = {"precision"};
  for (int64_t c = 0; c < e.classes; ++c) precision.push_back(share(count(c, c), answered[size_t(c)]));
  table.add(precision);
  fmt::print("\nConfusion: one row per true class, one column per answer\n\n{}", table.text());
}

/// The mistakes made most often.
void print_mistakes(const ModelScores& e) {
  struct Mistake {
    int64_t asked, answered, times;
  };
  std::vector<Mistake> mistakes;
  for (int64_t a = 0; a < e.classes; ++a)
    for (int64_t b = 0; b < e.classes; ++b)
      if (const int64_t n = e.confusion[size_t(a * e.classes + b)]; a != b && n > 0) mistakes.push_back({a, b, n});
  if (mistakes.empty()) return;
  std::ranges::stable_sort(mistakes, std::greater(), &Mistake::times);
  mistakes.resize(std::min(mistakes.size(), kMostMistakes));
  DisplayTable table({{"class", true}, {"answer", true}, {"times", true}});
  for (const Mistake& m : mistakes)
    table.add({std::to_string(m.asked), std::to_string(m.answered), grouped(m.times)});
  fmt::print("\nMost frequent mistakes\n\n{}", table.text());
}

void run(const Settings& s) {
  apply_isa_override();
  bool              whole  = false;
  const std::string model  = model_path(s.model);
  const TrainConfig config = config_of(s, model, whole);
  const Split       split  = !s.split.empty() ? from_word<Split>("--split", s.split) : whole ? Split::all : Split::test;
  const ModelScores  e      = evaluate_model(model, config, split, s.metrics, s.threads);
  for (const std::string& warning : e.warnings) fmt::print(stderr, "warning: {}\n", warning);

  // what ran
  using Lines = std::vector<std::pair<std::string, std::string>>;
  const std::string part    = split == Split::all ? "all rows" : fmt::format("the {} set", word_of(split));
  const std::string pooling = config.model.time_pooling.name;
  const std::string speed   = grouped(int64_t(double(e.rows) / std::max(e.seconds, 1e-9)));
  const Lines       ran     = {
      {"data", fmt::format("{}, {}: {} × {} steps", e.data, part, grouped(e.rows), grouped(e.steps))},
      {"outputs", pooling == "none" ? "every step" : pooling + " over time"},
      {"time", fmt::format("{}, {} rows/s", duration_text(e.seconds), speed)}};

  // how it did
  std::vector<std::string> losses;
  for (const LossConfig& loss : config.training.loss.losses)
    losses.push_back(loss.weight == 1 ? loss.name : fmt::format("{:g} {}", loss.weight, loss.name));
  Lines numbers = {{"loss", fmt::format("{:.4g}   {}", e.loss, join(losses, " + "))}};
  for (const NamedNumber& number : e.metrics)
    numbers.emplace_back(number.name, number.text().substr(number.name.size() + 1));

  size_t widest = 10;
  for (const auto& [name, value] : numbers) widest = std::max(widest, name.size());
  fmt::print("{}\n", model);
  for (const auto& [name, value] : ran) fmt::print("  {:<{}}  {}\n", name, widest, value);
  fmt::print("\n");
  for (const auto& [name, value] : numbers) fmt::print("  {:<{}}  {}\n", name, widest, value);
  if (e.classes > 0 && e.classes <= kMostColumns) print_matrix(e);
  else if (e.classes > 0) print_mistakes(e);
}

}  // namespace

Verb evaluate_verb(Command& tool) {
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("evaluate", "measure a trained network on data: loss, metrics, confusion");
  verb.add_option("model", s->model, "a model file (.dynode), or the folder of a training run: its best network")
      .type_name("MODEL")
      .required();
  verb.add_option("--data", s->data,
                  "data (.npz, .csv, a folder of images), or a training file (.yaml) that names them; without it those "
                  "the network was trained with")
      .type_name("FILE");
  verb.add_option("--format", s->format, "idx, npz or csv, where the ending of the data does not tell")
      .type_name("NAME");
  verb.add_option("--split", s->split,
                  "test (default), validation, train or all; data without a training file are taken whole")
      .type_name("PART");
  verb.add_option("--metrics", s->metrics,
                  "what to measure, by commas: accuracy, top_5, f1, mse, r2, …; without it those of the run and the "
                  "usual ones")
      .type_name("NAMES")
      .delimiter(',')
      .allow_extra_args(false);
  add_set(verb, s->set, "model.time_pooling=mean or data.label_column=y");
  add_threads(verb, s->threads);
  verb.footer(
      "dynode evaluate runs/fashion_dendrites\n"
      "dynode evaluate runs/fashion_dendrites --data other.npz\n"
      "dynode evaluate model.dynode --data train.yaml --split validation\n"
      "dynode evaluate model.dynode --data data.csv --set model.time_pooling=final --metrics accuracy,f1");
  return {verb, [s] { run(*s); }};
}

}  // namespace dynode::cli
