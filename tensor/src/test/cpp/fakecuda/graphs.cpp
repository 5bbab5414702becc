// SPDX-License-Identifier: Apache-2.0
//
// Capture of streams, and graphs. A graph is the pieces of work that were captured and, for each, those that it comes after; what
// a piece is given it keeps, and memory is read when a launch of the graph runs.
//
// Decisions:
//  - A launch may run the pieces in any order that their dependencies allow. In eager mode it is the order of capture; in lazy
//    mode each piece runs as late as the rest allows, so a missing event between two streams shows.
//  - What a driver would refuse or do at some later time is a fault while a stream is captured: waiting, allocating, loading,
//    asking whether something is done, copies of host memory that is not pinned.
#include "fake.h"

#include <algorithm>

namespace fake {

struct Graph {
    struct Node {
        Work work;
        std::vector<int> after;
    };

    std::vector<Node> nodes;
    std::vector<int> late; // all nodes that the last ones rest on, each as late as those allow

    CUresult run() const {
        for (size_t i = 0; i < nodes.size(); i++) {
            if (CUresult code = nodes[settings.lazy ? late[i] : i].work()) return code;
        }
        return SUCCESS;
    }

    // Depth first, without recursion: a training step is thousands of nodes in a row.
    void finish(const std::vector<int> &last) {
        std::vector<bool> seen(nodes.size());
        std::vector<std::pair<int, size_t>> path; // a node, and how many of those before it were visited
        for (int end : last) {
            if (!seen[end]) path.push_back({end, 0});
            seen[end] = true;
            while (!path.empty()) {
                auto &[node, visited] = path.back();
                if (visited == nodes[node].after.size()) {
                    late.push_back(node);
                    path.pop_back();
                    continue;
                }
                // A stream's own last piece comes first, then what was joined: what was joined runs as late as can be.
                int before = nodes[node].after[visited++];
                if (!seen[before]) {
                    seen[before] = true;
                    path.push_back({before, 0});
                }
            }
        }
    }
};

struct Capture {
    const int device = currentDevice();
    uint64_t number;
    Stream *origin;
    bool strict; // forbids to all threads what is unsafe while somebody captures
    std::shared_ptr<Graph> graph = std::make_shared<Graph>();
    std::set<Stream *> streams;
    bool broken = false;

    Capture(uint64_t number, Stream *origin, bool strict) : number(number), origin(origin), strict(strict) {}
};

namespace {

struct GraphHandle {
    int device;
    std::shared_ptr<Graph> graph;
};

const int RELAXED = 2;

std::map<uint64_t, Capture *> captures;
uint64_t capturesBegun = 0;
std::set<GraphHandle *> graphs;
std::set<GraphHandle *> executables;

void end(Capture *capture) {
    for (Stream *stream : capture->streams) {
        stream->capture = nullptr;
        stream->tail.clear();
    }
    captures.erase(capture->number);
    delete capture;
}

void merge(std::vector<int> &into, const std::vector<int> &more) {
    for (int node : more) {
        if (std::find(into.begin(), into.end(), node) == into.end()) into.push_back(node);
    }
}

} // namespace

CUresult notWhileCapturing(const char *function) {
    CUresult code = SUCCESS;
    for (auto &entry : captures) {
        if (entry.second->strict) {
            entry.second->broken = true;
            code = CAPTURE_UNSUPPORTED;
        }
    }
    return code == SUCCESS ? SUCCESS : fault(code, "%s while a stream is captured", function);
}

CUresult breakCapture(Stream *stream, CUresult code) {
    stream->capture->broken = true;
    return code;
}

CUresult capture(Stream *stream, Work work) {
    Capture *capture = stream->capture;
    if (capture->broken) return CAPTURE_INVALIDATED;
    capture->graph->nodes.push_back({std::move(work), stream->tail});
    stream->tail = {(int) capture->graph->nodes.size() - 1};
    return SUCCESS;
}

CUresult captureRecord(Event *event, Stream *stream) {
    if (stream->capture->broken) return CAPTURE_INVALIDATED;
    event->capture = stream->capture->number;
    event->tail = stream->tail;
    return SUCCESS;
}

CUresult captureWait(Stream *stream, Event *event) {
    if (!isStream(stream)) return fault(INVALID_HANDLE, "a stream that is closed waits");
    if (event->capture == 0) {
        return breakCapture(stream, fault(CAPTURE_ISOLATION, "a captured stream waits for an event outside of the capture"));
    }
    auto owner = captures.find(event->capture);
    if (owner == captures.end()) return fault(INVALID_VALUE, "a stream waits for an event of a capture that has ended");
    Capture *capture = owner->second;
    if (stream->capture != nullptr && stream->capture != capture) {
        capture->broken = true;
        return breakCapture(stream, fault(CAPTURE_ISOLATION, "a captured stream waits for an event of another capture"));
    }
    stream->capture = capture;
    capture->streams.insert(stream);
    merge(stream->tail, event->tail);
    return SUCCESS;
}

void releaseGraphs(int device) {
    std::set<Capture *> open;
    for (auto &entry : captures) open.insert(entry.second);
    for (Capture *capture : takeOpen(open, device, "captures under way")) end(capture);
    for (GraphHandle *graph : takeOpen(graphs, device, "open graphs")) delete graph;
    for (GraphHandle *executable : takeOpen(executables, device, "open executable graphs")) delete executable;
}

} // namespace fake

