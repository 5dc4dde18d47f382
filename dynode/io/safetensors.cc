#include "dynode/io/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "dynode/base/error.h"
#include "dynode/io/bytes.h"
#include "dynode/io/crc32c.h"
#include "dynode/io/file.h"

namespace dynode {
namespace {

constexpr size_t kHeaderLimit = 100'000'000;
constexpr size_t kMostTensors = 1'000'000;
constexpr size_t kMostAxes    = 32;
constexpr auto   kChecksum    = "dynode.crc32c";

struct DtypeFacts {
  const char* name;
  size_t      size;
};
constexpr std::array<DtypeFacts, 14> kDtypes = {{// in the order of Dtype
                                                 {"BOOL", 1},
                                                 {"U8", 1},
                                                 {"I8", 1},
                                                 {"U16", 2},
                                                 {"I16", 2},
                                                 {"F16", 2},
                                                 {"BF16", 2},
                                                 {"U32", 4},
                                                 {"I32", 4},
                                                 {"F32", 4},
                                                 {"U64", 8},
                                                 {"I64", 8},
                                                 {"F64", 8},
                                                 {"C64", 8}}};

/// A name as it is shown in an error: not longer than a line, without control characters.
std::string shown(std::string name) {
  if (name.size() > 80) name = name.substr(0, 77) + "...";
  std::replace_if(
      name.begin(), name.end(), [](char c) { return uint8_t(c) < 32 || c == 127; }, '?');
  return name;
}

/// What the header says about one tensor.
struct Claim {
  std::string           name, dtype;
  std::vector<uint64_t> shape, offsets;
  bool                  has_dtype = false, has_shape = false, has_offsets = false;
};

/// Takes the JSON of the header event by event and refuses the first that does not belong there.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderReader(const std::string& file) : file_(file) {}

  std::map<std::string, std::string> metadata;
  std::vector<Claim>                 claims;

  bool start_object(size_t) override {
    if (place_ == Place::outside) place_ = Place::header;
    else if (place_ == Place::header && key_ == "__metadata__") place_ = Place::metadata;
    else if (place_ == Place::header) {
      if (claims.size() == kMostTensors) fail(fmt::format("has more than {} tensors", kMostTensors));
      claims.emplace_back().name = key_;
      place_                     = Place::tensor;
    } else unexpected("an object");
    return true;
  }
  bool end_object() override {
    if (place_ == Place::tensor) {
      const Claim& claim = claims.back();
      if (!claim.has_dtype || !claim.has_shape || !claim.has_offsets)
        fail(fmt::format("tensor '{}' lacks one of dtype, shape, data_offsets", shown(claim.name)));
    }
    place_ = place_ == Place::header ? Place::outside : Place::header;
    return true;
  }
  bool key(std::string& key) override {
    key_ = key;
    if (place_ == Place::header && !names_.insert(key).second) fail(fmt::format("has '{}' twice", shown(key)));
    if (place_ == Place::metadata && !metadata.emplace(key, "").second)
      fail(fmt::format("has the metadata key '{}' twice", shown(key)));
    if (place_ == Place::tensor) {
      Claim& claim = claims.back();
      bool*  has   = key == "dtype"          ? &claim.has_dtype
                     : key == "shape"        ? &claim.has_shape
                     : key == "data_offsets" ? &claim.has_offsets
                                             : nullptr;
      if (!has) fail(fmt::format("tensor '{}' has the unknown key '{}'", shown(claim.name), shown(key)));
      if (std::exchange(*has, true)) fail(fmt::format("tensor '{}' has '{}' twice", shown(claim.name), key));
    }
    return true;
  }
  bool string(std::string& text) override {
    if (place_ == Place::metadata) metadata[key_] = text;
    else if (place_ == Place::tensor && key_ == "dtype") claims.back().dtype = text;
    else unexpected("a text");
    return true;
  }
  bool start_array(size_t) override {
    if (place_ != Place::tensor || key_ == "dtype") unexpected("a list");
    place_ = Place::list;
    return true;
  }
  bool end_array() override {
    place_ = Place::tensor;
    return true;
  }
  bool number_unsigned(uint64_t number) override {
    if (place_ != Place::list) unexpected("a number");
    auto& list = key_ == "shape" ? claims.back().shape : claims.back().offsets;
    if (list.size() == kMostAxes)
      fail(fmt::format("tensor '{}' has more than {} axes", shown(claims.back().name), kMostAxes));
    list.push_back(number);
    return true;
  }
  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("a truth value"); }
  bool number_integer(int64_t) override { unexpected("a negative number"); }
  bool number_float(double, const std::string&) override { unexpected("a fraction"); }
  bool binary(nlohmann::json::binary_t&) override { unexpected("binary data"); }
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) override {
    fail(fmt::format("has a header that is not JSON (at its byte {})", position));
  }

 private:
  enum class Place { outside, header, metadata, tensor, list };

  [[noreturn]] void fail(const std::string& what) const { throw IoError(file_, what); }
  [[noreturn]] void unexpected(const char* what) const {
    fail(fmt::format("has {} at '{}' of its header, where it does not belong", what, shown(key_)));
  }

  const std::string&    file_;
  Place                 place_ = Place::outside;
  std::string           key_;
  std::set<std::string> names_;
};

