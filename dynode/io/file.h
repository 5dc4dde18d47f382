// Whole files: read with a limit, replaced in one stroke, appended line by line.
//
//   write_file:  .name.tmp.<pid>.<n>  ──write──▶ fsync ──rename──▶ name ──▶ fsync(folder)
//
// A reader of `path` sees the old file or the new one, never a part. Whatever fails, the old file stays whole and the
// temporary file is removed.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace dynode {

inline constexpr size_t kFileLimit = size_t(8) << 30;

/// The bytes of a file.
/// @param limit  most bytes to accept
/// @throws IoError  if the file is missing, a folder, unreadable or larger than `limit`
std::string read_file(const std::string& path, size_t limit = kFileLimit);

/// Replaces the file `path` (or what it links to) by `bytes`; on return they are on the disk. A device or pipe is
/// written directly.
/// @throws IoError  naming path and cause
void write_file(const std::string& path, std::string_view bytes);

/// Adds `line` and a line end to the file `path`, which is made if need be. Readers never see half a line unless the
/// disk is full.
/// @param line  without a line end
/// @throws IoError  naming path and cause
void append_line(const std::string& path, std::string_view line);

}  // namespace dynode
