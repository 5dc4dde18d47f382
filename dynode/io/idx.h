// Images and labels in IDX files, the format of MNIST and Fashion-MNIST, plain or gzip-compressed.
//
//   00 00 08 n | n dimensions, uint32 big-endian | bytes, last index fastest
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dynode {

/// One IDX file of unsigned bytes.
struct IdxData {
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;  // [product of shape], C order
};

/// The array in the bytes of an IDX file; bytes that begin like gzip are expanded first, never further than the IDX
/// header inside announces.
/// @param name  what to call the bytes in an error, usually the path
/// @throws IoError  if they are not such a file, hold other elements than unsigned bytes, too few or too many bytes
IdxData parse_idx(std::string_view bytes, const std::string& name);

/// @throws IoError  as read_file and parse_idx
IdxData load_idx(const std::string& path);

/// Labelled images.
struct ImageSet {
  int64_t              count = 0, rows = 0, columns = 0;
  std::vector<uint8_t> images;  // [count][rows][columns]
  std::vector<uint8_t> labels;  // [count]
};

enum class ImagePart { train, test };

/// One part of an image set from the two usual files in `folder`: {train|t10k}-images-idx3-ubyte and
/// {train|t10k}-labels-idx1-ubyte, with '-' or '.' before idx, with or without .gz.
/// @throws IoError     if a file is missing or unreadable; names the package that has the data
/// @throws ShapeError  if images are not [count][rows][columns], labels not [count], or the counts differ
ImageSet load_image_set(const std::string& folder, ImagePart part);

}  // namespace dynode
