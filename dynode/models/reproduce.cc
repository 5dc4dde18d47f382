#include "dynode/models/reproduce.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/io/file.h"
#include "dynode/io/npz.h"
#include "dynode/plan/arguments.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"
#include "dynode/tasks/task.h"

namespace dynode {
namespace {

namespace fs = std::filesystem;

struct Settings {
  int    epochs;
  size_t samples;  // 0: all
};

/// The published set of bit streams as a file. @param reads_time  with the elapsed time as a second input
void write_bit_streams(const std::string& path, const std::string& encoding, const std::string& set, size_t rows,
                       bool reads_time) {
  const TaskEntry& entry    = find_task("bit_stream_xor");
  Arguments        settings = default_settings(entry);
  settings.set("encoding", encoding), settings.set("set", set);
  const Task task(entry, settings);
  if (rows == 0) rows = task.fixed_count();
  const TrialBatch   batch = task.batch(0, 0, rows);
  const auto         steps = task.shape().steps;
  const auto         n = int64_t(rows), t = int64_t(steps);
  std::vector<float> x, spans(batch.timespans.begin(), batch.timespans.end());
  for (size_t i = 0; i < rows * steps; ++i) {
    x.push_back(float(batch.input[i]));
    if (reads_time) x.push_back(spans[i]);
  }
  std::vector<Npz::Entry> arrays = {
      {"x", {{n, t, reads_time ? 2 : 1}, x}}, {"y", {{n}, batch.labels}}, {"mask", {{n, t}, batch.mask}}};
  if (!reads_time) arrays.push_back({"timespans", {{n, t}, spans}});
  save_npz(path, arrays);
}

/// Where the data of a run are; makes those that can be made.
std::string data_yaml(const PublishedTable& table, const PublishedModel& model, const std::string& column,
                      const ReproduceOptions& o, const Settings& s) {
  const std::string name   = table.name;
  const auto        quoted = [](const std::string& path) { return to_json(Value(fs::absolute(path).string())); };
  if (name == "sine") return "{format: task, task: sine, epoch_trials: 100, val_trials: 1, test_trials: 1}";
  if (name == "xor") {
    const fs::path folder = fs::path(o.folder) / "data";
    fs::create_directories(folder);
    const auto file = [&](const char* set, size_t rows) {
      const fs::path path = folder / fmt::format("{}_{}{}{}.npz", column, set, rows ? fmt::format("_{}", rows) : "",
                                                 model.reads_time ? "_with_time" : "");
      if (!fs::exists(path)) write_bit_streams(path.string(), column, set, rows, model.reads_time);
      return path.string();
    };
    return fmt::format("{{format: npz, data_path: {}, test_path: {}, val_split: 0.1, num_classes: 2}}",
                       quoted(file("train", s.samples)), quoted(file("test", 0)));
  }
  if (name == "half_cheetah") return fmt::format("{{format: half_cheetah, data_path: {}}}", quoted(o.data));
  return fmt::format("{{format: idx, data_path: {}, sequence: rows, val_split: 0.1}}", quoted(o.data));
}

TrainConfig config_of(const PublishedTable& table, const PublishedModel& model, const std::string& column, int seed,
                      const ReproduceOptions& o, const Settings& s) {
  const std::string name = table.name;
  const bool        sine = name == "sine", per_step = sine || name == "half_cheetah";
  const int         inputs  = sine ? 2 : name == "xor" ? 1 + model.reads_time : name == "mnist" ? 28 : 17;
  const int         outputs = sine ? 1 : name == "xor" ? 2 : name == "mnist" ? 10 : 17;
  // layers that weigh their sources themselves take them as they are
  const bool  own  = find_cell(parse_yaml(model.layer).at("layer_type").text())->takes_sources;
  std::string text = fmt::format(
      R"(name: {}
seed: {}
data: {}
model:
  time_pooling: {}
  architecture:
    layers:
      - {{layer_id: 0, layer_type: Input, params: {{dim: {}}}}}
      - {{layer_id: 1, {}
)",
      model.name, seed, data_yaml(table, model, column, o, s), per_step ? "none" : "final", inputs,
      model.layer.substr(1));
  if (!sine) text += fmt::format("      - {{layer_id: 2, layer_type: Linear, params: {{dim: {}}}}}\n", outputs);
  // gated units have weights of their own behind what arrives
  text += fmt::format("    connections:\n      - {{from_layer: 0, to_layer: 1, connection_type: {}}}\n",
                      own ? "direct" : "dense, params: {init: fan_in_uniform}");
  if (!sine)
    text +=
        "      - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: fan_in_uniform, bias: "
        "fan_in_uniform}}\n";
  text += fmt::format(
      R"(training:
  mapping: {}
  batch_size: {}
  max_epochs: {}
  optimizer: {}
  loss: {{losses: [{{name: {}}}]}}
{}  checkpoint_save_top_k: 0
callbacks: {{lr_scheduler: {{type: exponential, factor: {}}}}}
logging: {{metrics: [{}]}}
)",
      per_step ? "seq2seq" : "seq2static", model.batch_size, s.epochs, model.optimizer,
      per_step ? "mse" : "cross_entropy", model.clip > 0 ? fmt::format("  gradient_clip_val: {}\n", model.clip) : "",
      model.decay, table.metric);
  return read_train_config(parse_yaml(text));
}

template <class T, class Name>
std::vector<const T*> chosen(const std::vector<T>& all, const std::vector<std::string>& wanted, const char* what,
                             const Name& name) {
  std::vector<const T*>    out;
  std::vector<std::string> known;
  for (const T& t : all) known.push_back(name(t));
  if (wanted.empty())
    for (const T& t : all) out.push_back(&t);
  for (const std::string& word : wanted) {
    const auto found = std::ranges::find(known, word);
    if (found == known.end())
      throw SpecError({.path = fmt::format("--{}s", what)},
                      fmt::format("there is no {} '{}' in this table", what, word),
                      did_you_mean(word, known, "there are"));
    out.push_back(&all[size_t(found - known.begin())]);
  }
  return out;
}

/// What has to be equal for a run to be one of this table.
Value signature(const ReproduceOptions& o, const Settings& s) {
  return Value::map({{"epochs", int64_t(s.epochs)},
                     {"samples", int64_t(s.samples)},
                     {"data", o.data.empty() ? std::string() : fs::absolute(o.data).lexically_normal().string()}});
}

Value json_of(const Reproduction& r) {
  Value::List runs, rows;
  for (const ReproducedRun& run : r.runs)
    runs.push_back(Value::map({{"model", run.model},
                               {"column", run.column},
                               {"seed", int64_t(run.seed)},
                               {"score", run.score},
                               {"epochs", run.epochs},
                               {"seconds", run.seconds}}));
  for (const PublishedModel& m : r.table->models)
    for (size_t c = 0; c < r.table->columns.size(); ++c) {
      const auto here = r.score(m.name, r.table->columns[c]);
      if (!here) continue;
      Value row = Value::map({{"model", m.name}, {"column", r.table->columns[c]}, {"mean", here->mean}});
      if (here->deviation) row.set("std", *here->deviation);
      if (c < m.published.size() && m.published[c]) {
        row.set("published_mean", m.published[c]->mean);
        if (m.published[c]->deviation) row.set("published_std", *m.published[c]->deviation);
      }
      rows.push_back(row);
    }
  return Value::map({{"table", r.table->name},
                     {"metric", r.table->metric},
                     {"source", r.table->source},
                     {"epochs", int64_t(r.epochs)},
                     {"published_epochs", int64_t(r.table->full_epochs)},
                     {"samples", int64_t(r.samples)},
                     {"differences", r.table->differences},
                     {"rows", rows},
                     {"runs", runs}});
}

void write_tables(const Reproduction& r, const std::string& folder) {
  write_file(folder + "/reproduce.json", to_json(json_of(r), true) + "\n");
  write_file(folder + "/table.md", reproduction_markdown(r));
  write_file(folder + "/table.html", reproduction_html(r));
}

}  // namespace

std::optional<Score> Reproduction::score(const std::string& model, const std::string& column) const {
  std::vector<double> scores;
  for (const ReproducedRun& run : runs)
    if (run.model == model && run.column == column) scores.push_back(run.score);
  if (scores.empty()) return std::nullopt;
  Score s;
  for (double x : scores) s.mean += x / double(scores.size());
  if (scores.size() > 1) {
    double squares = 0;
    for (double x : scores) squares += (x - s.mean) * (x - s.mean);
    s.deviation = std::sqrt(squares / double(scores.size() - 1));
  }
  return s;
}

Reproduction reproduce(const PublishedTable& table, const ReproduceOptions& o) {
  const auto models =
      chosen(table.models, o.models, "model", [](const PublishedModel& m) { return std::string(m.name); });
  const auto columns = chosen(table.columns, o.columns, "column", [](const std::string& c) { return c; });
  if (table.needs_data && o.data.empty())
    throw SpecError({.path = "--data"}, fmt::format("the table {} needs its data", table.name),
                    table.name == std::string("mnist") ? "give the folder with the four files of MNIST"
                                                       : "give the folder with the trajectories (trace_0000.npy, …)");
  if (!table.needs_data && !o.data.empty())
    throw SpecError({.path = "--data"}, fmt::format("the table {} makes its data itself", table.name), "leave it out");
  if (o.samples && std::string(table.name) != "xor")
    throw SpecError({.path = "--samples"}, fmt::format("the table {} uses all its data", table.name), "leave it out");
  const Settings s{o.epochs.value_or(o.full ? table.full_epochs : table.epochs),
                   o.samples.value_or(o.full ? 0 : table.samples)};

  Reproduction result{.table = &table, .runs = {}, .epochs = s.epochs, .samples = s.samples};
  const size_t all = models.size() * columns.size() * size_t(o.seeds);
  // seed after seed, so that every model has a figure early
  for (int seed = 1; seed <= o.seeds; ++seed)
    for (const std::string* column : columns)
      for (const PublishedModel* model : models) {
        const std::string path = fmt::format("{}/{}/{}/seed_{}", o.folder, *column, model->name, seed);
        const std::string done = path + "/result.json";
        ReproducedRun     run{.model = model->name, .column = *column, .seed = seed};
        const Value       same  = signature(o, s);
        const auto        check = [&](const Value& was) {
          if (was == same) return;
          throw IoError(path, fmt::format("this run had other settings: {}", to_json(was)),
                               "give the same --epochs, --samples and --data, or another --output");
        };
        if (fs::exists(done)) {
          const Value was = parse_json(read_file(done), done);
          check(was.at("settings"));
          run.score = was.at("score").number(), run.seconds = was.at("seconds").number();
          run.epochs = was.at("epochs").integer(), run.kept = true;
        } else {
          const bool        begun    = fs::exists(path + "/checkpoints/last.dynode");
          const std::string marker   = path + ".json";
          TrainOptions      training = o.training;
          training.run_directory     = path;
          if (begun) check(parse_json(read_file(marker), marker));
          else {
            const TrainConfig config = config_of(table, *model, *column, seed, o, s);
            fs::remove_all(path);  // it has no checkpoint
            fs::create_directories(fs::path(path).parent_path());
            write_file(marker, to_json(same) + "\n");
          }
          const TrainResult trained =
              begun ? resume(path, training) : train(config_of(table, *model, *column, seed, o, s), training);
          if (trained.stopped) {
            result.stopped = true;
            return result;
          }
          expects(!trained.test.empty(), "runs of tables are tested");
          run.score = trained.test[0].value, run.seconds = trained.seconds, run.epochs = trained.epochs;
          write_file(
              done, to_json(Value::map(
                        {{"settings", same}, {"score", run.score}, {"seconds", run.seconds}, {"epochs", run.epochs}})) +
                        "\n");
        }
        result.runs.push_back(run);
        write_tables(result, o.folder);
        if (o.finished) o.finished(run, result.runs.size(), all);
      }
  return result;
}

// ---- the table -----------------------------------------------------------------------------------------------------

std::string score_text(const PublishedTable& table, const Score& score) {
  const bool share = table.metric == std::string("accuracy");
  const auto text  = [&](double x) {
    return share               ? fmt::format("{:.2f}", 100 * x)
            : score.mean < 0.01 ? fmt::format("{:.2e}", x)
                                : fmt::format("{:.3f}", x);
  };
  return text(score.mean) + (score.deviation ? " ± " + text(*score.deviation) : "") + (share ? " %" : "");
}

namespace {

/// model, column, runs, here, published, seconds per epoch: heading first.
std::vector<std::vector<std::string>> cells_of(const Reproduction& r) {
  std::vector<std::vector<std::string>> rows = {{"model", "", "runs", "here", "published", "per epoch"}};
  for (const PublishedModel& m : r.table->models)
    for (size_t c = 0; c < r.table->columns.size(); ++c) {
      const std::string& column = r.table->columns[c];
      const auto         here   = r.score(m.name, column);
      if (!here) continue;
      double  seconds = 0;
      int64_t runs = 0, epochs = 0;
      for (const ReproducedRun& run : r.runs)
        if (run.model == m.name && run.column == column) ++runs, seconds += run.seconds, epochs += run.epochs;
      const bool known = c < m.published.size() && m.published[c];
      rows.push_back({m.summary, column, std::to_string(runs), score_text(*r.table, *here),
                      known ? score_text(*r.table, *m.published[c]) : "",
                      duration_text(seconds / double(std::max<int64_t>(epochs, 1)))});
    }
  return rows;
}

std::string note_of(const Reproduction& r) {
  std::string text = fmt::format("test {}, mean ± standard deviation; {} epochs", r.table->metric, r.epochs);
  if (r.epochs != r.table->full_epochs) text += fmt::format(" (published: {})", r.table->full_epochs);
  if (r.samples) text += fmt::format(", the first {} training samples", grouped(int64_t(r.samples)));
  return text + ". Otherwise than published: " + r.table->differences + ".";
}

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return out;
}

}  // namespace

