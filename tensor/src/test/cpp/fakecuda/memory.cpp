// SPDX-License-Identifier: Apache-2.0
//
// Device memory and pinned host memory. An allocation stands between two rows of canaries; fresh memory is NaN in every
// floating-point type, freed memory is poisoned and kept back for a while, so that a late write to it is seen. Canaries are
// looked at after each kernel around what its pointers lead to, and around everything when somebody waits for the device.
#include "fake.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace fake {
namespace {

const size_t CANARY_BYTES = 256; // also the alignment that a device promises
const unsigned char CANARY = 0xCB;
const unsigned char FRESH = 0xFF;
const unsigned char FREED = 0xFE;
const size_t GRANULE_BYTES = 512;
const size_t QUARANTINE_BYTES = 64 << 20;

struct Allocation {
    unsigned char *raw;
    size_t bytes;
    int device;
};

struct Pinned {
    size_t bytes;
    int device; // whose context it belongs to
};

std::map<CUdeviceptr, Allocation> allocations;
std::deque<std::pair<CUdeviceptr, Allocation>> quarantine;
size_t quarantined = 0;
std::map<int, uint64_t> usedBytes; // by device, by this process
std::map<uintptr_t, Pinned> pinned;
bool changed = false; // since all canaries were looked at

// What a device counts for an allocation.
uint64_t counted(size_t bytes) { return (bytes + GRANULE_BYTES - 1) / GRANULE_BYTES * GRANULE_BYTES; }

// The cards that processes share which name the same file in JACOBIAN_EMULATION_CARDS: bytes that all of them use, by device. As
// with a driver, what a process still has comes back when it ends.
class Cards {
public:
    Cards() {
        const char *name = getenv("JACOBIAN_EMULATION_CARDS");
        int file = name == nullptr ? -1 : open(name, O_RDWR | O_CREAT, 0600);
        if (file < 0 || ftruncate(file, sizeof *bytes * DEVICES) != 0) return;
        void *mapped = mmap(nullptr, sizeof *bytes * DEVICES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (mapped != MAP_FAILED) bytes = (std::atomic<uint64_t> *) mapped;
        close(file);
    }

    ~Cards() {
        for (auto &entry : usedBytes) release(entry.first, entry.second);
    }

    uint64_t used(int device) const { return isShared(device) ? bytes[device].load() : usedBytes[device]; }

    // Takes memory if there is so much.
    bool take(int device, uint64_t count) {
        uint64_t limit = settings.memory > settings.taken ? settings.memory - settings.taken : 0;
        uint64_t before = isShared(device) ? bytes[device].fetch_add(count) : usedBytes[device];
        if (before > limit || count > limit - before) {
            if (isShared(device)) bytes[device] -= count;
            return false;
        }
        usedBytes[device] += count;
        return true;
    }

    void release(int device, uint64_t count) {
        usedBytes[device] -= count;
        if (isShared(device)) bytes[device] -= count;
    }

private:
    static const int DEVICES = 16;
    std::atomic<uint64_t> *bytes = nullptr;

    bool isShared(int device) const { return bytes != nullptr && device < DEVICES; }
};

Cards cards;

// What is left of the current device's memory.
uint64_t availableBytes() {
    uint64_t used = cards.used(currentDevice()) + settings.taken;
    return used > settings.memory ? 0 : settings.memory - used;
}

// Compares the bytes with those one place on, which is quicker than each with the value.
bool all(const unsigned char *bytes, size_t count, unsigned char value) {
    return bytes[0] == value && memcmp(bytes, bytes + 1, count - 1) == 0;
}

void evict() {
    auto oldest = quarantine.front();
    quarantine.pop_front();
    quarantined -= oldest.second.bytes;
    if (!all(oldest.second.raw, oldest.second.bytes + 2 * CANARY_BYTES, FREED)) {
        fault(SUCCESS, "memory at 0x%lx (%zu bytes) was written after it was freed", oldest.first, oldest.second.bytes);
    }
    free(oldest.second.raw);
}

bool isPinned(const void *host, size_t bytes) {
    uintptr_t address = (uintptr_t) host;
    auto next = pinned.upper_bound(address);
    if (next == pinned.begin()) return false;
    --next;
    return address + bytes <= next->first + next->second.bytes;
}

// The allocation that begins at or before an address.
std::map<CUdeviceptr, Allocation>::iterator before(CUdeviceptr address) {
    auto next = allocations.upper_bound(address);
    return next == allocations.begin() ? allocations.end() : --next;
}

// A copy by a graph would read or write the host's memory at every launch of the graph, wherever that memory is by then.
CUresult notPinned() { return fault(CAPTURE_UNSUPPORTED, "a captured copy of host memory that is not pinned"); }

// Work may run long after it was given, and that of a graph more than once. What is gone then is a failure of the work.
CUresult stillThere(CUdeviceptr address, size_t bytes, const char *what) {
    return checkRange(address, bytes, what) == SUCCESS ? SUCCESS : ILLEGAL_ADDRESS;
}

} // namespace

CUresult checkRange(CUdeviceptr address, size_t bytes, const char *what) {
    auto owner = before(address);
    if (owner == allocations.end() || address >= owner->first + owner->second.bytes + CANARY_BYTES) {
        for (auto &old : quarantine) {
            if (address >= old.first && address < old.first + old.second.bytes) {
                return fault(INVALID_VALUE, "%s: 0x%lx was freed", what, address);
            }
        }
        return fault(INVALID_VALUE, "%s: 0x%lx is not device memory", what, address);
    }
    size_t offset = address - owner->first;
    if (offset > owner->second.bytes || bytes > owner->second.bytes - offset) {
        return fault(INVALID_VALUE, "%s: %zu bytes at offset %zu run past the allocation of %zu bytes", what, bytes, offset,
                     owner->second.bytes);
    }
    return SUCCESS;
}

namespace {

CUresult checkCanaries(CUdeviceptr address, const Allocation &one, const char *work) {
    bool low = all(one.raw, CANARY_BYTES, CANARY);
    bool high = all(one.raw + CANARY_BYTES + one.bytes, CANARY_BYTES, CANARY);
    if (low && high) return SUCCESS;
    // Restored, so that one mistake is one fault.
    memset(one.raw, CANARY, CANARY_BYTES);
    memset(one.raw + CANARY_BYTES + one.bytes, CANARY, CANARY_BYTES);
    return fault(ILLEGAL_ADDRESS, "%s wrote %s the allocation of %zu bytes at 0x%lx", work, low ? "behind" : "in front of",
                 one.bytes, address);
}

} // namespace

CUresult checkCanaries(CUdeviceptr address, const char *work) {
    changed = true;
    auto owner = before(address + CANARY_BYTES); // the address may be in front
    if (owner == allocations.end()) return SUCCESS;
    if (address >= owner->first + owner->second.bytes + CANARY_BYTES) return SUCCESS;
    return checkCanaries(owner->first, owner->second, work);
}

CUresult checkAllCanaries(const char *work) {
    if (!changed) return SUCCESS;
    changed = false;
    CUresult worst = SUCCESS;
    for (auto &entry : allocations) {
        if (CUresult code = checkCanaries(entry.first, entry.second, work)) worst = code;
    }
    if (worst != SUCCESS) sticky = worst;
    return worst;
}

void releaseMemory(int device) {
    checkAllCanaries("something before the end");
    for (auto entry = allocations.begin(); entry != allocations.end();) {
        if (entry->second.device == device) {
            if (!lost) fault(SUCCESS, "context closed with an open allocation of %zu bytes", entry->second.bytes);
            free(entry->second.raw);
            entry = allocations.erase(entry);
        } else {
            entry++;
        }
    }
    cards.release(device, usedBytes[device]);
    while (!quarantine.empty()) evict();
    for (auto entry = pinned.begin(); entry != pinned.end();) {
        if (entry->second.device == device) {
            if (!lost) fault(SUCCESS, "context closed with %zu bytes of host memory still pinned", entry->second.bytes);
            free((void *) entry->first);
            entry = pinned.erase(entry);
        } else {
            entry++;
        }
    }
}

} // namespace fake