Dtype read_dtype(const Claim& claim, const std::string& file) {
  for (size_t k = 0; k < kDtypes.size(); ++k)
    if (claim.dtype == kDtypes[k].name) return Dtype(k);
  throw IoError(file,
                fmt::format("tensor '{}' has elements of type '{}', which is not read here", shown(claim.name),
                            shown(claim.dtype)),
                "convert it to F32 or F16 first");
}

template <class T>
Tensor pack(Dtype dtype, std::vector<int64_t> shape, const std::vector<T>& values) {
  if (element_count(shape) != int64_t(values.size()))
    throw ShapeError("tensor with " + std::to_string(values.size()) + " numbers", shape, {int64_t(values.size())});
  Tensor tensor{dtype, std::move(shape), {}};
  append_little_endian(tensor.bytes, values);
  return tensor;
}

template <class T, class Convert>
Array unpack(const Tensor& tensor, Convert convert) {
  const size_t   size = dtype_size(tensor.dtype);
  std::vector<T> values(tensor.bytes.size() / size);
  for (size_t k = 0; k < values.size(); ++k)
    values[k] = convert(load_bits(tensor.bytes.data() + k * size, size, false));
  return {tensor.shape, std::move(values)};
}

std::string quoted(const std::string& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    throw IoError("model file", "a name or word of the metadata is not UTF-8");
  }
}

}  // namespace

size_t      dtype_size(Dtype dtype) { return kDtypes[size_t(dtype)].size; }
const char* dtype_name(Dtype dtype) { return kDtypes[size_t(dtype)].name; }

Array Tensor::as_array(const std::string& name) const {
  if (element_count(shape) < 0 || size_t(element_count(shape)) * dtype_size(dtype) != bytes.size())
    throw ShapeError(name, shape, {int64_t(bytes.size() / dtype_size(dtype))});
  switch (dtype) {
    case Dtype::F64: return unpack<double>(*this, [](uint64_t b) { return std::bit_cast<double>(b); });
    case Dtype::F32: return unpack<float>(*this, [](uint64_t b) { return std::bit_cast<float>(uint32_t(b)); });
    case Dtype::F16: return unpack<float>(*this, [](uint64_t b) { return half_to_float(uint16_t(b)); });
    case Dtype::BF16: return unpack<float>(*this, [](uint64_t b) { return bfloat_to_float(uint16_t(b)); });
    case Dtype::BOOL:
    case Dtype::U8: return unpack<uint8_t>(*this, [](uint64_t b) { return uint8_t(b); });
    case Dtype::I8:
    case Dtype::I16:
    case Dtype::I32:
    case Dtype::I64: return unpack<int64_t>(*this, [&](uint64_t b) { return sign_extend(b, dtype_size(dtype)); });
    case Dtype::U16:
    case Dtype::U32:
    case Dtype::U64: return unpack<int64_t>(*this, [&](uint64_t b) { return unsigned_to_int64(b, name); });
    case Dtype::C64: break;
  }
  throw IoError(name, "holds complex numbers, where real ones are needed", "save real and imaginary part separately");
}

Tensor make_tensor(std::vector<int64_t> shape, const std::vector<float>& values) {
  return pack(Dtype::F32, std::move(shape), values);
}
Tensor make_tensor(std::vector<int64_t> shape, const std::vector<double>& values) {
  return pack(Dtype::F64, std::move(shape), values);
}
Tensor make_tensor(std::vector<int64_t> shape, const std::vector<int64_t>& values) {
  return pack(Dtype::I64, std::move(shape), values);
}
Tensor make_tensor(std::vector<int64_t> shape, const std::vector<uint8_t>& values) {
  return pack(Dtype::U8, std::move(shape), values);
}
Tensor make_tensor(std::vector<int64_t> shape, const std::vector<int8_t>& values) {
  return pack(Dtype::I8, std::move(shape), values);
}

Tensor make_tensor(const Array& array) {
  return std::visit([&](const auto& values) { return make_tensor(array.shape, values); }, array.data);
}

const Tensor* TensorFile::find(std::string_view name) const {
  const auto is_it = [&](const auto& entry) { return entry.first == name; };
  const auto found = std::find_if(tensors.begin(), tensors.end(), is_it);
  return found == tensors.end() ? nullptr : &found->second;
}

