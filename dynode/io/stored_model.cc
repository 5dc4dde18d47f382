#include "dynode/io/stored_model.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "dynode/base/error.h"
#include "dynode/io/model_file.h"

namespace dynode {
namespace {

std::vector<int64_t> shape_of(const Block& b) { return {b.shape.begin(), b.shape.end()}; }

/// The number at the front of `text`, which is shortened; -1 if there is none.
int take_number(std::string_view& text) {
  int n = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || n < 0) return -1;
  text.remove_prefix(size_t(end - text.data()));
  return n;
}

bool take_word(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

}  // namespace

const Array* StoredModel::find(std::string_view name) const {
  const auto found = std::find_if(arrays.begin(), arrays.end(), [&](const auto& entry) { return entry.first == name; });
  return found == arrays.end() ? nullptr : &found->second;
}

void StoredModel::set(const std::string& name, Array array) {
  for (auto& [known, old] : arrays)
    if (known == name) return void(old = std::move(array));
  arrays.emplace_back(name, std::move(array));
}

StoredModel stored_model(const TensorFile& file, const std::string& path) {
  StoredModel model{.spec = model_spec(file, path)};
  for (const auto& [name, tensor] : file.tensors)
    if (!name.starts_with("opt/")) model.arrays.emplace_back(name, tensor.as_array(name));
  return model;
}

CompileOptions stored_options(const StoredModel& model) {
  CompileOptions options;
  options.stored = [&model](const std::string& name) -> std::optional<NamedArray> {
    const Array* a = model.find(name);
    if (!a) return std::nullopt;
    return NamedArray{{a->shape.begin(), a->shape.end()}, a->as_double()};
  };
  options.load_array = [](const std::string& path, const std::string&) -> NamedArray {
    throw IoError(path, "is named by a model file but not part of it", "put the file where the model says");
  };
  return options;
}

template <class R>
std::vector<R> stored_theta(const Plan& plan, const StoredModel& model, const std::string& path) {
  std::vector<R> theta(plan.theta.begin(), plan.theta.end());
  for (const Block& b : plan.parameters.blocks()) {
    const Array* stored = model.find(b.stored_name());
    const Array* a      = stored ? stored : model.find(b.name);
    if (!a) {
      if (!b.learnable) continue;
      throw IoError(path, fmt::format("has no parameter '{}'", b.stored_name()),
                    "its network and its numbers do not fit");
    }
    const bool one = b.size() == 1 && a->size() == 1;   // may come without axes
    if (a->shape != shape_of(b) && !one) throw ShapeError(path + ": " + b.stored_name(), shape_of(b), a->shape);
    if (stored) set_stored<R>(b, a->as_double(), theta.data());
    else set_real<R>(b, a->as_double(), theta.data());
  }
  return theta;
}

std::vector<std::string> unused_arrays(const Plan& plan, const StoredModel& model) {
  std::vector<std::string> names;
  for (const auto& entry : model.arrays) {
    const ArrayName name = parse_array_name(entry.first);
    const bool kept = name.of == ArrayName::Of::layer && name.rest == "polarity";
    if (!kept && plan.parameters.find(entry.first.substr(name.prefix.size())) < 0) names.push_back(entry.first);
  }
  return names;
}

std::string ArrayName::text() const {
  switch (of) {
    case Of::layer: return fmt::format("{}layer{}/{}", prefix, from, rest);
    case Of::connection: return fmt::format("{}{}_{}_to_{}{}", prefix, letter, from, to, rest);
    case Of::network: break;
  }
  return rest;
}

ArrayName parse_array_name(const std::string& name) {
  ArrayName out;
  std::string_view text = name;
  for (const std::string_view prefix : {"mask/", "ei_mask/", "plasticity_mask/", "synapse_growth_mask/"})
    if (take_word(text, prefix)) out.prefix = prefix;
  if (take_word(text, "layer")) {
    out.from = take_number(text);
    if (out.from >= 0 && take_word(text, "/")) {
      out.of = ArrayName::Of::layer, out.rest = text;
      return out;
    }
  } else if (take_word(text, "J_") || take_word(text, "b_")) {
    out.letter = name[out.prefix.size()];
    out.from   = take_number(text);
    const bool there = out.from >= 0 && take_word(text, "_to_");
    out.to = there ? take_number(text) : -1;
    if (out.to >= 0 && (text.empty() || text[0] == '/')) {
      out.of = ArrayName::Of::connection, out.rest = text;
      return out;
    }
  }
  return {.rest = name};
}

template std::vector<float>  stored_theta<float>(const Plan&, const StoredModel&, const std::string&);
template std::vector<double> stored_theta<double>(const Plan&, const StoredModel&, const std::string&);

}  // namespace dynode
