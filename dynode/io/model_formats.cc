#include "dynode/io/model_formats.h"

#include <filesystem>

#include "dynode/base/error.h"
#include "dynode/base/text.h"
#include "dynode/io/nir.h"
#include "dynode/io/safetensors.h"
#include "dynode/io/soen_json.h"
#include "dynode/io/soen_torch.h"

namespace dynode {

std::string ending_of(const std::string& path) { return lower_case(std::filesystem::path(path).extension().string()); }

bool is_torch_path(const std::string& path) {
  const std::string ending = ending_of(path);
  return ending == ".soen" || ending == ".pth" || ending == ".pt";
}

std::optional<StoredModel> load_stored_model(const std::string& path) {
  const std::string ending = ending_of(path);
  if (ending == ".dynode") return stored_model(load_safetensors(path), path);
  if (ending == ".nir") return read_nir(load_hdf5(path));
  if (ending == ".json") {
    const Value value = load_value(path);
    if (!is_soen_json(value)) return std::nullopt;
    return read_soen_json(value, path);
  }
  if (!is_torch_path(path)) return std::nullopt;
  const TorchFile file = load_torch(path);
  if (!is_soen_checkpoint(file))
    throw IoError(path, "holds tensors but no network",
                  "describe the network in a spec, and give these as --weights after dynode convert to .npz");
  return read_soen_checkpoint(file);
}

}  // namespace dynode
