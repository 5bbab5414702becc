// SPDX-License-Identifier: Apache-2.0
//
// Devices, their contexts, faults, and what a test can set and ask.
#include "fake.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <unistd.h>

namespace fake {
namespace {

// What the very first call must find already, and what a process without this library's test functions can set.
Settings fromEnvironment() {
    Settings settings;
    if (const char *devices = getenv("JACOBIAN_EMULATION_DEVICES")) settings.devices = atoi(devices);
    if (const char *version = getenv("JACOBIAN_EMULATION_DRIVER_VERSION")) settings.driverVersion = atoi(version);
    if (const char *bytes = getenv("JACOBIAN_EMULATION_MEMORY")) settings.memory = strtoull(bytes, nullptr, 10);
    if (const char *launches = getenv("JACOBIAN_EMULATION_LOSE_AFTER")) settings.launchesLeft = atoi(launches);
    if (const char *mode = getenv("JACOBIAN_EMULATION_MODE")) {
        settings.lazy = strcmp(mode, "eager") != 0;
        settings.othersEarly = strcmp(mode, "overtaking") == 0;
    }
    // ALLOCATIONS:BYTES: another process takes so much memory after so many allocations of this one.
    if (const char *taking = getenv("JACOBIAN_EMULATION_TAKE")) {
        char *next;
        settings.allocationsToTaking = (int) strtol(taking, &next, 10);
        settings.takenThen = *next == ':' ? strtoull(next + 1, nullptr, 10) : 0;
    }
    if (const char *faults = getenv("JACOBIAN_EMULATION_FAULTS")) {
        settings.faults = strcmp(faults, "fatal") == 0 ? Settings::FATAL
                          : strcmp(faults, "print") == 0 ? Settings::PRINTED : Settings::KEPT;
    }
    return settings;
}

} // namespace

std::recursive_mutex lock;
Settings settings = fromEnvironment();
bool initialized = false;
bool lost = false;
CUresult sticky = SUCCESS;

namespace {

const int FATAL_EXIT = 86; // a process that such a fault ended is told from one that crashed

struct Context {
    int device;
    int retained;
};

std::map<int, Context *> primary; // by device
thread_local Context *current = nullptr;
std::vector<std::string> faults;

struct Refusal {
    int passing; // calls to let pass
    CUresult code;
    int times; // that it is the answer then
};

typedef std::map<std::string, Refusal> Refusals; // by function

// JACOBIAN_EMULATION_REFUSE: FUNCTION:PASSING:CODE or FUNCTION:PASSING:CODE:TIMES, several with commas between them; once each
// where it does not say how often.
Refusals refusalsFromEnvironment() {
    Refusals refusals;
    const char *text = getenv("JACOBIAN_EMULATION_REFUSE");
    char function[64];
    int passing, code, length;
    int times, more;
    while (text != nullptr && sscanf(text, "%63[^:]:%d:%d%n", function, &passing, &code, &length) == 3) {
        text += length;
        bool counted = sscanf(text, ":%d%n", &times, &more) == 1;
        refusals[function] = {passing, code, counted ? times : 1};
        text += counted ? more : 0;
        if (*text == ',') text++;
    }
    if (text != nullptr && *text != 0) {
        fprintf(stderr, "emulated device: JACOBIAN_EMULATION_REFUSE has '%s' where FUNCTION:PASSING:CODE[:TIMES] belongs\n", text);
        _exit(FATAL_EXIT);
    }
    return refusals;
}

Refusals injected = refusalsFromEnvironment();

bool isContext(Context *context) {
    for (auto &entry : primary) {
        if (entry.second == context) return true;
    }
    return false;
}

CUresult enterUnplanned(const char *function, bool needsContext) {
    if (!initialized) return fault(NOT_INITIALIZED, "%s before cuInit", function);
    if (needsContext && !isContext(current)) {
        return fault(INVALID_CONTEXT, "%s on a thread without a context", function);
    }
    return needsContext ? sticky : SUCCESS;
}

} // namespace

CUresult fault(CUresult code, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    std::lock_guard<std::recursive_mutex> held(lock);
    faults.push_back(text);
    if (settings.faults != Settings::KEPT) fprintf(stderr, "emulated device: %s\n", text);
    if (settings.faults == Settings::FATAL) _exit(FATAL_EXIT);
    return code;
}

int currentDevice() { return current == nullptr ? 0 : current->device; }

// What was planned for this call of a function; success if nothing was.
static CUresult planned(const char *function) {
    if (injected.empty()) return SUCCESS;
    auto plan = injected.find(function);
    if (plan == injected.end() || plan->second.passing-- > 0) return SUCCESS;
    CUresult code = plan->second.code;
    if (--plan->second.times == 0) injected.erase(plan);
    return code;
}

CUresult enter(const char *function, bool needsContext) {
    if (lost) return LAUNCH_FAILED;
    if (CUresult code = planned(function)) return code;
    return enterUnplanned(function, needsContext);
}

} // namespace fake

