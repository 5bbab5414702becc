// SPDX-License-Identifier: Apache-2.0
//
// Modules from PTX text, and launches. The text is checked against the kernels that the emulator has: one that it lacks, or
// whose parameters differ, means that text and sources are of different times.
#include "../emulation/launch.h"
#include "fake.h"
#include "ptx.h"

#include <cstdio>
#include <cstring>
#include <unordered_set>

namespace fake {
namespace {

const int DEFAULT_SHARED_BYTES = 48 << 10;
const int MOST_SHARED_BYTES = 227 << 10;
const size_t MOST_PARAMETERS = 512;

typedef std::map<std::string, PtxEntry> Entries;

struct Function {
    const emulation::Kernel *kernel;
    PtxEntry entry;
    int asked = -1; // bytes of dynamic shared memory; negative before the first time
};

struct Module {
    int device;
    std::shared_ptr<const Entries> entries;
    std::vector<Function *> functions;
};

std::set<Module *> modules;
std::unordered_set<const Function *> functions;
std::map<std::string, std::shared_ptr<const Entries>> parsed; // texts that were loaded before

bool isFunction(const Function *function) { return functions.count(function) > 0; }

void unload(Module *module) {
    for (Function *function : module->functions) {
        functions.erase(function);
        delete function;
    }
    modules.erase(module);
    delete module;
}

std::string sizes(const PtxEntry &entry) {
    std::string text;
    for (size_t bytes : entry.parameters) text += (text.empty() ? "" : ",") + std::to_string(bytes);
    return text;
}

CUresult load(Module **module, const void *image, std::string &problem) {
    std::shared_ptr<const Entries> &entries = parsed[(const char *) image];
    if (entries == nullptr) {
        Entries found;
        problem = parsePtx((const char *) image, found);
        if (!problem.empty()) {
            parsed.erase((const char *) image);
            return INVALID_PTX;
        }
        entries = std::make_shared<const Entries>(found);
    }
    *module = new Module{currentDevice(), entries, {}};
    modules.insert(*module);
    return SUCCESS;
}

// A launch with everything that it fixed; it may run more than once, as part of a graph.
struct Launch {
    const Function *function;
    const emulation::Kernel *kernel;
    unsigned grid[3], block[3], sharedBytes;
    std::vector<uint64_t> arguments; // each at a slot of its own

    CUresult run() const {
        if (!isFunction(function)) {
            return fault(INVALID_HANDLE, "launch of kernel %s by a graph after its module was unloaded", kernel->name.c_str());
        }
        const std::vector<size_t> &sizes = function->entry.parameters;
        void *addresses[MOST_PARAMETERS];
        const uint64_t *slot = arguments.data();
        for (size_t i = 0; i < sizes.size(); i++) {
            addresses[i] = (void *) slot;
            slot += slotsOf(sizes[i]);
        }
        if (emulation::launch(*kernel, grid, block, sharedBytes, addresses) != 0) {
            return fault(LAUNCH_FAILED, "kernel %s failed: %s", kernel->name.c_str(), emulation::launchError().c_str());
        }
        std::string work;
        for (size_t i = 0; i < sizes.size(); i++) {
            if (sizes[i] != sizeof(CUdeviceptr)) continue;
            if (work.empty()) work = "kernel " + kernel->name;
            if (CUresult code = checkCanaries(*(const CUdeviceptr *) addresses[i], work.c_str())) return code;
        }
        return SUCCESS;
    }

    static size_t slotsOf(size_t bytes) { return (bytes + 7) / 8; }
};

} // namespace

void releaseModules(int device) {
    for (Module *module : takeOpen(modules, device, "loaded modules")) unload(module);
}

} // namespace fake

using namespace fake;

EXPORT CUresult cuModuleLoadData(Module **module, const void *image) {
    ENTER("cuModuleLoadData", true);
    if (CUresult code = notWhileCapturing("cuModuleLoadData")) return code;
    std::string problem;
    return load(module, image, problem);
}

EXPORT CUresult cuModuleLoadDataEx(Module **module, const void *image, unsigned count, int *options, void **values) {
    ENTER("cuModuleLoadDataEx", true);
    if (CUresult code = notWhileCapturing("cuModuleLoadDataEx")) return code;
    std::string problem;
    CUresult code = load(module, image, problem);
    char *log = nullptr;
    size_t length = 0;
    for (unsigned i = 0; i < count; i++) {
        if (options[i] == 5) log = (char *) values[i];
        if (options[i] == 6) length = (size_t) (uintptr_t) values[i];
    }
    if (log != nullptr && length > 0) snprintf(log, length, "%s", problem.c_str());
    return code;
}

