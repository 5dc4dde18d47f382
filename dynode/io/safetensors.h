// Named tensors and a few words about them in one file: the safetensors container, which .dynode model files use.
//
//   uint64 header size | JSON header, padded with spaces to 8 bytes | tensors, packed, row-major, little-endian
//
// Writing is reproducible: no time stamps, tensors of wide elements first, then by name; same content = same bytes.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynode/io/npy.h"

namespace dynode {

enum class Dtype { BOOL, U8, I8, U16, I16, F16, BF16, U32, I32, F32, U64, I64, F64, C64 };

size_t      dtype_size(Dtype dtype);  // bytes of one element
const char* dtype_name(Dtype dtype);  // as in the file, e.g. "F32"

struct Tensor {
  Dtype                dtype = Dtype::F32;
  std::vector<int64_t> shape;  // empty: one number
  std::string          bytes;  // [product of shape] elements, C order, little-endian

  /// F16, BF16 and F32 become float, F64 double, BOOL and U8 uint8, other integers int64.
  /// @param name  what to call the tensor in an error
  /// @throws IoError  if it is complex or an unsigned number is above the range of int64
  Array as_array(const std::string& name) const;

  bool operator==(const Tensor&) const = default;
};

/// F32, F64, I64 or U8, as the array has it.
/// @throws ShapeError  if `array.shape` does not fit its data
Tensor make_tensor(const Array& array);
Tensor make_tensor(std::vector<int64_t> shape, const std::vector<float>& values);
Tensor make_tensor(std::vector<int64_t> shape, const std::vector<double>& values);
Tensor make_tensor(std::vector<int64_t> shape, const std::vector<int64_t>& values);
Tensor make_tensor(std::vector<int64_t> shape, const std::vector<uint8_t>& values);
Tensor make_tensor(std::vector<int64_t> shape, const std::vector<int8_t>& values);

/// What a file holds; after reading, tensors are in the order of the file.
struct TensorFile {
  std::map<std::string, std::string>          metadata;
  std::vector<std::pair<std::string, Tensor>> tensors;

  /// Null if there is no such tensor.
  const Tensor* find(std::string_view name) const;

  bool operator==(const TensorFile&) const = default;
};

/// The tensors in the bytes of a safetensors file. Nothing is taken on trust: the header is at most 100 MB of strict
/// JSON without duplicate or unknown keys, the tensors fill the byte buffer without hole or overlap, and if the
/// metadata has `dynode.crc32c` the buffer must agree with it.
/// @param name  what to call the bytes in an error, usually the path
/// @throws IoError  if any of this fails
TensorFile parse_safetensors(std::string_view bytes, const std::string& name);

/// The bytes of a safetensors file. Metadata gain `dynode.crc32c` and, unless there is one, `format: pt`.
/// @throws IoError     if a name appears twice or is not UTF-8
/// @throws ShapeError  if a shape does not fit its bytes
std::string safetensors_bytes(const TensorFile& file);

/// @throws IoError  as read_file and parse_safetensors
TensorFile load_safetensors(const std::string& path);

/// @throws IoError, ShapeError  as write_file and safetensors_bytes
void save_safetensors(const std::string& path, const TensorFile& file);

}  // namespace dynode
