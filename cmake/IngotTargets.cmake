# One folder = one target = one namespace. Flags are set here and nowhere else: the shared PCH needs them identical.
add_library(ingot_flags INTERFACE)
target_compile_options(ingot_flags INTERFACE -Wall -Wextra -Wno-missing-field-initializers -fno-math-errno
  $<$<BOOL:${INGOT_WERROR}>:-Werror>)
if(INGOT_ASAN)
  target_compile_options(ingot_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(ingot_flags INTERFACE -fsanitize=address,undefined)
endif()
if(INGOT_FUZZ)
  target_compile_options(ingot_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Compiles the target's sources a few at a time: LibTorch's headers leave 9 CPU s of template instantiations to every
# translation unit, whatever it holds (nn's eight files: 80 s alone, 11 s together). Names in anonymous namespaces must
# differ within a folder.
option(INGOT_UNITY "Compile the sources of a folder together" ON)
function(ingot_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${INGOT_UNITY} UNITY_BUILD_BATCH_SIZE 10)
endfunction()

# ingot_library(name [TORCH] [PRIVATE_HEADERS] HEADERS ... SOURCES ... DEPENDS ... [LINK third-party...] [NO_PCH source...])
# makes the static target ingot_<name> and the alias ingot::<name>.
function(ingot_library name)
  cmake_parse_arguments(A "TORCH" "" "HEADERS;SOURCES;DEPENDS;LINK;NO_PCH" ${ARGN})
  set(target ingot_${name})
  add_library(${target} STATIC ${A_SOURCES})
  add_library(ingot::${name} ALIAS ${target})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${A_HEADERS})
  set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON LINKER_LANGUAGE CXX)
  target_link_libraries(${target} PUBLIC ingot_flags ${A_DEPENDS} PRIVATE ${A_LINK})
  ingot_unity(${target})
  if(A_TORCH)
    target_link_libraries(${target} PUBLIC ingot::libtorch)
    if(TARGET ingot_torch_pch)
      target_precompile_headers(${target} REUSE_FROM ingot_torch_pch)
      foreach(source ${A_NO_PCH})
        set_source_files_properties(${source} PROPERTIES SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
      endforeach()
    endif()
  endif()
endfunction()

# A program may reuse the PCH only when compiled as the libraries are: -fPIC, not the -fPIE of executables.
function(ingot_reuse_pch target)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC)
  target_precompile_headers(${target} REUSE_FROM ingot_torch_pch)
endfunction()

# ingot_test(folder [TORCH] [SLOW] SOURCES ... DEPENDS ...): one test binary a folder.
# Torch binaries are one ctest entry (0.7 s to load LibTorch); torch-free ones are one entry a test case.
function(ingot_test name)
  cmake_parse_arguments(A "TORCH" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  set(target ${name}_test)
  add_executable(${target} ${A_SOURCES})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${target} PRIVATE INGOT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE ingot_flags ${A_DEPENDS} ${A_LINK} GTest::gtest GTest::gtest_main)
  ingot_unity(${target})
  if(A_TORCH)
    target_link_libraries(${target} PRIVATE ingot::libtorch)
    ingot_reuse_pch(${target})
    add_test(NAME ${name} COMMAND ${target} --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES LABELS torch)
  else()
    include(GoogleTest)
    gtest_discover_tests(${target} DISCOVERY_TIMEOUT 60)
  endif()
endfunction()

# ingot_bench(folder [TORCH] SOURCES ... DEPENDS ...): one google-benchmark binary a folder.
function(ingot_bench name)
  cmake_parse_arguments(A "TORCH" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  set(target ${name}_bench)
  add_executable(${target} ${A_SOURCES})
  target_compile_definitions(${target} PRIVATE INGOT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE ingot_flags ${A_DEPENDS} ${A_LINK} benchmark::benchmark)
  if(A_TORCH)
    target_link_libraries(${target} PRIVATE ingot::libtorch)
    ingot_reuse_pch(${target})
  endif()
endfunction()

# ingot_fuzz(name SOURCES ... DEPENDS ...): a libFuzzer target, only under the fuzz preset; `fuzzers` builds them all.
function(ingot_fuzz name)
  if(INGOT_FUZZ)
    cmake_parse_arguments(A "" "" "SOURCES;DEPENDS" ${ARGN})
    add_executable(${name}_fuzz ${A_SOURCES})
    target_link_libraries(${name}_fuzz PRIVATE ingot_flags ${A_DEPENDS} -fsanitize=fuzzer)
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers ${name}_fuzz)
  endif()
endfunction()

# ingot_lane_sources(target stem...): compiles <stem>_avx512.cpp and <stem>_avx2.cpp for their instruction sets on x86-64
# (plan/montecarlo/lanes.h) beside <stem>_portable.cpp, all with the same rounding: no contraction, explicit fma only.
function(ingot_lane_sources target)
  # GCC 12 warns inside its own AVX-512 header (bug 105593).
  set(flags -O3 -ffp-contract=off -fno-trapping-math -Wno-uninitialized -Wno-maybe-uninitialized)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND flags -fschedule-insns -fsched-pressure)  # before the registers are dealt out: 8 % faster on Zen 5
  endif()
  foreach(stem ${ARGN})
    set_source_files_properties(${stem}_portable.cpp PROPERTIES COMPILE_OPTIONS "${flags}")
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
      target_sources(${target} PRIVATE ${stem}_avx2.cpp ${stem}_avx512.cpp)
      set_source_files_properties(${stem}_avx2.cpp PROPERTIES COMPILE_OPTIONS "${flags};-mavx2;-mfma;-mbmi2")
      set_source_files_properties(${stem}_avx512.cpp PROPERTIES COMPILE_OPTIONS
        "${flags};-mavx512f;-mavx512dq;-mavx512bw;-mavx512vl;-mfma;-mbmi2;-mprefer-vector-width=512")
      target_compile_definitions(${target} PRIVATE INGOT_MC_X86)
    endif()
  endforeach()
endfunction()
