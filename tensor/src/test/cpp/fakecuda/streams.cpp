// SPDX-License-Identifier: Apache-2.0
//
// Streams and events.
#include "../emulation/pool.h"
#include "fake.h"

#include <algorithm>
#include <chrono>

namespace fake {
namespace {

std::set<Stream *> streams;
std::set<Event *> events;
uint64_t piecesGiven = 0; // to all streams; a graph is one

double now() {
    using namespace std::chrono;
    return duration<double, std::milli>(steady_clock::now().time_since_epoch()).count();
}

} // namespace

bool isStream(Stream *stream) { return streams.count(stream) > 0; }
bool isEvent(Event *event) { return events.count(event) > 0; }

CUresult drain(Stream *stream, uint64_t position) {
    while (stream->done < position && !stream->queue.empty()) {
        Work work = std::move(stream->queue.front());
        stream->queue.pop_front();
        stream->done++;
        if (sticky != SUCCESS) continue; // a lost context runs nothing more
        if (CUresult code = work()) sticky = code;
    }
    return sticky;
}

// As drain, by somebody who waits.
static CUresult await(Stream *stream, uint64_t position) {
    CUresult code = drain(stream, position);
    return code != SUCCESS ? code : checkAllCanaries("something before a wait");
}

CUresult drainAll() {
    for (Stream *stream : streams) drain(stream, stream->given);
    return sticky;
}

CUresult give(Stream *stream, Work work) {
    if (!isStream(stream)) {
        return fault(INVALID_HANDLE, "work for %s stream",
                     stream == nullptr ? "the default" : "a closed or unknown");
    }
    if (stream->capture != nullptr) return capture(stream, std::move(work));
    stream->queue.push_back(std::move(work));
    stream->given++;
    piecesGiven++;
    bool early = !settings.lazy || (settings.othersEarly && !stream->first);
    return early ? drain(stream, stream->given) : sticky;
}

void releaseStreams(int device) {
    for (Stream *stream : takeOpen(streams, device, "open streams")) delete stream;
    for (Event *event : takeOpen(events, device, "open events")) delete event;
}

} // namespace fake

using namespace fake;

EXPORT CUresult cuStreamCreate(Stream **stream, unsigned flags) {
    ENTER("cuStreamCreate", true);
    if (flags != 1) return fault(NOT_SUPPORTED, "a stream that waits for the default stream is not emulated");
    *stream = new Stream();
    (*stream)->first = true;
    for (Stream *other : streams) (*stream)->first &= other->device != (*stream)->device;
    streams.insert(*stream);
    return SUCCESS;
}

EXPORT CUresult cuStreamDestroy_v2(Stream *stream) {
    std::lock_guard<std::recursive_mutex> held(lock);
    if (!isStream(stream)) return fault(INVALID_HANDLE, "a stream closed twice");
    if (stream->capture != nullptr) breakCapture(stream, fault(CAPTURE_UNSUPPORTED, "a stream closed while it is captured"));
    drain(stream, stream->given);
    for (Event *event : events) {
        if (event->stream == stream) event->stream = nullptr;
    }
    streams.erase(stream);
    delete stream;
    return sticky;
}

EXPORT CUresult cuStreamSynchronize(Stream *stream) {
    ENTER("cuStreamSynchronize", true);
    if (!isStream(stream)) return fault(INVALID_HANDLE, "wait for a stream that is closed");
    if (CUresult code = notWhileCapturing("cuStreamSynchronize")) return code;
    return await(stream, stream->given);
}

EXPORT CUresult cuStreamQuery(Stream *stream) {
    ENTER("cuStreamQuery", true);
    if (!isStream(stream)) return fault(INVALID_HANDLE, "query of a stream that is closed");
    if (CUresult code = notWhileCapturing("cuStreamQuery")) return code;
    if (stream->done == stream->given) return SUCCESS;
    drain(stream, stream->done + 1); // so that asking again and again ends
    return sticky != SUCCESS ? sticky : NOT_READY;
}

