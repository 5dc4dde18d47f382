// The words of nn4n's constructor, today's and those of its first releases.
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/io/npz.h"
#include "dynode/models/ctrnn.h"

namespace dynode::ctrnn {
namespace {

Array read_array(const Value& v) {
  if (v.is_text()) {
    if (std::filesystem::path(v.text()).extension() == ".npy") return load_npy(v.text());
    const Npz file = load_npz(v.text());
    if (file.entries().size() != 1)
      v.fail(fmt::format("the file has {} arrays", file.entries().size()), "give an .npy, or an .npz with one");
    return file.entries()[0].second;
  }
  if (!v.is_list() || v.empty()) v.expected("a file or a list of numbers");
  std::vector<double> values;
  const bool          rows = v.list()[0].is_list();
  for (const Value& row : v.list()) {
    if (row.is_list() != rows || (rows && row.size() != v.list()[0].size()))
      row.fail("the rows have different lengths");
    if (rows)
      for (const Value& x : row.list()) values.push_back(x.number());
    else
      values.push_back(row.number());
  }
  std::vector<int64_t> shape = {int64_t(v.size())};
  if (rows) shape.push_back(int64_t(v.list()[0].size()));
  return {std::move(shape), std::move(values)};
}

bool is_word(const Value& v) { return v.is_text() && v.text().find('.') == std::string::npos; }

/// One way for all layers, or a list of three.
template <class T, class Read>
PerLayer<T> three(const Value& v, const Read& read) {
  if (!v.is_list()) return PerLayer<T>(read(v), read(v), read(v));
  if (v.size() != 3) v.fail(fmt::format("a list of {}", v.size()), "give one value, or three: input, hidden, readout");
  return {read(v.list()[0]), read(v.list()[1]), read(v.list()[2])};
}

Start read_start(const Value& v) {
  if (v.is_null()) return {};
  if (v.is_number()) return Start(int(v.integer()));
  if (is_word(v)) return Start(v.text());
  return Start(read_array(v));
}

EntryMasks read_masks(const Value& v) {
  if (v.is_null()) return {};
  if (!v.is_list()) v.expected("null or a list of three masks");
  return three<EntryMask>(v, [](const Value& m) { return m.is_null() ? EntryMask() : EntryMask(read_array(m)); });
}

PerLayer<bool> read_switches(const Value& v) {
  return three<bool>(v, [](const Value& b) { return b.boolean(); });
}

PerUnit read_per_unit(const Value& v) {
  if (!v.is_list()) return v.number();
  return read_array(v).as_double();
}

InitState read_init_state(const Value& v) {
  const std::vector<std::string> words = {"zero", "keep", "learn"};
  const auto found = std::ranges::find(words, v.text());
  if (found == words.end())
    v.fail(fmt::format("there is no init_state '{}'", v.text()), did_you_mean(v.text(), words, "there are"));
  return InitState(found - words.begin());
}

class Reader {
 public:
  Reader(const Value& mapping, std::vector<std::string>* warnings) : mapping_(mapping), warnings_(warnings) {}

  CTRNNOptions read() {
    const Value* masks = mapping_.find("layer_masks");
    if (masks) layer_masks_ = read_masks(*masks), old("layer_masks", "sparsity_masks and ei_masks");
    if (const Value* quiet = mapping_.find("suppress_warnings"); quiet && quiet->boolean()) warnings_ = nullptr;
    for (const auto& entry : mapping_.entries())
      if (!take(entry.key, entry.value))
        throw SpecError(mapping_.key_at(entry), fmt::format("there is no parameter '{}'", entry.key),
                        did_you_mean(entry.key, known_, "there are"));
    return std::move(o_);
  }

 private:
  void old(const std::string& word, const std::string& now) {
    if (warnings_) warnings_->push_back(fmt::format("'{}' is an old name, now {}", word, now));
  }

  /// Whether `word` is the key at hand; all words are remembered for messages.
  bool is(const std::string& key, const char* word) {
    known_.push_back(word);
    return key == word;
  }

