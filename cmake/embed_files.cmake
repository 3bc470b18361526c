# The build step behind ingot_embed(): writes OUTPUT, a C++ file with the bytes of FILES.
set(arrays "")
set(entries "")
set(index 0)
foreach(path ${FILES})
  file(READ ${path} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  cmake_path(RELATIVE_PATH path BASE_DIRECTORY ${BASE} OUTPUT_VARIABLE name)
  string(APPEND arrays "const unsigned char bytes_${index}[] = {${bytes}0};\n")  # the 0 is behind the end
  string(APPEND entries "    {\"${name}\", {reinterpret_cast<const char*>(bytes_${index}), sizeof(bytes_${index}) - 1}},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"ingot/base/embedded.h\"

namespace ingot {
namespace {
${arrays}const EmbeddedFile files[] = {
${entries}};
}  // namespace
std::span<const EmbeddedFile> ${SYMBOL}();
std::span<const EmbeddedFile> ${SYMBOL}() { return files; }
}  // namespace ingot
")
