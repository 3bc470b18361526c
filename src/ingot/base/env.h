// The environment variables that Ingot reads, all of them. None changes a result: only paths and verbosity.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ingot {

// INGOT_DATA: folder with local copies of the public data sets.
std::optional<std::filesystem::path> data_mirror();
// INGOT_HOME, else XDG_DATA_HOME/ingot, else ~/.local/share/ingot: downloads and the run registry.
std::filesystem::path home_folder();
// Rank and number of the processes that mpirun or srun started together: OMPI_COMM_WORLD_RANK and _SIZE (Open MPI),
// PMI_RANK and PMI_SIZE (MPICH), SLURM_PROCID and SLURM_NTASKS. {0, 1} outside of them.
std::pair<int, int> launched_rank();
// Colour and progress bars: a terminal on stderr and no NO_COLOR.
bool is_terminal();
bool use_color();
// Variables of the libraries below us that change their speed, as far as they are set; `ingot doctor` reports them.
std::vector<std::pair<std::string, std::string>> math_settings();

}  // namespace ingot