using namespace fake;

EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
    ENTER("cuMemAlloc", true);
    if (CUresult code = notWhileCapturing("cuMemAlloc")) return code;
    if (bytes == 0) return fault(INVALID_VALUE, "an allocation of 0 bytes");
    if (settings.allocationsToTaking >= 0 && settings.allocationsToTaking-- == 0) settings.taken = settings.takenThen;
    if (bytes > settings.memory || !cards.take(currentDevice(), counted(bytes))) return OUT_OF_MEMORY;
    size_t whole = (bytes + 3 * CANARY_BYTES - 1) / CANARY_BYTES * CANARY_BYTES;
    auto *raw = (unsigned char *) aligned_alloc(CANARY_BYTES, whole);
    if (raw == nullptr) {
        cards.release(currentDevice(), counted(bytes));
        return OUT_OF_MEMORY;
    }
    memset(raw, CANARY, CANARY_BYTES);
    memset(raw + CANARY_BYTES, FRESH, bytes);
    memset(raw + CANARY_BYTES + bytes, CANARY, whole - CANARY_BYTES - bytes);
    *address = (CUdeviceptr) (raw + CANARY_BYTES);
    allocations[*address] = {raw, bytes, currentDevice()};
    return SUCCESS;
}

EXPORT CUresult cuMemFree_v2(CUdeviceptr address) {
    ENTER("cuMemFree", true);
    if (CUresult code = notWhileCapturing("cuMemFree")) return code;
    auto entry = allocations.find(address);
    if (entry == allocations.end()) {
        return fault(INVALID_VALUE, "free of 0x%lx, which is not the start of an open allocation (freed twice?)", address);
    }
    CUresult code = drainAll(); // as a device does
    Allocation freed = entry->second;
    if (CUresult outside = checkCanaries(address, freed, "something before a free")) code = outside;
    memset(freed.raw, FREED, freed.bytes + 2 * CANARY_BYTES);
    quarantine.push_back({address, freed});
    quarantined += freed.bytes;
    cards.release(freed.device, counted(freed.bytes));
    allocations.erase(entry);
    while (quarantined > QUARANTINE_BYTES) evict();
    return code;
}

