// dynode convert: networks and weights from one kind of file to another, with parts taken out or layers joined on the way.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/io/file.h"
#include "dynode/io/model_formats.h"
#include "dynode/io/nir.h"
#include "dynode/io/npz.h"
#include "dynode/io/safetensors.h"
#include "dynode/io/soen_json.h"
#include "dynode/io/soen_torch.h"
#include "dynode/models/composition.h"
#include "dynode/models/nir.h"
#include "dynode/models/original_names.h"
#include "dynode/models/programmable_conversion.h"
#include "dynode/models/rate.h"
#include "dynode/spec/json.h"
#include "dynode/spec/reading.h"
#include "dynode/spec/yaml.h"

namespace dynode::cli {
namespace {

struct Settings {
  std::string              in, out, weights, names = "dynode", dtype;
  std::vector<std::string> add, merge, programmable, set;
  std::vector<int>         keep, remove;
  bool                     spec_only = false, renumber = false, lossy = false;
  NirReading               nir;
  std::optional<double>    dt;

  bool changes_layers() const { return !add.empty() || !merge.empty() || !keep.empty() || !remove.empty() || renumber || !programmable.empty(); }
};

/// What is told in the end.
struct Report {
  std::vector<std::pair<const char*, std::string>> lines;
  std::vector<std::string>                         notes;   // what could not be kept