EXPORT CUresult cuModuleUnload(Module *module) {
    std::lock_guard<std::recursive_mutex> held(lock);
    if (modules.count(module) == 0) return fault(INVALID_HANDLE, "a module unloaded twice");
    drainAll();
    unload(module);
    return sticky;
}

EXPORT CUresult cuModuleGetFunction(Function **function, Module *module, const char *name) {
    ENTER("cuModuleGetFunction", true);
    if (modules.count(module) == 0) return fault(INVALID_HANDLE, "a function of a module that is unloaded");
    auto entry = module->entries->find(name);
    if (entry == module->entries->end()) return NOT_FOUND;
    const emulation::Kernel *kernel = emulation::findKernel(name);
    if (kernel == nullptr) return fault(NOT_FOUND, "kernel %s is in the PTX text, but not emulated", name);
    if (sizes(entry->second) != kernel->sizes) {
        return fault(INVALID_VALUE, "kernel %s: the PTX text has parameters of %s bytes, the source of %s: regenerate the text",
                     name, sizes(entry->second).c_str(), kernel->sizes.c_str());
    }
    if (entry->second.parameters.size() > MOST_PARAMETERS) return fault(INVALID_VALUE, "kernel %s has too many parameters", name);
    *function = new Function{kernel, entry->second};
    functions.insert(*function);
    module->functions.push_back(*function);
    return SUCCESS;
}

EXPORT CUresult cuFuncSetAttribute(Function *function, int attribute, int value) {
    ENTER("cuFuncSetAttribute", true);
    if (!isFunction(function)) return fault(INVALID_HANDLE, "attribute of an unknown function");
    if (attribute != 8) return fault(NOT_SUPPORTED, "function attribute %d is not emulated", attribute);
    if (value < 0 || value + function->entry.sharedBytes > (size_t) MOST_SHARED_BYTES) return INVALID_VALUE;
    function->asked = value;
    return SUCCESS;
}

EXPORT CUresult cuLaunchKernel(Function *function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                               unsigned blockY, unsigned blockZ, unsigned sharedBytes, Stream *stream, void **params,
                               void **extra) {
    ENTER("cuLaunchKernel", true);
    if (!isFunction(function)) return fault(INVALID_HANDLE, "launch of a function whose module is unloaded");
    if (settings.launchesLeft >= 0 && settings.launchesLeft-- == 0) {
        lost = true;
        sticky = LAUNCH_FAILED;
        return LAUNCH_FAILED;
    }
    const char *name = function->kernel->name.c_str();
    if (extra != nullptr) return fault(NOT_SUPPORTED, "%s: arguments in a packed buffer are not emulated", name);
    bool empty = gridX == 0 || gridY == 0 || gridZ == 0 || blockX == 0 || blockY == 0 || blockZ == 0;
    if (empty || gridX > 2147483647u || gridY > 65535 || gridZ > 65535 || blockX > 1024 || blockY > 1024 || blockZ > 64) {
        return INVALID_VALUE;
    }
    uint64_t threads = (uint64_t) blockX * blockY * blockZ;
    if (threads > 1024) return INVALID_VALUE;
    if (threads > function->entry.maxThreads) return LAUNCH_OUT_OF_RESOURCES;
    // Without being asked a block gets so many bytes for both kinds of shared memory together.
    if (sharedBytes + (function->asked < 0 ? function->entry.sharedBytes : 0) >
        (function->asked < 0 ? (size_t) DEFAULT_SHARED_BYTES : (size_t) function->asked)) {
        return INVALID_VALUE;
    }

    // The arguments are the caller's again when this returns, so they are copied.
    Launch launch{function, function->kernel, {gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes, {}};
    launch.arguments.reserve(function->entry.parameters.size());
    for (size_t i = 0; i < function->entry.parameters.size(); i++) {
        if (params == nullptr || params[i] == nullptr) return fault(INVALID_VALUE, "%s: no argument %zu", name, i);
        size_t bytes = function->entry.parameters[i];
        size_t slot = launch.arguments.size();
        launch.arguments.resize(slot + Launch::slotsOf(bytes));
        memcpy(&launch.arguments[slot], params[i], bytes);
    }
    return give(stream, [launch = std::move(launch)] { return launch.run(); });
}
