// Named arrays in one file, as .npz or as HDF5 (.h5, .hdf5), by the ending of its name.
//
//   "state/0/V" is a member of that name in an .npz, and a data set V in groups state, 0 of an .h5
#pragma once
#include <string>
#include <vector>

#include "dynode/io/npz.h"

namespace dynode {

/// Whether a name ends like one of these files.
bool is_arrays_file(const std::string& path);

/// @throws IoError  as load_npz and load_hdf5; texts in an .h5 are left out
Npz load_arrays(const std::string& path);

/// Replaces the file. @param packing  of an .npz
/// @throws IoError, ShapeError  as save_npz and save_hdf5
void save_arrays(const std::string& path, const std::vector<Npz::Entry>& entries, Packing packing = Packing::stored);

}  // namespace dynode
