#include "dynode/io/hdf5.h"

#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/io/file.h"

#ifdef DYNODE_HDF5
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <hdf5.h>
#include <memory>
#include <mutex>
#include <set>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace dynode {

// ── what was read ───────────────────────────────────────────────────────────────────────────────────────────────────

const Hdf5Item* Hdf5::find(std::string_view path) const {
  const auto found = std::ranges::find(items_, path, &Hdf5Item::path);
  return found == items_.end() ? nullptr : &*found;
}

namespace {

const Hdf5Item& item_of(const Hdf5& file, std::string_view path, Hdf5Item::Kind kind, const char* what) {
  const Hdf5Item* item = file.find(path);
  if (item && item->kind == kind) return *item;
  std::vector<std::string> known;
  for (const Hdf5Item& other : file.items())
    if (other.kind == kind) known.push_back(other.path);
  throw IoError(file.file(), fmt::format("has no {} '{}'", what, path), did_you_mean(std::string(path), known, "there are"));
}

}  // namespace

const Array& Hdf5::numbers(std::string_view path) const {
  return item_of(*this, path, Hdf5Item::Kind::numbers, "numbers").numbers;
}

const std::string& Hdf5::text(std::string_view path) const {
  const Hdf5Item& item = item_of(*this, path, Hdf5Item::Kind::texts, "text");
  if (item.texts.size() != 1) throw IoError(file_, fmt::format("'{}' has {} texts instead of one", path, item.texts.size()));
  return item.texts[0];
}

std::vector<std::string> Hdf5::members(std::string_view group) const {
  const std::string        prefix = std::string(group) + "/";
  std::vector<std::string> names;
  for (const Hdf5Item& item : items_)
    if (item.path.starts_with(prefix) && item.path.find('/', prefix.size()) == std::string::npos)
      names.push_back(item.path.substr(prefix.size()));
  return names;
}

#ifndef DYNODE_HDF5

bool has_hdf5() { return false; }

namespace {
[[noreturn]] void refuse(const std::string& path) {
  throw IoError(path, "this dynode was built without HDF5", "install libhdf5-dev and build it again");
}
}  // namespace

Hdf5 load_hdf5(const std::string& path, const Hdf5Limits&) { refuse(path); }
void save_hdf5(const std::string& path, const std::vector<Hdf5Item>&) { refuse(path); }

#else

bool has_hdf5() { return true; }

namespace {

using Kind = Hdf5Item::Kind;

/// Something of HDF5 that is given back.
template <herr_t (*close)(hid_t)>
class Handle {
 public:
  Handle(hid_t id) : id_(id) {}
  Handle(const Handle&) = delete;
  ~Handle() { if (id_ >= 0) close(id_); }
  operator hid_t() const { return id_; }
  bool good() const { return id_ >= 0; }

 private:
  hid_t id_;
};
using File  = Handle<H5Fclose>;
using Group = Handle<H5Gclose>;
using Data  = Handle<H5Dclose>;
using Space = Handle<H5Sclose>;
using Type  = Handle<H5Tclose>;
using List  = Handle<H5Pclose>;

void be_quiet() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

// ── the child: HDF5 → pipe ──────────────────────────────────────────────────────────────────────────────────────────

/// What is wrong with a file, told by the child.
struct Damage {
  std::string what, hint = {};
};

class Sender {
 public:
  explicit Sender(int pipe) : pipe_(pipe) {}
  void bytes(const void* data, size_t size) {
    const char* from = static_cast<const char*>(data);
    while (size > 0) {
      const ssize_t written = ::write(pipe_, from, size);
      if (written <= 0) ::_exit(1);   // nobody listens any more
      from += written, size -= size_t(written);
    }
  }
  template <class T>
  void number(T value) { bytes(&value, sizeof value); }
  void text(std::string_view text) { number(uint64_t(text.size())), bytes(text.data(), text.size()); }
  void shape(const std::vector<int64_t>& shape) {
    number(uint64_t(shape.size()));
    for (const int64_t n : shape) number(n);
  }

