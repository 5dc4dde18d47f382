// Legacy: words that users bring from elsewhere, translated in this one place.
//
//   what people have                               what the rest of the house reads
//   sim_config, simulation.seed                    simulation, seed
//   "stepwise (gauss-seidel)", stepwise_gs, layer  stepwise_gauss_seidel, layerwise, …
//   Multiplier, Readout, leakyGRU, multiplier_v2   MultiplierWICC, DendriteReadout, LeakyGRU, MultiplierNOCC
//   source_func_type, activation, ib               source_func, bias_current
//   from, to, type                                 from_layer, to_layer, connection_type
//   all_to_all, constant_fan_out, file_path        dense, constant, mask_file
//   init: uniform with a, b                        min, max
//   block_structure: block_size, p_in, p_out       block_count, within_block_density, cross_block_density
//   dynamic: {…}, multiplier: {…}                  connection_params
//   programmable, v1, dynamic_v2, …                WICC, NOCC
#pragma once
#include <string>
#include <vector>

#include "dynode/spec/value.h"

namespace dynode {

/// The same spec in today's words. Whatever has not the expected shape is left for the reader to complain about.
/// @param warnings  gets a line, with place, per deprecated word; aliases that are merely shorter stay silent
/// @throws SpecError  both spellings given with different values
Value translate_spec(Value spec, std::vector<std::string>& warnings);

/// fixed, WICC, NOCC or spike.
/// @param mode    a text, or null where none is given: then a non-empty block of parameters decides
/// @param params  parameters of the mode; a mapping or null
/// @throws SpecError  unknown mode
std::string translate_mode(const Value& mode, const Value& params, std::vector<std::string>& warnings);

/// Parameters of a mode in today's words.
Value translate_mode_params(Value params, std::vector<std::string>& warnings);

}  // namespace dynode
