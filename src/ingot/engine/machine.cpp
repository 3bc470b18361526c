#include "ingot/engine/machine.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include <dlfcn.h>
#include <sched.h>
#include <sys/resource.h>
#include <torch/torch.h>
#include <unistd.h>

#include "ingot/base/clock.h"
#include "ingot/base/env.h"
#include "ingot/base/error.h"
#include "ingot/base/file.h"
#include "ingot/base/log.h"
#include "ingot/torch/compat.h"

namespace ingot {
namespace {

std::string cpu_field(const std::string& name) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(name))
      if (const auto colon = line.find(": "); colon != std::string::npos) return line.substr(colon + 2);
  return "";
}

std::string simd_of(const std::string& flags) {
  std::string found;
  for (const std::string name : {"amx_bf16", "amx_int8", "avx512_bf16", "avx512_vnni", "avx512f", "avx_vnni", "avx2",
                                 "fma", "f16c", "asimd", "bf16"})
    if ((" " + flags + " ").find(" " + name + " ") != std::string::npos) found += (found.empty() ? "" : " ") + name;
  return found;
}

int64_t memory_limit() {
  int64_t bytes = int64_t(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGE_SIZE);
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    if (int64_t limit = 0; file >> limit) bytes = std::min(bytes, limit);  // "max" leaves it as it is
  }
  return bytes;
}

// Seconds of the fastest of `runs` calls: CPU time for one thread, which other programs on a busy machine do not
// stretch; wall time for several, of which some may idle, and for a GPU.
template <typename Work>
double fastest(int runs, int threads, const Work& work) {
  double best = 1e30;
  for (int i = 0; i < runs; ++i) {
    const double begin = threads == 1 ? cpu_time_s() : now_s();
    work();
    best = std::min(best, (threads == 1 ? cpu_time_s() : now_s()) - begin);
  }
  return best;
}

double gemm_gflops(at::ScalarType type, const at::Device& device, int threads) {
  const bool cuda = device.is_cuda();
  if (cuda) threads = 0;
  const int64_t n = cuda ? 4096 : 1024;
  const auto a = at::randn({n, n}, device).to(type), b = at::randn({n, n}, device).to(type);
  auto c = at::empty({n, n}, a.options());
  const auto multiply = [&] {
    at::mm_out(c, a, b);
    if (cuda) torch::cuda::synchronize();
  };
  multiply();
  // Machines without bf16 units emulate it slowly: one run tells enough.
  const double first = fastest(1, threads, multiply);
  const double seconds = first > 0.5 ? first : std::min(first, fastest(12, threads, multiply));
  return 2e-9 * double(n) * double(n) * double(n) / seconds;
}

double read_gb_per_s(int threads) {
  const size_t count = size_t(256) << 17;  // doubles in 256 MiB
  const std::vector<double> numbers(count, 1.0);
  std::atomic<double> sink{0};
  const auto read = [&] {
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t)
      workers.emplace_back([&, t] {
        const double* p = numbers.data() + count * size_t(t) / size_t(threads);
        const size_t n = count / size_t(threads) / 8 * 8;
        double sum[8] = {};
        for (size_t i = 0; i < n; i += 8)
          for (size_t k = 0; k < 8; ++k) sum[k] += p[i + k];
        sink = sink + sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7];
      });
    for (auto& worker : workers) worker.join();
  };
  return 1e-9 * double(count * sizeof(double)) / fastest(5, threads, read);
}

// The library behind libblas.so.3, which LibTorch's own build settings do not know.
std::string blas_name() {
  using Config = const char*();
  if (auto* config = reinterpret_cast<Config*>(::dlsym(RTLD_DEFAULT, "openblas_get_config"))) return config();
  if (::dlsym(RTLD_DEFAULT, "mkl_get_version")) return "MKL";
  return "reference BLAS (slow); install libopenblas0-pthread";
}

}  // namespace

Machine describe_machine() {
  Machine machine;
  machine.cpu = cpu_field("model name");
  if (machine.cpu.empty()) machine.cpu = cpu_field("Processor");
  cpu_set_t set;
  CPU_ZERO(&set);
  machine.cores = ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  machine.simd = simd_of(cpu_field("flags") + " " + cpu_field("Features"));
  machine.memory_bytes = memory_limit();
  machine.blas = blas_name();
  machine.torch = torch_version();
  if (torch::cuda::is_available()) machine.gpu = std::to_string(torch::cuda::device_count()) + " CUDA device(s)";
  return machine;
}

Ceiling measured_ceiling(int threads, const std::string& device, bool again) {
  const auto path = home_folder() / "machine.json";
  const auto machine = describe_machine();
  const std::string key =
      machine.cpu + " | " + std::to_string(threads) + " threads | " + device + " | torch " + machine.torch;
  Json kept = Json::object();
  try {
    if (fs::exists(path)) kept = read_json(path);
  } catch (const Error&) {
    kept = Json::object();  // a damaged cache is measured anew
  }
  set_num_threads(threads);
  if (!again && kept.is_object() && kept.contains(key) && kept[key].is_object()) {
    const auto& entry = kept[key];
    return {threads,
            device,
            entry.value("gflops_fp32", 0.0),
            entry.value("gflops_bf16", 0.0),
            entry.value("read_gb_per_s", 0.0),
            entry.value("measured", "")};
  }
  Ceiling ceiling{.threads = threads, .device = device, .measured = today()};
  const at::NoGradGuard no_grad;
  const auto where = resolve_device(device);
  // The probe must not move the random numbers of the run that asks.
  at::Generator generator = at::globalContext().defaultGenerator(at::Device(at::kCPU));
  const auto state = generator.get_state().clone();
  ceiling.gflops_fp32 = gemm_gflops(at::kFloat, where, threads);
  ceiling.gflops_bf16 = gemm_gflops(at::kBFloat16, where, threads);
  ceiling.read_gb_per_s = read_gb_per_s(threads);
  generator.set_state(state);
  kept[key] = to_json(ceiling);
  try {
    fs::create_directories(path.parent_path());
    write_json(path, kept);
  } catch (const std::exception& e) {
    log_warning(std::string("the measured ceiling is not kept: ") + e.what());
  }
  return ceiling;
}

Json to_json(const Machine& m) {
  return {{"cpu", m.cpu},   {"cores", m.cores}, {"simd", m.simd}, {"memory_bytes", m.memory_bytes},
          {"blas", m.blas}, {"torch", m.torch}, {"gpu", m.gpu}};
}

Json to_json(const Ceiling& c) {
  return {{"threads", c.threads},
          {"device", c.device},
          {"gflops_fp32", c.gflops_fp32},
          {"gflops_bf16", c.gflops_bf16},
          {"read_gb_per_s", c.read_gb_per_s},
          {"measured", c.measured}};
}

int64_t peak_memory_bytes() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return int64_t(usage.ru_maxrss) * 1024;
}

void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace ingot