 private:
  int pipe_;
};

class Walker {
 public:
  Walker(Sender& out, const Hdf5Limits& limits, size_t file_size) : out_(out), limits_(limits), file_size_(file_size) {}

  void group(hid_t id, const std::string& path, int depth) {
    if (depth > 32) throw Damage{"groups are nested more than 32 deep"};
    H5G_info_t info;
    if (H5Gget_info(id, &info) < 0) throw Damage{fmt::format("group '{}/' is damaged", path)};
    for (hsize_t i = 0; i < info.nlinks; ++i) {
      const ssize_t size = H5Lget_name_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, i, nullptr, 0, H5P_DEFAULT);
      if (size <= 0 || size > 10'000) throw Damage{fmt::format("a name in '{}/' is damaged", path)};
      std::string name(size_t(size) + 1, '\0');
      H5Lget_name_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, i, name.data(), name.size(), H5P_DEFAULT);
      name.resize(size_t(size));
      H5L_info_t link;
      if (H5Lget_info(id, name.c_str(), &link, H5P_DEFAULT) < 0) throw Damage{fmt::format("the link '{}/{}' is damaged", path, name)};
      if (link.type != H5L_TYPE_HARD) continue;
      if (++items_ > limits_.items) throw Damage{fmt::format("has more than {} items", limits_.items)};
      object(id, name, path + "/" + name, depth);
    }
  }

 private:
  void object(hid_t parent, const std::string& name, const std::string& path, int depth) {
    const hid_t id = H5Oopen(parent, name.c_str(), H5P_DEFAULT);
    if (id < 0) throw Damage{fmt::format("'{}' is damaged", path)};
    switch (H5Iget_type(id)) {
      case H5I_GROUP: {
        const Group own(id);
        out_.number(uint8_t(Kind::group)), out_.text(path);
        group(own, path, depth + 1);
        break;
      }
      case H5I_DATASET: dataset(Data(id), path); break;
      default: H5Oclose(id);
    }
  }

  void dataset(const Data& data, const std::string& path) {
    const List creation(H5Dget_create_plist(data));
    if (H5Pget_layout(creation) == H5D_VIRTUAL || H5Pget_external_count(creation) > 0)
      throw Damage{fmt::format("the numbers of '{}' lie in another file", path), "copy them into this one with h5repack"};
    const Space space(H5Dget_space(data));
    const int   rank = H5Sget_simple_extent_ndims(space);
    if (!space.good() || rank < 0) throw Damage{fmt::format("the shape of '{}' is damaged", path)};
    std::vector<hsize_t> extent(size_t(std::max(rank, 1)));
    H5Sget_simple_extent_dims(space, extent.data(), nullptr);
    std::vector<int64_t> shape(extent.begin(), extent.begin() + rank);
    if (H5Sget_simple_extent_type(space) == H5S_NULL) shape = {0};
    const int64_t count = element_count(shape);
    const Type    type(H5Dget_type(data));
    if (!type.good()) throw Damage{fmt::format("the type of '{}' is damaged", path)};
    // deflate packs at most 1032 to 1, shuffled zeros of one value somewhat more
    const size_t width = std::max<size_t>(1, H5Tget_size(type)), most = 2048 * file_size_ + 65536;
    if (count < 0 || double(count) * double(width) > double(most))
      throw Damage{fmt::format("'{}' claims to have {} numbers, more than a file of {} bytes can hold", path,
                               count < 0 ? "too many" : std::to_string(count), file_size_)};
    if ((bytes_ += size_t(count) * width) > limits_.bytes)
      throw Damage{fmt::format("has more than {} bytes of numbers", limits_.bytes)};
    switch (H5Tget_class(type)) {
      case H5T_INTEGER: numbers<int64_t>(data, path, shape, H5T_NATIVE_INT64, 2); break;
      case H5T_FLOAT:
        if (H5Tget_size(type) <= 4) numbers<float>(data, path, shape, H5T_NATIVE_FLOAT, 0);
        else numbers<double>(data, path, shape, H5T_NATIVE_DOUBLE, 1);
        break;
      case H5T_ENUM: numbers<uint8_t>(data, path, shape, type, 3); break;   // of another size: caught there
      case H5T_STRING: texts(data, type, path, shape); break;
      default: break;
    }
  }

