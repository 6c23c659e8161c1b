# Language, warnings, sanitizers, caches: what holds for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(CLARY_TESTS "build the unit tests" ON)
option(CLARY_BENCH "build the benchmarks" OFF)
option(CLARY_FUZZ "build the fuzz targets (clang)" OFF)
option(CLARY_WERROR "warnings are errors" ON)
set(CLARY_SANITIZE "" CACHE STRING "sanitizers, as -fsanitize takes them")

add_library(clary_options INTERFACE)
target_compile_options(clary_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor
  # g++ 12 reports these inside its own library at -O2.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-missing-field-initializers>
  # In a unity build g++ takes every *.cc for a header, where a type of an anonymous namespace would be a mistake.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety -Wno-missing-field-initializers -Wno-missing-designated-field-initializers
    # g++ 12's library uses its own deprecated std::get_temporary_buffer in std::stable_sort.
    -Wno-deprecated-declarations>
  $<$<BOOL:${CLARY_WERROR}>:-Werror>
  $<$<CONFIG:Release>:-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=>)
target_include_directories(clary_options INTERFACE
  ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
if(CLARY_SANITIZE)
  # Instrumented code makes g++ see variables without a value where there are none (its manual, -Wmaybe-uninitialized).
  target_compile_options(clary_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_compile_options(clary_options INTERFACE -fsanitize=${CLARY_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(clary_options INTERFACE -fsanitize=${CLARY_SANITIZE})
endif()

if(CLARY_FUZZ)
  target_compile_options(clary_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(CLARY_CCACHE ccache)
if(CLARY_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CLARY_CCACHE})
endif()
find_program(CLARY_LLD ld.lld)
if(CLARY_LLD)
  add_link_options(-fuse-ld=lld)
endif()
