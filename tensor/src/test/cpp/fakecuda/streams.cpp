// SPDX-License-Identifier: Apache-2.0
//
// Streams and events.
#include "fake.h"

#include <algorithm>
#include <chrono>

namespace fake {
namespace {

std::set<Stream *> streams;
std::set<Event *> events;

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

CUresult drainAll() {
    for (Stream *stream : streams) drain(stream, stream->given);
    return sticky;
}

CUresult give(Stream *stream, Work work) {
    if (!isStream(stream)) {
        return fault(INVALID_HANDLE, "work for %s stream",
                     stream == nullptr ? "the default" : "a closed or unknown");
    }
    stream->queue.push_back(std::move(work));
    stream->given++;
    return settings.lazy ? sticky : drain(stream, stream->given);
}

void releaseStreams() {
    if (!streams.empty()) fault(SUCCESS, "context closed with %zu open streams", streams.size());
    if (!events.empty()) fault(SUCCESS, "context closed with %zu open events", events.size());
    for (Stream *stream : streams) delete stream;
    for (Event *event : events) delete event;
    streams.clear();
    events.clear();
}

} // namespace fake

using namespace fake;

EXPORT CUresult cuStreamCreate(Stream **stream, unsigned flags) {
    ENTER("cuStreamCreate", true);
    if (flags != 1) return fault(NOT_SUPPORTED, "a stream that waits for the default stream is not emulated");
    *stream = new Stream();
    streams.insert(*stream);
    return SUCCESS;
}

EXPORT CUresult cuStreamDestroy_v2(Stream *stream) {
    std::lock_guard<std::recursive_mutex> held(lock);
    if (!isStream(stream)) return fault(INVALID_HANDLE, "a stream closed twice");
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
    return drain(stream, stream->given);
}

EXPORT CUresult cuStreamQuery(Stream *stream) {
    ENTER("cuStreamQuery", true);
    if (!isStream(stream)) return fault(INVALID_HANDLE, "query of a stream that is closed");
    if (stream->done == stream->given) return SUCCESS;
    drain(stream, stream->done + 1); // so that asking again and again ends
    return sticky != SUCCESS ? sticky : NOT_READY;
}

EXPORT CUresult cuStreamWaitEvent(Stream *stream, Event *event, unsigned) {
    ENTER("cuStreamWaitEvent", true);
    if (!isEvent(event)) return fault(INVALID_HANDLE, "a stream waits for an event that is closed");
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
    return event->stream == nullptr ? sticky : drain(event->stream, event->position);
}

EXPORT CUresult cuEventQuery(Event *event) {
    ENTER("cuEventQuery", true);
    if (!isEvent(event)) return fault(INVALID_HANDLE, "query of an event that is closed");
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

// For the fake cuBLAS.
EXPORT int fakecuda_give(void *stream, const std::function<int()> *work) {
    std::lock_guard<std::recursive_mutex> held(lock);
    return give((Stream *) stream, *work);
}
