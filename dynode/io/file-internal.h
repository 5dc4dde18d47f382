// The system calls behind write_file, as a value, so that tests can let each of them fail.
#pragma once
#include <string>
#include <string_view>
#include <sys/types.h>

namespace dynode::internal {

/// Meaning and errors (errno) as in POSIX.
struct FileCalls {
  ssize_t (*write)(int file, const void* bytes, size_t size);
  int (*fsync)(int file);
  int (*rename)(const char* from, const char* to);
};

void write_file(const std::string& path, std::string_view bytes, const FileCalls& calls);

}  // namespace dynode::internal
