// SPDX-License-Identifier: Apache-2.0
#include "ptx.h"

#include <cctype>
#include <cstdlib>

namespace fake {
namespace {

struct Token {
    std::string text;
    int line;
};

bool isWord(char c) { return isalnum((unsigned char) c) || c == '_' || c == '$' || c == '%' || c == '.'; }

std::vector<Token> tokens(const char *p) {
    std::vector<Token> all;
    int line = 1;
    while (*p) {
        if (*p == '\n') line++;
        if (p[0] == '/' && p[1] == '/') {
            while (*p && *p != '\n') p++;
        } else if (p[0] == '/' && p[1] == '*') {
            while (*p && !(p[0] == '*' && p[1] == '/')) line += *p++ == '\n';
            p += *p ? 2 : 0;
        } else if (isWord(*p)) {
            std::string word;
            while (isWord(*p)) word += *p++;
            all.push_back({word, line});
        } else {
            if (!isspace((unsigned char) *p)) all.push_back({std::string(1, *p), line});
            p++;
        }
    }
    return all;
}

// Bytes of a type such as .f32; 0 if it is none.
size_t bytesOf(const std::string &type) {
    if (type.size() < 3 || type[0] != '.' || std::string("bsuf").find(type[1]) == std::string::npos) return 0;
    int bits = atoi(type.c_str() + 2);
    return bits % 8 == 0 && bits <= 64 ? bits / 8 : 0;
}

std::string at(const Token &token, const std::string &problem) {
    return "ptx input, line " + std::to_string(token.line) + "; error: " + problem + " near '" + token.text + "'";
}

// The name of the shared array that is declared at a token, and its bytes; no name if none is.
std::pair<std::string, size_t> sharedArray(const std::vector<Token> &all, size_t i) {
    if (all[i].text != ".shared" || (i > 0 && all[i - 1].text == ".extern")) return {};
    i++;
    if (all[i].text == ".align") i += 2;
    size_t bytes = bytesOf(all[i].text);
    std::string name = all[++i].text;
    if (bytes == 0 || i + 2 >= all.size()) return {};
    return {name, all[i + 1].text == "[" ? bytes * strtoul(all[i + 2].text.c_str(), nullptr, 10) : bytes};
}

} // namespace

std::string parsePtx(const char *text, std::map<std::string, PtxEntry> &entries) {
    std::vector<Token> all = tokens(text);
    if (all.size() < 4 || all[0].text != ".version") return "ptx input, line 1; error: the text does not begin with .version";
    all.push_back({"end of text", all.back().line});

    std::vector<char> open;
    for (size_t i = 0; i + 1 < all.size(); i++) {
        char c = all[i].text[0];
        if (c == '(' || c == '{' || c == '[') open.push_back(c);
        if (c == ')' || c == '}' || c == ']') {
            char partner = c == ')' ? '(' : c == '}' ? '{' : '[';
            if (open.empty() || open.back() != partner) return at(all[i], "unbalanced");
            open.pop_back();
        }
    }
    if (!open.empty()) return at(all.back(), std::string("'") + open.back() + "' is not closed");

    std::map<std::string, size_t> shared; // arrays outside of the entries
    for (size_t i = 0; i + 1 < all.size(); i++) {
        if (all[i].text == ".shared") shared.insert(sharedArray(all, i));
        if (all[i].text != ".entry") continue;
        std::string name = all[++i].text;
        if (!isalpha((unsigned char) name[0]) && name[0] != '_') return at(all[i], "an entry without a name");
        PtxEntry entry;
        i++;
        if (all[i].text == "(") {
            for (i++; all[i].text != ")"; i++) {
                if (all[i].text == ",") continue;
                if (all[i].text != ".param") return at(all[i], "expected .param");
                i++;
                if (all[i].text == ".align") i += 2;
                size_t bytes = bytesOf(all[i].text);
                if (bytes == 0) return at(all[i], "unknown type");
                i++; // the parameter's name
                if (all[i + 1].text == "[") {
                    bytes *= strtoul(all[i + 2].text.c_str(), nullptr, 10);
                    i += 3;
                }
                entry.parameters.push_back(bytes);
            }
            i++;
        }
        unsigned threads = 1;
        bool limited = false;
        for (; all[i].text != "{"; i++) {
            if (i + 1 >= all.size()) return at(all[i], "entry " + name + " has no body");
            if (all[i].text == ".maxntid" || all[i].text == ".reqntid") {
                limited = true;
                threads = strtoul(all[++i].text.c_str(), nullptr, 10);
                for (; all[i + 1].text == ","; i += 2) threads *= strtoul(all[i + 2].text.c_str(), nullptr, 10);
            }
        }
        if (limited) entry.maxThreads = threads;
        std::map<std::string, size_t> used;
        for (int depth = 1; depth > 0 && i + 2 < all.size();) {
            const std::string &word = all[++i].text;
            depth += word == "{" ? 1 : word == "}" ? -1 : 0;
            if (word == ".shared") used.insert(sharedArray(all, i));
            if (word.size() > 1 && shared.count(word) > 0) used.insert(*shared.find(word));
        }
        for (const auto &array : used) entry.sharedBytes += array.second;
        entries[name] = entry;
    }
    return "";
}

} // namespace fake
