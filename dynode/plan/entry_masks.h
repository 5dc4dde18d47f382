// Masks for single weights, as people write them: `ei_mask` (signs), `plasticity_mask` (factors of the learning rate) and
// `synapse_growth_mask` (probabilities that an absent weight appears).
//
//   ei_mask: signs.npz            an .npz with the array 'mask', or an .npy      [to, from], or [from] for all targets
//   ei_mask: [1, 1, -1]           or the numbers themselves
//   plasticity_mask: [[1, 0], [0.5, 1]]
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dynode/plan/plan.h"

namespace dynode {

/// Reads array `key` of the file that `path` names.
using ArrayLoader = std::function<NamedArray(const Value& path, const std::string& key)>;

/// Signs [to][from] of an ei_mask. @param name  of the connection, for messages
/// @throws SpecError, ShapeError
std::vector<int8_t> read_ei_mask(const Value& written, const std::string& name, size_t to, size_t from,
                                 bool allow_mixed, const ArrayLoader& load);

/// Factors [to][from] of a plasticity_mask, each in [0, 1]. @throws SpecError, ShapeError
std::vector<double> read_plasticity_mask(const Value& written, const std::string& name, size_t to, size_t from,
                                         const ArrayLoader& load);

/// Probabilities [to][from] of a synapse_growth_mask, each in [0, 1]. @throws SpecError, ShapeError
std::vector<double> read_growth_mask(const Value& written, const std::string& name, size_t to, size_t from,
                                     const ArrayLoader& load);

/// A bias per target, [to]: the array 'bias' of a file, or numbers. @throws SpecError, ShapeError
std::vector<double> read_bias(const Value& written, const std::string& name, size_t to, const ArrayLoader& load);

/// Factors that are in range; for those that come from elsewhere. @throws SpecError
std::vector<double> check_plasticity(std::vector<double> factors, size_t from, const At& at);

}  // namespace dynode
