#!/usr/bin/env bash
# Installs the Debian packages that are missing, saying which and why. Groups: (none) = what the two commands need,
# peers = what acceptance and bench compare with, fuzz, torture.
set -eu

needed() {
  case "${1:-}" in
    "") cat <<'LIST'
g++                    compiler
cmake                  build
ninja-build            build
pkg-config             build
libtorch-dev           tensor engine
libdnnl-dev            bfloat16 matrix products
libopenblas0-pthread   matrix products of the tensor engine
libfmt-dev             text formatting
libtomlplusplus-dev    recipes
nlohmann-json3-dev     JSON
libcli11-dev           command line
libssl-dev             SHA-256
zlib1g-dev             .gz
libzstd-dev            .zst
libsqlite3-dev         run registry, cap table
libcurl4-openssl-dev   downloads
libjpeg62-turbo-dev    JPEG images
libpng-dev             PNG images
libsndfile1-dev        WAV and FLAC sound
libpugixml-dev         XML annotations of images
libboost-dev           HTTP server
libpcre2-dev           tokenizer patterns
libutf8proc-dev        Unicode normalisation
libsentencepiece-dev   SentencePiece models
libxxhash-dev          checksums
libnlopt-cxx-dev       optimisation
libeigen3-dev          linear algebra of the market models
libgtest-dev           tests
libbenchmark-dev       benchmarks
manpages               default corpus
manpages-dev           default corpus
python3                test runners
LIST
      command -v node >/dev/null || echo "nodejs                 bundles the report's charts"
      command -v npm >/dev/null || echo "npm                    bundles the report's charts" ;;
    peers) cat <<'LIST'
python3-torch          peer: PyTorch
python3-torchvision    peer: torchvision
python3-torchaudio     peer: torchaudio
python3-numpy          peer: NumPy
python3-jsonschema     Open Cap Format schemas
chromium               report pages in a real browser
LIST
      command -v node >/dev/null || echo "nodejs                 tokenizer peers"
      command -v npm >/dev/null || echo "npm                    tokenizer peers" ;;
    fuzz) printf '%s\n' "clang                  libFuzzer" "libclang-rt-14-dev     sanitizer runtime" ;;
    torture) printf '%s\n' "strace                 fault injection" ;;
    *) echo "usage: $0 [peers|fuzz|torture]" >&2; exit 2 ;;
  esac
}

list=$(needed "${1:-}")
missing=()
while read -r package why; do
  if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
    missing+=("$package")
    echo "missing: $package ($why)" >&2
  fi
done <<<"$list"
[ ${#missing[@]} -gt 0 ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "as root, run: apt-get install ${missing[*]}" >&2; exit 1; }
  sudo=sudo
fi
echo "installing ${#missing[@]} Debian packages ${sudo:+with sudo}" >&2
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
