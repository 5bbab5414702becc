// SPDX-License-Identifier: Apache-2.0
//
// As much of the PTX language as a driver needs to refuse a broken text and to check a launch: structure and entries.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace fake {

struct PtxEntry {
    std::vector<size_t> parameters; // bytes of each
    unsigned maxThreads = 1024;
    size_t sharedBytes = 0; // static ones
};

// Reads the entries of a text. Returns an empty string, or what is wrong and on which line.
std::string parsePtx(const char *text, std::map<std::string, PtxEntry> &entries);

} // namespace fake