  void line(const char* name, std::string text) { lines.emplace_back(name, std::move(text)); }
  void note(const std::vector<std::string>& more) { notes.insert(notes.end(), more.begin(), more.end()); }
  void print(const std::string& file) const {
    fmt::print("{}\n", file);
    for (const auto& [name, text] : lines) fmt::print("  {:<10}  {}\n", name, text);
    for (const std::string& text : notes) fmt::print("  {:<10}  {}\n", "note", text);
  }
};

void check_out(const Settings& s) {
  check_writable(s.out);
  const std::string ending = ending_of(s.out);
  if (is_torch_path(s.out))
    throw IoError(s.out, "files of torch are read, not written",
                  "write .safetensors with --names original; safetensors.torch.load_file gives a state dict");
  const std::vector<std::string> known = {".dynode", ".json", ".yaml", ".yml", ".npz", ".safetensors", ".mat", ".nir"};
  if (std::find(known.begin(), known.end(), ending) == known.end())
    throw IoError(
        s.out, ending.empty() ? "the name has no ending" : fmt::format("unknown ending '{}'", ending),
        "networks are written as .yaml, .json, .dynode, .nir, those of spikeRNN as .mat, weights as .npz, .safetensors");
  if (s.names != "dynode" && s.names != "original")
    throw SpecError({.path = "--names"}, fmt::format("there is no '{}'", s.names), "there are: dynode, original");
  if (s.spec_only && (ending == ".npz" || ending == ".safetensors" || ending == ".dynode"))
    throw SpecError({.path = "--spec"}, fmt::format("a {} file is more than a spec", ending), "write .yaml or .json");
  if (!s.weights.empty() && (s.spec_only || ending == ".yaml" || ending == ".yml"))
    throw SpecError({.path = "--weights"}, "a spec has no place for weights", "write .dynode or .json");
  if (s.names == "original" && ending != ".npz" && ending != ".safetensors")
    throw SpecError({.path = "--names"}, "original names belong to weights", "write .npz or .safetensors");
}

/// What .nir files leave open belongs to them alone.
void check_nir(const Settings& s) {
  const NirReading usual;
  const auto only = [&](bool given, const char* option, const std::string& path, const char* what) {
    if (given && ending_of(path) != ".nir")
      throw SpecError({.path = option}, fmt::format("is about {} .nir files", what), "leave it out");
  };
  only(s.dt.has_value(), "--dt", s.in, "reading");
  only(s.nir.scheme != usual.scheme, "--scheme", s.in, "reading");
  only(s.nir.spike_input != usual.spike_input, "--spike-input", s.in, "reading");
  only(s.lossy, "--allow-lossy", s.out, "writing");
  const auto known = [](const char* option, const std::string& word, const std::vector<std::string>& words) {
    if (std::find(words.begin(), words.end(), word) == words.end())
      throw SpecError({.path = option}, fmt::format("there is no '{}'", word), did_you_mean(word, words, "there are"));
  };
  known("--scheme", s.nir.scheme, {"exact", "euler"});
  known("--spike-input", s.nir.spike_input, {"pulse", "delta"});
  if (s.dt && !(*s.dt > 0 && std::isfinite(*s.dt)))
    throw SpecError({.path = "--dt"}, fmt::format("{} is no step", *s.dt), "give 1e-4, for example");
}

/// Models of any format; of .nir as the options say.
std::optional<StoredModel> load_stored(const Settings& s, const std::string& path) {
  if (ending_of(path) != ".nir") return load_stored_model(path);
  NirReading how = s.nir;
  how.dt         = s.dt.value_or(how.dt);
  return read_nir(load_hdf5(path), how);
}

/// Single precision where nothing in the file is in double.
ModelOptions options_of(const Settings& s, const StoredModel* stored) {
  if (!s.dtype.empty() && s.dtype != "float32" && s.dtype != "float64")
    throw SpecError({.path = "--dtype"}, fmt::format("there is no '{}'", s.dtype), "there are: float32, float64");
  bool wide = s.dtype == "float64";
  if (s.dtype.empty() && stored)
    for (const auto& entry : stored->arrays)
      wide |= std::holds_alternative<std::vector<double>>(entry.second.data) && entry.first != "dt" &&
              !entry.first.ends_with("_mask");
  return {wide ? Precision::float64 : Precision::float32, 1, {}};
}

/// A network with numbers, however it is written; a spec draws its own.
Model read_network(const Settings& s, const std::string& path, const std::string& weights, Report& report,
                   const std::vector<std::string>& set = {}) {
  std::optional<StoredModel> stored = load_stored(s, path);
  if (!stored) {
    Model model = load_model(path, set, options_of(s, nullptr));
    if (!weights.empty()) model.load_parameters(weights);
    return model;
  }
  if (!set.empty()) return load_model(path, set, options_of(s, &*stored));   // says that this cannot be
  report.note(stored->notes);
  Model model = Model::from_stored(*stored, options_of(s, &*stored));
  for (const std::string& name : unused_arrays(model.plan(), *stored))
    report.notes.push_back(fmt::format("'{}' means nothing to this network and is left out", name));
  if (!weights.empty()) model.load_parameters(weights);
  return model;
}

std::vector<int> ids_of(const std::string& words, const char* option) {
  std::vector<int> ids;
  size_t           start = 0;
  while (start <= words.size()) {
    const size_t      end  = std::min(words.find(',', start), words.size());
    const std::string word = words.substr(start, end - start);
    if (word.empty() || word.size() > 9 || word.find_first_not_of("0123456789") != word.npos)
      throw SpecError({.path = option}, fmt::format("'{}' is no layer_id", word),
                      fmt::format("write it like {} 1,2", option));
    ids.push_back(std::stoi(word));
    start = end + 1;
  }
  return ids;
}

/// "1→0, 4→1": ids that changed.
std::string moved(const LayerIds& ids) {
  std::vector<std::string> words;
  for (const auto& [from, to] : ids)
    if (from != to) words.push_back(fmt::format("{} → {}", from, to));
  return words.empty() ? "none" : join(words);
}

Model change_layers(const Settings& s, Model model, Report& report) {
  const ModelOptions options{model.precision(), 1, {}};
  const auto take = [&](StoredModel next) {
    report.note(next.notes);
    model = Model::from_stored(next, options);
  };
  for (const std::string& path : s.add) {
    const Model other = read_network(s, path, "", report);
    take(side_by_side(model.stored(), other.stored()));
    report.line("added",
                fmt::format("{}, as layers {} and up", path,
                            model.stored().spec.layers.back().layer_id - other.plan().spec.layers.back().layer_id));
  }
  for (const std::string& words : s.merge) {
    const size_t     colon = words.find(':');
    std::optional<int> id;
    if (colon != words.npos) id = ids_of(words.substr(colon + 1), "--merge")[0];
    MergedLayers merged = merge_layers(model, ids_of(words.substr(0, colon), "--merge"), id);
    report.line("merged", fmt::format("layers {}; ids {}; {}", words, moved(merged.ids),
                                      merged.exact ? "exact" : "not exact, see the notes"));
    take(std::move(merged.model));
  }
  if (!s.keep.empty()) take(subgraph(model.stored(), s.keep));
  if (!s.remove.empty()) take(without_layers(model.stored(), s.remove));
  if (s.renumber) {
    const StoredModel stored = model.stored();
    const LayerIds    ids    = consecutive_ids(stored.spec);
    report.line("renumbered", moved(ids));
    take(renumber(stored, ids));
  }
  for (const std::string& words : s.programmable) {   // NOCC, or NOCC:J_0_to_1,J_1_to_2
    const size_t        colon = words.find(':');
    ProgrammableOptions wanted{.mode = words.substr(0, colon)};
    for (size_t at = colon; at != words.npos; at = words.find(',', at + 1))
      wanted.connections.push_back(words.substr(at + 1, words.find(',', at + 1) - at - 1));
    ProgrammableNetwork made = make_programmable(model, wanted);
    for (const ConvertedConnection& c : made.connections)
      report.line("programmable", fmt::format("{} by {}, gains {:.3g} to {:.3g}", c.name, wanted.mode, c.low, c.high));
    take(std::move(made.model));
  }
  return model;
}

// ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

using Arrays = std::vector<std::pair<std::string, Array>>;

void write_arrays(const std::string& path, const Arrays& arrays) {
  if (ending_of(path) == ".npz") return save_npz(path, arrays);
  TensorFile file;
  for (const auto& [name, array] : arrays) file.tensors.emplace_back(name, make_tensor(array));
  save_safetensors(path, file);
}

/// Real values and masks, as --weights takes them; or what is stored, by the names of another package.
Arrays arrays_of(const Settings& s, const Model& model, Report& report) {
  Arrays            arrays;
  const StoredModel stored = model.stored();
  if (s.names == "original") {
    OriginalNames originals = original_names(stored);
    for (const auto& [ours, theirs] : originals.names) arrays.emplace_back(theirs, *stored.find(ours));
    report.line("names", fmt::format("of {}", originals.package));
    if (!originals.left_out.empty())
      report.notes.push_back(fmt::format("without a name there, left out: {}", join(originals.left_out)));
    return arrays;
  }
  for (const Block& b : model.plan().parameters.blocks()) {
    arrays.emplace_back(b.name, model.parameter(b.name));
    if (!b.mask.empty()) arrays.emplace_back("mask/" + b.name, *stored.find("mask/" + b.name));
  }
  report.notes.push_back("the network itself is not part of a file of weights");
  return arrays;
}

/// Numbers that a spec in words cannot hold.
void note_numbers(const StoredModel& model, Report& report) {
  size_t numbers = 0;
  for (const auto& entry : model.arrays) numbers += entry.second.size();
  if (numbers > 0)
    report.notes.push_back(fmt::format(
        "{} numbers (weights, masks, parameters) are not part of a spec; another run draws its own, by the seed",
        grouped(int64_t(numbers))));
}

void write_spec_file(const std::string& path, const Spec& spec) {
  const Value value = write_spec(spec);
  write_file(path, ending_of(path) == ".json" ? to_json(value, true) + "\n" : to_yaml(value));
}

void run(const Settings& s) {
  check_out(s);
  check_nir(s);
  const std::string ending = ending_of(s.out);
  const bool        words  = ending == ".yaml" || ending == ".yml" || s.spec_only;
  Report            report;

  // tensors without a network
  if (is_torch_path(s.in)) {
    if (const TorchFile file = load_torch(s.in); !is_soen_checkpoint(file)) {
      if (ending != ".npz" && ending != ".safetensors")
        throw IoError(s.in, "holds tensors but no network", "they can be written as .npz or .safetensors");
      const StoredModel state = read_state_dict(file);
      write_arrays(s.out, state.arrays);
      report.line("written", fmt::format("{}: {} tensors by the names they have", s.out, state.arrays.size()));
      report.print(s.in);
      return;
    }
  }

  if (words && !s.changes_layers() && ending_of(s.in) != ".mat") {
    // as it was written, nothing built
    std::optional<StoredModel> stored = load_stored(s, s.in);
    if (stored && !s.set.empty()) load_model(s.in, s.set, {});   // says that this cannot be
    if (!stored) {
      Value value = load_value(s.in);
      for (const std::string& assignment : s.set) set_value(value, assignment);
      stored = StoredModel{.spec = read_spec(value)};
    }
    report.note(stored->notes);
    report.note(stored->spec.warnings);
    note_numbers(*stored, report);
    write_spec_file(s.out, stored->spec);
  } else {
    const bool from_spec = ending_of(s.in) != ".mat" && !load_stored(s, s.in) && s.weights.empty();
    Model model = change_layers(s, read_network(s, s.in, s.weights, report, s.set), report);
    for (const std::string& warning : model.plan().warnings) fmt::print(stderr, "warning: {}\n", warning);
    if (words || (ending == ".json" && from_spec)) {
      const StoredModel stored = model.stored();
      note_numbers(stored, report);
      write_spec_file(s.out, stored.spec);
    } else if (ending == ".json") {
      const std::string text = to_json(write_soen_json(model.stored(), report.notes), false) + "\n";
      if (text.size() > kMaxTextBytes)
        report.notes.push_back("dynode itself reads such files up to 64 MiB only; keep a .dynode as well");
      write_file(s.out, text);
    } else if (ending == ".dynode") {
      model.save(s.out);
    } else if (ending == ".nir") {
      const NirFile file = nir_of(model, s.lossy);
      report.note(file.notes);
      save_hdf5(s.out, file.items);
    } else if (ending == ".mat") {
      rate::RateRNN net(std::move(model));
      net.save(s.out);
      model = std::move(net.model());
    } else {
      write_arrays(s.out, arrays_of(s, model, report));
    }
    if (from_spec && !words && ending != ".json")
      report.notes.push_back(fmt::format("weights were drawn by seed {}", model.plan().seed));
  }
  report.line("written", fmt::format("{}, {}", s.out, with_prefix(double(std::filesystem::file_size(s.out)), "B")));
  report.print(s.in);
}

}  // namespace

Verb convert_verb(Command& tool) {
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("convert", "networks and weights from one kind of file to another");
  verb.add_option("in", s->in,
                  "a spec (.yaml, .json), a model (.dynode, exported .json, .soen, .pth, .mat, .nir), tensors (.pth)")
      .type_name("IN")
      .required();
  verb.add_option("out", s->out,
                  "a spec (.yaml, .json), a model (.dynode, exported .json, .mat, .nir), weights (.npz, .safetensors)")
      .type_name("OUT")
      .required();
  verb.add_option("--weights", s->weights, "parameters by name from an .npz or a model file").type_name("FILE");
  verb.add_flag("--spec", s->spec_only, "write the network without its numbers, also as .json");
  verb.add_option("--names", s->names,
                  "names of weights: dynode (default; real values), or original: as the package has them that the "
                  "network comes from")
      .type_name("WHOSE");
  verb.add_option("--dtype", s->dtype, "float32 or float64; missing: as in the file").type_name("TYPE");
  verb.add_option("--add", s->add, "put another network beside this one; its ids follow")
      .type_name("FILE")
      .allow_extra_args(false);
  verb.add_option("--merge", s->merge,
                  "join layers of one type into one, like 1,2 or, with the id it gets, 1,2:7; may be repeated")
      .type_name("IDS")
      .allow_extra_args(false);
  verb.add_option("--keep", s->keep, "keep only these layers, like 0,1,3")
      .type_name("IDS")
      .delimiter(',')
      .allow_extra_args(false);
  verb.add_option("--remove", s->remove, "leave these layers out")
      .type_name("IDS")
      .delimiter(',')
      .allow_extra_args(false);
  verb.add_option("--programmable", s->programmable,
                  "fixed connections become programmable with the same gain at rest: WICC or NOCC, or NOCC:J_0_to_1,J_1_to_2")
      .type_name("MODE")
      .allow_extra_args(false);
  verb.add_flag("--renumber", s->renumber, "give layers the ids 0, 1, 2, … in their order");
  verb.add_option("--dt", s->dt, "step of a network read from .nir, in the unit of its time constants (default 1e-3)")
      .type_name("STEP");
  verb.add_option("--scheme", s->nir.scheme, "of a network read from .nir: exact (default) or euler").type_name("WORD");
  verb.add_option("--spike-input", s->nir.spike_input,
                  "of a network read from .nir: pulse, a spike lasts a step (default), or delta, an impulse")
      .type_name("WORD");
  verb.add_flag("--allow-lossy", s->lossy, "write the nearest node where NIR has no words for a layer");
  add_set(verb, s->set, "simulation.dt=10");
  verb.footer(
      "dynode convert trained.soen trained.dynode\n"
      "dynode convert best.dynode weights.safetensors --names original\n"
      "dynode convert best.dynode part.json --keep 0,1,2 --renumber\n"
      "dynode convert braille.nir braille.dynode --dt 1e-4");
  return {verb, [s] { run(*s); }};
}

}  // namespace dynode::cli
