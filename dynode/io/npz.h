// Named arrays in one file: NumPy's .npz, a zip archive of .npy files.
//
// Limits while reading: 100,000 arrays, 8 GiB expanded, 1032 times the packed size of a member (more than deflate can
// reach); members may not share bytes. Writing is reproducible: no time stamps, same arrays = same bytes.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynode/io/npy.h"

namespace dynode {

/// The arrays of an archive, in its order.
class Npz {
 public:
  using Entry = std::pair<std::string, Array>;  // name without .npy; may contain '/'

  /// @param unread  members of element types we do not read: at() throws these
  Npz(std::string file, std::vector<Entry> entries, std::map<std::string, ElementTypeError> unread = {});

  const std::vector<Entry>& entries() const& { return entries_; }
  std::vector<Entry>        entries() && { return std::move(entries_); }
  const std::string&        file() const { return file_; }
  std::vector<std::string>  names() const;

  /// Null if there is no such array.
  const Array* find(std::string_view name) const;
  /// @throws IoError  if there is no such array, naming the nearest and what there is, or if its type is not read
  const Array& at(std::string_view name) const;

 private:
  std::string                             file_;
  std::vector<Entry>                      entries_;
  std::vector<size_t>                     sorted_;  // indices of entries_ by name
  std::map<std::string, ElementTypeError> unread_;
};

/// The archive in the bytes of a .npz file. A member whose elements are no numbers we read is an error only when
/// somebody asks for it.
/// @param name  what to call the bytes in an error, usually the path
/// @throws IoError  if they are not such an archive, a member is no .npy, is encrypted, damaged or over a
///                  limit, or two members have one name
Npz parse_npz(std::string_view bytes, const std::string& name);

enum class Packing { stored, deflated };

/// The bytes of a .npz file with the arrays in the order given.
/// @throws IoError     if a name is empty, appears twice or contains control characters
/// @throws ShapeError  if a shape does not fit its data
std::string npz_bytes(const std::vector<Npz::Entry>& entries, Packing packing = Packing::stored);

/// @throws IoError  as read_file and parse_npz
Npz load_npz(const std::string& path);

/// @throws IoError, ShapeError  as write_file and npz_bytes
void save_npz(const std::string& path, const std::vector<Npz::Entry>& entries, Packing packing = Packing::stored);

}  // namespace dynode
