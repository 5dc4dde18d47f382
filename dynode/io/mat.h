// MATLAB files of version 5 to 7 (.mat): named arrays and texts, plain or compressed.
//
//   header 128 | element | element | …      element: type, size, data; a variable, or zlib around one
//   variable:  class and flags | dimensions | name | numbers, first index fastest
//
// Numbers of every width, logical values and texts are read, of either byte order. Cells, structures, objects, sparse
// and complex variables are errors only when somebody asks for them. Nothing in a file is trusted: every size is checked
// against the bytes that are there, a file expands to at most 2 GiB and to no more than deflate can reach, nothing is
// nested. Written: compressed, little-endian, no time stamps; same content = same bytes.
// Source: MathWorks, MAT-File Format (version 5).
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dynode/io/npy.h"

namespace dynode {

/// What a file holds under a name: numbers [rows][columns] (or more axes), or rows of text.
using MatValue = std::variant<Array, std::vector<std::string>>;

/// The variables of a file, in its order.
class Mat {
 public:
  using Entry = std::pair<std::string, MatValue>;

  /// @param unread  variables of kinds we do not read: name and kind
  Mat(std::string file, std::vector<Entry> entries, std::vector<std::pair<std::string, std::string>> unread = {});

  const std::vector<Entry>& entries() const { return entries_; }
  const std::string&        file() const { return file_; }

  /// Null if there are no numbers of this name.
  const Array* find(std::string_view name) const;
  /// Null if there is no text of this name.
  const std::vector<std::string>* text(std::string_view name) const;
  /// @throws IoError  if there are no numbers of this name, naming the nearest and what there is
  const Array& at(std::string_view name) const;

 private:
  std::string                                      file_;
  std::vector<Entry>                               entries_;
  std::vector<std::pair<std::string, std::string>> unread_;
};

/// The variables in the bytes of a .mat file. Single precision becomes float, bytes and logical values uint8, other integers
/// int64.
/// @param name  what to call the bytes in an error, usually the path
/// @throws IoError  if they are no such file, or damaged
Mat parse_mat(std::string_view bytes, const std::string& name);

/// The bytes of a .mat file. One number becomes 1 × 1, a list 1 × n. float, uint8 and int64 stay what they are.
/// @throws IoError     if a name is none that MATLAB allows, or appears twice
/// @throws ShapeError  if a shape does not fit its data
std::string mat_bytes(const std::vector<Mat::Entry>& entries);

/// @throws IoError  as read_file and parse_mat
Mat load_mat(const std::string& path);

/// @throws IoError, ShapeError  as write_file and mat_bytes
void save_mat(const std::string& path, const std::vector<Mat::Entry>& entries);

}  // namespace dynode
