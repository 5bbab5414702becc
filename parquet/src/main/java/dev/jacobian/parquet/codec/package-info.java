// SPDX-License-Identifier: Apache-2.0
/** Decompression of pages, in Java alone: Snappy, Zstandard, LZ4 and gzip. */
package dev.jacobian.parquet.codec;