using namespace fake;

EXPORT CUresult cuInit(unsigned flags) {
    std::lock_guard<std::recursive_mutex> held(lock);
    if (flags != 0) return INVALID_VALUE;
    if (lost) return LAUNCH_FAILED;
    if (CUresult code = planned("cuInit")) return code;
    if (settings.devices == 0) return NO_DEVICE;
    initialized = true;
    return SUCCESS;
}

EXPORT CUresult cuDriverGetVersion(int *version) {
    *version = settings.driverVersion;
    return SUCCESS;
}

EXPORT CUresult cuDeviceGetCount(int *count) {
    ENTER("cuDeviceGetCount", false);
    *count = settings.devices;
    return SUCCESS;
}

EXPORT CUresult cuDeviceGet(int *device, int ordinal) {
    ENTER("cuDeviceGet", false);
    if (ordinal < 0 || ordinal >= settings.devices) return INVALID_DEVICE;
    *device = ordinal;
    return SUCCESS;
}

EXPORT CUresult cuDeviceGetName(char *name, int length, int device) {
    ENTER("cuDeviceGetName", false);
    snprintf(name, length, "Emulated GPU %d", device);
    return SUCCESS;
}

EXPORT CUresult cuDeviceTotalMem_v2(size_t *bytes, int) {
    ENTER("cuDeviceTotalMem", false);
    *bytes = settings.memory;
    return SUCCESS;
}

EXPORT CUresult cuDeviceGetAttribute(int *value, int attribute, int) {
    ENTER("cuDeviceGetAttribute", false);
    switch (attribute) { // those of an H100 where they matter to a program
    case 1: *value = 1024; break;       // threads of a block
    case 2: case 3: *value = 1024; break; // extent of a block in x, y
    case 4: *value = 64; break;         // in z
    case 5: *value = 2147483647; break; // extent of a grid in x
    case 6: case 7: *value = 65535; break; // in y, z
    case 8: *value = 48 << 10; break;   // shared memory of a block
    case 10: *value = 32; break;        // threads of a warp
    case 16: *value = 2; break;         // multiprocessors
    case 75: *value = 9; break;         // compute capability
    case 76: *value = 0; break;
    case 97: *value = 227 << 10; break; // shared memory of a block on request
    default: return fault(NOT_SUPPORTED, "device attribute %d is not emulated", attribute);
    }
    return SUCCESS;
}

EXPORT CUresult cuDevicePrimaryCtxSetFlags_v2(int, unsigned) {
    ENTER("cuDevicePrimaryCtxSetFlags", false);
    return SUCCESS;
}

EXPORT CUresult cuDevicePrimaryCtxRetain(void **context, int device) {
    ENTER("cuDevicePrimaryCtxRetain", false);
    Context *&slot = primary[device];
    if (slot == nullptr) slot = new Context{device, 0};
    slot->retained++;
    *context = slot;
    return SUCCESS;
}