EXPORT CUresult cuStreamWaitEvent(Stream *stream, Event *event, unsigned) {
    ENTER("cuStreamWaitEvent", true);
    if (!isEvent(event)) return fault(INVALID_HANDLE, "a stream waits for an event that is closed");
    if (settings.waitsToIgnoredOne >= 0 && settings.waitsToIgnoredOne-- == 0) return SUCCESS;
    if (event->capture != 0 || (isStream(stream) && stream->capture != nullptr)) return captureWait(stream, event);
    Stream *source = event->stream;
    uint64_t position = event->position;
    return give(stream, [=]() -> CUresult {
        // A closed stream was drained, so there is nothing left to wait for.
        return source != nullptr && isStream(source) ? drain(source, position) : (CUresult) SUCCESS;
    });
}

EXPORT CUresult cuEventCreate(Event **event, unsigned flags) {
    ENTER("cuEventCreate", true);
    *event = new Event();
    (*event)->timing = (flags & 2) == 0;
    events.insert(*event);
    return SUCCESS;
}

EXPORT CUresult cuEventDestroy_v2(Event *event) {
    std::lock_guard<std::recursive_mutex> held(lock);
    if (!isEvent(event)) return fault(INVALID_HANDLE, "an event closed twice");
    events.erase(event);
    delete event;
    return SUCCESS;
}

EXPORT CUresult cuEventRecord(Event *event, Stream *stream) {
    ENTER("cuEventRecord", true);
    if (!isEvent(event)) return fault(INVALID_HANDLE, "record of an event that is closed");
    if (isStream(stream) && stream->capture != nullptr) return captureRecord(event, stream);
    event->capture = 0;
    CUresult code = give(stream, [=]() -> CUresult {
        if (isEvent(event)) event->milliseconds = now();
        return SUCCESS;
    });
    if (code != INVALID_HANDLE) {
        event->recorded = true;
        event->stream = stream;
        event->position = stream->given;
    }
    return code;
}

EXPORT CUresult cuEventSynchronize(Event *event) {
    ENTER("cuEventSynchronize", true);
    if (!isEvent(event)) return fault(INVALID_HANDLE, "wait for an event that is closed");
    if (CUresult code = notWhileCapturing("cuEventSynchronize")) return code;
    if (event->capture != 0) return fault(INVALID_VALUE, "wait for an event that was recorded in a capture only");
    return event->stream == nullptr ? sticky : await(event->stream, event->position);
}

EXPORT CUresult cuEventQuery(Event *event) {
    ENTER("cuEventQuery", true);
    if (!isEvent(event)) return fault(INVALID_HANDLE, "query of an event that is closed");
    if (CUresult code = notWhileCapturing("cuEventQuery")) return code;
    if (event->capture != 0) return fault(INVALID_VALUE, "query of an event that was recorded in a capture only");
    if (event->stream == nullptr || event->stream->done >= event->position) return SUCCESS;
    drain(event->stream, event->stream->done + 1);
    return sticky != SUCCESS ? sticky : NOT_READY;
}

EXPORT CUresult cuEventElapsedTime(float *milliseconds, Event *from, Event *to) {
    ENTER("cuEventElapsedTime", true);
    for (Event *event : {from, to}) {
        if (!isEvent(event) || !event->recorded || !event->timing) {
            return fault(INVALID_HANDLE, "time of an event that was not recorded or does not tell the time");
        }
        if (event->stream != nullptr && event->stream->done < event->position) return NOT_READY;
    }
    *milliseconds = (float) (to->milliseconds - from->milliseconds);
    return SUCCESS;
}

// For tests: kernels, copies and graphs given to streams so far. What is captured is not.
EXPORT uint64_t fakecuda_pieces_given() {
    std::lock_guard<std::recursive_mutex> held(lock);
    return piecesGiven;
}

// For the fake cuBLAS.
EXPORT void fakecuda_parallel(long count, bool (*run)(void *what, long i), void *what) { emulation::parallel(count, run, what); }

EXPORT int fakecuda_not_while_capturing(const char *function) {
    std::lock_guard<std::recursive_mutex> held(lock);
    return lost ? (CUresult) LAUNCH_FAILED : notWhileCapturing(function);
}

EXPORT int fakecuda_give(void *stream, const std::function<int()> *work) {
    std::lock_guard<std::recursive_mutex> held(lock);
    if (lost || sticky != SUCCESS) return LAUNCH_FAILED;
    return give((Stream *) stream, *work);
}