EXPORT CUresult cuMemGetInfo_v2(size_t *available, size_t *total) {
    ENTER("cuMemGetInfo", true);
    *available = availableBytes();
    *total = settings.memory;
    return SUCCESS;
}

EXPORT CUresult cuMemAllocHost_v2(void **host, size_t bytes) {
    ENTER("cuMemAllocHost", true);
    if (CUresult code = notWhileCapturing("cuMemAllocHost")) return code;
    if (bytes == 0) return fault(INVALID_VALUE, "0 bytes of pinned memory");
    *host = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    if (*host == nullptr) return OUT_OF_MEMORY;
    memset(*host, FRESH, bytes);
    pinned[(uintptr_t) *host] = {bytes, currentDevice()};
    return SUCCESS;
}

EXPORT CUresult cuMemHostAlloc(void **host, size_t bytes, unsigned) { return cuMemAllocHost_v2(host, bytes); }

EXPORT CUresult cuMemFreeHost(void *host) {
    ENTER("cuMemFreeHost", true);
    if (CUresult code = notWhileCapturing("cuMemFreeHost")) return code;
    if (pinned.erase((uintptr_t) host) == 0) return fault(INVALID_VALUE, "free of host memory that is not pinned");
    free(host);
    return SUCCESS;
}

EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, Stream *stream) {
    ENTER("cuMemcpyHtoDAsync", true);
    if (CUresult code = checkRange(to, bytes, "copy to the device")) return code;
    if (!isPinned(from, bytes)) { // the driver reads such memory before it returns
        if (isStream(stream) && stream->capture != nullptr) return breakCapture(stream, notPinned());
        std::string copy((const char *) from, bytes);
        return give(stream, [=]() -> CUresult {
            memcpy((void *) to, copy.data(), bytes);
            return SUCCESS;
        });
    }
    return give(stream, [=]() -> CUresult {
        if (!isPinned(from, bytes)) return fault(ILLEGAL_ADDRESS, "pinned memory was freed before its copy ran");
        if (CUresult gone = stillThere(to, bytes, "copy to the device")) return gone;
        memcpy((void *) to, from, bytes);
        return SUCCESS;
    });
}