  template <class T>
  void numbers(const Data& data, const std::string& path, const std::vector<int64_t>& shape, hid_t type, uint8_t kind) {
    if (H5Tget_size(type) != sizeof(T)) return;   // an enumeration that is no boolean
    std::vector<T> values(size_t(element_count(shape)));
    if (!values.empty() && H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
      throw Damage{fmt::format("the numbers of '{}' are damaged", path)};
    out_.number(uint8_t(Kind::numbers)), out_.text(path), out_.shape(shape);
    out_.number(kind), out_.bytes(values.data(), values.size() * sizeof(T));
  }

  void texts(const Data& data, const Type& type, const std::string& path, const std::vector<int64_t>& shape) {
    const size_t             count = size_t(element_count(shape));
    std::vector<std::string> list(count);
    if (H5Tis_variable_str(type) > 0) {
      const Type memory(H5Tcopy(H5T_C_S1));
      H5Tset_size(memory, H5T_VARIABLE), H5Tset_cset(memory, H5Tget_cset(type));
      std::vector<char*> values(count, nullptr);
      if (count && H5Dread(data, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
        throw Damage{fmt::format("the texts of '{}' are damaged", path)};
      for (size_t i = 0; i < count; ++i)
        if (values[i]) list[i] = values[i], H5free_memory(values[i]);
    } else {
      const size_t      size = H5Tget_size(type);
      std::vector<char> values(count * size);
      if (count && H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
        throw Damage{fmt::format("the texts of '{}' are damaged", path)};
      for (size_t i = 0; i < count; ++i) {
        list[i] = std::string(&values[i * size], ::strnlen(&values[i * size], size));
        if (H5Tget_strpad(type) == H5T_STR_SPACEPAD)
          while (list[i].ends_with(' ')) list[i].pop_back();
      }
    }
    out_.number(uint8_t(Kind::texts)), out_.text(path), out_.shape(shape);
    for (const std::string& text : list) out_.text(text);
  }

  Sender&           out_;
  const Hdf5Limits& limits_;
  size_t            file_size_, items_ = 0, bytes_ = 0;
};

constexpr uint8_t kEnd = 200, kDamage = 201;   // beside the kinds of items

/// Memory of this process now, bytes.
size_t memory_now() {
  size_t pages = 0;
  if (FILE* status = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(status, "%zu", &pages) != 1) pages = 0;
    std::fclose(status);
  }
  return pages * size_t(::sysconf(_SC_PAGESIZE));
}

[[noreturn]] void read_in_child(int pipe, const std::string& path, size_t size, const Hdf5Limits& limits) {
  const size_t memory = memory_now() + 3 * std::min(limits.bytes, 2048 * size + 65536) + (size_t(256) << 20);
  const rlimit processor{rlim_t(limits.seconds), rlim_t(limits.seconds)}, space{memory, memory}, core{0, 0};
  ::setrlimit(RLIMIT_CPU, &processor), ::setrlimit(RLIMIT_AS, &space), ::setrlimit(RLIMIT_CORE, &core);
  for (const int number : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE}) ::signal(number, SIG_DFL);
  Sender out(pipe);
  const auto tell = [&](const Damage& damage) { out.number(kDamage), out.text(damage.what), out.text(damage.hint); };
  try {
    be_quiet();
    H5PLset_loading_state(0);   // no programs from other places
    const File file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
    if (!file.good()) throw Damage{"is no HDF5 file, or a damaged one"};
    const Group root(H5Gopen2(file, "/", H5P_DEFAULT));
    if (!root.good()) throw Damage{"its root is damaged"};
    Walker(out, limits, size).group(root, "", 0);
    out.number(kEnd);
  } catch (const Damage& damage) {
    tell(damage);
  } catch (const std::bad_alloc&) { tell({"needs more memory than its size explains"}); }
  ::_exit(0);
}

// ── the parent: pipe → items ────────────────────────────────────────────────────────────────────────────────────────

/// What came through the pipe; a child that broke off sends too little.
class Receiver {
 public:
  explicit Receiver(std::string bytes) : bytes_(std::move(bytes)) {}
  bool bytes(void* to, size_t size) {
    if (size > bytes_.size() - at_) return false;
    if (size) std::memcpy(to, bytes_.data() + at_, size);
    at_ += size;
    return true;
  }
  template <class T>
  bool number(T& value) { return bytes(&value, sizeof value); }
  bool text(std::string& text) {
    uint64_t size;
    if (!number(size) || size > bytes_.size() - at_) return false;
    text.resize(size);
    return bytes(text.data(), size);
  }
  bool shape(std::vector<int64_t>& shape) {
    uint64_t rank;
    if (!number(rank) || rank > 32) return false;
    shape.resize(rank);
    for (int64_t& n : shape)
      if (!number(n)) return false;
    return true;
  }
  template <class T>
  bool values(Array& array) {
    const int64_t count = element_count(array.shape);
    if (count < 0 || size_t(count) > (bytes_.size() - at_) / sizeof(T)) return false;
    std::vector<T> list(static_cast<size_t>(count));
    const bool     good = bytes(list.data(), list.size() * sizeof(T));
    array.data          = std::move(list);
    return good;
  }
  bool item(Hdf5Item& item) {
    if (!text(item.path)) return false;
    if (item.kind == Kind::group) return true;
    if (item.kind == Kind::texts) {
      if (!shape(item.shape)) return false;
      const int64_t count = element_count(item.shape);
      if (count < 0 || size_t(count) > bytes_.size()) return false;
      item.texts.resize(size_t(count));
      return std::ranges::all_of(item.texts, [&](std::string& t) { return text(t); });
    }
    uint8_t kind;
    if (!shape(item.numbers.shape) || !number(kind)) return false;
    return kind == 0   ? values<float>(item.numbers)
           : kind == 1 ? values<double>(item.numbers)
           : kind == 2 ? values<int64_t>(item.numbers)
                       : values<uint8_t>(item.numbers);
  }

 private:
  std::string bytes_;
  size_t      at_ = 0;
};

}  // namespace

Hdf5 load_hdf5(const std::string& path, const Hdf5Limits& limits) {
  // what read_file refuses is refused alike, before HDF5 sees it
  std::error_code none;
  const auto      size = std::filesystem::is_regular_file(path, none) ? std::filesystem::file_size(path, none) : 0;
  if (size == 0) (void)read_file(path);   // says why it cannot be read
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) throw IoError(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  const pid_t child = ::fork();
  if (child == 0) ::close(pipe[0]), read_in_child(pipe[1], path, size, limits);
  ::close(pipe[1]);
  if (child < 0) {
    ::close(pipe[0]);
    throw IoError(path, fmt::format("no process to read it with: {}", std::strerror(errno)));
  }
  std::string       bytes;
  std::vector<char> part(1 << 16);
  for (ssize_t got; (got = ::read(pipe[0], part.data(), part.size())) != 0;) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    bytes.append(part.data(), size_t(got));
  }
  ::close(pipe[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}

  Receiver              in(std::move(bytes));
  std::vector<Hdf5Item> items;
  for (uint8_t kind; in.number(kind);) {
    if (kind == kEnd) return Hdf5(path, std::move(items));
    if (kind == kDamage) {
      std::string what, hint;
      if (!in.text(what) || !in.text(hint)) break;
      throw IoError(path, what, hint);
    }
    Hdf5Item item{.path = {}, .kind = Kind(kind)};
    if (kind > uint8_t(Kind::texts) || !in.item(item)) break;
    items.push_back(std::move(item));
  }
  const bool long_time = WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL);
  throw IoError(path, long_time ? fmt::format("reading it takes more than {} s; it is damaged", limits.seconds)
                                : "the HDF5 library gave up on it: it is damaged",
                "write it again, or look at it with h5debug");
}

// ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

namespace {

/// @throws IoError  naming what could not be written
void put(hid_t file, const Hdf5Item& item, const std::string& path) {
  const auto check = [&](bool good) {
    if (!good) throw IoError(path, fmt::format("'{}' cannot be written", item.path), "names must make a tree");
  };
  const List links(H5Pcreate(H5P_LINK_CREATE));
  H5Pset_create_intermediate_group(links, 1);
  if (item.kind == Kind::group) {
    if (H5Lexists(file, item.path.c_str(), H5P_DEFAULT) > 0) return;
    check(Group(H5Gcreate2(file, item.path.c_str(), links, H5P_DEFAULT, H5P_DEFAULT)).good());
    return;
  }
  const List creation(H5Pcreate(H5P_DATASET_CREATE));
  H5Pset_obj_track_times(creation, false);
  const std::vector<int64_t>& shape = item.kind == Kind::texts ? item.shape : item.numbers.shape;
  const std::vector<hsize_t>  extent(shape.begin(), shape.end());
  const Space space(shape.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(int(extent.size()), extent.data(), nullptr));
  const auto write = [&](hid_t stored, hid_t memory, const void* values) {
    const Data data(H5Dcreate2(file, item.path.c_str(), stored, space, links, creation, H5P_DEFAULT));
    check(data.good());
    check(element_count(shape) == 0 || H5Dwrite(data, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  };
  if (item.kind == Kind::texts) {
    size_t longest = 1;
    for (const std::string& text : item.texts) longest = std::max(longest, text.size());
    std::string all;
    for (const std::string& text : item.texts) all += text, all.append(longest - text.size(), '\0');
    const Type type(H5Tcopy(H5T_C_S1));
    H5Tset_size(type, longest), H5Tset_strpad(type, H5T_STR_NULLPAD), H5Tset_cset(type, H5T_CSET_UTF8);
    return write(type, type, all.data());
  }
  std::visit(
      [&](const auto& values) {
        using T = typename std::remove_cvref_t<decltype(values)>::value_type;
        if constexpr (std::is_same_v<T, float>) write(H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, values.data());
        else if constexpr (std::is_same_v<T, double>) write(H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.data());
        else if constexpr (std::is_same_v<T, int64_t>) write(H5T_STD_I64LE, H5T_NATIVE_INT64, values.data());
        else write(H5T_STD_U8LE, H5T_NATIVE_UINT8, values.data());
      },
      item.numbers.data);
}

/// The library is not made for several threads.
std::mutex writing;

}  // namespace

void save_hdf5(const std::string& path, const std::vector<Hdf5Item>& items) {
  std::string bytes;
  {
    const std::scoped_lock lock(writing);
    be_quiet();
    const List access(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_fapl_core(access, 1 << 20, false);   // in memory
    const File file(H5Fcreate("dynode-in-memory.h5", H5F_ACC_TRUNC, H5P_DEFAULT, access));
    if (!file.good()) throw IoError(path, "the HDF5 library cannot make a file in memory");
    for (const Hdf5Item& item : items) put(file, item, path);
    H5Fflush(file, H5F_SCOPE_GLOBAL);
    const ssize_t size = H5Fget_file_image(file, nullptr, 0);
    bytes.resize(size_t(std::max<ssize_t>(size, 0)));
    if (size <= 0 || H5Fget_file_image(file, bytes.data(), bytes.size()) != size)
      throw IoError(path, "the HDF5 library cannot hand the file over");
  }
  write_file(path, bytes);
}

#endif

}  // namespace dynode
