# DYNODE_UNITY: files of a room are compiled together. What they include is read, and what they instantiate is made, once
# instead of once each: half the work of a whole build, more work after a change of one file.
#
#   dynode_together(sources)    in the list `sources`, one file build/unity/<room>.cc instead of the files it includes
#
# Left apart: vectorised files, which are read once per instruction set, files with options of their own, and rooms and
# files whose private names are those of their neighbours (every task has its `shape` and `draw`, every loss its `check`).
set(DYNODE_APART "/(cells|kernels|circuits|sources|tasks|connections)/|/learn/(loss|metrics|pooling|schedule|optimizer|trainer_callbacks|trainer_gradient)"
                 "|/io/(hdf5|mat|npy|npz|nir|pickle|safetensors|stored_model|torch_file)|/spec/yaml|/wiring/ncp"
                 "|/run/workspace|/mean_field/fixed_points|/spiking/statistics"
                 "|/models/(nir|population_statistics|reproduce|wiring_drawing|mean_field|run_report)")
string(JOIN "" DYNODE_APART ${DYNODE_APART})

function(dynode_together list)
  if(NOT DYNODE_UNITY)
    return()
  endif()
  set(apart ${${list}})
  set(together ${${list}})
  list(FILTER apart INCLUDE REGEX "${DYNODE_APART}")
  list(FILTER together EXCLUDE REGEX "${DYNODE_APART}")
  foreach(source ${together})
    file(STRINGS ${source} own REGEX "\\.incbin")
    if(own)
      list(APPEND apart ${source})
      continue()
    endif()
    string(REGEX REPLACE ".*/dynode/([a-z_]+)/.*" "\\1" room ${source})
    list(APPEND rooms ${room})
    string(APPEND text_${room} "#include \"${source}\"\n")
  endforeach()
  list(REMOVE_DUPLICATES rooms)
  foreach(room ${rooms})
    set(file ${PROJECT_BINARY_DIR}/unity/${list}_${room}.cc)
    file(CONFIGURE OUTPUT ${file} CONTENT "${text_${room}}" @ONLY)
    # a private name in a type is no mistake in a file that nobody includes twice
    set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
    list(APPEND apart ${file})
  endforeach()
  set(${list} ${apart} PARENT_SCOPE)
endfunction()