EXPORT CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, Stream *stream) {
    ENTER("cuMemcpyDtoHAsync", true);
    if (CUresult code = checkRange(from, bytes, "copy from the device")) return code;
    bool asynchronous = isPinned(to, bytes);
    if (!asynchronous && isStream(stream) && stream->capture != nullptr) return breakCapture(stream, notPinned());
    CUresult code = give(stream, [=]() -> CUresult {
        if (asynchronous && !isPinned(to, bytes)) {
            return fault(ILLEGAL_ADDRESS, "pinned memory was freed before its copy ran");
        }
        if (CUresult gone = stillThere(from, bytes, "copy from the device")) return gone;
        memcpy(to, (const void *) from, bytes);
        return SUCCESS;
    });
    return asynchronous || code != SUCCESS ? code : drain(stream, stream->given);
}

EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, Stream *stream) {
    ENTER("cuMemcpyDtoDAsync", true);
    if (CUresult code = checkRange(from, bytes, "copy within the device, source")) return code;
    if (CUresult code = checkRange(to, bytes, "copy within the device, destination")) return code;
    if (from < to + bytes && to < from + bytes) return fault(INVALID_VALUE, "copy between ranges that overlap");
    return give(stream, [=]() -> CUresult {
        if (CUresult gone = stillThere(from, bytes, "copy within the device, source")) return gone;
        if (CUresult gone = stillThere(to, bytes, "copy within the device, destination")) return gone;
        memcpy((void *) to, (const void *) from, bytes);
        return SUCCESS;
    });
}

namespace {

template <typename T> CUresult fill(CUdeviceptr address, T value, size_t count, Stream *stream) {
    if (CUresult code = checkRange(address, count * sizeof(T), "fill")) return code;
    return give(stream, [=]() -> CUresult {
        if (CUresult gone = stillThere(address, count * sizeof(T), "fill")) return gone;
        for (size_t i = 0; i < count; i++) ((T *) address)[i] = value;
        return SUCCESS;
    });
}

} // namespace

EXPORT CUresult cuMemsetD8Async(CUdeviceptr address, unsigned char value, size_t count, Stream *stream) {
    ENTER("cuMemsetD8Async", true);
    return fill(address, value, count, stream);
}

EXPORT CUresult cuMemsetD16Async(CUdeviceptr address, unsigned short value, size_t count, Stream *stream) {
    ENTER("cuMemsetD16Async", true);
    return fill(address, value, count, stream);
}

EXPORT CUresult cuMemsetD32Async(CUdeviceptr address, unsigned value, size_t count, Stream *stream) {
    ENTER("cuMemsetD32Async", true);
    return fill(address, value, count, stream);
}

// For the fake cuBLAS.
EXPORT int fakecuda_check_range(const void *address, size_t bytes, const char *what) {
    std::lock_guard<std::recursive_mutex> held(lock);
    return checkRange((CUdeviceptr) address, bytes, what);
}

EXPORT int fakecuda_fault(const char *text) { return fault(INVALID_VALUE, "%s", text); }
