#include "dynode/cli/options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

#include "dynode/base/text.h"
#include "dynode/io/arrays.h"
#include "dynode/io/model_formats.h"
#include "dynode/io/soen_json.h"
#include "dynode/spec/reading.h"
#include "dynode/spec/spec.h"
#include "dynode/spec/yaml.h"

namespace dynode::cli {
namespace {

namespace fs = std::filesystem;

double number_of(const std::string& option, const std::string& text) {
  const auto value = number_from_text(text);
  if (!value || !std::isfinite(value->number()))
    throw SpecError({.path = option}, fmt::format("expected a number, got '{}'", shown(text)));
  return value->number();
}

size_t count_of(const std::string& option, const std::string& text, size_t min) {
  const auto value = number_from_text(text);
  if (!value || value->number() != std::floor(value->number()) || !(std::abs(value->number()) <= 1e9))
    throw SpecError({.path = option}, fmt::format("expected a whole number, got '{}'", shown(text)));
  if (value->number() < double(min)) throw SpecError({.path = option}, fmt::format("{} is below {}", text, min));
  return size_t(value->number());
}

/// "layers[1].params.tau" as layers, 1, params, tau.
std::vector<std::string> steps_of(const std::string& key) {
  std::vector<std::string> steps(1);
  for (const char c : key) {
    if (c == '.' || c == '[') steps.emplace_back();
    else if (c != ']') steps.back() += c;
  }
  return steps;
}

}  // namespace

void add_set(Command& verb, std::vector<std::string>& assignments, const std::string& example) {
  verb.add_option("--set", assignments, "change a value before it is read, such as " + example + "; may be repeated")
      .type_name("KEY=VALUE")
      .allow_extra_args(false);
}

void add_threads(Command& verb, int& threads) {
  verb.add_option(
         "--threads",
         [&threads](const std::string& text) { threads = int(std::min<size_t>(count_of("--threads", text, 0), 1024)); },
         "worker threads; 0, the default, is one per core. Results do not depend on it")
      .type_name("N");
}

Option add_number(Command& verb, const std::string& name, double& number, const std::string& help) {
  return verb
      .add_option(
          name, [&number, name](const std::string& text) { number = number_of(name, text); }, help)
      .type_name("X");
}

Option add_count(Command& verb, const std::string& name, size_t& count, size_t min, const std::string& help) {
  return verb
      .add_option(
          name, [&count, name, min](const std::string& text) { count = count_of(name, text, min); }, help)
      .type_name("N");
}

void set_value(Value& root, const std::string& assignment) {
  const At     at{.path = "--set " + shown(assignment)};
  const size_t equals = assignment.find('=');
  const char*  usage  = "write it like --set simulation.dt=10";
  if (equals == std::string::npos || equals == 0) throw SpecError(at, "expected KEY=VALUE", usage);

  // the way to the value
  const std::string key  = assignment.substr(0, equals);
  Value*            here = &root;
  std::string       walked;
  for (const std::string& step : steps_of(key)) {
    if (step.empty()) throw SpecError(at, "the key has an empty part", usage);
    if (here->is_list()) {
      const auto index = number_from_text(step);
      const auto size  = here->size();
      if (!index || !index->is_integer() || index->number() < 0 || index->number() >= double(size))
        throw SpecError(
            at, fmt::format("'{}' has no item {}", walked, shown(step)),
            size == 0 ? "it is an empty list" : fmt::format("its items are counted from 0 to {}", size - 1));
      here = &here->items()[size_t(index->integer())];
    } else {
      if (!here->is_mapping() && !here->is_null())
        throw SpecError(at, fmt::format("'{}' is {}, it has no '{}'", walked, here->described(), shown(step)));
      if (here->is_null()) here->replace(Value::map());
      if (!here->has(step)) here->set(step, Value());
      here = here->find(step);
    }
    walked += (walked.empty() ? "" : ".") + step;
  }

  Value             value;
  const std::string text = assignment.substr(equals + 1);
  try {
    parse_yaml(text);
    value = parse_yaml(text, "--set " + key);  // what is inside says so, too
  } catch (const SpecError& error) { throw SpecError(at, fmt::format("the value cannot be read: {}", error.what())); }
  value.mark(0, 0);
  here->replace(std::move(value));
  here->mark(0, 0);
  here->place("--set", key);
}

Model load_model(const std::string& path, const std::vector<std::string>& assignments, const ModelOptions& options) {
  const std::string ending = ending_of(path);
  const auto refuse_assignments = [&] {
    if (!assignments.empty())
      throw SpecError({.path = "--set " + shown(assignments[0])}, "a model file cannot be changed this way",
                      "give its spec (.yaml) with --set, and the model file with --weights");
  };
  if (ending == ".dynode" || ending == ".mat" || ending == ".nir" || is_torch_path(path)) {
    refuse_assignments();
    return Model::load(path, options);
  }
  if (ending != ".yaml" && ending != ".yml" && ending != ".json")
    throw IoError(path, "is no network by its ending", "networks are .yaml, .yml, .json, .dynode, .nir, .soen, .pth or .mat");
  Value value = load_value(path);
  if (is_soen_json(value)) {
    refuse_assignments();
    return Model::load(path, options);
  }
  if (value.is_mapping() && value.has("training") && !value.has("layers"))
    throw SpecError({path}, "is a training file, not a network",
                    "the network is what its model.architecture_yaml names");
  for (const std::string& assignment : assignments) set_value(value, assignment);
  return Model::from_spec(read_spec(value), options);
}

void check_actions(const Command& verb, const std::string& action,
                   const std::vector<std::pair<const char*, std::vector<std::string>>>& belongs) {
  for (const auto& [option, actions] : belongs)
    if (verb.count(option) > 0 && std::find(actions.begin(), actions.end(), action) == actions.end())
      throw SpecError({.path = option}, fmt::format("means nothing to dynode {} {}", verb.name(), action),
                      "leave it out; it is for " + join(actions));
}

std::vector<double> number_list(const std::string& option, const std::string& text, char separator,
                                const std::string& way_out) {
  std::vector<double> numbers;
  const char *        at = text.data(), *end = at + text.size();
  for (bool more = true; more; ++at) {
    double     number = 0;
    const auto read   = std::from_chars(at, end, number);
    at                = read.ptr;
    more              = at != end && *at == separator;
    if (read.ec != std::errc() || !std::isfinite(number) || (at != end && !more))
      throw SpecError({.path = option}, fmt::format("'{}' is no list of numbers", text), way_out);
    numbers.push_back(number);
  }
  return numbers;
}

void check_writable(const std::string& path) {
  std::error_code none;
  if (fs::is_directory(path, none)) throw IoError(path, "is a folder", "name a file in it");
  const fs::path    parent = fs::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  if (!fs::is_directory(folder, none))
    throw IoError(path, "cannot be written: there is no folder " + folder, "make it first: mkdir -p " + folder);
  if (::access(folder.c_str(), W_OK) != 0)
    throw IoError(path, fmt::format("cannot be written: no permission to write into {}", folder));
}

void check_writable(const std::string& path, const char* what, const std::string& example) {
  check_writable(path);
  if (ending_of(path) != ending_of(example))
    throw IoError(path, fmt::format("{} are written as {}", what, ending_of(example)), "name it like " + example);
}

void check_arrays_writable(const std::string& path, const char* what, const std::string& example) {
  check_writable(path);
  if (!is_arrays_file(path)) throw IoError(path, fmt::format("{} are written as .npz or .h5", what), "name it like " + example);
}

}  // namespace dynode::cli