using namespace fake;

EXPORT CUresult cuStreamBeginCapture_v2(Stream *stream, int mode) {
    ENTER("cuStreamBeginCapture", true);
    if (!isStream(stream)) return fault(INVALID_HANDLE, "capture of the default, a closed or an unknown stream");
    if (mode < 0 || mode > RELAXED) return INVALID_VALUE;
    if (stream->capture != nullptr) return fault(INVALID_VALUE, "a stream captured twice at once");
    auto *capture = new Capture(++capturesBegun, stream, mode != RELAXED);
    captures[capture->number] = capture;
    capture->streams.insert(stream);
    stream->capture = capture;
    stream->tail.clear();
    return SUCCESS;
}

EXPORT CUresult cuStreamEndCapture(Stream *stream, GraphHandle **graph) {
    ENTER("cuStreamEndCapture", true);
    *graph = nullptr;
    if (!isStream(stream)) return fault(INVALID_HANDLE, "end of a capture of a closed or unknown stream");
    Capture *capture = stream->capture;
    if (capture == nullptr) return fault(INVALID_VALUE, "end of a capture that was not begun");
    if (capture->origin != stream) return fault(CAPTURE_UNMATCHED, "end of a capture that another stream began");
    std::shared_ptr<Graph> captured = capture->graph;
    captured->finish(stream->tail);
    bool broken = capture->broken;
    end(capture);
    if (broken) return CAPTURE_INVALIDATED;
    size_t joined = captured->late.size();
    if (joined < captured->nodes.size()) {
        return fault(CAPTURE_UNJOINED, "%zu of %zu captured pieces of work are on streams that were not joined",
                     captured->nodes.size() - joined, captured->nodes.size());
    }
    *graph = new GraphHandle{currentDevice(), captured};
    graphs.insert(*graph);
    return SUCCESS;
}

EXPORT CUresult cuStreamIsCapturing(Stream *stream, int *status) {
    ENTER("cuStreamIsCapturing", true);
    if (!isStream(stream)) return fault(INVALID_HANDLE, "question about a stream that is closed");
    *status = stream->capture == nullptr ? 0 : stream->capture->broken ? 2 : 1;
    return SUCCESS;
}

EXPORT CUresult cuGraphInstantiateWithFlags(GraphHandle **executable, GraphHandle *graph, unsigned long long) {
    ENTER("cuGraphInstantiate", true);
    if (graphs.count(graph) == 0) return fault(INVALID_HANDLE, "a graph that is closed or unknown");
    *executable = new GraphHandle{currentDevice(), graph->graph};
    executables.insert(*executable);
    return SUCCESS;
}

EXPORT CUresult cuGraphUpload(GraphHandle *executable, Stream *stream) {
    ENTER("cuGraphUpload", true);
    if (executables.count(executable) == 0) return fault(INVALID_HANDLE, "an executable graph that is closed or unknown");
    return give(stream, []() -> CUresult { return SUCCESS; });
}

EXPORT CUresult cuGraphLaunch(GraphHandle *executable, Stream *stream) {
    ENTER("cuGraphLaunch", true);
    if (executables.count(executable) == 0) return fault(INVALID_HANDLE, "an executable graph that is closed or unknown");
    if (isStream(stream) && stream->capture != nullptr) {
        return breakCapture(stream, fault(NOT_SUPPORTED, "a graph inside a captured graph is not emulated"));
    }
    std::shared_ptr<Graph> graph = executable->graph;
    return give(stream, [graph] { return graph->run(); });
}

namespace {

CUresult destroy(std::set<GraphHandle *> &all, GraphHandle *handle, const char *what) {
    std::lock_guard<std::recursive_mutex> held(lock);
    if (all.erase(handle) == 0) return fault(INVALID_HANDLE, "%s closed twice", what);
    delete handle;
    return lost ? (CUresult) LAUNCH_FAILED : SUCCESS;
}

} // namespace

EXPORT CUresult cuGraphDestroy(GraphHandle *graph) { return destroy(graphs, graph, "a graph"); }
EXPORT CUresult cuGraphExecDestroy(GraphHandle *executable) { return destroy(executables, executable, "an executable graph"); }
