// Options that several verbs share, and the checks of their values.
#pragma once
#include <string>
#include <vector>

#include "dynode/cli/command.h"
#include "dynode/models/model.h"
#include "dynode/spec/value.h"

namespace dynode::cli {

/// What a verb takes that runs, explains or changes any network.
inline constexpr const char* kNetworkHelp =
    "network: a spec (.yaml, .json) or a model file (.dynode, .soen, .pth, .mat, .nir, exported .json)";

/// --set key=value, as often as needed.
void add_set(Command& verb, std::vector<std::string>& assignments, const std::string& example);
/// --threads n, 0 by default: one per core.
void add_threads(Command& verb, int& threads);
/// An option for a number. @throws SpecError while parsing, on texts that are no number or one below `min`
Option add_number(Command& verb, const std::string& name, double& number, const std::string& help);
Option add_count(Command& verb, const std::string& name, size_t& count, size_t min, const std::string& help);

/// Refuses what was given for another action of a verb. @param belongs  options, and the actions they are for
/// @throws SpecError
void check_actions(const Command& verb, const std::string& action,
                   const std::vector<std::pair<const char*, std::vector<std::string>>>& belongs);

/// "0.5,1,2": finite numbers. @throws SpecError  naming the option, and `way_out`
std::vector<double> number_list(const std::string& option, const std::string& text, char separator,
                                const std::string& way_out);

/// Changes what was written: "simulation.dt=10", "layers.1.params.tau=20" or "layers[1].params.tau=20"; items of lists
/// are counted from 0. The value is YAML: 10, true, relu, [4, 20], {name: normal}. Mappings on the way are made.
/// @throws SpecError  naming the assignment, if it has no '=' or leads through something that is not there
void set_value(Value& root, const std::string& assignment);

/// A spec (.yaml, .yml, .json) with assignments, or a model file without.
/// @throws IoError, SpecError, ShapeError
Model load_model(const std::string& path, const std::vector<std::string>& assignments, const ModelOptions& options);

/// Looks whether a file could be written at `path`, so that a mistake is told before the work and not after it.
/// @throws IoError  if it is a folder, or its folder is missing or not writable
void check_writable(const std::string& path);
/// Also whether it ends like `example`. @param what  is written: trials
void check_writable(const std::string& path, const char* what, const std::string& example);
/// The same for arrays, .npz or HDF5.
void check_arrays_writable(const std::string& path, const char* what, const std::string& example);

}  // namespace dynode::cli
