// Arrays in NumPy's .npy format.
//
// Read: f2 f4 f8, i1 i2 i4 i8, u1 u2 u4 u8 and b1 of either byte order, C or Fortran order, header versions 1 to 3.
// Written: f4 f8 i8 u1, little-endian, C order, version 1.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dynode/base/error.h"

namespace dynode {

/// Numbers with a shape, in C order (last index fastest).
struct Array {
  using Data = std::variant<std::vector<float>, std::vector<double>, std::vector<int64_t>, std::vector<uint8_t>>;

  std::vector<int64_t> shape;  // empty: one number
  Data                 data;   // [product of shape]

  size_t              size() const;       // how many numbers
  std::vector<double> as_double() const;  // [size]
  std::vector<float>  as_float() const;   // [size], rounded to nearest
  /// [size]
  /// @param name  what to call the array in an error
  /// @throws IoError  if a number is not whole or does not fit
  std::vector<int64_t> as_integers(const std::string& name) const;

  bool operator==(const Array&) const = default;
};

/// Product of `shape`, or -1 if a dimension is negative or the product needs more than 62 bits.
int64_t element_count(const std::vector<int64_t>& shape);

/// A sound .npy file whose elements are not numbers we read, such as texts or complex numbers.
class ElementTypeError : public IoError {
  using IoError::IoError;
};

/// The array in the bytes of a .npy file. Half floats become float, b1 and u1 uint8, all other integers int64.
/// @param name  what to call the bytes in an error, usually the path
/// @throws ElementTypeError  if it holds another kind of element
/// @throws IoError           if they are no such file, have too few or too many bytes or an unsigned number above the
///                           range of int64
Array parse_npy(std::string_view bytes, const std::string& name);

/// The bytes of a .npy file.
/// @throws ShapeError  if `array.shape` does not fit its data
std::string npy_bytes(const Array& array);

/// @throws IoError  as read_file and parse_npy
Array load_npy(const std::string& path);

/// @throws IoError  as write_file
void save_npy(const std::string& path, const Array& array);

}  // namespace dynode