TensorFile parse_safetensors(std::string_view bytes, const std::string& name) {
  // the header
  const char* again = "copy or save it again";
  if (bytes.size() < 8) throw IoError(name, "is no model file: it has fewer than 8 bytes", again);
  const uint64_t length = load_bits(bytes.data(), 8, false);
  if (length > kHeaderLimit)
    throw IoError(name, fmt::format("is no model file: its header would have {} bytes, more than 100 MB", length));
  if (length > bytes.size() - 8) throw IoError(name, "ends within its header", again);
  const std::string_view text = bytes.substr(8, length), buffer = bytes.substr(8 + length);
  if (!text.starts_with('{')) throw IoError(name, "is no model file: its header does not begin with '{'");
  HeaderReader header(name);
  nlohmann::json::sax_parse(text.begin(), text.end(), &header);

  // tensors in the order of their bytes, each beginning where the one before ended
  std::vector<Claim>& claims = header.claims;
  for (const Claim& claim : claims)
    if (claim.offsets.size() != 2 || claim.offsets[0] > claim.offsets[1])
      throw IoError(name, fmt::format("tensor '{}' needs two increasing data_offsets", shown(claim.name)));
  std::sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) {
    return std::tie(a.offsets[0], a.offsets[1], a.name) < std::tie(b.offsets[0], b.offsets[1], b.name);
  });

  TensorFile file{std::move(header.metadata), {}};
  uint64_t   end = 0;
  for (Claim& claim : claims) {
    const uint64_t first = claim.offsets[0], last = claim.offsets[1];
    if (first != end)
      throw IoError(name,
                    fmt::format("tensor '{}' {} (it begins at byte {}, the one before ends at {})", shown(claim.name),
                                first < end ? "overlaps another" : "leaves a hole before it", first, end));
    if (last > buffer.size())
      throw IoError(name, fmt::format("tensor '{}' ends at byte {} of {}", shown(claim.name), last, buffer.size()),
                    again);

    Tensor tensor{read_dtype(claim, name), {}, {}};
    for (const uint64_t n : claim.shape) tensor.shape.push_back(n > uint64_t(INT64_MAX) ? -1 : int64_t(n));
    const int64_t count = element_count(tensor.shape);
    if (count < 0 || uint64_t(count) > (last - first) / dtype_size(tensor.dtype) ||
        uint64_t(count) * dtype_size(tensor.dtype) != last - first)
      throw IoError(name, fmt::format("tensor '{}' has {} bytes, which its shape does not need", shown(claim.name),
                                      last - first));
    tensor.bytes = buffer.substr(first, last - first);
    file.tensors.emplace_back(std::move(claim.name), std::move(tensor));
    end = last;
  }
  if (end != buffer.size())
    throw IoError(name, fmt::format("has {} bytes that belong to no tensor", buffer.size() - end), again);

  const auto checksum = file.metadata.find(kChecksum);
  if (checksum != file.metadata.end() && checksum->second != fmt::format("{:08x}", crc32c(buffer)))
    throw IoError(
        name, fmt::format("is damaged: its checksum is {:08x}, it says {}", crc32c(buffer), shown(checksum->second)),
        "take a copy or an earlier checkpoint");
  return file;
}

std::string safetensors_bytes(const TensorFile& file) {
  std::vector<size_t> order(file.tensors.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const auto& [name_a, tensor_a] = file.tensors[a];
    const auto& [name_b, tensor_b] = file.tensors[b];
    const size_t size_a = dtype_size(tensor_a.dtype), size_b = dtype_size(tensor_b.dtype);
    return size_a != size_b ? size_a > size_b : name_a < name_b;
  });

  std::string           buffer, entries;
  std::set<std::string> seen;
  for (const size_t k : order) {
    const auto& [name, tensor] = file.tensors[k];
    if (name == "__metadata__" || !seen.insert(name).second)
      throw IoError("model file", fmt::format("the tensor name '{}' appears twice or is reserved", shown(name)));
    const int64_t count = element_count(tensor.shape);
    const size_t  size  = dtype_size(tensor.dtype);
    if (count < 0 || uint64_t(count) * size != tensor.bytes.size() || tensor.shape.size() > kMostAxes)
      throw ShapeError("tensor '" + name + "'", tensor.shape, {int64_t(tensor.bytes.size() / size)});
    std::string shape;
    for (const int64_t n : tensor.shape) shape.append(shape.empty() ? "" : ",").append(std::to_string(n));
    entries += fmt::format(",{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}", quoted(name),
                           dtype_name(tensor.dtype), shape, buffer.size(), buffer.size() + tensor.bytes.size());
    buffer += tensor.bytes;
  }

  std::map<std::string, std::string> metadata = file.metadata;
  metadata.emplace("format", "pt");  // other loaders look for it
  metadata[kChecksum] = fmt::format("{:08x}", crc32c(buffer));
  std::string header;
  for (const auto& [key, value] : metadata)
    header += fmt::format("{}{}:{}", header.empty() ? "" : ",", quoted(key), quoted(value));
  header = "{\"__metadata__\":{" + header + "}" + entries + "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  if (header.size() > kHeaderLimit)
    throw IoError("model file", "its header would be larger than 100 MB", "use fewer tensors or shorter metadata");

  std::string bytes;
  bytes.reserve(8 + header.size() + buffer.size());
  append_little_endian(bytes, std::vector<uint64_t>{header.size()});
  return bytes += header += buffer;
}

TensorFile load_safetensors(const std::string& path) { return parse_safetensors(read_file(path), path); }

void save_safetensors(const std::string& path, const TensorFile& file) { write_file(path, safetensors_bytes(file)); }

}  // namespace dynode
