# ingot_embed(target SYMBOL [BASE folder] file...) puts the bytes of the files into `target`, so that the program needs no
# data folder beside it. Declare `std::span<const ingot::EmbeddedFile> SYMBOL();` in namespace ingot (base/embedded.h); a
# file's name is its path relative to BASE (default: the current source folder). Changing a file rebuilds the object.
set(INGOT_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_files.cmake)

function(ingot_embed target symbol)
  cmake_parse_arguments(A "" "BASE" "" ${ARGN})
  if(NOT A_BASE)
    set(A_BASE ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  set(paths)
  foreach(file ${A_UNPARSED_ARGUMENTS})
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${A_BASE})
    list(APPEND paths ${file})
  endforeach()
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cpp)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -D OUTPUT=${output} -D SYMBOL=${symbol} -D BASE=${A_BASE} "-DFILES=${paths}"
      -P ${INGOT_EMBED_SCRIPT}
    DEPENDS ${paths} ${INGOT_EMBED_SCRIPT}
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
  set_source_files_properties(${output} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