EXPORT CUresult cuDevicePrimaryCtxRelease_v2(int device) {
    std::lock_guard<std::recursive_mutex> held(lock);
    CUresult early = enter("cuDevicePrimaryCtxRelease", false);
    if (early != SUCCESS && !lost) return early;
    auto entry = primary.find(device);
    if (entry == primary.end()) return fault(INVALID_CONTEXT, "release of a primary context that nobody retains");
    if (--entry->second->retained == 0) {
        drainAll();
        releaseGraphs(device);
        releaseModules(device);
        releaseStreams(device);
        releaseMemory(device);
        delete entry->second;
        primary.erase(entry);
        if (primary.empty()) sticky = SUCCESS;
    }
    return early;
}

EXPORT CUresult cuCtxSetCurrent(void *context) {
    ENTER("cuCtxSetCurrent", false);
    if (context != nullptr && !isContext((Context *) context)) return fault(INVALID_CONTEXT, "no such context");
    current = (Context *) context;
    return SUCCESS;
}

EXPORT CUresult cuCtxGetCurrent(void **context) {
    ENTER("cuCtxGetCurrent", false);
    *context = current;
    return SUCCESS;
}

EXPORT CUresult cuCtxSynchronize() {
    ENTER("cuCtxSynchronize", true);
    if (CUresult code = notWhileCapturing("cuCtxSynchronize")) return code;
    CUresult code = drainAll();
    return code != SUCCESS ? code : checkAllCanaries("something before a wait");
}

EXPORT CUresult cuGetErrorName(int, const char **text) {
    *text = "an error of the emulated driver";
    return SUCCESS;
}

EXPORT CUresult cuGetErrorString(int code, const char **text) { return cuGetErrorName(code, text); }

// For tests.

EXPORT void fakecuda_set_lazy(int lazy) { settings.lazy = lazy; }
EXPORT void fakecuda_set_devices(int devices) { settings.devices = devices; }
EXPORT void fakecuda_set_driver_version(int version) { settings.driverVersion = version; }
EXPORT void fakecuda_set_memory(uint64_t bytes) { settings.memory = bytes; }
EXPORT void fakecuda_set_taken(uint64_t bytes) { settings.taken = bytes; }
EXPORT void fakecuda_set_others_early(int early) { settings.othersEarly = early; }

// Lets some waits of streams for events pass and ignores the next one, as a program would that forgot it.
EXPORT void fakecuda_ignore_wait(int passing) { settings.waitsToIgnoredOne = passing; }

// Loses the device at a launch, after some that work; negative: it stays, or is there again.
EXPORT void fakecuda_lose_after(int launches) {
    std::lock_guard<std::recursive_mutex> held(lock);
    settings.launchesLeft = launches;
    lost = false;
}

// For the fake cuBLAS: the answer planned for this call of one of its functions.
EXPORT int fakecuda_planned(const char *function) {
    std::lock_guard<std::recursive_mutex> held(lock);
    return planned(function);
}

// Makes some calls of a function fail, after some that pass.
EXPORT void fakecuda_inject(const char *function, int passing, int code, int times) {
    std::lock_guard<std::recursive_mutex> held(lock);
    injected[function] = {passing, code, times};
}

// Writes the faults since the last call, one a line, and returns their number.
EXPORT int fakecuda_take_faults(char *text, size_t length) {
    std::lock_guard<std::recursive_mutex> held(lock);
    std::string all;
    for (auto &one : faults) all += one + "\n";
    snprintf(text, length, "%s", all.c_str());
    int count = (int) faults.size();
    faults.clear();
    return count;
}

EXPORT int fakecuda_unimplemented(const char *function) {
    return fault(NOT_SUPPORTED, "%s is not emulated", function);
}
