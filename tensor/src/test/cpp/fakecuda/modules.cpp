// SPDX-License-Identifier: Apache-2.0
//
// Modules from PTX text, and launches. The text is checked against the kernels that the emulator has: one that it lacks, or
// whose parameters differ, means that text and sources are of different times.
#include "emulator.h"
#include "fake.h"
#include "ptx.h"

#include <cstdio>
#include <cstring>

namespace fake {
namespace {

const int DEFAULT_SHARED_BYTES = 48 << 10;
const int MOST_SHARED_BYTES = 227 << 10;

struct Function {
    std::string name;
    PtxEntry entry;
    int sharedBytes = DEFAULT_SHARED_BYTES;
};

struct Module {
    std::map<std::string, PtxEntry> entries;
    std::vector<Function *> functions;
};

std::set<Module *> modules;

bool isFunction(Function *function) {
    for (Module *module : modules) {
        for (Function *one : module->functions) {
            if (one == function) return true;
        }
    }
    return false;
}

void unload(Module *module) {
    for (Function *function : module->functions) delete function;
    modules.erase(module);
    delete module;
}

std::string sizes(const PtxEntry &entry) {
    std::string text;
    for (size_t bytes : entry.parameters) text += (text.empty() ? "" : ",") + std::to_string(bytes);
    return text;
}

CUresult load(Module **module, const void *image, std::string &problem) {
    auto *loaded = new Module();
    problem = parsePtx((const char *) image, loaded->entries);
    if (!problem.empty()) {
        delete loaded;
        return INVALID_PTX;
    }
    modules.insert(loaded);
    *module = loaded;
    return SUCCESS;
}

} // namespace

void releaseModules() {
    if (!modules.empty()) fault(SUCCESS, "context closed with %zu loaded modules", modules.size());
    while (!modules.empty()) unload(*modules.begin());
}

} // namespace fake

using namespace fake;

EXPORT CUresult cuModuleLoadData(Module **module, const void *image) {
    ENTER("cuModuleLoadData", true);
    std::string problem;
    return load(module, image, problem);
}

EXPORT CUresult cuModuleLoadDataEx(Module **module, const void *image, unsigned count, int *options, void **values) {
    ENTER("cuModuleLoadDataEx", true);
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
    auto entry = module->entries.find(name);
    if (entry == module->entries.end()) return NOT_FOUND;
    const char *emulated = emu_parameter_sizes(name);
    if (emulated == nullptr) return fault(NOT_FOUND, "kernel %s is in the PTX text, but not emulated", name);
    if (sizes(entry->second) != emulated) {
        return fault(INVALID_VALUE, "kernel %s: the PTX text has parameters of %s bytes, the source of %s: regenerate the text",
                     name, sizes(entry->second).c_str(), emulated);
    }
    *function = new Function{name, entry->second};
    module->functions.push_back(*function);
    return SUCCESS;
}

EXPORT CUresult cuFuncSetAttribute(Function *function, int attribute, int value) {
    ENTER("cuFuncSetAttribute", true);
    if (!isFunction(function)) return fault(INVALID_HANDLE, "attribute of an unknown function");
    if (attribute != 8) return fault(NOT_SUPPORTED, "function attribute %d is not emulated", attribute);
    if (value < 0 || value > MOST_SHARED_BYTES) return INVALID_VALUE;
    function->sharedBytes = value;
    return SUCCESS;
}

EXPORT CUresult cuLaunchKernel(Function *function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                               unsigned blockY, unsigned blockZ, unsigned sharedBytes, Stream *stream, void **params,
                               void **extra) {
    ENTER("cuLaunchKernel", true);
    if (!isFunction(function)) return fault(INVALID_HANDLE, "launch of a function whose module is unloaded");
    const char *name = function->name.c_str();
    if (extra != nullptr) return fault(NOT_SUPPORTED, "%s: arguments in a packed buffer are not emulated", name);
    bool empty = gridX == 0 || gridY == 0 || gridZ == 0 || blockX == 0 || blockY == 0 || blockZ == 0;
    if (empty || gridX > 2147483647u || gridY > 65535 || gridZ > 65535 || blockX > 1024 || blockY > 1024 || blockZ > 64) {
        return INVALID_VALUE;
    }
    uint64_t threads = (uint64_t) blockX * blockY * blockZ;
    if (threads > 1024) return INVALID_VALUE;
    if (threads > function->entry.maxThreads) return LAUNCH_OUT_OF_RESOURCES;
    if (sharedBytes > (unsigned) function->sharedBytes) return INVALID_VALUE;

    // The arguments are the caller's again when this returns, so they are copied, one aligned slot each.
    std::vector<std::vector<uint64_t>> arguments;
    for (size_t i = 0; i < function->entry.parameters.size(); i++) {
        if (params == nullptr || params[i] == nullptr) return fault(INVALID_VALUE, "%s: no argument %zu", name, i);
        size_t bytes = function->entry.parameters[i];
        arguments.emplace_back((bytes + 7) / 8);
        memcpy(arguments.back().data(), params[i], bytes);
    }
    std::string kernel = name;
    return give(stream, [=]() mutable -> CUresult {
        std::vector<void *> addresses;
        for (auto &argument : arguments) addresses.push_back(argument.data());
        unsigned grid[3] = {gridX, gridY, gridZ};
        unsigned block[3] = {blockX, blockY, blockZ};
        if (emu_launch(kernel.c_str(), grid, block, sharedBytes, addresses.data()) != 0) {
            return fault(LAUNCH_FAILED, "kernel %s failed", kernel.c_str());
        }
        return checkCanaries(("kernel " + kernel).c_str());
    });
}
