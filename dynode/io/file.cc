#include "dynode/io/file.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "dynode/base/error.h"
#include "dynode/io/file-internal.h"

namespace dynode {
namespace {

/// An open file that is closed at the end of its scope.
class OpenFile {
 public:
  OpenFile(const char* path, int flags, mode_t mode = 0666) {
    do file_ = ::open(path, flags | O_CLOEXEC, mode);
    while (file_ < 0 && errno == EINTR);
  }
  OpenFile(OpenFile&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~OpenFile() {
    if (file_ >= 0) ::close(file_);
  }

  explicit operator bool() const { return file_ >= 0; }
           operator int() const { return file_; }
  /// Closes now; false if the system reports a late write error.
  bool close() { return ::close(std::exchange(file_, -1)) == 0; }

 private:
  int file_;
};

std::string write_hint(int error, bool replaces) {
  std::string hint;
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) hint = "free some space or choose another folder";
  else if (error == ENOENT || error == ENOTDIR) hint = "make the folder first";
  else if (error == EACCES || error == EPERM || error == EROFS) hint = "choose a folder you may write to";
  else hint = "choose another folder";
  return replaces ? hint + "; the file that was there is unchanged" : hint;
}

/// Writes everything, however the system splits it; 0 or the error number.
int write_all(int file, std::string_view bytes, const internal::FileCalls& calls) {
  while (!bytes.empty()) {
    const ssize_t n = calls.write(file, bytes.data(), std::min<size_t>(bytes.size(), size_t(1) << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return EIO;
    bytes.remove_prefix(size_t(n));
  }
  return 0;
}

std::string text_of(int error) { return std::strerror(error); }

}  // namespace

std::string read_file(const std::string& path, size_t limit) {
  const OpenFile file(path.c_str(), O_RDONLY);
  if (!file) {
    const int error = errno;
    if (error == ENOENT) throw IoError(path, "there is no such file", "check the name and the folder");
    throw IoError(path, "cannot open: " + text_of(error));
  }
  struct stat facts {};
  if (::fstat(file, &facts) != 0) throw IoError(path, "cannot read: " + text_of(errno));
  if (S_ISDIR(facts.st_mode)) throw IoError(path, "is a folder, not a file", "name a file inside it");

  const auto too_large = [&] { return IoError(path, fmt::format("is larger than the {} bytes accepted here", limit)); };
  size_t     expected  = 0;
  if (S_ISREG(facts.st_mode)) {
    if (uint64_t(facts.st_size) > limit) throw too_large();
    expected = size_t(facts.st_size);
  }

  // read to the end, which need not be where the file system said: it may grow, and a pipe has no size
  std::string bytes(expected, '\0');
  for (size_t size = 0;;) {
    if (size == bytes.size()) {
      char          more[65536];
      const ssize_t n = ::read(file, more, sizeof more);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw IoError(path, "cannot read: " + text_of(errno));
      if (n == 0) return bytes;
      if (size_t(n) > limit - size) throw too_large();
      bytes.append(more, size_t(n));
      size += size_t(n);
      continue;
    }
    const ssize_t n = ::read(file, bytes.data() + size, std::min<size_t>(bytes.size() - size, size_t(1) << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw IoError(path, "cannot read: " + text_of(errno));
    if (n == 0) {
      bytes.resize(size);
      return bytes;
    }
    size += size_t(n);
  }
}

void write_file(const std::string& path, std::string_view bytes) {
  internal::write_file(path, bytes, {.write = ::write, .fsync = ::fsync, .rename = std::rename});
}

void internal::write_file(const std::string& path, std::string_view bytes, const FileCalls& calls) {
  namespace fs = std::filesystem;
  if (path.empty()) throw IoError("''", "a file name is missing");

  // a link stays a link: what it points to is replaced
  std::error_code none;
  fs::path        target = path;
  if (fs::is_symlink(target, none)) {
    target = fs::weakly_canonical(target, none);
    if (none) throw IoError(path, "cannot follow the link: " + none.message());
  }

  struct stat facts {};
  const bool  exists = ::stat(target.c_str(), &facts) == 0;
  if (exists && S_ISDIR(facts.st_mode)) throw IoError(path, "is a folder, not a file", "name a file inside it");
  if (exists && !S_ISREG(facts.st_mode)) {
    const OpenFile file(target.c_str(), O_WRONLY);
    const int      error = file ? write_all(file, bytes, calls) : errno;
    if (error) throw IoError(path, "cannot write: " + text_of(error));
    return;
  }

  static std::atomic<unsigned> count  = 0;
  const fs::path               folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  const std::string            name   = target.filename().string().substr(0, 200);  // leaves room for what is added
  const auto  new_name  = [&] { return (folder / fmt::format(".{}.tmp.{}.{}", name, ::getpid(), count++)).string(); };
  std::string temporary = new_name();
  const auto  failed    = [&](const char* what, int error) {
    ::unlink(temporary.c_str());
    throw IoError(path, fmt::format("{}: {}", what, text_of(error)), write_hint(error, exists));
  };

  {
    OpenFile file(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL);
    while (!file && errno == EEXIST) file = OpenFile((temporary = new_name()).c_str(), O_WRONLY | O_CREAT | O_EXCL);
    if (!file) throw IoError(path, "cannot write: " + text_of(errno), write_hint(errno, exists));
    if (exists) (void)!::fchmod(file, facts.st_mode & 07777);  // keep who may read it; not worth failing for
    if (const int error = write_all(file, bytes, calls)) failed("cannot write", error);
    if (calls.fsync(file) != 0) failed("cannot bring it to the disk", errno);
    if (!file.close()) failed("cannot write", errno);
  }
  if (calls.rename(temporary.c_str(), target.c_str()) != 0) failed("cannot put it in place", errno);

  // the new name must survive a power cut too; file systems without this call say EINVAL
  const OpenFile directory(folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (directory && calls.fsync(directory) != 0 && errno != EINVAL)
    throw IoError(path, "is written, but its folder cannot be brought to the disk: " + text_of(errno));
}

void append_line(const std::string& path, std::string_view line) {
  expects(line.find('\n') == line.npos, "append_line takes one line");
  const OpenFile file(path.c_str(), O_WRONLY | O_CREAT | O_APPEND);
  if (!file) throw IoError(path, "cannot write: " + text_of(errno), write_hint(errno, false));
  const std::string text = std::string(line) + '\n';
  if (const int error = write_all(file, text, {.write = ::write, .fsync = ::fsync, .rename = std::rename}))
    throw IoError(path, "cannot write: " + text_of(error), write_hint(error, false));
}

}  // namespace dynode
