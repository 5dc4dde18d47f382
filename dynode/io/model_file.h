// Model files (.dynode): a network and its numbers in one safetensors container.
//
//   tensors    θ as stored, block by block: J_0_to_1, b_1_to_2, layer1/log_gamma_plus; masks mask/J_… (U8);
//              signs of sources layer<ID>/polarity (I8) where a layer has them; ei_mask/J_… (I8) and plasticity_mask/J_…
//              (F64) where a connection has them
//   metadata   dynode.version, dynode.model: the spec as compact JSON; more from the caller
#pragma once
#include <optional>
#include <span>
#include <string>

#include "dynode/io/safetensors.h"
#include "dynode/plan/plan.h"

namespace dynode {

/// The file's content for this plan and θ; the caller may add tensors and metadata before writing.
template <class R> TensorFile model_tensors(const Plan& plan, std::span<const R> theta);

/// The spec in a model file. @throws IoError, SpecError
Spec model_spec(const TensorFile& file, const std::string& path);

/// Options that make compile() use the masks, signs and weights of the file instead of drawing them anew.
/// `file` must outlive the compilation.
CompileOptions model_options(const TensorFile& file);

/// An array that a spec names: the one in an .npy, or that of `key` in an .npz; as CompileOptions::load_array.
/// @throws IoError
NamedArray load_array(const std::string& path, const std::string& key);

/// θ from the file: every block must be there with its shape. @throws IoError  naming the block
template <class R> std::vector<R> model_theta(const Plan& plan, const TensorFile& file, const std::string& path);

}  // namespace dynode
