#include "dynode/io/npy.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <limits>
#include <utility>

#include "dynode/base/error.h"
#include "dynode/io/bytes.h"
#include "dynode/io/file.h"

namespace dynode {
namespace {

constexpr std::string_view kMagic        = "\x93NUMPY";
constexpr size_t           kHeaderLimit  = size_t(1) << 20;
constexpr size_t           kMostAxes     = 32;
constexpr int64_t          kMostElements = int64_t(1) << 40;

struct Header {
  std::string          descr;
  bool                 fortran_order = false;
  std::vector<int64_t> shape;
};

/// Reads the header: a Python dict literal of strings, booleans and a tuple of whole numbers, nothing else.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Header read() {
    Header header;
    bool   descr = false, order = false, shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr" && !std::exchange(descr, true)) {
        if (next() == '[')
          fail("holds records with named fields, which are not read here", "save each field as an array of its own");
        header.descr = string();
      } else if (key == "fortran_order" && !std::exchange(order, true)) {
        header.fortran_order = boolean();
      } else if (key == "shape" && !std::exchange(shape, true)) {
        header.shape = tuple();
      } else {
        fail(fmt::format("has the unexpected or repeated header key '{}'", key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    for (; at_ < text_.size(); ++at_)
      if (text_[at_] != ' ' && text_[at_] != '\n') fail("has text behind its header");
    if (!descr || !order || !shape) fail("lacks one of the header keys descr, fortran_order, shape");
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& hint = {}) const {
    throw IoError(name_, what, hint);
  }
  [[noreturn]] void malformed() const {
    fail(fmt::format("has a malformed .npy header (at its character {})", at_ + 1));
  }
  char next() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) {
    if (next() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) malformed();
  }
  std::string string() {
    const char quote = next();
    if (quote != '\'' && quote != '"') malformed();
    const size_t first = ++at_;
    while (at_ < text_.size() && text_[at_] != quote) {
      const char c = text_[at_];
      if (at_ - first == 64 || c == '\\' || uint8_t(c) < 32 || uint8_t(c) > 126)
        malformed();  // so it can be shown in an error
      ++at_;
    }
    if (at_ == text_.size()) malformed();
    return std::string(text_.substr(first, at_++ - first));
  }
  bool boolean() {
    next();
    for (const std::string_view word : {"True", "False"})
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return word == "True";
      }
    malformed();
  }
  int64_t number() {
    next();
    const size_t first = at_;
    int64_t      value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (value > (std::numeric_limits<int64_t>::max() - 9) / 10) fail("has a dimension that is too large");
      value = value * 10 + (text_[at_] - '0');
    }
    if (at_ == first) malformed();
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // how Python 2 wrote long integers
    return value;
  }
  std::vector<int64_t> tuple() {
    std::vector<int64_t> shape;
    bool                 comma = true;
    expect('(');
    while (!accept(')')) {
      if (!comma) malformed();
      shape.push_back(number());
      if (shape.size() > kMostAxes) fail(fmt::format("has more than {} axes", kMostAxes));
      comma = accept(',');
    }
    if (shape.size() == 1 && !comma) malformed();  // (3) is no tuple
    return shape;
  }

  std::string_view   text_;
  const std::string& name_;
  size_t             at_ = 0;
};

/// What a dtype string such as "<f4" says.
struct Element {
  char   kind;  // f i u b
  size_t size;  // bytes
  bool   big_endian;
};

