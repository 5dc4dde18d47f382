#include "dynode/io/idx.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <new>
#include <zlib.h>

#include "dynode/base/error.h"
#include "dynode/base/text.h"
#include "dynode/io/bytes.h"
#include "dynode/io/file.h"
#include "dynode/io/npy.h"

namespace dynode {
namespace {

constexpr uint8_t kBytes     = 0x08;  // the element type we read
constexpr size_t  kMostAxes  = 8;
constexpr int64_t kExpansion = 1032;  // the most deflate can do

/// Hands out the bytes of a file piece by piece, expanding gzip on the way.
class Reader {
 public:
  Reader(std::string_view bytes, const std::string& name) : rest_(bytes), name_(name) {
    if (!bytes.starts_with("\x1f\x8b")) return;
    stream_.reset(new z_stream{});
    if (inflateInit2(stream_.get(), 15 + 16) != Z_OK) throw std::bad_alloc();
  }

  bool packed() const { return stream_ != nullptr; }

  /// Fills `to` and tells how many bytes there were.
  size_t read(uint8_t* to, size_t size) {
    if (!packed()) {
      const size_t n = std::min(size, rest_.size());
      std::copy_n(rest_.data(), n, to);
      rest_.remove_prefix(n);
      return n;
    }
    size_t done = 0;
    while (done < size && !ended_) {
      const auto in     = uInt(std::min<size_t>(rest_.size(), 1u << 30));
      const auto out    = uInt(std::min<size_t>(size - done, 1u << 30));
      stream_->next_in  = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
      stream_->next_out = to + done;
      stream_->avail_in = in, stream_->avail_out = out;
      const int state = inflate(stream_.get(), Z_NO_FLUSH);
      rest_.remove_prefix(in - stream_->avail_in);
      done += out - stream_->avail_out;
      if (state == Z_STREAM_END) ended_ = true;
      else if (state == Z_MEM_ERROR) throw std::bad_alloc();
      else if (state == Z_BUF_ERROR) break;  // the input ends too early
      else if (state != Z_OK)
        throw IoError(name_, fmt::format("is damaged: {}", stream_->msg ? stream_->msg : "not deflated data"),
                      "fetch or unpack it again");
    }
    return done;
  }

  /// After the last byte that should be there: is this the end, checksum included?
  bool at_end() {
    uint8_t one;
    return read(&one, 1) == 0 && rest_.empty() && (!packed() || ended_);
  }

  /// True if `size` more bytes may come; keeps a small file from asking for much memory.
  bool can_hold(int64_t size) const {
    return packed() ? size / kExpansion <= int64_t(rest_.size()) + 64 : size <= int64_t(rest_.size());
  }

 private:
  struct End {
    void operator()(z_stream* stream) const {
      inflateEnd(stream);
      delete stream;
    }
  };
  std::string_view               rest_;
  const std::string&             name_;
  std::unique_ptr<z_stream, End> stream_;
  bool                           ended_ = false;
};

/// The first of the usual names of a file that exists, "" if none does.
std::string find_file(const std::string& folder, const std::string& stem, const std::string& kind) {
  for (const char* separator : {"-", "."})
    for (const char* ending : {"", ".gz"}) {
      const auto      path = std::filesystem::path(folder) / (stem + separator + kind + ending);
      std::error_code none;
      if (std::filesystem::is_regular_file(path, none)) return path.string();
    }
  return {};
}

}  // namespace

IdxData parse_idx(std::string_view bytes, const std::string& name) {
  Reader     reader(bytes, name);
  const auto truncated = [&](const std::string& where) {
    return IoError(name, "is truncated: it ends within its " + where, "fetch or unpack it again");
  };

  std::array<uint8_t, 4> magic;
  if (reader.read(magic.data(), 4) != 4) throw truncated("first four bytes");
  if (magic[0] != 0 || magic[1] != 0)
    throw IoError(name, fmt::format("is not an IDX file: it begins with {:02x} {:02x}, not 00 00", magic[0], magic[1]));
  if (magic[2] != kBytes)
    throw IoError(name, fmt::format("has elements of type 0x{:02x}; only unsigned bytes, 0x08, are read", magic[2]));
  if (magic[3] == 0 || magic[3] > kMostAxes)
    throw IoError(name, fmt::format("has {} dimensions; 1 to {} are read", magic[3], kMostAxes));

  IdxData data;
  for (int axis = 0; axis < magic[3]; ++axis) {
    uint8_t size[4];
    if (reader.read(size, 4) != 4) throw truncated("dimensions");
    data.shape.push_back(int64_t(load_bits(reinterpret_cast<const char*>(size), 4, true)));
  }
  const int64_t count = element_count(data.shape);
  if (count < 0) throw IoError(name, "has dimensions whose product is too large", "the header may be damaged");
  if (!reader.can_hold(count)) throw truncated(fmt::format("{} bytes of data", count));

  data.bytes.resize(size_t(count));
  if (reader.read(data.bytes.data(), data.bytes.size()) != data.bytes.size())
    throw truncated(fmt::format("{} bytes of data", count));
  if (!reader.at_end())
    throw IoError(name,
                  reader.packed() ? "has more data than its dimensions say, or lacks its checksum"
                                  : "has more data than its dimensions say",
                  "fetch or unpack it again");
  return data;
}

IdxData load_idx(const std::string& path) { return parse_idx(read_file(path), path); }

ImageSet load_image_set(const std::string& folder, ImagePart part) {
  const std::string prefix     = part == ImagePart::train ? "train" : "t10k";
  const std::string image_path = find_file(folder, prefix + "-images", "idx3-ubyte");
  const std::string label_path = find_file(folder, prefix + "-labels", "idx1-ubyte");
  if (image_path.empty() || label_path.empty()) {
    const std::vector<std::string> names   = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                              "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    const char*                    missing = image_path.empty() ? "images-idx3-ubyte" : "labels-idx1-ubyte";
    throw IoError(folder, fmt::format("has no {}-{}", prefix, missing),
                  fmt::format("expected, with or without .gz: {}\n  the package dataset-fashion-mnist puts them into "
                              "/usr/share/datasets/fashion-mnist",
                              join(names)));
  }

  IdxData images = load_idx(image_path), labels = load_idx(label_path);
  if (images.shape.size() != 3)
    throw ShapeError(image_path, {-1, -1, -1}, images.shape, "images are [count][rows][columns]");
  if (labels.shape.size() != 1) throw ShapeError(label_path, {-1}, labels.shape, "labels are [count]");
  if (labels.shape[0] != images.shape[0])
    throw ShapeError(label_path, {images.shape[0]}, labels.shape,
                     "there must be one label for each image of " + image_path);
  return {images.shape[0], images.shape[1], images.shape[2], std::move(images.bytes), std::move(labels.bytes)};
}

}  // namespace dynode