std::string reproduction_text(const Reproduction& r) {
  const auto   cells = cells_of(r);
  DisplayTable table({{cells[0][0]},
                      {cells[0][1]},
                      {cells[0][2], true},
                      {cells[0][3], true},
                      {cells[0][4], true},
                      {cells[0][5], true}});
  for (size_t i = 1; i < cells.size(); ++i) table.add(cells[i]);
  std::string text = table.text() + "\n";
  for (const std::string& line : wrapped(note_of(r), kDisplayWidth - 2)) text += "  " + line + "\n";
  for (const std::string& line : wrapped(std::string("Source: ") + r.table->source, kDisplayWidth - 2))
    text += "  " + line + "\n";
  return text;
}

std::string reproduction_markdown(const Reproduction& r) {
  std::string text = fmt::format("# {}: {}\n\n", r.table->name, r.table->summary);
  const auto  rows = cells_of(r);
  for (size_t i = 0; i < rows.size(); ++i) {
    text += "| " + join(rows[i], " | ") + " |\n";
    if (i == 0) text += "|---|---|---:|---:|---:|---:|\n";
  }
  return text + "\n" + note_of(r) + "\n\nSource: " + r.table->source + "\n";
}

std::string reproduction_html(const Reproduction& r) {
  std::string text = fmt::format(R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{0}</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ padding: .35rem .7rem; border-bottom: 1px solid #ddd; text-align: right; font-variant-numeric: tabular-nums; }}
th {{ border-bottom: 2px solid #888; }}
th:nth-child(-n+2), td:nth-child(-n+2) {{ text-align: left; }}
p {{ color: #555; }}
</style></head><body>
<h1>{0}</h1><p>{1}</p>
<table>
)",
                                 escaped(r.table->name), escaped(r.table->summary));
  const auto  rows = cells_of(r);
  for (size_t i = 0; i < rows.size(); ++i) {
    text += "<tr>";
    for (const std::string& cell : rows[i]) text += fmt::format("<{0}>{1}</{0}>", i ? "td" : "th", escaped(cell));
    text += "</tr>\n";
  }
  return text + fmt::format("</table>\n<p>{}</p>\n<p>Source: {}</p>\n</body></html>\n", escaped(note_of(r)),
                            escaped(r.table->source));
}

}  // namespace dynode