  bool take(const std::string& key, const Value& v) {
    known_.clear();
    WeightOptions& w = o_.weight_options;
    bool           taken = true;
    if (is(key, "dims")) {
      if (!v.is_list() || v.size() != 3) v.expected("three numbers: input, hidden, output");
      o_.dims = {v.list()[0].integer(), v.list()[1].integer(), v.list()[2].integer()};
    } else if (is(key, "activation")) o_.activation = v.text();
    else if (is(key, "biases")) o_.biases = three<Start>(v, read_start);
    else if (is(key, "weights")) o_.weights = three<Start>(v, read_start);
    else if (is(key, "tau")) o_.tau = read_per_unit(v);
    else if (is(key, "dt")) o_.dt = v.number();
    else if (is(key, "learn_alpha")) o_.learn_alpha = v.boolean();
    else if (is(key, "preact_noise")) o_.preact_noise = read_per_unit(v);
    else if (is(key, "postact_noise")) o_.postact_noise = read_per_unit(v);
    else if (is(key, "noise_scaling")) o_.noise_scaling = v.text();
    else if (is(key, "noise_in_eval")) o_.noise_in_eval = v.boolean();
    else if (is(key, "postact_noise_feedback")) o_.postact_noise_feedback = v.boolean();
    else if (is(key, "init_state")) o_.init_state = read_init_state(v);
    else if (is(key, "sparsity_masks")) o_.sparsity_masks = read_masks(v);
    else if (is(key, "ei_masks")) o_.ei_masks = read_masks(v);
    else if (is(key, "plasticity_masks")) o_.plasticity_masks = read_masks(v);
    else if (is(key, "synapse_growth_masks")) o_.synapse_growth_masks = read_masks(v);
    else if (is(key, "self_connections")) o_.self_connections = v.boolean();
    else if (is(key, "scaling")) w.scaling = v.number();
    else if (is(key, "ei_balance")) {
      if (v.is_text()) old(key, "true or false");   // which neurons to balance
      else w.ei_balance = v.boolean();
    } else if (is(key, "allow_mixed_signs")) w.allow_mixed_signs = v.boolean();
    else if (is(key, "plasticity_normalize")) w.plasticity_normalize = v.boolean();
    else if (is(key, "plasticity_mode")) w.plasticity_mode = v.text();
    else if (is(key, "growth_interval")) w.growth_interval = v.integer();
    else if (is(key, "growth_scale")) w.growth_scale = v.number();
    else if (is(key, "pruning_threshold")) w.pruning_threshold = v.number();
    else if (is(key, "learnable")) o_.learnable = read_switches(v);
    else if (is(key, "seed")) o_.model.seed = v.unsigned_integer();
    else if (is(key, "suppress_warnings")) (void)v.boolean();
    else taken = take_old(key, v);
    return taken;
  }

  bool take_old(const std::string& key, const Value& v) {
    if (key == "layer_masks") return true;
    if (key == "input_dim") o_.dims.input = v.integer(), old(key, "the first of dims");
    else if (key == "hidden_size") o_.dims.hidden = v.integer(), old(key, "the second of dims");
    else if (key == "output_dim") o_.dims.output = v.integer(), old(key, "the third of dims");
    else if (key == "layer_distributions") o_.weights = three<Start>(v, read_start), old(key, "weights");
    else if (key == "layer_biases") {
      const PerLayer<bool> on = read_switches(v);
      const auto start = [](bool b) { return b ? Start("zero") : Start(); };
      o_.biases = {start(on.input), start(on.hidden), start(on.readout)};
      old(key, "biases");
    } else if (key == "use_dale" || key == "positivity_constraints") {
      choose_masks(v, key, o_.ei_masks);
      old(key, "ei_masks");
    } else if (key == "new_synapses" || key == "sparsity_constraints") {
      choose_masks(v, key, o_.sparsity_masks);
      old(key, "sparsity_masks");
    } else if (key == "allow_negative") old(key, "without effect");
    else return false;
    return true;
  }

  /// The layer masks of the layers that are switched on.
  void choose_masks(const Value& v, const std::string& key, EntryMasks& to) {
    const PerLayer<bool> on     = read_switches(v);
    const auto           choose = [&](bool wanted, const EntryMask& mask, const char* layer, EntryMask& place) {
      if (!wanted) return;
      if (!mask) v.fail(fmt::format("{} of the {} layer needs a mask", key, layer), "give it in layer_masks");
      place = mask;
    };
    choose(on.input, layer_masks_.input, "input", to.input);
    choose(on.hidden, layer_masks_.hidden, "hidden", to.hidden);
    choose(on.readout, layer_masks_.readout, "readout", to.readout);
  }

  const Value&              mapping_;
  std::vector<std::string>* warnings_;
  std::vector<std::string>  known_;
  CTRNNOptions              o_;
  EntryMasks                layer_masks_;
};

}  // namespace

CTRNNOptions read_options(const Value& mapping, std::vector<std::string>* warnings) {
  if (!mapping.is_mapping()) mapping.expected("the parameters of a network");
  return Reader(mapping, warnings).read();
}

}  // namespace dynode::ctrnn
