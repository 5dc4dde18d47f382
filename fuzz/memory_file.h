// Bytes as a file that readers of paths can open, without a disk.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

class MemoryFile {
 public:
  MemoryFile(const uint8_t* data, size_t size) : file_(::memfd_create("fuzz", 0)) {
    while (size > 0) {
      const ssize_t n = ::write(file_, data, size);
      if (n <= 0) std::abort();
      data += n, size -= size_t(n);
    }
  }
  MemoryFile(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(file_); }

  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};