Element read_element(const std::string& descr, const std::string& name) {
  const char order = descr.empty() ? '\0' : descr[0];
  const char kind  = descr.size() > 1 ? descr[1] : '\0';
  if (kind == 'O' || order == 'O')
    throw ElementTypeError(name,
                           "holds pickled Python objects, which are not read because reading them runs their code",
                           "save numbers instead: np.save(path, np.asarray(a, dtype='float64'), allow_pickle=False)");
  for (const char* known : {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"})
    if (descr.substr(std::min<size_t>(1, descr.size())) == known) {
      const size_t size = size_t(known[1] - '0');
      if (order == '<' || order == '>' || order == '=' || (order == '|' && size == 1))
        return {known[0], size, order == '>' || (order == '=' && std::endian::native == std::endian::big)};
    }
  throw ElementTypeError(name, fmt::format("has elements of type '{}', which is not read here", descr),
                         "convert it: a.astype('float32'), also float64, int64 or uint8");
}

/// Calls use(k, bytes of element k in C order) for every element.
template <class Use>
void for_each(const Header& header, size_t count, size_t size, std::string_view data, Use use) {
  if (!header.fortran_order) {
    for (size_t k = 0; k < count; ++k) use(k, data.data() + k * size);
    return;
  }
  // count through the indices in C order, last axis fastest; `from` follows with the strides of Fortran order
  const size_t        axes = header.shape.size();
  std::vector<size_t> stride(axes), index(axes, 0);
  for (size_t axis = 0, step = 1; axis < axes; step *= size_t(header.shape[axis++])) stride[axis] = step;
  for (size_t k = 0, from = 0; k < count; ++k) {
    use(k, data.data() + from * size);
    for (size_t axis = axes; axis-- > 0;) {
      from += stride[axis];
      if (++index[axis] < size_t(header.shape[axis])) break;
      from -= stride[axis] * size_t(header.shape[axis]);
      index[axis] = 0;
    }
  }
}

template <class To, class Convert>
std::vector<To> decode(const Header& header, size_t count, const Element& element, std::string_view data,
                       Convert convert) {
  std::vector<To> numbers(count);
  for_each(header, count, element.size, data,
           [&](size_t k, const char* p) { numbers[k] = convert(load_bits(p, element.size, element.big_endian)); });
  return numbers;
}

template <class T>
std::vector<T> copied(size_t count, std::string_view data) {
  std::vector<T> numbers(count);
  if (count > 0) std::memcpy(numbers.data(), data.data(), count * sizeof(T));
  return numbers;
}

Array::Data decode(const Header& header, size_t count, const Element& e, std::string_view data,
                   const std::string& name) {
  // the usual files hold just what the memory will
  if (!header.fortran_order && e.big_endian == (std::endian::native == std::endian::big)) {
    if (e.kind == 'f' && e.size == 4) return copied<float>(count, data);
    if (e.kind == 'f' && e.size == 8) return copied<double>(count, data);
    if (e.kind == 'i' && e.size == 8) return copied<int64_t>(count, data);
    if (e.kind == 'u' && e.size == 1) return copied<uint8_t>(count, data);
  }

  // everything else number by number
  if (e.kind == 'f' && e.size == 2)
    return decode<float>(header, count, e, data, [](uint64_t b) { return half_to_float(uint16_t(b)); });
  if (e.kind == 'f' && e.size == 4)
    return decode<float>(header, count, e, data, [](uint64_t b) { return std::bit_cast<float>(uint32_t(b)); });
  if (e.kind == 'f') return decode<double>(header, count, e, data, [](uint64_t b) { return std::bit_cast<double>(b); });
  if (e.kind == 'b')
    return decode<uint8_t>(header, count, e, data, [&](uint64_t b) {
      if (b > 1) throw IoError(name, fmt::format("has the byte {} where a boolean, 0 or 1, belongs", b));
      return uint8_t(b);
    });
  if (e.kind == 'u' && e.size == 1)
    return decode<uint8_t>(header, count, e, data, [](uint64_t b) { return uint8_t(b); });
  if (e.kind == 'u')
    return decode<int64_t>(header, count, e, data, [&](uint64_t b) { return unsigned_to_int64(b, name); });
  return decode<int64_t>(header, count, e, data, [&](uint64_t b) { return sign_extend(b, e.size); });
}

}  // namespace

int64_t element_count(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  bool    empty = false;
  for (const int64_t n : shape) {
    if (n < 0) return -1;
    if (n == 0) empty = true;
    else if (__builtin_mul_overflow(count, n, &count) || count >= int64_t(1) << 62) return -1;
  }
  return empty ? 0 : count;
}

size_t Array::size() const {
  return std::visit([](const auto& v) { return v.size(); }, data);
}

std::vector<double> Array::as_double() const {
  return std::visit([](const auto& v) { return std::vector<double>(v.begin(), v.end()); }, data);
}

std::vector<float> Array::as_float() const {
  return std::visit(
      [](const auto& v) {
        std::vector<float> numbers(v.size());
        std::transform(v.begin(), v.end(), numbers.begin(), [](auto x) { return float(x); });
        return numbers;
      },
      data);
}

std::vector<int64_t> Array::as_integers(const std::string& name) const {
  return std::visit(
      [&](const auto& v) {
        std::vector<int64_t> numbers(v.size());
        for (size_t k = 0; k < v.size(); ++k) {
          if constexpr (std::is_floating_point_v<std::decay_t<decltype(v[k])>>)
            if (!(std::abs(double(v[k])) < 9.2e18) || std::floor(v[k]) != v[k])
              throw IoError(name, fmt::format("needs whole numbers, but number {} is {}", k, v[k]));
          numbers[k] = int64_t(v[k]);
        }
        return numbers;
      },
      data);
}

Array parse_npy(std::string_view bytes, const std::string& name) {
  const auto truncated = [&] { return IoError(name, "ends within its .npy header", "copy or save it again"); };
  if (bytes.substr(0, kMagic.size()) != kMagic) {
    if (kMagic.substr(0, bytes.size()) == bytes) throw truncated();
    throw IoError(name, "is not a .npy file", "it must begin with \\x93NUMPY, as np.save writes it");
  }
  if (bytes.size() < 8) throw truncated();
  const int major = uint8_t(bytes[6]), minor = uint8_t(bytes[7]);
  if (major < 1 || major > 3 || minor != 0)
    throw IoError(name, fmt::format("has .npy version {}.{}; 1.0, 2.0 and 3.0 are known", major, minor));

  const size_t length_bytes = major == 1 ? 2 : 4, start = 8 + length_bytes;
  if (bytes.size() < start) throw truncated();
  const size_t length = load_bits(bytes.data() + 8, length_bytes, false);
  if (length > kHeaderLimit)
    throw IoError(name, fmt::format("has a header of {} bytes; at most 1 MiB is read", length));
  if (bytes.size() - start < length) throw truncated();

  const Header  header  = HeaderReader(bytes.substr(start, length), name).read();
  const Element element = read_element(header.descr, name);
  const int64_t count   = element_count(header.shape);
  if (count < 0 || count > kMostElements)
    throw IoError(name, "claims more elements than the 2^40 that are read", "the header may be damaged");

  const std::string_view data   = bytes.substr(start + length);
  const size_t           needed = size_t(count) * element.size;
  if (data.size() < needed)
    throw IoError(name, fmt::format("is truncated: it needs {} bytes of data and has {}", needed, data.size()),
                  "copy or save it again");
  if (data.size() > needed)
    throw IoError(name, fmt::format("has {} bytes behind its data", data.size() - needed), "copy or save it again");
  return {header.shape, decode(header, size_t(count), element, data, name)};
}

std::string npy_bytes(const Array& array) {
  if (element_count(array.shape) != int64_t(array.size()))
    throw ShapeError("array with " + std::to_string(array.size()) + " numbers", array.shape, {int64_t(array.size())});

  constexpr const char* descr[] = {"<f4", "<f8", "<i8", "|u1"};  // in the order of Array::Data
  std::string           shape;
  for (const int64_t n : array.shape) shape += fmt::format("{}{}", shape.empty() ? "" : ", ", n);
  if (array.shape.size() == 1) shape += ",";
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr[array.data.index()], shape);
  header.append(63 - (kMagic.size() + 4 + header.size()) % 64, ' ').push_back('\n');  // data begin at a multiple of 64
  expects(header.size() <= 65535, ".npy header of version 1");

  std::string bytes(kMagic);
  bytes += {'\1', '\0', char(header.size() & 255), char(header.size() >> 8)};
  bytes += header;
  std::visit([&](const auto& v) { append_little_endian(bytes, v); }, array.data);
  return bytes;
}

Array load_npy(const std::string& path) { return parse_npy(read_file(path), path); }

void save_npy(const std::string& path, const Array& array) { write_file(path, npy_bytes(array)); }

}  // namespace dynode
